"""Nutshell's loader, over HTTP: against the twin, and against answers that a healthy server does not give."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, nullcontext
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from typing import Any

import httpx
import jsonschema
import loader_conformance as conformance
import pytest
from loader_conformance import Subject, column, contains
from sandbox.nutshell_account import SPECIFICATION, schema_of

from loaders.nutshell import Nutshell, connect
from loaders.nutshell_looking import MARKS, named
from loaders.nutshell_records import activity_create_body
from shift.destination import AddedOptions, FieldDefinition, ObjectDefinition, Option, Record, Row, Settings
from shift.errors import Again, ConfigurationError, DestinationError, Refused, Stop
from shift.http import Call, Client, Pacer
from shift.sandbox.nutshell import start

KEY = "key-of-the-tests"
ADMIN = "admin@clinic.example"
ANNA = "anna.berg@clinic.example"
FIELDS = {
    "person": {"Cliniko Patient ID": "Text", "Date of Birth": "Date", "Balance Due": "Currency", "Sex": "Text"},
    "company": {"Cliniko Contact ID": "Text"},
    "lead": {"Cliniko Patient ID": "Text"},
}
numbers = count(1)


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with start(api_key=KEY, user=ADMIN, members=[ANNA], activity_types=["Physio"]) as address:
        prepare(address)
        yield address


def prepare(url: str) -> None:
    with opened(url) as nutshell:
        for object, fields in FIELDS.items():
            for name, type in fields.items():
                nutshell.provision(FieldDefinition(object, name, type, name))
        choices = (Option("Paid", "Paid"), Option("Owing", "Owing"))
        nutshell.provision(FieldDefinition("person", "Status", "Decision", "Status", options=choices))


def opened(url: str, **settings: Any) -> closing[Nutshell]:
    return closing(
        connect(Settings("nutshell", url=url, user=ADMIN, api_key=KEY), Client(url, pacer=Pacer(60_000), **settings))
    )


@pytest.fixture
def nutshell(url: str) -> Iterator[Nutshell]:
    with opened(url) as destination:
        yield destination


def row(object: str, **payload: Any) -> Row:
    key = f"k{next(numbers)}"
    marked = {MARKS[object]: key} if object in MARKS else {}
    return Row(key, None, json.dumps(marked | payload, ensure_ascii=False))


def person(**payload: Any) -> Row:
    return row("person", **{"name": {"givenName": "Zoë", "familyName": "O’Neil"}, **payload})


def visit(contact: str, **payload: Any) -> Row:
    key = f"v{next(numbers)}"
    held = {
        "name": "Physio",
        "description": f"[cliniko appt={key} status=attended place=Main St]\nfurther",
        "activityType": "3-activityTypes",
        "startTime": "2026-01-31T22:00:00.000Z",
        "endTime": "2026-01-31T22:45:00.000Z",
        "contacts": [contact],
        "users": ["2-users"],
        "location": "Main St",
        "status": "logged",
    }
    return Row(key, None, json.dumps(held | payload))


def made(nutshell: Nutshell, object: str, row: Row) -> Record:
    [outcome] = nutshell.create(object, [row])
    assert outcome.record is not None and outcome.record.id == outcome.id
    return outcome.record


def read(nutshell: Nutshell, object: str, id: str) -> dict[str, Any]:
    [record] = nutshell.read(object, [id])
    held = json.loads(record.body)
    assert isinstance(held, dict)
    return held


def change(nutshell: Nutshell, object: str, before: Record, **payload: Any) -> dict[str, Any]:
    [outcome] = nutshell.update(object, [Row("k", before.id, json.dumps(payload), before.body)])
    assert outcome.record is not None
    held = json.loads(outcome.record.body)
    assert isinstance(held, dict)
    return held


# --- what every loader owes the engine ----------------------------------------------------------------------------


@pytest.fixture(params=["company", "lead"])
def subject(url: str, request: pytest.FixtureRequest) -> Subject:
    object, field, wrong = {
        "company": ("company", "name", {"emails": [{"name": "email", "value": "no address"}]}),
        "lead": ("lead", "description", {"contacts": [{"id": "99999-contacts", "relationship": "Patient"}]}),
    }[request.param]
    return Subject(
        connect=connect,
        settings=Settings("nutshell", url=url, user=ADMIN, api_key=KEY),
        object=object,
        rows=lambda number: [row(object, **{field: f"Zoë’s {at}"}) for at in range(number)],
        refused=lambda: row(object, **{field: "Refused"}, **wrong),
        changes={field: "Another name"},
        tables=frozenset({"objects", "fields", "custom_fields", "users", "activity_types", "people", "companies"}),
        troubled=lambda trouble: troubled(object, trouble),
    )


@contextmanager
def troubled(object: str, trouble: str) -> Iterator[Settings]:
    """The mark that the records are found by is the first write."""
    with start(api_key=KEY, user=ADMIN, faults=f"{trouble}:call=2") as address:
        with opened(address) as nutshell:
            nutshell.provision(FieldDefinition(object, MARKS[object], "Text", MARKS[object]))
        yield Settings("nutshell", url=address, user=ADMIN, api_key=KEY)


class TestConnecting(conformance.Connecting): ...


class TestPulling(conformance.Pulling): ...


class TestWriting(conformance.Writing): ...


class TestUpdating(conformance.Updating): ...


class TestDeleting(conformance.Deleting): ...


class TestLoading(conformance.Loading): ...


class TestTroubled(conformance.Troubled): ...


# --- settings -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (Settings("n", url="http://x", api_key="k"), "needs a user and an api_key"),
        (Settings("n", url="http://x", user="u"), "needs a user and an api_key"),
        (Settings("n", url="http://x", user="u", api_key="k", options={"colour": "red"}), "no option 'colour'"),
    ],
)
def test_wrong_settings_are_told(settings: Settings, words: str) -> None:
    with closing(Client("http://x", pacer=Pacer(60))) as client, pytest.raises(ConfigurationError, match=words):
        connect(settings, client)


def test_a_plan_without_rest_stops_before_anything() -> None:
    with (
        start(api_key=KEY, user=ADMIN, behaviour={"rest": "absent"}) as url,
        opened(url) as nutshell,
        pytest.raises(Stop, match="may not be part of the plan"),
    ):
        nutshell.workspace()


# --- people and companies -----------------------------------------------------------------------------------------


def test_a_person_comes_back_as_they_were_sent(nutshell: Nutshell) -> None:
    company = made(nutshell, "company", row("company", name="Insurer"))
    payload = {
        "name": {"salutation": "Ms", "givenName": "Ada", "familyName": "Example"},
        "description": "one\ntwo",
        "emails": [{"name": "email", "value": "ada@example.org"}, {"name": "email 2", "value": "b@example.org"}],
        "phones": [{"name": "mobile", "value": "+61400000000"}, {"name": "home", "value": "ask at the desk"}],
        "addresses": [{"name": "street", "value": {"address_1": "1 A St", "city": "Sydney", "country": "AU"}}],
        "owner": "2-users",
        "accounts": [{"id": company.id, "relationship": "Payer"}],
        "Date of Birth": "1990-02-28",
        "Balance Due": {"amount": "120.50", "currency": "AUD"},
        "Status": "Owing",
    }
    record = made(nutshell, "person", person(**payload))
    held = json.loads(record.body)
    assert held | {"addresses": None} == {
        **payload,
        "addresses": None,
        "Cliniko Patient ID": held["Cliniko Patient ID"],
        "urls": [],
        "rev": "1",
    }
    assert contains(Record("", json.dumps(held["addresses"][0])), payload["addresses"][0])  # type: ignore[index]  # a list
    assert read(nutshell, "person", record.id) == held


def test_an_update_sends_what_it_names_and_clears_what_is_null(nutshell: Nutshell) -> None:
    phones = [{"name": "mobile", "value": "+61400000000"}]
    before = made(nutshell, "person", person(phones=phones, Sex="F", **{"Date of Birth": "1990-02-28"}))
    held = change(nutshell, "person", before, Sex=None, emails=[{"name": "email", "value": "a@b.example"}])
    assert (held.get("Sex"), held["phones"], held["Date of Birth"]) == (None, phones, "1990-02-28")
    held = change(nutshell, "person", Record(before.id, json.dumps(held)), phones=[])
    assert (held["phones"], held["emails"][0]["value"], held["rev"]) == ([], "a@b.example", "3")


def test_a_record_that_somebody_edited_meanwhile_is_to_be_read_again(nutshell: Nutshell) -> None:
    before = made(nutshell, "person", person())
    change(nutshell, "person", before, description="theirs")
    with pytest.raises(Again) as caught:
        change(nutshell, "person", before, description="ours")
    assert (caught.value.arrived, caught.value.status) == (True, 409)
    assert read(nutshell, "person", before.id)["description"] == "theirs"


def test_an_update_of_what_is_gone_is_refused(nutshell: Nutshell) -> None:
    with pytest.raises(Refused) as caught:
        change(nutshell, "person", Record("99999-contacts", '{"rev": "1"}'), description="x")
    assert caught.value.status == 404


def test_a_field_that_is_not_defined_stops(nutshell: Nutshell) -> None:
    with pytest.raises(Stop, match="No Such is not a custom field"):
        nutshell.create("person", [person(**{"No Such": "1"})])


def test_a_choice_that_is_not_there_is_the_rows_own_fault(nutshell: Nutshell) -> None:
    with pytest.raises(Refused, match="not one of its choices"):
        nutshell.create("person", [person(Status="Lost")])


def test_an_owner_that_json_rpc_does_not_take_is_set_by_rest() -> None:
    with start(api_key=KEY, user=ADMIN, members=[ANNA], behaviour={"rpc_owner": "ignore"}) as url:
        prepare(url)
        with opened(url) as nutshell:
            record = made(nutshell, "person", person(owner="2-users"))
            assert json.loads(record.body)["owner"] == "2-users"
            assert json.loads(record.body) == read(nutshell, "person", record.id)
            assert change(nutshell, "person", record, owner="1-users")["owner"] == "1-users"


# --- leads --------------------------------------------------------------------------------------------------------


def test_a_lead_comes_back_as_it_was_sent_and_is_its_persons(nutshell: Nutshell) -> None:
    contact, company = made(nutshell, "person", person()).id, made(nutshell, "company", row("company", name="C")).id
    payload = {
        "description": "Files of Zoë O’Neil",
        "contacts": [{"id": contact, "relationship": "Patient"}],
        "accounts": [{"id": company, "relationship": "Payer"}],
        "owner": "2-users",
    }
    record = made(nutshell, "lead", row("lead", **payload))
    held = json.loads(record.body)
    assert held == {**payload, "Cliniko Patient ID": held["Cliniko Patient ID"], "rev": "1"}
    other = made(nutshell, "person", person()).id
    changed = change(nutshell, "lead", record, contacts=[{"id": other, "relationship": "Patient"}], owner="1-users")
    assert (changed["contacts"][0]["id"], changed["accounts"], changed["owner"]) == (
        other,
        payload["accounts"],
        "1-users",
    )
    told = [(one.object, one.id, one.field) for one in nutshell.references("person", [contact, other])]
    assert told == [("lead", record.id, "contacts")]
    nutshell.delete("lead", [record])
    assert [found.state for found in nutshell.find("lead", [Row("k", record.id, "{}")])] == ["soft_deleted"]


# --- activities and notes -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", ["logged", "scheduled", "cancelled"])
def test_an_activity_comes_back_as_it_was_sent(nutshell: Nutshell, status: str) -> None:
    contact = made(nutshell, "person", person()).id
    sent = visit(contact, status=status)
    [outcome] = nutshell.create("activity", [sent])
    meant = json.loads(sent.payload)
    # REST takes a location, and neither API tells it.
    del meant["location"]
    assert outcome.record is not None
    for held in (json.loads(outcome.record.body), read(nutshell, "activity", outcome.id)):
        assert {name: held[name] for name in meant} == meant


@pytest.mark.parametrize("trouble", ["500", "429", "drop"])
def test_a_cancelled_activity_that_was_lost_between_its_calls_is_there(trouble: str) -> None:
    """The write calls: the definitions, a person, the activity, and the edit that cancels it."""
    definitions = sum(map(len, FIELDS.values())) + 1
    with start(
        api_key=KEY, user=ADMIN, members=[ANNA], activity_types=["Physio"], faults=f"{trouble}:call={definitions + 3}"
    ) as url:
        prepare(url)
        with opened(url) as nutshell:
            sent = visit(made(nutshell, "person", person()).id, status="cancelled")
            with pytest.raises(Again) as caught:
                nutshell.create("activity", [sent])
            assert caught.value.arrived
            [found] = nutshell.find("activity", [sent])
            done = "cancelled" if trouble == "drop" else "scheduled"
            assert found.record and json.loads(found.record.body)["status"] == done


def test_an_activity_is_edited_with_all_its_participants(nutshell: Nutshell) -> None:
    first, second = (made(nutshell, "person", person()).id for _ in range(2))
    id = made(nutshell, "activity", visit(first)).id
    [before] = nutshell.read("activity", [id])
    held = change(nutshell, "activity", before, contacts=[second], status="cancelled", location="Elsewhere")
    assert (held["contacts"], held["users"], held["status"]) == ([second], ["2-users"], "cancelled")
    [before] = nutshell.read("activity", [id])
    assert change(nutshell, "activity", before, location="Nowhere") == json.loads(before.body)


def test_a_note_comes_back_as_it_was_sent_and_is_not_moved(nutshell: Nutshell) -> None:
    contact = made(nutshell, "person", person()).id
    note = made(nutshell, "note", Row("n", None, json.dumps({"parent": contact, "body": "first\nsecond"})))
    held = read(nutshell, "note", note.id)
    assert (held["parent"], held["body"], held["author"]) == (contact, "first\nsecond", "1-users")
    assert change(nutshell, "note", note, body="new")["body"] == "new"
    with pytest.raises(Refused, match="moves no note"):
        change(nutshell, "note", note, parent="1-contacts")
    several = [
        made(nutshell, "note", Row("n", None, json.dumps({"parent": contact, "body": str(at)}))).id for at in range(3)
    ]
    told = {record.id: json.loads(record.body)["body"] for record in nutshell.read("note", [*several, "9999-notes"])}
    assert told == dict(zip(several, "012", strict=True))


@pytest.mark.parametrize(("switch", "author"), [("on", "2-users"), ("off", "1-users")])
def test_a_note_is_written_in_its_authors_name_where_the_key_may(switch: str, author: str) -> None:
    with start(api_key=KEY, user=ADMIN, members=[ANNA], behaviour={"impersonation": switch}) as url:
        prepare(url)
        with opened(url) as nutshell:
            contact = made(nutshell, "person", person()).id
            payload = {"parent": contact, "body": "text", "author": "2-users"}
            with pytest.raises(Refused, match="no user 9-users"):
                nutshell.create("note", [Row("n", None, json.dumps(payload | {"author": "9-users"}))])
            assert json.loads(made(nutshell, "note", Row("n", None, json.dumps(payload))).body)["author"] == author
            with pytest.raises(Stop, match="not logged as their author") if switch == "off" else nullcontext():
                made(nutshell, "note", Row("n", None, json.dumps(payload)))


def test_a_note_that_cannot_be_edited_any_more_is_a_refused_row_and_no_stop() -> None:
    """rpc-notes: only the author, only for 24 hours. Here somebody else wrote it, which the record does not tell."""
    with start(api_key=KEY, user=ADMIN, members=[ANNA], behaviour={"impersonation": "on"}) as url:
        prepare(url)
        with opened(url) as nutshell:
            payload = {"parent": made(nutshell, "person", person()).id, "body": "text", "author": "2-users"}
            note = made(nutshell, "note", Row("n", None, json.dumps(payload)))
            untold = {name: value for name, value in json.loads(note.body).items() if name != "author"}
            with pytest.raises(Refused, match="by its author within 24 hours"):
                nutshell.update("note", [Row("n", note.id, '{"body": "other"}', json.dumps(untold))])
            assert change(nutshell, "note", note, body="other")["body"] == "other"


def test_a_key_that_was_revoked_stops_the_edit_of_a_note() -> None:
    with start(api_key=KEY, user=ADMIN, members=[ANNA], behaviour={"impersonation": "on"}) as url:
        prepare(url)
        with opened(url) as nutshell:
            payload = {"parent": made(nutshell, "person", person()).id, "body": "text", "author": "2-users"}
            note = made(nutshell, "note", Row("n", None, json.dumps(payload)))
            nutshell._rpc._api_key = "revoked"
            with pytest.raises(Stop) as caught:
                change(nutshell, "note", note, body="other")
            assert caught.value.status == 401


# --- finding again ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("object", ["person", "company"])
def test_doubles_are_told_the_eldest_first_and_what_only_contains_the_mark_is_none(
    nutshell: Nutshell, object: str
) -> None:
    sent = person() if object == "person" else row("company", name="Twice")
    longer = Row("l", None, sent.payload.replace(f'"{sent.key}"', f'"{sent.key}0"'))
    first, second, _ = (made(nutshell, object, one) for one in (sent, sent, longer))
    [found] = nutshell.find(object, [sent])
    assert found.record == first
    assert found.doubles == (second,)


def test_an_activity_is_found_by_its_header_line(nutshell: Nutshell) -> None:
    contact = made(nutshell, "person", person()).id
    sent, other = visit(contact), visit(contact)
    ids = [made(nutshell, "activity", one).id for one in (sent, sent, other)]
    [found, absent] = nutshell.find("activity", [sent, visit(contact)])
    assert found.record and found.record.id == ids[0]
    assert [one.id for one in found.doubles] == [ids[1]]
    assert absent.state == "absent"


def test_a_note_is_found_by_its_first_line(nutshell: Nutshell) -> None:
    contact = made(nutshell, "person", person()).id
    sent = Row("n", None, json.dumps({"parent": contact, "body": "2025-04-01 Dr B note 7\n\nold text"}))
    made(nutshell, "activity", visit(contact))
    id = made(nutshell, "note", sent).id
    [found] = nutshell.find("note", [sent])
    assert found.record and found.record.id == id
    [absent] = nutshell.find("note", [Row("n", None, json.dumps({"parent": contact, "body": "another"}))])
    assert absent.state == "absent"


def test_a_record_is_found_by_its_mark_when_what_stands_beside_it_has_changed(nutshell: Nutshell) -> None:
    """Who wrote a note, what its template and an appointment's type are called: all of it may be renamed in Cliniko."""
    contact = made(nutshell, "person", person()).id

    def note(line: str) -> Row:
        return Row("n", None, json.dumps({"parent": contact, "body": f"1 July 2026, {line}\n\ntext"}))

    def appointment(line: str) -> Row:
        return visit(contact, description=f"[cliniko {line}]")

    for object, row, kept, changed, others in (
        ("note", note, "Ada Low, Initial, [cliniko note=7]", "Ada High, First, [cliniko note=7]", "[cliniko note=77]"),
        ("activity", appointment, "appt=7 type=Initial", "appt=7 type=First status=attended", "appt=77 type=Initial"),
    ):
        id = made(nutshell, object, row(kept)).id
        [found] = nutshell.find(object, [row(changed)])
        assert found.record and found.record.id == id
        [absent] = nutshell.find(object, [row(others)])
        assert absent.state == "absent"


def test_a_record_is_found_by_its_id_and_in_the_trash(nutshell: Nutshell) -> None:
    record = made(nutshell, "person", person())
    row = Row("k", record.id, "{}")
    assert [one.state for one in nutshell.find("person", [row])] == ["live"]
    nutshell.delete("person", [record])
    assert [one.state for one in nutshell.find("person", [row])] == ["soft_deleted"]
    assert [one.state for one in nutshell.find("person", [Row("k", "99999-contacts", "{}")])] == ["absent"]


@pytest.mark.parametrize(
    ("object", "payload"), [("person", {}), ("note", {"parent": "1-contacts"}), ("activity", {"description": "none"})]
)
def test_a_row_without_its_mark_never_counts_as_absent(nutshell: Nutshell, object: str, payload: Any) -> None:
    with pytest.raises(Stop, match="found again"):
        nutshell.find(object, [Row("k", None, json.dumps(payload))])


@pytest.mark.parametrize(
    ("description", "id"),
    [
        ("[cliniko appt=5 status=attended place=a]b]\nmore", "appt=5"),
        ("[cliniko note=5]", "note=5"),
        ("note\n[cliniko appt=5]", None),
        (None, None),
    ],
)
def test_what_a_header_line_names(description: str | None, id: str | None) -> None:
    assert named(description) == id


def test_reading_many_takes_pages_and_what_a_list_does_not_show_yet_is_read_alone() -> None:
    calls: list[Call] = []
    with start(api_key=KEY, user=ADMIN) as url:
        prepare(url)
        with opened(url, on_call=calls.append) as nutshell:
            ids = [made(nutshell, "company", row("company", name=str(at))).id for at in range(5)]
            calls.clear()
            assert [record.id for record in nutshell.read("company", ids)] == ids
            assert len(calls) == 1
    calls.clear()
    with start(api_key=KEY, user=ADMIN, behaviour={"search_lag": "600"}) as url:
        prepare(url)
        with opened(url, on_call=calls.append) as nutshell:
            ids = [made(nutshell, "company", row("company", name=str(at))).id for at in range(3)]
            assert [record.id for record in nutshell.read("company", [*ids, "77-accounts"])] == ids


def test_a_list_is_gone_through_once() -> None:
    """Whatever the number of looks: pages of a hundred, and the last one of each look once more."""
    calls: list[Call] = []
    with start(api_key=KEY, user=ADMIN) as url:
        prepare(url)
        with opened(url, on_call=calls.append) as nutshell:
            ids = [made(nutshell, "company", row("company", name=str(at))).id for at in range(350)]
            nutshell.delete("company", [Record(ids[7], "")])
            calls.clear()
            looks = [ids[start : start + 50] for start in range(0, 350, 50)]
            read = [record.id for look in looks for record in nutshell.read("company", look)]
            assert read == [id for id in ids if id != ids[7]]
            # The one that is gone is asked for alone, and so may be those that moved to the page before.
            assert len(calls) <= 4 + len(looks) + 2
            assert [record.id for record in nutshell.read("company", ids[:5])] == ids[:5]


# --- the rest -----------------------------------------------------------------------------------------------------


def test_deleting_is_done_when_it_is_gone(nutshell: Nutshell) -> None:
    contact = made(nutshell, "person", person())
    note = made(nutshell, "note", Row("n", None, json.dumps({"parent": contact.id, "body": "x"})))
    [activity] = nutshell.read("activity", [made(nutshell, "activity", visit(contact.id)).id])
    for object, record in (("activity", activity), ("note", note), ("person", contact)):
        for _ in range(2):
            assert [one.id for one in nutshell.delete(object, [record])] == [record.id]
        assert list(nutshell.read(object, [record.id])) == []


def test_an_activity_that_somebody_edited_is_not_deleted(nutshell: Nutshell) -> None:
    contact = made(nutshell, "person", person()).id
    [before] = nutshell.read("activity", [made(nutshell, "activity", visit(contact)).id])
    change(nutshell, "activity", before, name="theirs")
    with pytest.raises(Again):
        nutshell.delete("activity", [before])


def test_what_points_to_a_record_is_told(nutshell: Nutshell) -> None:
    company = made(nutshell, "company", row("company", name="Payer")).id
    contact = made(nutshell, "person", person(accounts=[{"id": company, "relationship": "Payer"}])).id
    activity = made(nutshell, "activity", visit(contact)).id
    note = made(nutshell, "note", Row("n", None, json.dumps({"parent": contact, "body": "x"}))).id
    told = [(one.object, one.id, one.field, one.to) for one in nutshell.references("person", [contact])]
    assert told == [("activity", activity, "contacts", contact), ("note", note, "parent", contact)]
    assert [(one.object, one.id) for one in nutshell.references("company", [company])] == [("person", contact)]
    assert list(nutshell.references("note", [note])) == []


def test_every_record_is_told(nutshell: Nutshell) -> None:
    contact = made(nutshell, "person", person()).id
    note = made(nutshell, "note", Row("n", None, json.dumps({"parent": contact, "body": "x"}))).id
    activity = made(nutshell, "activity", visit(contact)).id
    for object, id in (("person", contact), ("note", note), ("activity", activity)):
        assert id in {record.id for record in nutshell.every(object)}


def test_the_pull_tells_users_types_and_fields(nutshell: Nutshell) -> None:
    emails = [{"name": "email", "value": "Ada@Example.org"}]
    id = made(nutshell, "person", person(emails=emails, Status="Paid")).id
    tables = {table.name: table for table in nutshell.pull()}
    assert column(tables["users"], "email") == [ADMIN, ANNA]
    assert ("3-activityTypes", "Physio") in tables["activity_types"].rows
    fields = dict(zip(column(tables["fields"], "name"), column(tables["fields"], "type"), strict=True))
    assert fields["Status"] == "Decision"
    assert fields["Cliniko Contact ID"] == "Text"
    [status] = [one for one in tables["custom_fields"].rows if one[2] == "Status"]
    assert (status[0], json.loads(status[4])) == ("person", ["Paid", "Owing"])
    [told] = [one for one in tables["people"].rows if one[0] == id]
    assert told[1:4] == (False, "Zoë O’Neil", "ada@example.org")
    assert json.loads(told[6]) == {"Status": "Paid"}


def test_what_cannot_be_made_is_said_without_a_call(nutshell: Nutshell) -> None:
    text = FieldDefinition("person", "Shoe Size", "Text", "Shoe Size")
    assert nutshell.objections(text) == []
    option = (Option("New", "New"),)
    for change, words in (
        (ObjectDefinition("room", "rooms", "Room", "Rooms"), "no objects of one's own"),
        (AddedOptions("person", "Status", option), "no API adds choices to 'Status'"),
        (FieldDefinition("activity", "Status", "Text", "Status"), "none on 'activity'"),
        (FieldDefinition("person", "Size", "NUMBER", "Size"), "no type of Nutshell's"),
        (FieldDefinition("person", "Emails", "Text", "Emails"), "every record has"),
        (FieldDefinition("person", "size", "Text", "Size"), "knows a field by its label"),
        (FieldDefinition("person", "Kind", "Decision", "Kind"), "has no choices"),
    ):
        assert any(words in one for one in nutshell.objections(change)), words
        with pytest.raises(Refused):
            nutshell.provision(change)
    nutshell.provision(text)
    with pytest.raises(Refused) as caught:
        nutshell.provision(text)
    assert caught.value.duplicate
    assert not nutshell.removes(text)


def test_rights_are_those_of_the_keys_user(nutshell: Nutshell) -> None:
    rights = nutshell.rights(["person"])
    assert (rights.read, rights.delete, rights.upload) == (True, True, None)


def test_no_key_and_no_avatar_is_in_what_is_told(nutshell: Nutshell) -> None:
    body = made(nutshell, "person", person()).body
    assert "signature" not in body
    assert KEY not in repr(vars(nutshell))


# --- what a healthy server does not say ---------------------------------------------------------------------------

Answers = Callable[[str], tuple[int, str, str]]


@pytest.fixture
def answering() -> Iterator[Callable[[int, str, str], Nutshell]]:
    """A server that gives one answer to everything: status, media type, body."""
    held: list[ThreadingHTTPServer] = []
    clients: list[Client] = []

    def begin(status: int, media_type: str, body: str, **headers: str) -> Nutshell:
        class Handler(BaseHTTPRequestHandler):
            def answer(self) -> None:
                self.rfile.read(int(self.headers.get("Content-Length") or 0))
                self.send_response(status)
                for name, value in {"Content-Type": media_type, **headers}.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body.encode())))
                self.end_headers()
                self.wfile.write(body.encode())

            do_GET = do_POST = do_DELETE = do_PATCH = answer

            def log_message(self, *_: object) -> None: ...

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        held.append(server)
        url = f"http://127.0.0.1:{server.server_port}"
        clients.append(Client(url, pacer=Pacer(60_000)))
        return connect(Settings("nutshell", url=url, user=ADMIN, api_key=KEY), clients[-1])

    yield begin
    for client in clients:
        client.close()
    for server in held:
        server.shutdown()
        server.server_close()


def rpc_error(code: int, message: str) -> str:
    return json.dumps({"error": {"code": code, "message": message, "data": None}, "id": "1", "jsonrpc": "2.0"})


@pytest.mark.parametrize(
    ("status", "media_type", "body", "kind", "arrived"),
    [
        (401, "application/json", rpc_error(401, "API key not found"), Stop, None),
        (401, "text/html", "<title>An Error Occurred: Unauthorized</title>", Stop, None),
        (403, "text/html", "<title>An Error Occurred: Forbidden</title>", Stop, None),
        (404, "text/html", "<title>Not Found</title>", Stop, None),
        (404, "application/json", rpc_error(-32601, "Method not found"), Stop, None),
        (405, "text/plain", "Internal Error", Stop, None),
        (400, "application/json", rpc_error(400, "X is not a custom field"), Stop, None),
        (404, "application/json", rpc_error(404, "Not found"), Refused, None),
        (400, "application/json", rpc_error(400, "name is too long"), Refused, None),
        (200, "application/json", rpc_error(-32602, "Invalid params"), Refused, None),
        (409, "application/json", rpc_error(409, "rev key is out-of-date"), Again, True),
        (429, "text/plain", "slow down", Again, False),
        (200, "application/json", rpc_error(429, "slow down"), Again, False),
        (500, "application/json", '{"code": 500, "message": "Internal Server Error"}', Again, True),
        (502, "text/html", "<h1>Bad Gateway</h1>", Again, True),
        (200, "text/html", "<h1>Maintenance</h1>", Again, True),
        (200, "application/json", '{"result": {"id"', Again, True),
        (200, "application/json", '{"result": {}, "id": "1"}', Again, True),
        (200, "application/json", "[]", Again, True),
    ],
)
def test_json_rpcs_errors_are_sorted_by_what_they_mean(
    answering: Callable[[int, str, str], Nutshell],
    status: int,
    media_type: str,
    body: str,
    kind: type[DestinationError],
    arrived: bool | None,
) -> None:
    with pytest.raises(kind) as caught:
        answering(status, media_type, body).create("person", [person()])
    assert getattr(caught.value, "arrived", None) is arrived
    assert "Zoë" not in str(caught.value)


@pytest.mark.parametrize(
    ("status", "media_type", "body", "kind", "arrived"),
    [
        (401, "text/html", "<title>An Error Occurred: Unauthorized</title>", Stop, None),
        (404, "text/html", "<title>An Error Occurred: Not Found</title>", Stop, None),
        (405, "text/plain", "Internal Error", Stop, None),
        (415, "text/plain", "application/json-patch+json is required", Stop, None),
        (400, "application/json", '{"errors": [{"title": "Bad time", "detail": "startTime"}]}', Refused, None),
        (429, "text/plain", "", Again, False),
        (503, "text/html", "<h1>Later</h1>", Again, True),
        (201, "text/html", "<h1>made?</h1>", Again, True),
        (201, "application/json", '{"activities": []}', Again, True),
    ],
)
def test_rests_errors_are_sorted_by_what_they_mean(
    answering: Callable[[int, str, str], Nutshell],
    status: int,
    media_type: str,
    body: str,
    kind: type[DestinationError],
    arrived: bool | None,
) -> None:
    with pytest.raises(kind) as caught:
        answering(status, media_type, body).create("activity", [visit("1-contacts")])
    assert getattr(caught.value, "arrived", None) is arrived
    if kind is Refused:
        assert caught.value.message == "Bad time; startTime"


@pytest.mark.parametrize("body", ['{"meta": {}}', "[]", '{"notes": null}'])
def test_a_list_that_is_none_is_asked_for_again(answering: Callable[[int, str, str], Nutshell], body: str) -> None:
    with pytest.raises(Again):
        list(answering(200, "application/json", body).every("note"))


def test_a_server_that_gives_every_page_alike_has_one(answering: Callable[[int, str, str], Nutshell]) -> None:
    note = {"id": "3-notes", "body": "text", "links": {"parent": "7-contacts"}}
    told = answering(200, "application/json", json.dumps({"notes": [note]}))
    assert [one.id for one in told.every("note")] == ["3-notes"]


def test_what_is_not_nutshell_stops(answering: Callable[[int, str, str], Nutshell]) -> None:
    with pytest.raises(Stop, match="not Nutshell"):
        answering(200, "application/json", '{"hello": "world"}').workspace()


def test_lists_come_bare_or_wrapped_and_results_with_an_empty_error(
    answering: Callable[[int, str, str], Nutshell],
) -> None:
    told = answering(
        200, "application/json", '{"result": {"id": 7, "entityType": "Contacts", "customFields": []}, "error": null}'
    )
    assert made(told, "person", person()).id == "7-contacts"


def test_what_rest_is_sent_keeps_its_specification() -> None:
    schemas = SPECIFICATION["components"]["schemas"]
    for status in ("logged", "scheduled", "cancelled"):
        body = activity_create_body(json.loads(visit("7-contacts", status=status, note="x").payload))
        assert set(body) <= set(schemas["activityPostInput"]["properties"]["activities"]["items"]["properties"])
        jsonschema.validate({"activities": [body]}, schema_of(schemas["activityPostInput"]))


def test_the_twin_holds_what_was_sent_beyond_what_is_told(url: str, nutshell: Nutshell) -> None:
    """The log note, which a new activity's answer does not hold."""
    contact = made(nutshell, "person", person()).id
    id = made(nutshell, "activity", visit(contact, note="what was done")).id
    assert read(nutshell, "activity", id)["note"] == "what was done"
    with httpx.Client(base_url=url, auth=(ADMIN, KEY)) as http:
        shown = http.get(f"/rest/activities/{id}").json()["activities"][0]
    assert shown["links"]["contacts"] == [contact]
    assert shown["startTime"] == 1_769_896_800
