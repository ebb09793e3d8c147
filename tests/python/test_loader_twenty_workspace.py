"""What Twenty's loader knows and does beside records: the data model, files, rights, automations, references."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from loader_conformance import column
from staged import hasty

from loaders.twenty import Twenty, connect
from shift import ledger, provisioning
from shift.destination import (
    AddedOptions,
    FieldDefinition,
    ObjectDefinition,
    Option,
    Record,
    Reference,
    Rights,
    Row,
    SchemaChange,
    Settings,
)
from shift.errors import Refused, Stop
from shift.http import Call, Client, Pacer
from shift.loading import Writer
from shift.pulling import pull
from shift.sandbox.twenty import start
from shift.staging import StagingModel

KEY = "key-of-the-tests"
LESSER_KEY = "key-that-may-only-write-records"
READING_KEY = "key-that-may-only-read"
SIZE = FieldDefinition("company", "size", "SELECT", "Size", options=(Option("Big", "BIG"), Option("Small", "SMALL")))
MORE = AddedOptions("company", "size", (Option("Small", "SMALL"), Option("Huge", "HUGE")))
ROW = Row("1", None, "{}")


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with start(api_key=KEY, keys={"data_only": LESSER_KEY, "read_only": READING_KEY}, workflow_delay=0.05) as address:
        yield address


@contextmanager
def opened(url: str, key: str = KEY, calls: list[Call] | None = None) -> Iterator[Twenty]:
    client = Client(url, pacer=Pacer(60_000), on_call=calls.append if calls is not None else None)
    with closing(connect(Settings("twenty", url=url, api_key=key), client)) as twenty:
        yield twenty


@pytest.fixture
def twenty(url: str) -> Iterator[Twenty]:
    with opened(url) as destination:
        yield destination


def made(twenty: Twenty, object: str, **fields: Any) -> Record:
    id = str(uuid4())
    [outcome] = twenty.create(object, [Row("1", id, json.dumps({"id": id, **fields}))])
    assert outcome.record is not None
    return outcome.record


# --- the data model ---------------------------------------------------------------------------------------------


def options_of(twenty: Twenty, field: str) -> list[str]:
    fields = next(table for table in twenty.pull() if table.name == "fields")
    rows = [dict(zip(fields.columns, row, strict=True)) for row in fields.rows]
    [options] = [row["options"] for row in rows if (row["object"], row["name"]) == ("company", field)]
    return [option["value"] for option in json.loads(options)]


def test_choices_are_added_and_taken_back_and_no_record_loses_its_own(twenty: Twenty) -> None:
    """contracts/twenty/metadata-select-option-edit: options without their ids would reset every record."""
    field = twenty.provision(SIZE)
    big = made(twenty, "company", name="A", size="BIG")
    receipt = twenty.provision(MORE)
    assert (receipt.id, receipt.details) == (field.id, {"added": ["HUGE"]})
    assert options_of(twenty, "size") == ["BIG", "SMALL", "HUGE"]
    made(twenty, "company", name="B", size="HUGE")
    twenty.provision(MORE)
    twenty.unprovision(replace(MORE, options=MORE.options[1:]), receipt.id)
    assert options_of(twenty, "size") == ["BIG", "SMALL"]
    assert list(twenty.read("company", [big.id])) == [big]
    for id in (field.id, field.id, None):
        twenty.unprovision(SIZE, id)
    with pytest.raises(Stop, match="company.size"):
        twenty.provision(MORE)


def test_the_data_model_is_read_once_for_all_fields_and_anew_for_what_uses_them(url: str) -> None:
    calls: list[Call] = []
    fields = [FieldDefinition("company", f"colour{at}", "TEXT", f"Colour {at}") for at in range(4)]
    with opened(url, calls=calls) as twenty:
        receipts = [twenty.provision(field) for field in fields]
        assert [call.path for call in calls] == ["/metadata", *["/rest/metadata/fields"] * 4]
        calls.clear()
        list(twenty.update_calls("company", [ROW]))  # which of its fields are unique?
        assert [call.path for call in calls] == ["/metadata"]
        calls.clear()
        for receipt in receipts:
            twenty.unprovision(receipt.change, receipt.id)
        assert [call.method for call in calls] == ["DELETE"] * 4


@pytest.mark.parametrize("with_id", [True, False])
def test_what_was_made_is_removed_and_may_be_removed_again(twenty: Twenty, with_id: bool) -> None:
    """A run that was killed never learnt the id: then the name serves."""
    room = ObjectDefinition("room", "rooms", "Room", "Rooms")
    link = FieldDefinition("task", "room", "RELATION", "Room", to="room", inverse_label="Tasks here")
    receipts = [twenty.provision(room), twenty.provision(link)]
    for _ in range(2):
        for receipt in reversed(receipts):
            twenty.unprovision(receipt.change, receipt.id if with_id else None)
    tables = {table.name: table for table in twenty.pull()}
    assert "room" not in column(tables["objects"], "name")
    assert "room" not in column(tables["fields"], "name")


def test_what_is_deactivated_is_told(twenty: Twenty, url: str) -> None:
    """contracts/twenty/metadata-graphql-and-lifecycle: it takes values still, and nobody sees them."""
    field = twenty.provision(FieldDefinition("company", "motto", "TEXT", "Motto"))
    with closing(Client(url, pacer=Pacer(60_000), headers={"Authorization": f"Bearer {KEY}"})) as someone:
        someone.request("PATCH", f"/rest/metadata/fields/{field.id}", json={"isActive": False})
    fields = next(table for table in twenty.pull() if table.name == "fields")
    names = zip(column(fields, "object"), column(fields, "name"), column(fields, "is_active"), strict=True)
    assert [name for _, name, active in names if not active] == ["motto"]
    twenty.unprovision(field.change, field.id)


ROOM = ObjectDefinition("treatmentRoom", "treatmentRooms", "Room", "Rooms")
FIELD = FieldDefinition("person", "shoeSize", "TEXT", "Shoe size")
CHOICE = FieldDefinition("person", "shoes", "SELECT", "Shoes", options=(Option("Red", "RED"),))
PAYER = FieldDefinition("person", "payer", "RELATION", "Payer", to="company", inverse_label="Pays for")


@pytest.mark.parametrize(
    ("change", "objection"),
    [
        (ROOM, None),
        (FIELD, None),
        (CHOICE, None),
        (PAYER, None),
        (MORE, None),
        (replace(ROOM, name="treatment_room"), "camel case"),
        (replace(ROOM, name="Room"), "camel case"),
        (replace(ROOM, plural="workspaces"), "reserved"),
        (replace(ROOM, plural="treatmentroom"), "the same"),
        (replace(ROOM, name="r" * 58), "longer than 57"),
        (replace(ROOM, plural="r" * 64), "longer than 63"),
        (replace(ROOM, plural="people"), "is there"),
        (replace(FIELD, name="address"), "reserved"),
        (replace(FIELD, name="shoe-size"), "camel case"),
        (replace(FIELD, name="s" * 64), "longer than 63"),
        (replace(FIELD, name="companyId"), "taken on person"),
        (replace(FIELD, name="jobTitle"), "taken on person"),
        (replace(FIELD, label=""), "no label"),
        (replace(FIELD, type="NUMERIC"), "no type"),
        (replace(CHOICE, options=()), "no options"),
        (replace(CHOICE, options=(Option("Red, blue", "RED"),)), "a comma"),
        (replace(CHOICE, options=(Option("One", "1_ONE"),)), "snake case"),
        (replace(CHOICE, options=(Option("Red", "RED"), Option("Rot", "RED"))), "twice"),
        (replace(PAYER, inverse_label="People"), "the far side 'People': 'people' is taken on company"),
        (replace(PAYER, inverse_label="Type"), "reserved"),
        (AddedOptions("task", "status", (Option("To do", "TODO"),)), "twice"),
    ],
)
def test_a_name_is_objected_to_as_the_server_would(twenty: Twenty, change: SchemaChange, objection: str | None) -> None:
    twenty.workspace()
    said = "; ".join(twenty.objections(change))
    assert objection in said if objection else said == ""
    if objection and not isinstance(change, AddedOptions):
        with pytest.raises(Refused):
            twenty.provision(change)


NAMES = st.one_of(
    st.from_regex(r"[a-z][a-zA-Z0-9]{0,70}", fullmatch=True),
    st.sampled_from(["type", "links", "userWorkspaces", "searches", "name", "accountOwnerId", "people", "fields"]),
    st.text(alphabet="aZ0_- é.", min_size=1, max_size=5),
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=NAMES)
def test_a_field_is_made_where_nothing_is_objected_to_its_name_and_nowhere_else(twenty: Twenty, name: str) -> None:
    twenty.workspace()
    field = FieldDefinition("company", name, "TEXT", "Some label")
    if twenty.objections(field):
        with pytest.raises(Refused):
            twenty.provision(field)
    else:
        twenty.unprovision(field, twenty.provision(field).id)


def test_objections_take_no_call() -> None:
    with opened("http://127.0.0.1:1") as nowhere:
        assert nowhere.objections(replace(FIELD, name="type"))
        assert not nowhere.objections(MORE)


# --- records ----------------------------------------------------------------------------------------------------


def test_every_record_is_told_of_with_whether_it_was_deleted(twenty: Twenty, url: str) -> None:
    live, gone = made(twenty, "opportunity", name="Live"), made(twenty, "opportunity", name="Gone")
    with closing(Client(url, pacer=Pacer(60_000), headers={"Authorization": f"Bearer {KEY}"})) as someone:
        someone.request("DELETE", f"/rest/opportunities/{gone.id}?soft_delete=true")
    told = {one.id: one.deleted for one in twenty.every("opportunity")}
    assert (told[live.id], told[gone.id]) == (False, True)
    assert len(told) == 8


def test_references_are_asked_of_every_relation_that_the_data_model_knows(twenty: Twenty) -> None:
    person, other = made(twenty, "person", name={"lastName": "Held"}), made(twenty, "person", name={"lastName": "Free"})
    note = made(twenty, "note", title="About her")
    link = made(twenty, "noteTarget", noteId=note.id, targetPersonId=person.id)
    deal = made(twenty, "opportunity", name="Deal", pointOfContactId=person.id)
    assert sorted(twenty.references("person", [person.id, other.id]), key=lambda one: one.object) == [
        Reference("noteTarget", link.id, "targetPersonId", person.id),
        Reference("opportunity", deal.id, "pointOfContactId", person.id),
    ]
    assert list(twenty.references("person", [other.id])) == []
    assert list(twenty.references("person", [])) == []


# --- files ------------------------------------------------------------------------------------------------------


def test_a_file_is_sent_as_it_is_and_serves_one_record(twenty: Twenty, url: str, tmp_path: Path) -> None:
    letter = tmp_path / "Überweisung, 2.pdf"
    letter.write_bytes(bytes(range(256)) * 700)
    id = twenty.upload("attachment", "file", letter, ROW)
    person = made(twenty, "person", name={"lastName": "Filed"})
    named = {"name": letter.name, "file": [{"fileId": id, "label": letter.name}], "targetPersonId": person.id}
    [shown] = json.loads(made(twenty, "attachment", **named).body)["file"]
    with closing(Client(url, pacer=Pacer(60_000))) as client:
        assert client.request("GET", shown["url"]).content == letter.read_bytes()
    with pytest.raises(Refused, match="already associated"):
        made(twenty, "attachment", **named)


def test_a_file_that_cannot_be_sent_is_refused(twenty: Twenty, tmp_path: Path) -> None:
    (tmp_path / "empty.pdf").touch()
    with pytest.raises(Refused, match="Invalid file size 0"):
        twenty.upload("attachment", "file", tmp_path / "empty.pdf", ROW)
    with pytest.raises(Refused, match="cannot be read"):
        twenty.upload("attachment", "file", tmp_path / "nowhere.pdf", ROW)


# --- rights -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "rights"),
    [
        (KEY, Rights(read=True, write=True, delete=True, change_schema=True, upload=True)),
        (LESSER_KEY, Rights(read=True, write=True, delete=False, change_schema=False, upload=False)),
        (READING_KEY, Rights(read=True, write=False, delete=False, change_schema=False, upload=False)),
    ],
)
def test_rights_are_found_out_and_nothing_is_written(url: str, key: str, rights: Rights) -> None:
    objects = ["person", "company", "note", "noteTarget", "notMadeYet"]
    with opened(url) as twenty:
        before = {object: sorted(one.body for one in twenty.every(object)) for object in objects[:-1]}
        with opened(url, key) as asking:
            assert asking.rights(objects) == rights
        assert {object: sorted(one.body for one in twenty.every(object)) for object in objects[:-1]} == before


# --- automations ------------------------------------------------------------------------------------------------


def test_an_automation_is_paused_and_resumed_as_often_as_one_likes(twenty: Twenty) -> None:
    automations = twenty.automations()
    [trigger] = automations.active()
    assert (trigger.event, trigger.object) == ("person.upserted", "person")
    assert trigger.name == "Create company when adding a new person"
    for _ in range(2):
        automations.pause(trigger.id)
        assert automations.active() == []
    for _ in range(2):
        automations.resume(trigger.id)
        assert automations.active() == [trigger]


def test_what_automations_made_is_told_since_when(twenty: Twenty) -> None:
    begun = datetime.now(UTC) - timedelta(seconds=1)
    domain = f"{uuid4().hex}.example"
    made(twenty, "person", name={"lastName": "Waking"}, emails={"primaryEmail": f"a@{domain}"})
    deadline = datetime.now(UTC) + timedelta(seconds=10)
    found: list[tuple[str, Record]] = []
    while not found and datetime.now(UTC) < deadline:
        every = twenty.automations().made_since(["person", "company"], begun)
        found = [(object, one) for object, one in every if domain in one.body]
    [(object, company)] = found
    assert (object, json.loads(company.body)["name"]) == ("company", domain)
    later = datetime.now(UTC) + timedelta(seconds=5)
    assert not twenty.automations().made_since(["person", "company"], later)


# --- under the engine -------------------------------------------------------------------------------------------

VISIT = ObjectDefinition("clinicVisit", "clinicVisits", "Clinic visit", "Clinic visits")
KIND = FieldDefinition("clinicVisit", "kind", "SELECT", "Kind", options=(Option("New", "NEW"),))
PATIENT = FieldDefinition("clinicVisit", "patient", "RELATION", "Patient", to="person", inverse_label="Clinic visits")
BORN = FieldDefinition("person", "bornOn", "DATE", "Born on")


def test_a_data_model_is_made_grows_and_is_taken_back_to_the_letter(
    twenty: Twenty, connection: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    def models(*options: Option) -> list[StagingModel]:
        columns = ("id", "kind", "patientId")
        fields = (replace(KIND, options=options), PATIENT)
        visit = StagingModel("crm__visit", "crm.visit", VISIT.name, "id", columns, fields=fields, define=VISIT)
        return [StagingModel("crm__person", "crm.person", "person", "id", ("id", "bornOn"), fields=(BORN,)), visit]

    def needs(staging: list[StagingModel]) -> provisioning.Needs:
        pull(connection, twenty.pull(), [])
        return provisioning.judged(twenty, provisioning.compare(connection, staging))

    before = {table.name: sorted(table.rows) for table in twenty.pull() if table.name in ("objects", "fields")}
    with ledger.writing(tmp_path / "ledger.sqlite", "twenty", twenty.workspace()) as book, book.run("load"):
        writer = Writer(twenty, book, hasty())
        for staging, changes in (
            (models(*KIND.options), [VISIT, BORN, KIND, PATIENT]),
            (models(*KIND.options, Option("Old", "OLD")), [AddedOptions(VISIT.name, "kind", (Option("Old", "OLD"),))]),
        ):
            found = needs(staging)
            assert (list(found.changes), found.findings) == (changes, ())
            provisioning.provision(writer, connection, found.changes)
            assert needs(staging) == provisioning.Needs((), ())
        visit = made(twenty, VISIT.name, name="First", kind="OLD")
        assert len(provisioning.remove(writer)) == 3  # the choice, its field, and the object; what is empty has gone
        twenty.delete(VISIT.name, [visit])
        assert provisioning.remove(writer) == []
    after = {table.name: sorted(table.rows) for table in twenty.pull() if table.name in ("objects", "fields")}
    assert after == before
