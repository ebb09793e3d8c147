"""Provisioning: what the workspace lacks is made once, in order, and noted so that it can be undone."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest
from fakes import Killed, MemoryCRM, Trouble
from staged import PERSON, STAGING, TROUBLES, Clinic, hasty

from shift import ledger, provisioning
from shift.destination import AddedOptions, FieldDefinition, ObjectDefinition, Option, SchemaChange, Table
from shift.errors import BlockedError, Refused
from shift.ledger import Ledger
from shift.loading import Writer
from shift.pulling import pull
from shift.staging import StagingModel

VISIT = ObjectDefinition("visit", "visits", "Visit", "Visits")
BORN = FieldDefinition("person", "bornOn", "DATE", "Born On")
VISITED = FieldDefinition("person", "visit", "RELATION", "Visit", to="visit")
KIND = FieldDefinition("visit", "kind", "SELECT", "Kind", options=(Option("New", "NEW"), Option("Old", "OLD")))
NEW_ONLY = '[{"value": "NEW", "label": "Brand new"}]'
OLD_AND_NEW = '[{"value": "NEW", "label": "New"}, {"value": "OLD", "label": "Old"}]'
MORE = AddedOptions("visit", "kind", (Option("Old", "OLD"),))
MODELS = (
    replace(PERSON, fields=(BORN, VISITED)),
    StagingModel("crm__visit", "crm.visit", "visit", "id", ("id", "kind"), fields=(KIND,), define=VISIT),
)


@pytest.fixture
def clinic(connection: duckdb.DuckDBPyConnection, tmp_path: Path) -> Clinic:
    clinic = Clinic(connection, tmp_path / "ledger.sqlite", staging=MODELS)
    pull(connection, clinic.crm.pull(), [])
    return clinic


def provision(clinic: Clinic, *, by_hand: bool = False) -> None:
    """Pull, compare and make what is missing, as a load does."""
    pull(clinic.connection, clinic.crm.pull(), [])
    needs = provisioning.compare(clinic.connection, clinic.staging)
    with ledger.writing(clinic.path, "crm", clinic.crm.workspace()) as book, book.run("load"):
        writer = Writer(clinic.crm, book, hasty())
        made: list[int] = []
        provisioning.provision(writer, clinic.connection, needs.changes, by_hand=by_hand, on_made=made.append)
        assert made == list(range(1, len(needs.changes) + 1))


def notes(clinic: Clinic) -> list[tuple[str, str | None, str, str | None]]:
    with ledger.reading(clinic.path) as book:
        assert isinstance(book, Ledger)
        return [row for rows in book.rows("select object, field, event, id from schema_changes") for row in rows]


def test_objects_come_before_the_fields_that_point_to_them(clinic: Clinic) -> None:
    needs = provisioning.compare(clinic.connection, MODELS)
    assert needs.changes == (VISIT, BORN, VISITED, KIND)
    assert needs.findings == ()


def test_what_is_missing_is_made_and_noted_before_and_after(clinic: Clinic) -> None:
    provision(clinic)
    assert clinic.crm.objects == ["person", "task", "visit"]
    assert [(object, name) for object, name, *_ in clinic.crm.fields] == [
        ("person", "bornOn"),
        ("person", "visit"),
        ("visit", "kind"),
    ]
    assert notes(clinic)[:4] == [
        ("visit", None, "intended", None),
        ("visit", None, "made", "meta-1"),
        ("person", "bornOn", "intended", None),
        ("person", "bornOn", "made", "meta-2"),
    ]


def test_what_is_there_is_not_made_again(clinic: Clinic) -> None:
    provision(clinic)
    clinic.crm.calls.clear()
    provision(clinic)
    assert clinic.crm.calls == {}


@pytest.mark.parametrize("trouble", TROUBLES)
def test_each_is_made_once_through(clinic: Clinic, trouble: Trouble) -> None:
    clinic.crm.trouble = trouble
    provision(clinic)
    assert len(clinic.crm.fields) == 3
    assert {event: len([note for note in notes(clinic) if note[2] == event]) for event in ("intended", "made")} == {
        "intended": 4,
        "made": 4,
    }


def test_what_a_killed_run_made_is_known_as_ours(clinic: Clinic) -> None:
    clinic.crm.trouble = Trouble(after=lambda call: Killed() if call == 2 else None)
    with pytest.raises(Killed):
        provision(clinic)
    clinic.crm.trouble = Trouble()
    provision(clinic)
    assert provisioning.compare(clinic.connection, clinic.staging).changes == (VISITED, KIND)
    assert [note[:3] for note in notes(clinic)].count(("person", "bornOn", "made")) == 1
    assert len(clinic.crm.fields) == 3


def test_a_field_that_the_crm_refuses_is_named(clinic: Clinic) -> None:
    clinic.crm.trouble = Trouble(refuses=lambda change: "Name is not available" if change["name"] == "kind" else None)
    with pytest.raises(Refused, match=r"visit\.kind \(Kind\): SELECT of .*: Name is not available"):
        provision(clinic)
    clinic.crm.fields.append(("visit", "kind", "SELECT", OLD_AND_NEW, None))
    provision(clinic)
    assert ("visit", "kind", "made") not in [note[:3] for note in notes(clinic)]


def test_by_hand_lists_what_to_make_and_makes_nothing(clinic: Clinic) -> None:
    with pytest.raises(
        BlockedError,
        match=r"object visit, plural visits \(labels: Visit, Visits\)\n.*field person\.bornOn \(Born On\): DATE",
    ):
        provision(clinic, by_hand=True)
    assert clinic.crm.objects == ["person", "task"]
    provision(replace(clinic, staging=STAGING), by_hand=True)


def test_by_hand_names_every_choice(clinic: Clinic) -> None:
    clinic.crm.objects.append("visit")
    with pytest.raises(BlockedError, match=r"SELECT of New \(NEW\), Old \(OLD\)"):
        provision(clinic, by_hand=True)
    clinic.crm.fields.append(("visit", "kind", "SELECT", NEW_ONLY, None))
    with pytest.raises(BlockedError, match=r"choices of visit\.kind: Old \(OLD\)"):
        provision(clinic, by_hand=True)


@pytest.mark.parametrize(
    ("field", "finding"),
    [
        (("person", "bornOn", "TEXT", None, None), "field_type_clash: person.bornOn is TEXT, not DATE"),
        (("person", "visit", "RELATION", None, "task"), "field_type_clash: person.visit points to task, not to visit"),
    ],
)
def test_a_field_that_is_there_in_another_form_blocks(
    clinic: Clinic, field: tuple[str, str, str, str | None, str | None], finding: str
) -> None:
    clinic.crm.fields.append(field)
    pull(clinic.connection, clinic.crm.pull(), [])
    needs = provisioning.compare(clinic.connection, MODELS)
    assert [f"{one.name}: {one.examples[0]}" for one in needs.findings if one.blocking] == [finding]
    assert field[:2] not in [(one.object, one.name) for one in needs.changes if isinstance(one, FieldDefinition)]


def test_an_object_that_nobody_defines_blocks(clinic: Clinic) -> None:
    models = (replace(MODELS[1], define=None, fields=()),)
    [finding] = provisioning.compare(clinic.connection, models).findings
    assert (finding.name, finding.examples) == ("unknown_object", ("visit",))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (VISIT, "object visit (Visit)"),
        (VISITED, "field person.visit (Visit): RELATION to visit"),
        (replace(BORN, unique=True), "field person.bornOn (Born On): DATE, unique"),
        (KIND, "field visit.kind (Kind): SELECT of New (NEW), Old (OLD)"),
        (MORE, "choices of visit.kind: Old (OLD)"),
    ],
)
def test_a_change_is_one_line_for_a_person(change: SchemaChange, words: str) -> None:
    assert provisioning.describe(change) == words


# --- choices ----------------------------------------------------------------------------------------------------


def choices(clinic: Clinic) -> list[str]:
    [options] = [one[3] for one in clinic.crm.fields if one[:2] == ("visit", "kind")]
    return [option["value"] for option in json.loads(options or "[]")]


def test_choices_that_a_select_lacks_are_added_to_those_it_has(clinic: Clinic) -> None:
    clinic.crm.objects.append("visit")
    clinic.crm.fields.append(("visit", "kind", "SELECT", NEW_ONLY, None))
    for _ in range(2):
        provision(clinic)
        assert choices(clinic) == ["NEW", "OLD"]
    assert clinic.crm.calls["provision"] == 3


def test_choices_of_which_a_killed_run_never_heard_are_known_as_ours(clinic: Clinic) -> None:
    clinic.crm.objects.append("visit")
    clinic.crm.fields.append(("visit", "kind", "SELECT", NEW_ONLY, None))
    clinic.crm.trouble = Trouble(after=lambda call: Killed() if call == 3 else None)
    with pytest.raises(Killed):
        provision(clinic)
    clinic.crm.trouble = Trouble()
    provision(clinic)
    assert remove(clinic) == []
    assert choices(clinic) == ["NEW"]


class Strict(MemoryCRM):
    """A CRM that takes no name with an o, and no further choices."""

    def objections(self, change: SchemaChange) -> list[str]:
        if isinstance(change, AddedOptions):
            return ["choices cannot be added"]
        return ["there is an o in it"] if "o" in change.name else []


def test_what_the_crm_would_not_make_blocks_before_any_call(clinic: Clinic) -> None:
    crm = Strict(objects=["person", "visit"], fields=[("visit", "kind", "SELECT", NEW_ONLY, None)])
    pull(clinic.connection, crm.pull(), [])
    needs = provisioning.judged(crm, provisioning.compare(clinic.connection, MODELS))
    assert needs.changes == (BORN, VISITED)
    assert {one.name: one.examples for one in needs.findings if one.blocking} == {
        "name_not_allowed": ("field person.bornOn (Born On): DATE: there is an o in it",),
        "missing_choices": ("choices of visit.kind: Old (OLD): choices cannot be added",),
    }
    assert crm.calls == {}


def test_a_field_that_nobody_would_see_blocks(connection: duckdb.DuckDBPyConnection) -> None:
    columns = ("object", "name", "type", "is_active")
    fields = [("person", "bornOn", "DATE", False), ("person", "visit", "RELATION", True)]
    objects = Table("objects", ("name", "is_active"), [("person", True), ("visit", False)])
    pull(connection, [objects, Table("fields", columns, fields)], [])
    [finding] = provisioning.compare(connection, MODELS).findings
    assert (finding.name, finding.examples, finding.blocking) == ("deactivated", ("visit", "person.bornOn"), True)


# --- removing ---------------------------------------------------------------------------------------------------


def remove(clinic: Clinic) -> list[str]:
    with ledger.writing(clinic.path, "crm", clinic.crm.workspace()) as book, book.run("rollback"):
        return provisioning.remove(Writer(clinic.crm, book, hasty()))


def test_what_was_made_is_removed_newest_first_and_made_again_by_the_next_load(clinic: Clinic) -> None:
    clinic.crm.fields.append(("person", "age", "NUMBER", None, None))
    for _ in range(2):
        provision(clinic)
        assert remove(clinic) == []
        assert (clinic.crm.objects, clinic.crm.fields) == (
            ["person", "task"],
            [("person", "age", "NUMBER", None, None)],
        )
    removed = [note[:2] for note in notes(clinic) if note[2] == "removed"]
    assert removed[:4] == [("visit", "kind"), ("person", "visit"), ("person", "bornOn"), ("visit", None)]
    clinic.crm.calls.clear()
    assert remove(clinic) == []
    assert clinic.crm.calls == {}


def test_what_records_hold_still_is_left_and_listed(clinic: Clinic) -> None:
    provision(clinic)
    clinic.crm.records["person"] = {"p1": {"id": "p1", "bornOn": "1980-01-01"}, "p2": {"id": "p2", "bornOn": None}}
    clinic.crm.records["visit"] = {"v1": {"id": "v1", "kind": ""}}
    assert remove(clinic) == [
        "field person.bornOn (Born On): DATE: 1 records have a value there",
        "object visit (Visit): 1 records are there",
    ]
    assert [one[:2] for one in clinic.crm.fields] == [("person", "bornOn")]
    clinic.crm.records.clear()
    assert remove(clinic) == []
    assert clinic.crm.objects == ["person", "task"]


def test_a_choice_that_a_record_has_is_left(clinic: Clinic) -> None:
    clinic.crm.objects.append("visit")
    clinic.crm.fields.append(("visit", "kind", "SELECT", NEW_ONLY, None))
    provision(replace(clinic, staging=MODELS[1:]))
    clinic.crm.records["visit"] = {"v1": {"id": "v1", "kind": "OLD"}}
    assert remove(clinic) == ["choices of visit.kind: Old (OLD): 1 records have one of them"]
    clinic.crm.records["visit"]["v1"]["kind"] = "NEW"
    assert remove(clinic) == []
    assert choices(clinic) == ["NEW"]


@pytest.mark.parametrize("call", [5, 6, 8])
def test_a_removal_that_was_killed_goes_on(clinic: Clinic, call: int) -> None:
    provision(clinic)
    clinic.crm.trouble = Trouble(after=lambda number: Killed() if number == call else None)
    with pytest.raises(Killed):
        remove(clinic)
    clinic.crm.trouble = Trouble()
    assert remove(clinic) == []
    assert (clinic.crm.objects, clinic.crm.fields) == (["person", "task"], [])


def test_what_a_person_alone_can_remove_is_listed_until_it_is_gone_but_not_what_records_hold(clinic: Clinic) -> None:
    class ByHand(MemoryCRM):
        def removes(self, change: SchemaChange) -> bool:
            return not isinstance(change, FieldDefinition)

    provision(clinic)
    by_hand = ByHand(objects=clinic.crm.objects, fields=clinic.crm.fields)
    with ledger.writing(clinic.path, "crm", by_hand.workspace()) as book, book.run("rollback"):
        writer = Writer(by_hand, book, hasty())
        fields, held = provisioning.left_by_hand(writer)
        assert (fields, held) == ([BORN, VISITED, KIND], [])
        by_hand.records["person"] = {"theirs": {"id": "theirs", "bornOn": "2001-02-03"}}
        fields, held = provisioning.left_by_hand(writer)
        assert fields == [VISITED, KIND]
        assert held == ["field person.bornOn (Born On): DATE: 1 records have a value there"]
        by_hand.fields.clear()
        assert provisioning.left_by_hand(writer) == ([], [])
        assert not any(isinstance(change, FieldDefinition) for change in provisioning.made(book))


def test_what_the_crm_lets_nobody_remove_is_listed_for_removal_by_hand(clinic: Clinic) -> None:
    class Keeping(MemoryCRM):
        def unprovision(self, change: SchemaChange, id: str | None) -> None:
            raise Refused("only by hand")

    provision(clinic)
    keeping = Keeping(objects=clinic.crm.objects, fields=clinic.crm.fields)
    left = remove(replace(clinic, crm=keeping))
    assert len(left) == 4
    assert left[-1] == "object visit (Visit): only by hand"
