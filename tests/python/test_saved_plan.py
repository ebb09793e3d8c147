"""A saved plan: true as long as nothing has changed, but by this ledger's own writes."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest
from fakes import MemoryCRM
from staged import PERSON, STAGING, Clinic, people, stage
from support import PROJECT, MakeProject

from shift import ledger, pulling, saved_plan
from shift.destination import Table
from shift.errors import BlockedError, ConfigurationError
from shift.ledger import Intent, SchemaNote, Settled
from shift.moving import Prepared
from shift.planning import Choices, make_plan
from shift.project import Project
from shift.saved_plan import SavedPlan

NO_CHOICES = Choices()


@pytest.fixture
def project(make_project: MakeProject) -> Project:
    return make_project({})


@pytest.fixture
def clinic(connection: duckdb.DuckDBPyConnection, tmp_path: Path) -> Clinic:
    stage(connection, people(3))
    return Clinic(connection, tmp_path / "ledger.sqlite")


def saved(clinic: Clinic, project: Project, choices: Choices = NO_CHOICES) -> SavedPlan:
    """A plan over what the CRM holds now, as it would be saved."""
    pulling.pull(clinic.connection, [*clinic.crm.pull(), people_table(clinic.crm)], [])
    ledger.mirror(None, clinic.connection)
    pulling.pull_records(clinic.connection, clinic.crm, ["person"])
    with ledger.reading(clinic.path) as book:
        plan = make_plan(clinic.connection, STAGING, book, choices=choices)
        return saved_plan.taken(
            clinic.connection, project, clinic.crm.workspace(), book, Prepared(plan, STAGING), choices
        )


def people_table(crm: MemoryCRM) -> Any:
    """People as a CRM's pull shows them."""
    rows = [(one["id"], one.get("name", {}).get("full_name")) for one in crm.records.get("person", {}).values()]
    return Table("people", ("id", "name"), rows)


def test_a_plan_is_true_while_nothing_changes(clinic: Clinic, project: Project) -> None:
    saved_plan.require_same(clinic.connection, saved(clinic, project), saved(clinic, project))


def test_our_own_writes_are_no_change(clinic: Clinic, project: Project) -> None:
    plan = saved(clinic, project)
    clinic.load()
    saved_plan.require_same(clinic.connection, plan, saved(clinic, project))


def test_a_field_that_was_made_since_is_no_change_where_it_is_empty(clinic: Clinic, project: Project) -> None:
    """As after a load that was killed before its first record."""
    add_somebody(clinic)
    plan = saved(clinic, project)
    with ledger.writing(clinic.path, "crm", clinic.crm.workspace()) as book, book.run("load"):
        book.note_schema(SchemaNote("person", "shoeSize", "made"))
    add_a_field(clinic)
    clinic.crm.records["person"]["x"] |= {"shoeSize": None, "isTall": False, "glove": {"size": ""}}
    saved_plan.require_same(clinic.connection, plan, saved(clinic, project))


def test_who_was_there_and_was_written_to_since_is_no_change(clinic: Clinic, project: Project) -> None:
    add_somebody(clinic)
    plan = saved(clinic, project)
    with ledger.writing(clinic.path, "crm", clinic.crm.workspace()) as book, book.run("load"):
        [number] = book.intend([Intent("update", "person", "9", "x", "h")])
        book.settle([Settled(number, "updated", "x")])
    rename_somebody(clinic)
    saved_plan.require_same(clinic.connection, plan, saved(clinic, project))


def test_what_others_wrote_to_our_records_is_a_change(clinic: Clinic, project: Project) -> None:
    clinic.load()
    plan = saved(clinic, project)
    clinic.crm.records["person"]["person-1"]["name"]["full_name"] = "Edited"
    with pytest.raises(BlockedError, match="the CRM has changed: people"):
        saved_plan.require_same(clinic.connection, plan, saved(clinic, project))


def add_somebody(clinic: Clinic) -> None:
    clinic.crm.records["person"] = {"x": {"id": "x", "name": {"full_name": "Somebody"}}}


def rename_somebody(clinic: Clinic) -> None:
    clinic.crm.records["person"]["x"]["name"]["full_name"] = "Somebody else"


def add_a_field(clinic: Clinic) -> None:
    clinic.crm.fields.append(("person", "shoeSize", "NUMBER", None, None))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda clinic: stage(clinic.connection, people(3, p2={"name": "Renamed"})), "the rows of crm__person"),
        (lambda clinic: stage(clinic.connection, people(4)), "the rows of crm__task"),
        (rename_somebody, "the CRM has changed: people"),
        (lambda clinic: clinic.crm.records["person"].clear(), "the CRM has changed: people"),
        (add_a_field, "the CRM has changed: fields"),
    ],
)
def test_what_changed_is_named(clinic: Clinic, project: Project, change: Callable[[Clinic], None], said: str) -> None:
    add_somebody(clinic)
    plan = saved(clinic, project)
    change(clinic)
    with pytest.raises(BlockedError, match=said):
        saved_plan.require_same(clinic.connection, plan, saved(clinic, project))


def test_a_plan_for_another_ledger_is_refused(clinic: Clinic, project: Project, tmp_path: Path) -> None:
    clinic.load()
    plan = saved(clinic, project)
    clinic.path = tmp_path / "another.sqlite"
    clinic.crm.records.clear()
    clinic.load()
    with pytest.raises(BlockedError, match="another ledger"):
        saved_plan.require_same(clinic.connection, plan, saved(clinic, project))


def test_a_plan_for_another_policy_is_refused(clinic: Clinic, make_project: MakeProject) -> None:
    plan = saved(clinic, make_project({}))
    other = make_project({"project.yml": PROJECT + "load: {on_conflict: ours}\n"})
    with pytest.raises(BlockedError, match="`load:` in project.yml has changed"):
        saved_plan.require_same(clinic.connection, plan, saved(clinic, other))


def test_the_file_keeps_what_was_chosen_and_no_record(clinic: Clinic, project: Project, tmp_path: Path) -> None:
    choices = Choices(frozenset({"all"}), retry_rejected=True)
    plan = saved(clinic, project, choices)
    path = tmp_path / "plan.json"
    saved_plan.write(path, plan)
    assert saved_plan.read(path) == plan
    assert saved_plan.read(path).choices == choices
    assert os.stat(path).st_mode & 0o777 == 0o600
    text = path.read_text(encoding="utf-8")
    assert set(json.loads(text)["staging"]) == {model.name for model in STAGING}
    assert "Person 1" not in text and "example.test" not in text


@pytest.mark.parametrize("text", ["", "{}", '{"format": 1}', "not json"])
def test_a_file_that_is_no_plan_is_a_plain_error(tmp_path: Path, text: str) -> None:
    path = tmp_path / "plan.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigurationError, match="no saved plan"):
        saved_plan.read(path)


def test_a_sample_is_compared_by_its_own_rows(clinic: Clinic, project: Project) -> None:
    clinic.connection.execute("create schema sample")
    clinic.connection.execute(
        f"create table sample.rows as select '{PERSON.name}' as model, 'person' as object, '1' as key"
    )
    plan = saved(clinic, project, Choices(sample=1))
    stage(clinic.connection, people(3, p2={"name": "Renamed"}))
    saved_plan.require_same(clinic.connection, plan, saved(clinic, project, Choices(sample=1)))
    stage(clinic.connection, people(3, p1={"name": "Renamed"}))
    with pytest.raises(BlockedError, match="the rows of crm__person"):
        saved_plan.require_same(clinic.connection, plan, saved(clinic, project, Choices(sample=1)))
