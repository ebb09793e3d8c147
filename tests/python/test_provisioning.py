"""Provisioning: what the workspace lacks is made once, in order, and noted so that it can be undone."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import duckdb
import pytest
from fakes import Killed, Trouble, busy, lost
from staged import PERSON, STAGING, Clinic, hasty

from shift import ledger, provisioning
from shift.destination import FieldDefinition, ObjectDefinition, Option, SchemaChange
from shift.errors import BlockedError, Refused
from shift.ledger import Ledger
from shift.loading import Writer
from shift.pulling import pull
from shift.staging import StagingModel

VISIT = ObjectDefinition("visit", "visits", "Visit", "Visits")
BORN = FieldDefinition("person", "bornOn", "DATE", "Born On")
VISITED = FieldDefinition("person", "visit", "RELATION", "Visit", to="visit")
KIND = FieldDefinition("visit", "kind", "SELECT", "Kind", options=(Option("New", "NEW"), Option("Old", "OLD")))
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


@pytest.mark.parametrize(
    "trouble",
    [
        pytest.param(Trouble(after=lambda call: lost() if call % 2 else None), id="made-and-answer-lost"),
        pytest.param(Trouble(before=lambda call: lost() if call % 2 else None), id="lost-on-the-way"),
        pytest.param(Trouble(before=lambda call: busy() if call % 2 else None), id="rate-limited"),
    ],
)
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
    assert [note[:3] for note in notes(clinic)].count(("person", "bornOn", "made")) == 1
    assert len(clinic.crm.fields) == 3


def test_a_field_that_the_crm_refuses_is_named(clinic: Clinic) -> None:
    clinic.crm.trouble = Trouble(refuses=lambda change: "Name is not available" if change["name"] == "kind" else None)
    with pytest.raises(Refused, match=r"visit\.kind \(Kind\): SELECT: Name is not available"):
        provision(clinic)


def test_by_hand_lists_what_to_make_and_makes_nothing(clinic: Clinic) -> None:
    with pytest.raises(BlockedError, match=r"object visit \(Visit\)\n.*field person\.bornOn \(Born On\): DATE"):
        provision(clinic, by_hand=True)
    assert clinic.crm.objects == ["person", "task"]
    provision(replace(clinic, staging=STAGING), by_hand=True)


@pytest.mark.parametrize(
    ("field", "finding"),
    [
        (("person", "bornOn", "TEXT", None, None), "field_type_clash: person.bornOn is TEXT, not DATE"),
        (("person", "visit", "RELATION", None, "task"), "field_type_clash: person.visit points to task, not to visit"),
        (("visit", "kind", "SELECT", '[{"value": "NEW", "label": "x"}]', None), "missing_choices: visit.kind: OLD"),
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
    ],
)
def test_a_change_is_one_line_for_a_person(change: SchemaChange, words: str) -> None:
    assert provisioning.describe(change) == words
