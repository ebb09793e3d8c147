"""A newer export: only the difference goes out, and values, links and records that move end where they should."""

from __future__ import annotations

import json
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import duckdb
import pytest
from fakes import FIELDS, StrictCRM, Trouble
from hypothesis import given, settings
from hypothesis import strategies as st
from staged import PERSON, STAGING, TASK, Clinic, load_that_dies, people, stage

from shift import ledger
from shift.database import open_database
from shift.destination import Table
from shift.planning import Beside, Choices, OnMissing, Plan
from shift.staging import Parent, StagingModel


@pytest.fixture
def clinic(connection: duckdb.DuckDBPyConnection, tmp_path: Path) -> Clinic:
    stage(connection, people(6))
    connection.execute("create table crm.gone (object varchar, key varchar, kept_because varchar)")
    made = Clinic(connection, tmp_path / "ledger.sqlite", crm=StrictCRM(), beside=Beside(gone="crm.gone"))
    assert made.load().complete
    made.crm.writes.clear()
    return made


def emails(clinic: Clinic) -> dict[str, Any]:
    return {one["sourceId"]: one.get("email") for one in clinic.crm.records["person"].values()}


def counts(plan: Plan, object: str = "person") -> dict[str, int]:
    [found] = [one for one in plan.objects if one.object == object]
    return {action: count for action, count in found.counts.items() if count}


def statuses(clinic: Clinic, object: str = "person") -> dict[str, str]:
    return {key: status for one, key, status, _ in clinic.records() if one == object}


def restage(clinic: Clinic, *leaving: str, **changed: dict[str, object]) -> None:
    """The next export: some records changed, some left out and reported gone, tasks and all."""
    stage(clinic.connection, [one for one in people(6, **changed) if one["sourceId"] not in leaving])
    for key in leaving:
        clinic.connection.execute(
            "insert into crm.gone values ('person', ?, null), ('task', ?, null)", [key, f"task-{key}-0"]
        )


# Values that became empty, and what a rollback took away.


def test_a_value_that_became_empty_becomes_empty_in_the_crm(clinic: Clinic) -> None:
    stage(clinic.connection, people(6, p2={"email": None}))
    assert counts(clinic.plan()) == {"update": 1, "unchanged": 5}
    assert clinic.load().complete
    assert emails(clinic)["2"] is None
    assert counts(clinic.plan()) == {"unchanged": 6}


def test_what_a_rollback_destroyed_is_created_again(clinic: Clinic) -> None:
    with ledger.writing(clinic.path, "crm", clinic.crm.workspace()) as book, book.run("rollback"):
        numbers = book.intend([ledger.Intent("delete", "task", "task-1-0", "task-1-0", "")])
        book.settle([ledger.Settled(numbers[0], "deleted", "task-1-0")])
        numbers = book.intend([ledger.Intent("restore", "person", "2", "person-2", "")])
        book.settle([ledger.Settled(numbers[0], "restored", "person-2")])
    assert counts(clinic.plan(), "task") == {"create": 1, "unchanged": 5}
    assert counts(clinic.plan()) == {"update": 1, "unchanged": 5}


# Unique values that move.


def test_two_people_swap_their_addresses(clinic: Clinic) -> None:
    restage(clinic, p1={"email": "p2@example.test"}, p2={"email": "p1@example.test"})
    plan = clinic.plan()
    assert (counts(plan), plan.objects[0].freed) == ({"update": 2, "unchanged": 4}, 2)
    assert clinic.load().complete
    assert emails(clinic) | {"3": "", "4": "", "5": "", "6": ""} == {
        "1": "p2@example.test",
        "2": "p1@example.test",
        "3": "",
        "4": "",
        "5": "",
        "6": "",
    }
    assert counts(clinic.plan()) == {"unchanged": 6}


def test_a_new_record_takes_the_address_of_one_that_gives_it_up(clinic: Clinic) -> None:
    persons = people(7, p3={"email": None}, p7={"email": "P3@example.test"})
    stage(clinic.connection, persons)
    assert clinic.load().complete
    assert (emails(clinic)["3"], emails(clinic)["7"]) == (None, "P3@example.test")


def test_a_value_in_a_chain_moves_on_whatever_the_order_of_the_batches(clinic: Clinic) -> None:
    moved: dict[str, dict[str, object]] = {f"p{at}": {"email": f"p{at % 6 + 1}@example.test"} for at in range(1, 7)}
    restage(clinic, **moved)
    clinic.crm.limits = replace(clinic.crm.limits, batch_size=1)
    assert clinic.load().complete
    assert emails(clinic) == {str(at): f"p{at % 6 + 1}@example.test" for at in range(1, 7)}


ADDRESSES = [*(f"p{at}@example.test" for at in range(1, 8)), None, None]


@given(wanted=st.permutations(ADDRESSES).map(lambda addresses: addresses[:7]), batch_size=st.integers(1, 7))
@settings(max_examples=12, deadline=None)
def test_whoever_gets_whose_address_the_load_ends_as_meant(wanted: list[str | None], batch_size: int) -> None:
    meant = {str(at): email for at, email in enumerate(wanted, start=1)}
    changed: dict[str, dict[str, object]] = {f"p{at}": {"email": email} for at, email in meant.items()}
    with TemporaryDirectory() as folder, closing(open_database(None)) as connection:
        stage(connection, people(6))
        clinic = Clinic(connection, Path(folder) / "ledger.sqlite", crm=StrictCRM())
        clinic.load()
        stage(connection, people(7, **changed))
        clinic.crm.limits = replace(clinic.crm.limits, batch_size=batch_size)
        assert clinic.load().complete
        assert emails(clinic) == meant


def test_a_value_that_nobody_else_wants_is_not_given_up_first(clinic: Clinic) -> None:
    restage(clinic, p1={"email": "new@example.test"})
    assert clinic.plan().objects[0].freed == 0
    assert clinic.load().complete
    assert [kind for kind, _ in clinic.crm.writes] == ["update"]


def test_of_a_composite_only_the_unique_part_is_given_up(clinic: Clinic, monkeypatch: pytest.MonkeyPatch) -> None:
    mail = "{{'primaryEmail': '{}', 'additionalEmails': ['x@example.test']}}"
    clinic.staging = (replace(PERSON, columns=(*PERSON.columns, "emails")), TASK)
    clinic.connection.execute(
        f"alter table crm.person add column emails struct(primaryEmail varchar, additionalEmails varchar[]);"
        f"update crm.person set emails = {mail.format('a@example.test')} where sourceId = '1';"
        f"update crm.person set emails = {mail.format('b@example.test')} where sourceId = '2';"
    )
    unique = Table("fields", FIELDS, [("person", "emails", "EMAILS", None, None, True, "primaryEmail", True)])
    objects = Table("objects", ("name",), [("person",), ("task",)])
    monkeypatch.setattr(clinic.crm, "pull", lambda: iter([objects, unique]))
    assert clinic.load().complete
    clinic.connection.execute(
        f"update crm.person set emails = {mail.format('b@example.test')} where sourceId = '1';"
        f"update crm.person set emails = {mail.format('a@example.test')} where sourceId = '2';"
    )
    clinic.plan()
    freed = clinic.connection.execute("select key, value, wanted_by, payload from plan.frees order by key").fetchall()
    emptied = {"emails": {"primaryEmail": None, "additionalEmails": ["x@example.test"]}}
    assert [(key, value, by) for key, value, by, _ in freed] == [
        ("1", "a@example.test", "2"),
        ("2", "b@example.test", "1"),
    ]
    assert [json.loads(payload) for *_, payload in freed] == [emptied, emptied]


def test_a_load_that_dies_between_giving_up_and_setting_goes_on(clinic: Clinic) -> None:
    restage(clinic, p1={"email": "p2@example.test"}, p2={"email": "p1@example.test"})
    load_that_dies(clinic, "before", 2)
    assert set(emails(clinic).values()) >= {None}
    assert clinic.load().complete
    assert (emails(clinic)["1"], emails(clinic)["2"]) == ("p2@example.test", "p1@example.test")


def test_an_address_that_somebody_else_set_is_not_given_up_for_another_record(clinic: Clinic) -> None:
    clinic.crm.records["person"]["person-1"]["email"] = "theirs@example.test"
    restage(clinic, p1={"age": 99})
    assert clinic.load().complete
    restage(clinic, p1={"age": 99, "email": "new@example.test"}, p2={"email": "theirs@example.test"})
    assert clinic.load().exit_code == 3
    assert emails(clinic)["1"] == "theirs@example.test"
    assert (statuses(clinic)["1"], statuses(clinic)["2"]) == ("conflict", "rejected")


def test_where_the_new_value_is_refused_the_old_one_is_set_back(clinic: Clinic) -> None:
    restage(clinic, p1={"email": "p2@example.test", "age": -1}, p2={"email": "p1@example.test", "age": -1})
    clinic.crm.trouble = Trouble(refuses=lambda payload: "no such age" if payload.get("age") == -1 else None)
    assert clinic.load().exit_code == 3
    assert (emails(clinic)["1"], emails(clinic)["2"]) == ("p1@example.test", "p2@example.test")
    [said] = [message for _, key, _, message in clinic.records() if key == "1"]
    assert said == "no such age; email is as it was"
    assert counts(clinic.plan()) == {"unchanged": 4, "blocked": 2}


def test_where_another_has_the_old_value_by_now_the_row_is_listed_as_blank(clinic: Clinic) -> None:
    restage(clinic, p1={"email": "p2@example.test"}, p2={"email": "p1@example.test", "age": -1})
    clinic.crm.trouble = Trouble(refuses=lambda payload: "no such age" if payload.get("age") == -1 else None)
    assert clinic.load().exit_code == 3
    assert (emails(clinic)["1"], emails(clinic)["2"]) == ("p2@example.test", None)
    [said] = [message for _, key, _, message in clinic.records() if key == "2"]
    assert said == "no such age; email is blank now, since another record has what it was"


def test_what_somebody_changed_is_not_given_up(clinic: Clinic) -> None:
    clinic.crm.records["person"]["person-2"]["email"] = "by-hand@example.test"
    restage(clinic, p1={"email": "p2@example.test"}, p2={"email": "p1@example.test"})
    clinic.load()
    assert statuses(clinic)["2"] == "conflict"
    assert emails(clinic)["2"] == "by-hand@example.test"


# Records that the source has no more.


def test_what_is_gone_is_kept_and_told(clinic: Clinic) -> None:
    restage(clinic, "2")
    plan = clinic.plan()
    assert counts(plan) == {"unchanged": 5}
    [finding] = [one for one in plan.findings if one.name == "gone_from_source"]
    assert (finding.blocking, finding.examples) == (False, ("person 2", "task task-2-0"))
    assert clinic.load().complete
    assert "person-2" in clinic.crm.ids("person")


def test_what_is_gone_can_be_listed(clinic: Clinic) -> None:
    restage(clinic, "2")
    clinic.on_missing = "flag"
    plan = clinic.plan()
    assert (counts(plan), counts(plan, "task")) == ({"unchanged": 5, "flagged": 1}, {"unchanged": 5, "flagged": 1})
    assert plan.writes == 0
    assert clinic.load().complete
    assert "person-2" in clinic.crm.ids("person")


def test_what_is_gone_can_be_deleted_children_first(clinic: Clinic) -> None:
    restage(clinic, "2")
    clinic.on_missing = "delete"
    plan = clinic.plan()
    assert (counts(plan), plan.writes) == ({"unchanged": 5, "delete": 1}, 2)
    assert clinic.load().complete
    assert "person-2" not in clinic.crm.ids("person")
    assert "task-2-0" not in clinic.crm.ids("task")
    with ledger.reading(clinic.path) as book:
        assert book is not None
        deleted = [
            row for chunk in book.rows("select object, before from intents where operation = 'delete'") for row in chunk
        ]
    assert [(object, json.loads(before)["id"]) for object, before in deleted] == [
        ("task", "task-2-0"),
        ("person", "person-2"),
    ]
    assert statuses(clinic)["2"] == "deleted"
    assert counts(clinic.plan()) == {"unchanged": 5}


def test_what_comes_back_is_created_again(clinic: Clinic) -> None:
    clinic.on_missing = "delete"
    restage(clinic, "2")
    clinic.load()
    clinic.connection.execute("delete from crm.gone")
    restage(clinic)
    assert counts(clinic.plan()) == {"create": 1, "unchanged": 5}
    assert clinic.load().complete
    assert "person-2" in clinic.crm.ids("person")


def test_of_what_it_is_not_certain_stays_and_is_told_why(clinic: Clinic) -> None:
    restage(clinic, "2")
    clinic.connection.execute("update crm.gone set kept_because = 'the file has unreadable rows'")
    clinic.on_missing = "delete"
    plan = clinic.plan()
    assert counts(plan) == {"unchanged": 5}
    [finding] = [one for one in plan.findings if one.name == "not_certainly_gone"]
    assert (finding.blocking, finding.examples) == (False, ("2 because the file has unreadable rows",))


def test_what_only_a_model_dropped_is_neither_gone_nor_deleted(clinic: Clinic) -> None:
    clinic.on_missing = "delete"
    stage(clinic.connection, people(5))
    assert counts(clinic.plan()) == {"unchanged": 5}


def test_a_staged_row_is_not_gone_whatever_is_said(clinic: Clinic) -> None:
    clinic.on_missing = "delete"
    clinic.connection.execute("insert into crm.gone values ('person', '2', null)")
    assert counts(clinic.plan()) == {"unchanged": 6}


def test_what_somebody_changed_since_is_not_deleted(clinic: Clinic) -> None:
    clinic.crm.records["person"]["person-2"]["nickname"] = "Ace"
    clinic.on_missing = "delete"
    restage(clinic, "2")
    assert clinic.load().exit_code == 3
    assert statuses(clinic)["2"] == "conflict"
    assert "person-2" in clinic.crm.ids("person")


def test_what_others_point_to_is_not_deleted(clinic: Clinic) -> None:
    clinic.crm.records["task"]["by-hand"] = {"id": "by-hand", "personId": "person-2"}
    clinic.on_missing = "delete"
    restage(clinic, "2")
    assert clinic.load().exit_code == 3
    assert "person-2" in clinic.crm.ids("person")


def test_rows_that_point_to_what_goes_are_held_back(clinic: Clinic) -> None:
    clinic.on_missing = "delete"
    restage(clinic, "2")
    clinic.connection.execute("insert into crm.task values ('task-new', 'Visit', 'person-2')")
    assert counts(clinic.plan(), "task") == {"unchanged": 5, "held_back": 1, "delete": 1}
    clinic.on_missing = "keep"
    assert counts(clinic.plan(), "task") == {"unchanged": 5, "create": 1}


def test_an_adopted_record_is_listed_in_place_of_deleted(clinic: Clinic, tmp_path: Path) -> None:
    clinic.path = tmp_path / "other.sqlite"
    clinic.load()
    clinic.load(choices=Choices(accepted=["foreign_records"]))
    clinic.on_missing = "delete"
    restage(clinic, "2")
    assert counts(clinic.plan()) == {"unchanged": 5, "flagged": 1}


@pytest.mark.parametrize(("on_missing", "blocking"), [("keep", False), ("flag", False), ("delete", True)])
def test_a_clinic_that_shrinks_a_lot_is_asked_about(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path, on_missing: OnMissing, blocking: bool
) -> None:
    stage(connection, people(60))
    connection.execute("create table crm.gone (object varchar, key varchar, kept_because varchar)")
    clinic = Clinic(connection, tmp_path / "l", crm=StrictCRM(), on_missing=on_missing, beside=Beside(gone="crm.gone"))
    clinic.load()
    connection.execute("insert into crm.gone select 'person', sourceId, null from crm.person where age % 4 = 0")
    connection.execute("delete from crm.person where age % 4 = 0")
    findings = [one.name for one in clinic.plan().blocking()]
    assert findings == (["many_gone_from_source"] if blocking else [])


# Records that were there before, and members.


def test_a_linked_record_is_left_alone_and_its_children_go_out(clinic: Clinic) -> None:
    linking = replace(PERSON, at_home=("_linked_id",))
    clinic.staging = (linking, TASK)
    stage(clinic.connection, people(7))
    clinic.connection.execute("alter table crm.person add column _linked_id varchar")
    clinic.connection.execute("update crm.person set _linked_id = 'theirs', id = 'theirs' where sourceId = '7'")
    clinic.connection.execute("update crm.task set personId = 'theirs' where personId = 'person-7'")
    clinic.crm.records["person"]["theirs"] = {"id": "theirs", "name": "Seven"}
    plan = clinic.plan()
    assert (counts(plan), counts(plan, "task")) == ({"unchanged": 6, "linked": 1}, {"create": 1, "unchanged": 6})
    assert clinic.load().complete
    assert clinic.crm.records["person"]["theirs"] == {"id": "theirs", "name": "Seven"}


def test_what_we_made_before_is_not_linked_to_somebody_else_in_silence(clinic: Clinic) -> None:
    clinic.staging = (replace(PERSON, at_home=("_linked_id",)), TASK)
    clinic.connection.execute("alter table crm.person add column _linked_id varchar")
    clinic.connection.execute("update crm.person set _linked_id = 'theirs' where sourceId = '1'")
    assert [one.name for one in clinic.plan().blocking()] == ["changed_ids"]


MEMBER = StagingModel(
    "crm__member",
    "crm.member",
    "member",
    "sourceId",
    ("id", "sourceId"),
    mode="match",
    when_matched=("sourceId",),
    at_home=("_found_by",),
)


def test_a_matched_record_is_written_in_the_columns_marked_for_it_but_not_the_fallback(clinic: Clinic) -> None:
    clinic.connection.execute(
        "create table crm.member as select * from (values ('p1', 'm-1', 'email'), ('p2', 'm-2', 'fallback'), "
        "('p3', 'm-1', 'owners'), ('p4', null, null)) as members(sourceId, id, _found_by)"
    )
    clinic.staging = (MEMBER, *STAGING)
    clinic.crm.objects.append("member")
    clinic.crm.records["member"] = {id: {"id": id, "name": id} for id in ("m-1", "m-2")}
    assert counts(clinic.plan(), "member") == {"update": 1, "matched": 2, "blocked": 1}
    clinic.load()
    assert clinic.crm.records["member"]["m-1"]["sourceId"] == "p1"
    assert "sourceId" not in clinic.crm.records["member"]["m-2"]
    assert counts(clinic.plan(), "member") == {"matched": 3, "blocked": 1}


def test_who_is_matched_with_another_record_leaves_the_first_as_it_was(clinic: Clinic) -> None:
    clinic.connection.execute("create table crm.member as select 'p1' as sourceId, 'm-1' as id, 'owners' as _found_by")
    clinic.staging = (MEMBER, *STAGING)
    clinic.crm.objects.append("member")
    clinic.crm.records["member"] = {id: {"id": id, "name": id} for id in ("m-1", "m-2")}
    clinic.load()
    clinic.connection.execute("update crm.member set id = 'm-2'")
    assert clinic.load().complete
    held = {id: one.get("sourceId") for id, one in clinic.crm.records["member"].items()}
    assert held == {"m-1": None, "m-2": "p1"}
    assert counts(clinic.plan(), "member") == {"matched": 1}


# Circles: a person names their first task, and every task names its person.


CIRCLING = replace(
    PERSON,
    columns=(*PERSON.columns, "firstTaskId"),
    parents=(Parent("firstTaskId", "task"),),
    deferred=("firstTaskId",),
)


def stage_circle(clinic: Clinic, count: int, **first_tasks: str) -> None:
    """So many people; ``p2="task-9"`` says which task is the first of the second."""
    clinic.staging = (CIRCLING, TASK)
    stage(clinic.connection, people(count))
    clinic.connection.execute("alter table crm.person add column firstTaskId varchar")
    for person, task in first_tasks.items():
        clinic.connection.execute("update crm.person set firstTaskId = ? where sourceId = ?", [task, person[1:]])


def test_what_only_closes_a_circle_waits_for_its_parent(clinic: Clinic) -> None:
    stage_circle(clinic, 6, p1="task-1-0", p2="task-nowhere")
    assert counts(clinic.plan()) == {"update": 1, "unchanged": 4, "held_back": 1}
    assert clinic.load().exit_code == 3
    assert clinic.crm.records["person"]["person-1"]["firstTaskId"] == "task-1-0"


def test_a_new_record_of_a_circle_is_whole_at_the_end_of_its_load(clinic: Clinic) -> None:
    stage_circle(clinic, 7, p7="task-7-0")
    assert counts(clinic.plan()) == {"create": 1, "unchanged": 6}
    assert clinic.load().complete
    assert clinic.crm.records["person"]["person-7"]["firstTaskId"] == "task-7-0"
    assert counts(clinic.plan()) == {"unchanged": 7}


def test_a_new_record_of_a_circle_that_was_refused_is_not_sent_again_by_itself(clinic: Clinic) -> None:
    stage_circle(clinic, 7, p7="task-7-0")
    clinic.crm.trouble = Trouble(refuses=lambda payload: "too old" if payload.get("age") == 37 else None)
    clinic.load()
    assert counts(clinic.plan()) == {"unchanged": 6, "blocked": 1}
    assert counts(clinic.plan(Choices(retry_rejected=True))) == {"create": 1, "unchanged": 6}
