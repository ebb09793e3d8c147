"""Twenty's loader, over HTTP, against the twin."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any
from uuid import uuid4

import loader_conformance as conformance
import pytest
from loader_conformance import Subject, column, contains

from loaders.twenty import Twenty, connect
from shift.destination import FieldDefinition, ObjectDefinition, Option, Record, Row, Settings
from shift.errors import Again, ConfigurationError, Refused, Stop
from shift.http import Call, Client, Pacer
from shift.sandbox.twenty import start

KEY = "key-of-the-tests"
LESSER_KEY = "key-that-may-only-write-records"
REVOKED_KEY = "key-of-last-year"
MEMBER = "anna@clinic.example"


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with start(api_key=KEY, keys={"data_only": LESSER_KEY, "revoked": REVOKED_KEY}, members=[MEMBER]) as address:
        yield address


def company(name: str, **fields: Any) -> Row:
    id = str(uuid4())
    return Row(key=id[:8], id=id, payload=json.dumps({"id": id, "name": name, **fields}, ensure_ascii=False))


def person(last_name: str, **fields: Any) -> Row:
    id = str(uuid4())
    return Row(key=id[:8], id=id, payload=json.dumps({"id": id, "name": {"lastName": last_name}, **fields}))


@pytest.fixture
def subject(url: str) -> Subject:
    return Subject(
        connect=connect,
        settings=Settings("twenty", url=url, api_key=KEY),
        object="company",
        rows=lambda count: [company(f"Zoë’s {at}") for at in range(count)],
        refused=lambda: company("Refused", accountOwnerId="not-a-uuid"),
        changes={"name": "Another name"},
        tables=frozenset({"members", "objects", "fields", "people", "companies", "automations"}),
        custom=ObjectDefinition("treatmentRoom", "treatmentRooms", "Treatment room", "Treatment rooms"),
        field=FieldDefinition("treatmentRoom", "sourceSystemId", "TEXT", "Source System ID", unique=True),
        troubled=troubled,
    )


@contextmanager
def troubled(trouble: str) -> Iterator[Settings]:
    with start(api_key=KEY, faults=f"{trouble}:first=1") as address:
        yield Settings("twenty", url=address, api_key=KEY)


@pytest.fixture
def twenty(subject: Subject) -> Iterator[Twenty]:
    with subject.opened() as destination:
        assert isinstance(destination, Twenty)
        yield destination


class TestConnecting(conformance.Connecting): ...


class TestPulling(conformance.Pulling): ...


class TestWriting(conformance.Writing): ...


class TestUpdating(conformance.Updating): ...


class TestDeleting(conformance.Deleting): ...


class TestLoading(conformance.Loading): ...


class TestTroubled(conformance.Troubled): ...


class TestOwnIds(conformance.OwnIds): ...


class TestProvisioning(conformance.Provisioning): ...


# --- settings ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"api_key": None}, "api_key"),
        ({"api_key": ""}, "api_key"),
        ({"batch_size": 0}, "batch_size is 0"),
        ({"batch_size": 201}, "batch_size is 201"),
        ({"options": {"upsert": True}}, "upsert"),
    ],
)
def test_settings_that_twenty_cannot_use(subject: Subject, settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message) as caught, subject.opened(**settings):
        pass
    assert caught.value.where == "project.yml, destinations.twenty"


# --- keys -------------------------------------------------------------------------------------------------------


def test_a_lesser_key_opens_the_same_workspace_and_stops_where_its_rights_end(subject: Subject, twenty: Twenty) -> None:
    with subject.opened(api_key=LESSER_KEY) as lesser:
        assert isinstance(lesser, Twenty)
        assert lesser.workspace() == twenty.workspace()
        [made] = lesser.create("company", subject.rows(1))
        assert made.record is not None
        with pytest.raises(Stop, match="does not have permission") as caught:
            lesser.delete("company", [made.record])
        assert "role" in (caught.value.hint or "")
        with pytest.raises(Stop, match="does not have permission"):
            lesser.provision(FieldDefinition("company", "nickname", "TEXT", "Nickname"))
    assert list(twenty.read("company", [made.id])) == [made.record]


def test_a_revoked_key_stops(subject: Subject) -> None:
    with subject.opened(api_key=REVOKED_KEY) as revoked, pytest.raises(Stop) as caught:
        revoked.workspace()
    assert "api_key" in (caught.value.hint or "")


# --- records ----------------------------------------------------------------------------------------------------


def test_a_batch_of_two_hundred_is_one_call_and_reads_back_in_one(url: str) -> None:
    calls: list[Call] = []
    client = Client(url, pacer=Pacer(60_000), on_call=calls.append)
    twenty = connect(Settings("twenty", url=url, api_key=KEY, batch_size=200), client)
    rows = [company(f"Company {at}") for at in range(200)]
    twenty.create("company", rows)
    assert len(list(twenty.read("company", [outcome.id or "" for outcome in rows]))) == 200
    assert [found.state for found in twenty.find("company", rows)] == ["live"] * 200
    twenty.close()
    assert [(call.method, call.path) for call in calls] == [
        ("POST", "/metadata"),
        ("POST", "/rest/batch/companies"),
        ("GET", "/rest/companies"),
        ("GET", "/rest/companies"),
    ]


def test_an_email_that_is_taken_is_a_duplicate(twenty: Twenty) -> None:
    twenty.create("person", [person("First", emails={"primaryEmail": "family@example.com"})])
    other = person("Second", emails={"primaryEmail": "Family@example.com"})
    with pytest.raises(Refused, match="A duplicate entry was detected") as caught:
        twenty.create("person", [other])
    assert caught.value.duplicate
    assert [found.state for found in twenty.find("person", [other])] == ["absent"]


def test_a_soft_deleted_record_is_found_and_not_read(twenty: Twenty, url: str) -> None:
    row = company("Gone")
    [made] = twenty.create("company", [row])
    with closing(Client(url, pacer=Pacer(60_000), headers={"Authorization": f"Bearer {KEY}"})) as someone:
        someone.request("DELETE", f"/rest/companies/{made.id}?soft_delete=true")
    [found] = twenty.find("company", [row])
    assert found.state == "soft_deleted"
    assert found.record is not None and contains(found.record, {"name": "Gone"})
    assert list(twenty.read("company", [made.id])) == []


def test_what_is_deleted_is_gone_and_may_be_deleted_again(twenty: Twenty) -> None:
    rows = [company("A"), company("B"), company("C")]
    records = [outcome.record for outcome in twenty.create("company", rows) if outcome.record]
    for _ in range(2):
        assert [one.id for one in twenty.delete("company", records[:2])] == [row.id for row in rows[:2]]
    assert [found.state for found in twenty.find("company", rows)] == ["absent", "absent", "live"]
    assert list(twenty.delete("company", [])) == []


def test_no_filter_is_ever_made_of_what_is_no_uuid(twenty: Twenty) -> None:
    with pytest.raises(Stop, match="is no UUID"):
        twenty.delete("company", [Record("],deletedAt[is]:NULL", "{}")])


def test_a_row_without_id_is_told_of_its_model(twenty: Twenty) -> None:
    with pytest.raises(Stop, match="the row 42 has no id"):
        twenty.find("company", [Row("42", None, "{}")])


# --- the pull ---------------------------------------------------------------------------------------------------


def test_the_pull_tells_who_is_there(twenty: Twenty) -> None:
    email = f"{uuid4().hex}@example.com"
    row = person("Pulled", emails={"primaryEmail": email})
    twenty.create("person", [row])
    tables = {table.name: table for table in twenty.pull()}
    assert MEMBER in column(tables["members"], "email")
    people = tables["people"]
    assert people.columns[:3] == ("id", "deleted", "primary_email")
    assert (row.id, False, email) in [one[:3] for one in people.rows]
    assert {one[-1] for one in people.rows} == {None}
    assert "https://notion.com" in column(tables["companies"], "domain")


def test_the_pull_tells_of_soft_deleted_people_and_leaves_nobody_out(twenty: Twenty) -> None:
    rows = [person(f"Page {at}", deletedAt="2026-01-01T00:00:00.000Z" if at < 3 else None) for at in range(450)]
    for start_at in range(0, 450, 150):
        twenty.create("person", rows[start_at : start_at + 150])
    people = next(table for table in twenty.pull() if table.name == "people")
    deleted = dict(zip(column(people, "id"), column(people, "deleted"), strict=True))
    assert len(deleted) == len(people.rows)
    assert [deleted[row.id or ""] for row in rows] == [at < 3 for at in range(450)]


def test_the_pull_tells_of_fields(twenty: Twenty) -> None:
    fields = next(table for table in twenty.pull() if table.name == "fields")
    told = {(row[0], row[2]): dict(zip(fields.columns, row, strict=True)) for row in fields.rows}
    assert told["person", "emails"]["is_unique"] is True
    assert told["person", "company"]["relation_target"] == "company"
    choices = [option["value"] for option in json.loads(told["task", "status"]["options"])]
    assert choices == ["TODO", "IN_PROGRESS", "DONE"]


# --- provisioning -----------------------------------------------------------------------------------------------


def test_a_select_a_relation_and_a_plural_of_its_own_are_usable_at_once(twenty: Twenty) -> None:
    twenty.provision(ObjectDefinition("visitKind", "kindsOfVisit", "Visit kind", "Kinds of visit", "From Cliniko"))
    options = (Option("Long one", "LONG_ONE"), Option("Short", "SHORT"))
    twenty.provision(FieldDefinition("visitKind", "size", "SELECT", "Size", options=options))
    twenty.provision(FieldDefinition("task", "kind", "RELATION", "Kind", to="visitKind", inverse_label="Visits"))
    kind = company("Massage", size="LONG_ONE")
    twenty.create("visitKind", [kind])
    visit = Row("v", str(uuid4()), "")
    visit = Row(visit.key, visit.id, json.dumps({"id": visit.id, "title": "Massage: Ann", "kindId": kind.id}))
    [made] = twenty.create("task", [visit])
    assert made.record is not None and contains(made.record, {"kindId": kind.id})
    fields = next(table for table in twenty.pull() if table.name == "fields")
    told = {(row[0], row[2]): dict(zip(fields.columns, row, strict=True)) for row in fields.rows}
    assert told["task", "kind"]["relation_target"] == "visitKind"
    assert [option["label"] for option in json.loads(told["visitKind", "size"]["options"])] == ["Long one", "Short"]


def test_a_name_that_is_reserved_is_told_by_its_cause(twenty: Twenty) -> None:
    with pytest.raises(Refused, match="This name is reserved") as caught:
        twenty.provision(FieldDefinition("person", "address", "TEXT", "Address"))
    assert "Field metadata not found" not in str(caught.value)


# --- answers that are lost --------------------------------------------------------------------------------------


def test_a_create_whose_answer_is_lost_is_found() -> None:
    with start(api_key=KEY, faults="drop:every=1") as url:
        twenty = connect(Settings("twenty", url=url, api_key=KEY), Client(url, pacer=Pacer(60_000)))
        row = company("Lost")
        with pytest.raises(Again) as caught:
            twenty.create("company", [row])
        assert caught.value.arrived
        assert [found.state for found in twenty.find("company", [row])] == ["live"]
        twenty.close()


# --- updates ----------------------------------------------------------------------------------------------------


def test_what_twenty_never_takes_null_for_is_left_out_of_an_update(twenty: Twenty, subject: Subject) -> None:
    """A row that says nothing of when it was made must not cost the rest of its changes (contracts/twenty/nulls)."""
    [row] = subject.rows(1)
    [made] = twenty.create("company", [row])
    changes = {"id": None, "createdAt": None, "position": None, "name": "Another name"}
    [changed] = twenty.update("company", [Row(row.key, made.id, json.dumps(changes))])
    assert changed.record is not None
    assert json.loads(changed.record.body)["name"] == "Another name"


def test_a_note_is_emptied_by_an_empty_text(twenty: Twenty) -> None:
    """Null is a 400 for rich text, and within it too (contracts/twenty/emptying)."""
    id = str(uuid4())
    twenty.create("note", [Row("n", id, json.dumps({"id": id, "bodyV2": {"markdown": "It hurts."}}))])
    [changed] = twenty.update("note", [Row("n", id, json.dumps({"bodyV2": {"markdown": None}}))])
    assert changed.record is not None
    assert json.loads(changed.record.body)["bodyV2"]["markdown"] in ("", None)
