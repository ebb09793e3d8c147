"""Which updates Twenty's loader sends together, and what keeps the others apart (contracts/twenty/rest-upsert)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

import pytest

from loaders.twenty import Twenty, connect
from shift.destination import Record, Row, Settings
from shift.errors import Refused
from shift.http import Call, Client, Pacer
from shift.sandbox.twenty import start

KEY = "key-of-the-tests"


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with start(api_key=KEY, automations=False) as address:
        yield address


@contextmanager
def opened(url: str, calls: list[Call] | None = None) -> Iterator[Twenty]:
    client = Client(url, pacer=Pacer(60_000), on_call=calls.append if calls is not None else None)
    twenty = connect(Settings("twenty", url=url, api_key=KEY, batch_size=60), client)
    yield twenty
    twenty.close()


@pytest.fixture
def twenty(url: str) -> Iterator[Twenty]:
    with opened(url) as destination:
        yield destination


def made(twenty: Twenty, object: str, *records: dict[str, Any]) -> list[Record]:
    """The records, created."""
    rows = [Row(f"{at}", id := str(uuid4()), json.dumps({"id": id, **one})) for at, one in enumerate(records)]
    return [outcome.record for outcome in twenty.create(object, rows) if outcome.record]


def changing(record: Record, **changes: Any) -> Row:
    return Row(record.id[:8], record.id, json.dumps(changes), before=record.body)


def sent(calls: list[Call]) -> list[str]:
    """The calls that wrote, in short."""
    return [call.method for call in calls if call.method != "GET" and call.path != "/metadata"]


def people(twenty: Twenty, count: int) -> list[Record]:
    return made(
        twenty,
        "person",
        *({"name": {"lastName": f"P{at}"}, "emails": {"primaryEmail": f"{uuid4().hex}@x.test"}} for at in range(count)),
    )


def test_changed_records_go_in_one_call_and_are_joined_on_the_id(url: str) -> None:
    calls: list[Call] = []
    with opened(url, calls) as twenty:
        records = people(twenty, 5)
        rows = [changing(one, jobTitle=f"Job {one.id}", name={"lastName": "New"}) for one in records]
        [together] = twenty.update_calls("person", rows)
        calls.clear()
        outcomes = twenty.update("person", together)
        assert sent(calls) == ["POST"]
        assert [one.key for one in outcomes] == [row.key for row in together]
        for one in outcomes:
            assert one.record is not None and json.loads(one.record.body)["jobTitle"] == f"Job {one.id}"
            assert one.record == next(iter(twenty.read("person", [one.id])))


def test_a_unique_value_that_changes_is_sent_alone(twenty: Twenty) -> None:
    """Two people swap nothing in silence: an upsert would have found the other by the address."""
    one, other, third = people(twenty, 3)
    address = json.loads(other.body)["emails"]
    rows = [changing(one, emails={"primaryEmail": "new@x.test"}), changing(other, jobTitle="A"), changing(third)]
    assert [[row.id for row in call] for call in twenty.update_calls("person", rows)] == [
        [one.id],
        [other.id, third.id],
    ]
    with pytest.raises(Refused, match="duplicate"):
        twenty.update("person", [changing(one, emails=address)])
    [kept] = twenty.read("person", [other.id])
    assert json.loads(kept.body)["emails"] == address


def test_a_unique_value_that_stays_is_not_sent(twenty: Twenty) -> None:
    one, other = people(twenty, 2)
    rows = [
        changing(record, emails=json.loads(record.body)["emails"], jobTitle="Both at once") for record in (one, other)
    ]
    [together] = twenty.update_calls("person", rows)
    taken = changing(one, emails={"primaryEmail": "given-up@x.test", "additionalEmails": []})
    twenty.update("person", [taken])
    twenty.update("person", together)
    [now] = twenty.read("person", [one.id])
    assert json.loads(now.body)["emails"]["primaryEmail"] == "given-up@x.test"
    assert json.loads(now.body)["jobTitle"] == "Both at once"


@pytest.mark.parametrize(
    "changes",
    [
        {"createdBy": {"source": "IMPORT", "name": "Ann"}},
        {"createdAt": "2011-01-01T00:00:00.000Z"},
        {"updatedAt": "2011-01-01T00:00:00.000Z"},
        {"deletedAt": None},
    ],
)
def test_what_an_upsert_does_in_its_own_way_is_sent_alone(twenty: Twenty, changes: dict[str, Any]) -> None:
    rows = [changing(record, **changes) for record in people(twenty, 2)]
    assert twenty.update_calls("person", rows) == [[row] for row in rows]


def test_a_record_that_was_not_seen_alive_is_sent_alone(twenty: Twenty) -> None:
    one, other = people(twenty, 2)
    gone = {**json.loads(one.body), "deletedAt": "2026-01-01T00:00:00.000Z"}
    rows = [Row("1", one.id, '{"jobTitle": "x"}', before=json.dumps(gone)), Row("2", other.id, '{"jobTitle": "x"}')]
    assert twenty.update_calls("person", rows) == [[row] for row in rows]


def test_members_are_changed_one_by_one(twenty: Twenty) -> None:
    """An upsert may make records, and no key may make members (contracts/twenty/links-and-members)."""
    rows = [changing(Record(str(uuid4()), "{}"), jobTitle="Physio") for _ in range(2)]
    assert twenty.update_calls("workspaceMember", rows) == [[row] for row in rows]


def test_calls_are_bounded_by_rows_and_by_bytes(twenty: Twenty) -> None:
    records = [Record(str(uuid4()), "{}") for _ in range(130)]
    rows = [changing(one, jobTitle="x") for one in records]
    assert [len(call) for call in twenty.update_calls("person", rows)] == [60, 60, 10]
    long = [changing(one, jobTitle="x" * 1_500_000) for one in records[:3]]
    assert [len(call) for call in twenty.update_calls("person", long)] == [2, 1]
    assert twenty.update_calls("person", []) == []


def test_a_record_that_was_destroyed_meanwhile_is_not_made_again(twenty: Twenty) -> None:
    one, other = people(twenty, 2)
    rows = [changing(one, jobTitle="x"), changing(other, jobTitle="x")]
    twenty.delete("person", [one])
    with pytest.raises(Refused, match="somebody destroyed 1 of these records"):
        twenty.update("person", rows)
    found = twenty.find("person", [Row("1", one.id, "{}"), Row("2", other.id, "{}")])
    assert [answer.state for answer in found] == ["absent", "live"]


def test_values_are_emptied_alike_in_one_call_and_in_many(twenty: Twenty) -> None:
    """contracts/twenty/emptying: composites by nulls within, rich text by an empty text."""
    full = {"title": "T", "bodyV2": {"markdown": "It hurts."}}
    [alone] = made(twenty, "note", full)
    two, three = made(twenty, "note", full, full)
    empty = {"title": None, "bodyV2": {"markdown": None, "blocknote": None}}
    twenty.update("note", [changing(alone, **empty)])
    [together] = twenty.update_calls("note", [changing(two, **empty), changing(three, bodyV2=None, title=None)])
    twenty.update("note", together)
    for record in twenty.read("note", [alone.id, two.id, three.id]):
        body = json.loads(record.body)
        assert (body["title"], body["bodyV2"]["markdown"]) == ("", "")
    [person] = people(twenty, 1)
    emptied = {"name": {"firstName": None, "lastName": None}, "jobTitle": None}
    others = people(twenty, 1)
    twenty.update("person", [changing(person, **emptied), changing(others[0], **emptied)])
    [now] = twenty.read("person", [person.id])
    assert json.loads(now.body)["name"] == {"firstName": "", "lastName": ""}
