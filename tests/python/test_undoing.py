"""Rollbacks: what was made goes, what was changed is as before, and nobody's work is lost."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import duckdb
import pytest
from fakes import MemoryCRM, Trouble, busy, lost, stop
from staged import Clinic, dying, people, stage
from undone import everything, left, roll_back

from shift import ledger
from shift.destination import Outcome, Record
from shift.errors import Again, BlockedError, ConfigurationError, Stop
from shift.planning import Choices

PEOPLE = 6


@pytest.fixture
def clinic(connection: duckdb.DuckDBPyConnection, tmp_path: Path) -> Clinic:
    stage(connection, people(PEOPLE), tasks_each=2)
    return Clinic(connection, tmp_path / "ledger.sqlite")


@pytest.fixture
def loaded(clinic: Clinic) -> Clinic:
    assert clinic.load().complete
    return clinic


def change(clinic: Clinic, number: int, **values: object) -> None:
    """A newer export says otherwise of one person."""
    stage(clinic.connection, people(PEOPLE, **{f"p{number}": values}), tasks_each=2)


# --- what goes --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("concurrency", [1, 3])
def test_all_that_was_made_goes_children_first(loaded: Clinic, concurrency: int) -> None:
    loaded.crm.writes.clear()
    undoing, undone = roll_back(loaded, concurrency=concurrency)
    assert [(one.object, one.delete, one.restore, one.left) for one in undoing.objects] == [
        ("task", 12, 0, 0),
        ("person", 6, 0, 0),
    ]
    assert everything(loaded.crm) == {}
    assert loaded.crm.writes == [("delete", 4)] * 3 + [("delete", 4), ("delete", 2)]
    assert (undone.left, undone.proof.failures) == ((), ())


def test_a_second_rollback_has_nothing_to_do(loaded: Clinic) -> None:
    roll_back(loaded)
    loaded.crm.calls.clear()
    undoing, _ = roll_back(loaded)
    assert (undoing.runs, undoing.objects) == ((), ())
    assert loaded.crm.calls == {}


def test_the_next_load_brings_everything_back_once(loaded: Clinic) -> None:
    before = everything(loaded.crm)
    roll_back(loaded)
    assert {one.object: one.counts["create"] for one in loaded.plan().objects} == {"person": 6, "task": 12}
    assert loaded.load().complete
    assert everything(loaded.crm) == before


def test_others_records_stay(clinic: Clinic) -> None:
    clinic.crm.records = {"person": {"theirs": {"id": "theirs", "email": "theirs@example.test"}}}
    before = everything(clinic.crm)
    clinic.load()
    roll_back(clinic)
    assert everything(clinic.crm) == before


def test_the_newest_run_alone_is_undone(loaded: Clinic) -> None:
    before = everything(loaded.crm)
    change(loaded, 3, name="Renamed", age=None)
    assert loaded.load().complete
    undoing, undone = roll_back(loaded)
    assert undoing.runs == (2,)
    assert [(one.object, one.delete, one.restore, one.left) for one in undoing.objects] == [("person", 0, 1, 0)]
    assert everything(loaded.crm) == before
    assert undone.proof.holds
    # What the ledger knows of the record is what it was, so that the same change goes out again.
    assert {one.object: one.counts["update"] for one in loaded.plan().objects} == {"person": 1, "task": 0}
    assert loaded.load().complete
    assert loaded.crm.records["person"]["person-3"]["name"]["full_name"] == "Renamed"


def test_runs_are_undone_newest_first_and_all_at_once(loaded: Clinic) -> None:
    change(loaded, 3, name="Renamed")
    loaded.load()
    stage(loaded.connection, people(PEOPLE + 1, p3={"name": "Renamed again"}), tasks_each=2)
    loaded.load()
    assert roll_back(loaded)[0].runs == (3,)
    assert "person-7" not in loaded.crm.ids("person")
    assert loaded.crm.records["person"]["person-3"]["name"]["full_name"] == "Renamed"
    undoing, _ = roll_back(loaded, everything=True)
    assert undoing.runs == (1, 2, 3)
    assert everything(loaded.crm) == {}


def test_an_older_run_waits_while_a_later_one_holds_its_records(loaded: Clinic) -> None:
    change(loaded, 3, name="Renamed")
    loaded.load()
    with pytest.raises(BlockedError, match=r"later runs wrote records of run 1: run 2 \(1\)"):
        roll_back(loaded, 1)
    assert len(loaded.crm.ids("person")) == PEOPLE


def test_an_older_run_goes_alone_where_no_later_one_touched_its_records(loaded: Clinic) -> None:
    stage(loaded.connection, people(PEOPLE + 1), tasks_each=2)
    loaded.load()
    undoing, _ = roll_back(loaded, 1)
    assert undoing.runs == (1,)
    assert loaded.crm.ids("person") == ["person-7"]
    assert loaded.crm.ids("task") == ["task-7-0", "task-7-1"]


@pytest.mark.parametrize(("run", "message"), [(9, "there is no run 9"), (2, "run 2 is a rollback itself")])
def test_a_run_that_cannot_be_undone_is_named(loaded: Clinic, run: int, message: str) -> None:
    roll_back(loaded)
    with pytest.raises(ConfigurationError, match=message):
        roll_back(loaded, run)


def test_what_was_adopted_is_given_back_and_stays(clinic: Clinic) -> None:
    theirs = {"id": "person-2", "name": {"full_name": "As it was"}, "email": "old@example.test"}
    clinic.crm.records["person"] = {"person-2": dict(theirs)}
    clinic.load()
    clinic.load(choices=Choices(accepted=["foreign_records"]))
    assert clinic.crm.records["person"]["person-2"]["email"] == "p2@example.test"
    roll_back(clinic, everything=True)
    held = clinic.crm.records["person"]["person-2"]
    assert {name: value for name, value in held.items() if name in theirs} == theirs | {
        "name": {"full_name": "As it was", "nick": None}
    }
    assert clinic.crm.ids("person") == ["person-2"]
    # It is theirs again, and a person is asked again.
    assert [one.name for one in clinic.plan().findings] == ["foreign_records"]


# --- what is left -----------------------------------------------------------------------------------------------


def test_what_somebody_changed_is_left_with_its_ancestors(loaded: Clinic) -> None:
    loaded.crm.records["task"]["task-2-1"]["title"] = "Their own words"
    _, undone = roll_back(loaded)
    assert left(undone) == {
        "task task-2-1": "somebody changed title since our last write",
        "person 2": "task task-2-1 needs it, and is left",
    }
    assert everything(loaded.crm).keys() == {"person", "task"}
    assert (loaded.crm.ids("person"), loaded.crm.ids("task")) == (["person-2"], ["task-2-1"])
    assert undone.proof.holds
    assert [(one.object, one.delete, one.left) for one in undone.objects] == [("task", 11, 1), ("person", 5, 1)]


def test_what_was_left_is_compared_again_by_the_next_plan(loaded: Clinic) -> None:
    loaded.crm.records["person"]["person-2"]["age"] = 99
    roll_back(loaded)
    assert {one.object: (one.counts["create"], one.counts["update"]) for one in loaded.plan().objects} == {
        "person": (5, 1),
        "task": (12, 0),
    }
    assert loaded.load().complete
    assert loaded.crm.records["person"]["person-2"]["age"] == 99


def test_a_change_that_a_later_write_of_ours_saw_counts_too(loaded: Clinic) -> None:
    loaded.crm.records["person"]["person-2"]["note"] = "Their own words"
    change(loaded, 2, name="Renamed")
    assert loaded.load().complete
    _, undone = roll_back(loaded, everything=True)
    assert left(undone)["person 2"] == "somebody changed note since our last write"


def test_what_others_depend_on_is_left(loaded: Clinic) -> None:
    loaded.crm.records["note"] = {"theirs": {"id": "theirs", "personId": "person-4"}}
    _, undone = roll_back(loaded)
    assert left(undone) == {"person 4": "others depend on it: note theirs"}
    assert loaded.crm.ids("person") == ["person-4"]
    assert loaded.crm.ids("task") == []


def test_force_takes_all_of_it(loaded: Clinic) -> None:
    loaded.crm.records["task"]["task-2-1"]["title"] = "Their own words"
    loaded.crm.records["note"] = {"theirs": {"id": "theirs", "personId": "person-4"}}
    _, first = roll_back(loaded)
    assert len(first.left) == 3
    _, undone = roll_back(loaded, everything=True, force=True)
    assert undone.left == ()
    assert everything(loaded.crm) == {"note": {"theirs": {"id": "theirs"}}}
    with ledger.reading(loaded.path) as book:
        assert book is not None
        [*_, removed] = book.writes("task", ["task-2-1"])["task-2-1"]
    assert json.loads(removed.before or "{}")["title"] == "Their own words"


def test_what_somebody_deleted_is_not_restored_and_needs_no_deleting(loaded: Clinic) -> None:
    change(loaded, 3, name="Renamed")
    loaded.load()
    del loaded.crm.records["person"]["person-3"], loaded.crm.records["task"]["task-1-0"]
    _, undone = roll_back(loaded)
    assert left(undone) == {"person 3": "somebody deleted it"}
    _, undone = roll_back(loaded, everything=True)
    assert undone.left == ()
    assert everything(loaded.crm) == {}


def test_what_the_crm_does_not_let_go_is_left_in_its_words(loaded: Clinic) -> None:
    loaded.crm.trouble = Trouble(refuses=lambda body: "It is locked" if body["id"] == "task-3-0" else None)
    _, undone = roll_back(loaded)
    assert left(undone) == {
        "task task-3-0": "the CRM does not let it go: It is locked",
        "person 3": "task task-3-0 needs it, and is left",
    }
    assert (loaded.crm.ids("person"), loaded.crm.ids("task")) == (["person-3"], ["task-3-0"])


def test_a_record_whose_maker_is_in_doubt_is_left(clinic: Clinic) -> None:
    """Our create was lost and not found; what stands there now may be another's."""
    clinic.crm.trouble = Trouble(before=lambda call: lost() if call < 4 else stop())
    with pytest.raises(Stop):
        clinic.load()
    clinic.crm.trouble = Trouble()
    clinic.crm.records["person"] = {"person-1": {"id": "person-1", "name": "who knows"}}
    undoing, undone = roll_back(clinic)
    assert [(one.object, one.delete, one.left) for one in undoing.objects] == [("person", 0, 1)]
    assert left(undone) == {"person 1": "the answer that told who made it was lost"}
    _, undone = roll_back(clinic, everything=True, force=True)
    assert (undone.left, everything(clinic.crm)) == ((), {})


# --- ends -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("call", [1, 3, 6])
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_rollback_that_is_killed_goes_on(loaded: Clinic, when: str, call: int) -> None:
    before = everything(loaded.crm)
    stage(loaded.connection, people(PEOPLE + 1, p3={"name": "Renamed"}), tasks_each=2)
    assert loaded.load().complete
    loaded.crm.writes.clear()
    with dying(loaded.crm, when, call):
        roll_back(loaded, everything=True)
    _, undone = roll_back(loaded, everything=True)
    assert everything(loaded.crm) == {}
    assert undone.proof.holds
    stage(loaded.connection, people(PEOPLE), tasks_each=2)
    assert loaded.load().complete
    assert everything(loaded.crm) == before


@pytest.mark.parametrize("trouble", [lost, busy])
def test_answers_that_are_lost_or_late_cost_nothing(loaded: Clinic, trouble: Any) -> None:
    loaded.crm.trouble = Trouble(after=lambda call: trouble() if call % 2 else None)
    _, undone = roll_back(loaded)
    assert everything(loaded.crm) == {}
    assert undone.proof.holds


def test_a_crm_that_stays_away_ends_the_rollback_and_the_next_one_goes_on(loaded: Clinic) -> None:
    already = len(loaded.crm.writes)
    loaded.crm.trouble = Trouble(before=lambda call: busy() if call > already + 2 else None)
    with pytest.raises(Again, match="Limit reached"):
        roll_back(loaded)
    assert len(loaded.crm.ids("task")) == 4
    loaded.crm.trouble = Trouble()
    undoing, undone = roll_back(loaded)
    assert undoing.runs == (1,)
    assert everything(loaded.crm) == {}
    assert undone.proof.holds


def test_a_record_that_is_back_afterwards_fails_the_proof(loaded: Clinic) -> None:
    class Haunted(MemoryCRM):
        def delete(self, object: str, records: Sequence[Record]) -> Sequence[Outcome]:
            kept = self.records["task"]["task-1-0"] if object == "task" else None
            outcomes = super().delete(object, records)
            if kept:
                self.records["task"]["task-1-0"] = kept
            return outcomes

    loaded.crm = Haunted(records=loaded.crm.records)
    _, undone = roll_back(loaded)
    assert [(one.object, one.id, one.what) for one in undone.proof.failures] == [
        ("task", "task-1-0", "is still there (live)")
    ]
