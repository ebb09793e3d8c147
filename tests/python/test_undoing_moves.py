"""Rollbacks of deletions, of values that moved, of marks on others' records, and of records with ids of the CRM's."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest
from fakes import GivingIds, MemoryCRM, StrictCRM, Trouble
from staged import PERSON, TASK, Clinic, hasty, people, stage
from undone import everything, left, roll_back

from shift import ledger
from shift.destination import Found, Outcome, Record, Reference, Row
from shift.planning import Beside
from shift.staging import Parent, StagingModel


@pytest.fixture
def clinic(connection: duckdb.DuckDBPyConnection, tmp_path: Path) -> Clinic:
    stage(connection, people(6))
    connection.execute("create table crm.gone (object varchar, key varchar, kept_because varchar)")
    made = Clinic(connection, tmp_path / "ledger.sqlite", crm=StrictCRM(), beside=Beside(gone="crm.gone"))
    assert made.load().complete
    return made


def delete_what_is_gone(clinic: Clinic, key: str) -> None:
    """The next export lacks one person, and `on_missing` is `delete`."""
    stage(clinic.connection, [one for one in people(6) if one["sourceId"] != key])
    clinic.connection.execute(
        "insert into crm.gone values ('person', ?, null), ('task', ?, null)", [key, f"task-{key}-0"]
    )
    clinic.on_missing = "delete"
    clinic.load()
    assert f"person-{key}" not in clinic.crm.ids("person")


def test_what_a_load_deleted_is_made_anew_parents_first(clinic: Clinic) -> None:
    before = everything(clinic.crm)
    delete_what_is_gone(clinic, "2")
    clinic.crm.writes.clear()
    undoing, undone = roll_back(clinic)
    assert undoing.runs == (2,)
    assert clinic.crm.writes == [("create", 1), ("create", 1)]
    after = everything(clinic.crm)
    for object in ("person", "task"):
        for one in after[object].values():
            one.pop("createdAt", None)  # what the CRM answered when it was read, and took back
    assert after == before
    assert (undone.left, undone.proof.failures) == ((), ())
    roll_back(clinic, everything=True)
    assert everything(clinic.crm) == {}


def test_what_the_crm_does_not_take_back_is_left_in_its_words(clinic: Clinic) -> None:
    delete_what_is_gone(clinic, "2")
    clinic.crm.trouble = Trouble(refuses=lambda payload: "Quota" if payload["id"] == "person-2" else None)
    _, undone = roll_back(clinic)
    assert left(undone) == {"person 2": "the CRM does not take it back: Quota"}


def test_values_that_moved_between_records_move_back(clinic: Clinic) -> None:
    before = everything(clinic.crm)
    stage(clinic.connection, people(6, p1={"email": "p2@example.test"}, p2={"email": "p1@example.test"}))
    assert clinic.load().complete
    _, undone = roll_back(clinic)
    assert everything(clinic.crm) == before
    assert (undone.left, undone.proof.failures) == ((), ())


def test_a_value_that_went_to_a_new_record_comes_back_once_that_is_gone(clinic: Clinic) -> None:
    before = everything(clinic.crm)
    stage(clinic.connection, people(7, p3={"email": None}, p7={"email": "p3@example.test"}))
    assert clinic.load().complete
    _, undone = roll_back(clinic)
    assert everything(clinic.crm) == before
    assert undone.left == ()


def test_a_restore_that_the_crm_refuses_is_left_and_compared_again(clinic: Clinic) -> None:
    stage(clinic.connection, people(6, p4={"age": 99}))
    clinic.load()
    clinic.crm.trouble = Trouble(refuses=lambda payload: "Read only" if "age" in payload else None)
    _, undone = roll_back(clinic)
    assert left(undone) == {"person 4": "it could not be restored: Read only"}
    clinic.crm.trouble = Trouble()
    [person] = [one for one in clinic.plan().objects if one.object == "person"]
    assert (person.counts["update"], person.counts["unchanged"]) == (1, 5)


def test_a_record_that_changes_between_plan_and_call_is_left(clinic: Clinic) -> None:
    class Busy(MemoryCRM):
        """Somebody edits a record once the tasks go."""

        def delete(self, object: str, records: Sequence[Record]) -> Sequence[Outcome]:
            self.records["person"]["person-5"]["name"] = "Their own words"
            return super().delete(object, records)

    clinic.crm = Busy(records=clinic.crm.records)
    undoing, undone = roll_back(clinic)
    assert left(undone) == {"person 5": "somebody changed name since our last write"}
    assert clinic.crm.ids("person") == ["person-5"]
    assert [(one.object, one.delete, one.left) for one in undoing.objects] == [("task", 6, 0), ("person", 5, 1)]


def test_records_that_point_to_each_other_go_and_stay_together(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    """A family: each points to the next. What our own deletions empty is nobody's change."""
    connection.execute("create schema crm")
    connection.execute(
        "create table crm.person as select 'person-' || number as id, number::varchar as sourceId, "
        "'person-' || nullif(number % 9 + 1, 9) as _personId, _personId as personId from range(1, 9) as numbers(number)"
    )
    model = replace(
        PERSON, columns=("id", "sourceId", "personId"), deferred=("personId",), parents=(Parent("personId", "person"),)
    )
    clinic = Clinic(connection, tmp_path / "ledger.sqlite", staging=(model,))
    assert clinic.load().complete
    assert clinic.crm.records["person"]["person-1"]["personId"] == "person-2"
    clinic.crm.records["person"]["person-6"]["name"] = "Their own words"
    _, undone = roll_back(clinic)
    assert left(undone) == {
        "person 6": "somebody changed name since our last write",
        "person 7": "others depend on it: person person-6",
        "person 8": "person 7 needs it, and is left",
    }
    assert clinic.crm.ids("person") == ["person-6", "person-7", "person-8"]
    roll_back(clinic, everything=True, force=True)
    assert everything(clinic.crm) == {}


def test_records_of_an_object_that_somebody_removed_are_left_and_the_others_go(clinic: Clinic) -> None:
    class Smaller(MemoryCRM):
        def find(self, object: str, rows: Sequence[Row]) -> Sequence[Found]:
            assert object in self.objects, "a CRM has nothing to say of an object that it has not"
            return super().find(object, rows)

    clinic.crm = Smaller(records={"person": clinic.crm.records["person"]}, objects=["person"])
    _, undone = roll_back(clinic)
    assert set(left(undone).values()) == {"the CRM has no object task any more"}
    assert everything(clinic.crm) == {}
    assert undone.proof.holds


# --- marks on records that are not ours -------------------------------------------------------------------------


def test_a_mark_on_a_matched_record_is_taken_off_and_the_record_stays(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    connection.execute("create schema crm")
    connection.execute("create table crm.member as select 'm-1' as id, '7' as sourceId")
    member = StagingModel(
        "crm__member", "crm.member", "member", "sourceId", ("id", "sourceId"), "match", when_matched=("sourceId",)
    )
    clinic = Clinic(connection, tmp_path / "ledger.sqlite", staging=(member,))
    clinic.crm.objects.append("member")
    clinic.crm.records["member"] = {"m-1": {"id": "m-1", "email": "ng@clinic.example"}}
    before = everything(clinic.crm)
    with ledger.writing(clinic.path, "crm", clinic.crm.workspace()) as book, book.run("load"):
        [was] = clinic.crm.read("member", ["m-1"])
        clinic.crm.records["member"]["m-1"]["sourceId"] = "7"
        [now] = clinic.crm.read("member", ["m-1"])
        [number] = book.intend(
            [ledger.Intent("update", "member", "7", "m-1", "", body='{"sourceId": "7"}', before=was.body)]
        )
        book.settle([ledger.Settled(number, "updated", "m-1", record=now.body)])
    _, undone = roll_back(clinic)
    assert everything(clinic.crm) == before
    assert undone.proof.holds


# --- a CRM that gives ids itself --------------------------------------------------------------------------------


@pytest.fixture
def giving(connection: duckdb.DuckDBPyConnection, tmp_path: Path) -> Clinic:
    connection.execute("create schema crm")
    connection.execute("create table crm.person as select 'p' || range as mark, 'Person' as name from range(1, 5)")
    connection.execute(
        "create table crm.task as select 'v-' || mark as mark, mark as _person, "
        "{'$ref': 'person:' || mark} as personId from crm.person"
    )
    task = replace(TASK, key="mark", columns=("mark", "personId"), parents=(Parent("_person", "person", "mark"),))
    staging = (replace(PERSON, key="mark", columns=("mark", "name")), task)
    clinic = Clinic(connection, tmp_path / "ledger.sqlite", GivingIds(), staging, hasty)
    assert clinic.load().complete
    return clinic


def test_records_whose_ids_the_crm_gave_go_too(giving: Clinic) -> None:
    _, undone = roll_back(giving)
    assert everything(giving.crm) == {}
    assert undone.proof.holds
    assert giving.load().complete
    assert len(giving.crm.ids("person")) == 4


def test_a_double_is_left_and_told_and_goes_with_force(giving: Clinic) -> None:
    giving.crm.records["person"]["9-person"] = {"id": "9-person", "mark": "p2", "name": "Person"}
    with ledger.writing(giving.path, "crm", giving.crm.workspace()) as book, book.run("load"):
        book.note_doubles("person", "p2", "2-person", ["9-person"])
    _, undone = roll_back(giving)
    assert left(undone) == {"person p2 (9-person)": "it stands beside another record of the same row"}
    _, undone = roll_back(giving, everything=True, force=True)
    assert (undone.left, everything(giving.crm)) == ((), {})


def test_where_the_crm_tells_of_no_references_ancestors_are_known_by_what_a_record_says(giving: Clinic) -> None:
    class Silent(GivingIds):
        def references(self, object: str, ids: Sequence[str]) -> Iterator[Reference]:
            return iter(())

    giving.crm = Silent(records=giving.crm.records)
    task = next(one for one in giving.crm.records["task"].values() if one["mark"] == "v-p3")
    task["title"] = "Their own words"
    _, undone = roll_back(giving)
    assert left(undone) == {
        "task v-p3": "somebody changed title since our last write",
        "person p3": "task v-p3 needs it, and is left",
    }
    assert giving.crm.ids("person") == [task["personId"]]


def test_what_the_crm_alone_can_name_does_not_come_back(giving: Clinic) -> None:
    with ledger.writing(giving.path, "crm", giving.crm.workspace()) as book, book.run("load"):
        [(id, task)] = [item for item in giving.crm.records["task"].items() if item[1]["mark"] == "v-p1"]
        [number] = book.intend([ledger.Intent("delete", "task", "v-p1", id, "", before=json.dumps(task))])
        giving.crm.delete("task", [Record(id, json.dumps(task))])
        book.settle([ledger.Settled(number, "deleted", id)])
    _, undone = roll_back(giving)
    assert left(undone) == {"task v-p1": "it was deleted, and the CRM gives ids itself: it cannot come back as it was"}
