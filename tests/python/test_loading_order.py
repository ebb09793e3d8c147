"""What hangs on what: parents are looked for before their children go, circles are closed, matched records marked."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import duckdb
import pytest
from fakes import GivingIds, Trouble, busy
from staged import PERSON, STAGING, TASK, Clinic, people, stage

from shift import ledger
from shift.errors import Again, Stop
from shift.staging import Parent, StagingModel

PEOPLE = 10


@pytest.fixture
def clinic(connection: duckdb.DuckDBPyConnection, tmp_path: Path) -> Clinic:
    stage(connection, people(PEOPLE), tasks_each=2)
    return Clinic(connection, tmp_path / "ledger.sqlite")


def held_back(clinic: Clinic) -> list[tuple[str, str, str]]:
    with ledger.reading(clinic.path) as book:
        ledger.mirror(book, clinic.connection)
    return clinic.connection.execute("select object, key, reason from ledger.held_back order by all").fetchall()


# --- parents ----------------------------------------------------------------------------------------------------


def test_rows_whose_parent_somebody_deleted_are_held_back_and_the_parent_is_gone(clinic: Clinic) -> None:
    clinic.load()
    del clinic.crm.records["person"]["person-2"]
    stage(clinic.connection, people(PEOPLE), tasks_each=3)
    result = clinic.load()
    assert [(one.object, one.counts, one.held_back) for one in result.objects] == [
        ("person", {"gone": 1}, 0),
        ("task", {"created": PEOPLE - 1}, 1),
    ]
    assert held_back(clinic) == [("task", "task-2-2", "its person was deleted in the CRM")]
    assert ("person", "2", "gone", "it is not in the CRM any more") in clinic.records()
    again = clinic.plan()
    assert [(one.counts["blocked"], one.counts["held_back"]) for one in again.objects] == [(1, 0), (0, 1)]


def test_parents_that_this_load_writes_are_not_looked_for(clinic: Clinic) -> None:
    clinic.load()
    assert clinic.crm.calls["read"] == 0


def test_parents_are_looked_for_by_pages_and_once_a_load(clinic: Clinic) -> None:
    visits = replace(TASK, name="crm__visit", relation="crm.visit", object="visit")
    stage(clinic.connection, people(250), tasks_each=0)
    clinic.connection.execute("create table crm.visit as from crm.task")
    clinic.staging = (PERSON, TASK, visits)
    clinic.load()
    clinic.connection.execute("insert into crm.task select 'task-' || id, 'Visit', id from crm.person")
    clinic.connection.execute("insert into crm.visit select 'visit-' || id, 'Visit', id from crm.person")
    clinic.crm.calls.clear()
    assert clinic.load().complete
    assert clinic.crm.calls["read"] == 2


def test_more_than_one_in_a_hundred_missing_stops(clinic: Clinic) -> None:
    clinic.load()
    for id in ("person-2", "person-3"):
        del clinic.crm.records["person"][id]
    stage(clinic.connection, people(PEOPLE), tasks_each=3)
    clinic.crm.calls.clear()
    with pytest.raises(Stop, match=r"2 of 10 person records that others point to are not in the CRM any more"):
        clinic.load()
    assert clinic.crm.calls["create"] == 0


# --- circles ----------------------------------------------------------------------------------------------------

# A task names its person, and a person the task that came first; a person may also name the one who sent them.
FIRST_TASK = replace(
    PERSON,
    columns=(*PERSON.columns, "firstTaskId", "sentById"),
    parents=(Parent("firstTaskId", "task"), Parent("sentById", "person")),
    deferred=("firstTaskId", "sentById"),
)


def stage_circle(clinic: Clinic) -> None:
    clinic.staging = (FIRST_TASK, TASK)
    clinic.connection.execute("alter table crm.person add column firstTaskId varchar")
    clinic.connection.execute("alter table crm.person add column sentById varchar")
    clinic.connection.execute("update crm.person set firstTaskId = 'task-' || sourceId || '-0' where sourceId <> '10'")
    clinic.connection.execute("update crm.person set sentById = 'person-1' where sourceId = '2'")


def links(clinic: Clinic) -> dict[str, tuple[object, object]]:
    persons = clinic.crm.records["person"]
    return {id: (one.get("firstTaskId"), one.get("sentById")) for id, one in persons.items()}


LINKED = {f"person-{at}": (f"task-{at}-0" if at < 10 else None, "person-1" if at == 2 else None) for at in range(1, 11)}


def test_a_circle_is_closed_once_all_of_it_is_in(clinic: Clinic) -> None:
    stage_circle(clinic)
    result = clinic.load()
    assert [(one.object, one.counts) for one in result.objects] == [
        ("person", {"updated": 9, "created": 1}),
        ("task", {"created": 20}),
    ]
    assert result.complete
    assert links(clinic) == LINKED
    assert [kind for kind, _ in clinic.crm.writes] == ["create"] * 8 + ["update"] * 3
    clinic.crm.calls.clear()
    assert clinic.load().complete
    assert clinic.crm.calls == {}


def test_a_load_that_ends_before_a_circle_is_closed_leaves_an_update(clinic: Clinic) -> None:
    stage_circle(clinic)
    clinic.crm.trouble = Trouble(before=lambda call: busy() if call > 9 else None)
    with pytest.raises(Again):
        clinic.load()
    clinic.crm.trouble = Trouble()
    assert clinic.load().complete
    assert links(clinic) == LINKED


def test_a_circle_stays_open_where_a_part_of_it_is_not_in(clinic: Clinic) -> None:
    stage_circle(clinic)
    clinic.crm.trouble = Trouble(refuses=lambda one: "no title" if one.get("personId") == "person-3" else None)
    assert not clinic.load().complete
    assert links(clinic) == LINKED | {"person-3": (None, None)}
    assert held_back(clinic) == [("person", "3", "it is in, but not what one of its columns points to")]


def test_a_circle_closes_with_the_crms_ids(connection: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    connection.execute("create schema crm")
    connection.execute(
        "create table crm.person as select 'p' || number as mark, "
        "{'$ref': 'person:p' || (number % 3 + 1)} as next from range(1, 4) as numbers(number)"
    )
    person = StagingModel(
        "crm__person",
        "crm.person",
        "person",
        "mark",
        ("mark", "next"),
        parents=(Parent("next", "person", "mark"),),
        deferred=("next",),
    )
    clinic = Clinic(connection, tmp_path / "ledger.sqlite", GivingIds(), (person,))
    assert clinic.load().complete
    ids = {one["mark"]: id for id, one in clinic.crm.records["person"].items()}
    nexts = {one["mark"]: one["next"] for one in clinic.crm.records["person"].values()}
    assert nexts == {"p1": ids["p2"], "p2": ids["p3"], "p3": ids["p1"]}


# --- matched ----------------------------------------------------------------------------------------------------


def test_a_matched_record_is_written_in_its_marked_columns_alone(clinic: Clinic) -> None:
    member = StagingModel(
        "crm__member", "crm.member", "member", "key", ("id", "key", "mark"), mode="match", when_matched=("mark",)
    )
    clinic.crm.records["member"] = {at: {"id": at, "name": f"Member {at}", "mark": None} for at in ("m1", "m2")}
    clinic.connection.execute(
        "create table crm.member as select * from (values ('m1', 'a', 'A'), ('m2', 'b', 'B')) as t(id, key, mark)"
    )
    clinic.staging = (member, *STAGING)
    result = clinic.load()
    assert result.objects[0].counts == {"updated": 2}
    assert clinic.crm.records["member"]["m1"] == {"id": "m1", "name": "Member m1", "mark": "A"}
    clinic.crm.calls.clear()
    assert clinic.load().complete
    assert clinic.crm.calls == {}
