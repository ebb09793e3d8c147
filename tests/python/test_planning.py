"""Plans: what a load would do with each row, and what stands in its way."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest
from fakes import MemoryCRM, Trouble
from staged import PERSON, STAGING, TASK, Clinic, people, stage

from shift.errors import BlockedError, ConfigurationError, ModelError
from shift.findings import Finding
from shift.planning import Choices, Pace, Plan, make_plan, require_clear
from shift.pulling import pull
from shift.staging import StagingModel


@pytest.fixture
def clinic(connection: duckdb.DuckDBPyConnection, tmp_path: Path) -> Clinic:
    stage(connection, people(6))
    return Clinic(connection, tmp_path / "ledger.sqlite")


def counts(plan: Plan, object: str) -> dict[str, int]:
    [found] = [one for one in plan.objects if one.object == object]
    return {action: count for action, count in found.counts.items() if count}


def test_at_first_everything_is_new(clinic: Clinic) -> None:
    plan = clinic.plan()
    assert [one.object for one in plan.objects] == ["person", "task"]
    assert counts(plan, "person") == counts(plan, "task") == {"create": 6}
    assert plan.writes == 12
    assert plan.blocking() == ()


def test_planning_writes_nothing(clinic: Clinic) -> None:
    clinic.plan()
    assert clinic.crm.calls == Counter()
    assert not clinic.path.exists()


def test_a_payload_that_changed_is_an_update_and_all_others_are_left_alone(clinic: Clinic) -> None:
    clinic.load()
    stage(clinic.connection, people(7, p2={"age": 99}))
    plan = clinic.plan()
    assert counts(plan, "person") == {"create": 1, "update": 1, "unchanged": 5}
    assert counts(plan, "task") == {"create": 1, "unchanged": 6}


def test_calls_and_minutes_follow_the_pace(clinic: Clinic) -> None:
    pull(clinic.connection, clinic.crm.pull(), [])
    plan = make_plan(clinic.connection, STAGING, None, pace=Pace(requests_per_minute=2, batch_size=4))
    assert (plan.calls, plan.minutes) == (4, 2.0)


def test_a_refused_row_is_blocked_until_it_changes_or_is_asked_for_and_its_children_are_held_back(
    clinic: Clinic,
) -> None:
    clinic.crm.trouble = Trouble(refuses=lambda payload: "too old" if payload.get("age") == 33 else None)
    clinic.load()
    plan = clinic.plan()
    assert counts(plan, "person") == {"unchanged": 5, "blocked": 1}
    assert counts(plan, "task") == {"unchanged": 5, "held_back": 1}
    [reason] = plan.objects[0].reasons
    assert (reason.text, reason.rows, reason.examples) == ("refused before: too old", 1, ("3",))
    assert plan.objects[1].reasons[0].text == "its person is not in"
    assert counts(clinic.plan(Choices(retry_rejected=True)), "person") == {"unchanged": 5, "create": 1}
    stage(clinic.connection, people(6, p3={"age": 3}))
    assert counts(clinic.plan(), "task") == {"unchanged": 5, "create": 1}


def test_a_row_whose_parent_is_nowhere_is_held_back(clinic: Clinic) -> None:
    clinic.connection.execute("update crm.task set personId = 'person-99' where personId = 'person-1'")
    assert counts(clinic.plan(), "task") == {"create": 5, "held_back": 1}


def test_a_row_without_a_parent_goes_out(clinic: Clinic) -> None:
    clinic.connection.execute("update crm.task set personId = null")
    assert counts(clinic.plan(), "task") == {"create": 6}


def test_a_parent_may_be_named_by_its_key_in_a_column_that_stays_at_home(clinic: Clinic) -> None:
    clinic.connection.execute("alter table crm.task add column _person varchar default '99'")
    by_key = replace(TASK, parents=(replace(TASK.parents[0], column="_person", field="sourceId"),))
    clinic.staging = (PERSON, by_key)
    assert counts(clinic.plan(), "task") == {"held_back": 6}
    clinic.connection.execute("update crm.task set _person = '1'")
    assert counts(clinic.plan(), "task") == {"create": 6}


def test_matched_rows_are_counted_and_never_written(clinic: Clinic) -> None:
    clinic.connection.execute(
        "create table crm.member as select * from (values ('1', 'm-1'), ('2', null)) as members(key, id)"
    )
    member = StagingModel("crm__member", "crm.member", "member", "key", ("key", "id"), mode="match")
    clinic.staging = (member, *STAGING)
    clinic.crm.objects.append("member")
    plan = clinic.plan()
    assert counts(plan, "member") == {"matched": 1, "blocked": 1}
    assert plan.objects[0].reasons[0].text == "nothing in the CRM matches it"
    assert plan.writes == 12


def test_two_models_may_fill_one_object_but_not_one_record(clinic: Clinic) -> None:
    clinic.connection.execute("create view crm.more as select * from crm.person")
    clinic.staging = (PERSON, replace(PERSON, name="crm__more", relation="crm.more"))
    with pytest.raises(ModelError, match=r"the person '1' comes from crm__\w+ and from crm__\w+"):
        clinic.plan()


def test_an_id_that_changed_after_the_load_blocks(clinic: Clinic) -> None:
    clinic.load()
    clinic.connection.execute("update crm.person set id = 'other-' || id")
    plan = clinic.plan()
    assert counts(plan, "person") == {"blocked": 6}
    assert [one.name for one in plan.blocking()] == ["changed_ids"]


def test_records_of_another_ledger_block_until_they_are_accepted(clinic: Clinic, tmp_path: Path) -> None:
    clinic.load()
    clinic.path = tmp_path / "other.sqlite"
    assert not clinic.load().complete
    plan = clinic.plan()
    assert [(one.name, one.message) for one in plan.blocking()] == [
        ("foreign_records", "6 records with our ids that this ledger did not make")
    ]
    assert plan.blocking(["foreign_records"]) == plan.blocking(["all"]) == ()
    assert counts(clinic.plan(Choices(accepted=["foreign_records"])), "person") == {"adopt": 6}


def test_blocking_findings_stop_a_load_and_are_named() -> None:
    blocking = Finding("clinical_notes_undecided", "say whether notes go along")
    plan = Plan(objects=(), findings=(blocking, Finding("by_the_way", "nothing", blocking=False)))
    with pytest.raises(BlockedError, match="clinical_notes_undecided: say whether") as caught:
        require_clear(plan)
    assert "--accept clinical_notes_undecided" in str(caught.value)
    require_clear(plan, ["clinical_notes_undecided"])


def test_an_accepted_name_that_is_no_finding_is_an_error(clinic: Clinic) -> None:
    with pytest.raises(ConfigurationError, match="no finding is called 'foreign_record'") as caught:
        clinic.plan(Choices(accepted=["foreign_record"]))
    assert caught.value.hint == "Did you mean 'foreign_records'?"


def test_a_name_may_be_accepted_though_nothing_is_found_now(clinic: Clinic) -> None:
    pull(clinic.connection, clinic.crm.pull(), [])
    for name in ("all", "foreign_records", "changed_ids", "field_type_clash", "one_of_the_projects_own"):
        choices = Choices(accepted=[name])
        own = ["one_of_the_projects_own"]
        plan = make_plan(clinic.connection, STAGING, None, choices=choices, finding_names=own)
        assert plan.blocking() == ()


def test_without_a_pull_the_plan_says_what_it_could_not_check(clinic: Clinic) -> None:
    clinic.crm = MemoryCRM(objects=[])
    assert [(one.name, one.blocking) for one in clinic.plan().findings] == [("workspace_not_read", False)]
