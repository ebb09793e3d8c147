"""Plans: what a load would do with each row, and what stands in its way."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest
from fakes import MemoryCRM, Trouble
from staged import PERSON, STAGING, TASK, Clinic, people, stage
from support import MakeProject

from shift.errors import BlockedError, ConfigurationError, ModelError
from shift.findings import Finding
from shift.graph import read_graph
from shift.ledger import mirror, reading, writing
from shift.planning import (
    UNCONFIRMED,
    Beside,
    Choices,
    Loss,
    Pace,
    Plan,
    beside,
    make_plan,
    mapping_hash,
    require_clear,
)
from shift.planning.costs import Work, of_other_choices
from shift.planning.looked_at import unconfirmed
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


# What a plan tells beside its rows.


def test_a_finding_is_accepted_with_hyphens_too(clinic: Clinic) -> None:
    clinic.load()
    clinic.connection.execute("update crm.person set id = 'other-' || id")
    plan = clinic.plan(Choices(accepted=["changed-ids"]))
    assert plan.blocking(["changed-ids"]) == plan.blocking(["changed_ids"]) == ()


def test_a_plan_counts_files_and_what_a_read_back_takes(clinic: Clinic) -> None:
    clinic.connection.execute(
        "create table crm.file as select 'file-' || id as id, {'$file': 'attachments/a.pdf'} as content, "
        "id as personId from crm.person where sourceId < '3'"
    )
    files = StagingModel("crm__file", "crm.file", "file", "id", ("id", "content", "personId"))
    clinic.staging = (*STAGING, files)
    clinic.crm.objects.append("file")
    plan = clinic.plan()
    assert [(one.object, one.uploads, one.calls) for one in plan.objects] == [
        ("person", 0, 1),
        ("task", 0, 1),
        ("file", 2, 3),
    ]
    assert (plan.calls, plan.read_back) == (5, 3)
    assert ("attachments", "left out", 2) in [(one.setting, one.value, one.calls) for one in plan.costs]


def test_other_settings_have_their_price(clinic: Clinic) -> None:
    stage(clinic.connection, people(150))
    pull(clinic.connection, clinic.crm.pull(), [])
    plan = make_plan(
        clinic.connection,
        STAGING,
        None,
        pace=Pace(requests_per_minute=10, batch_size=60),
        beside=Beside(switches=(("tasks", "fields", "task"),)),
    )
    costs = {(one.setting, one.value): (one.calls, one.minutes) for one in plan.costs}
    assert (plan.calls, plan.minutes) == (6, 0.6) == costs["batch_size", "60"] == costs["requests_per_minute", "10"]
    assert costs["batch_size", "200"] == (2, 0.2)
    assert costs["requests_per_minute", "60"] == (6, 0.1)
    assert costs["tasks", "fields"] == (3, 0.3)


def test_a_choice_that_leaves_several_objects_out_is_priced_once(clinic: Clinic) -> None:
    works = [Work("person", 1), Work("lead", 1), Work("file", 1, uploads=2)]
    switches = [("attachments", "folder", "file"), ("attachments", "folder", "lead")]
    told = of_other_choices(works, Pace(batch_size=1), switches)
    assert [(one.setting, one.value, one.calls) for one in told if one.setting == "attachments"] == [
        ("attachments", "folder", 1)
    ]


def test_a_crm_that_takes_one_record_a_call_leaves_no_choice_of_batch(clinic: Clinic) -> None:
    stage(clinic.connection, people(3))
    pull(clinic.connection, clinic.crm.pull(), [])
    plan = make_plan(clinic.connection, STAGING, None, pace=Pace(requests_per_minute=10, batch_size=1))
    assert plan.calls == 6
    assert {one.setting for one in plan.costs} == {"requests_per_minute"}


def test_what_is_lost_and_who_takes_over_is_what_the_project_says(clinic: Clinic) -> None:
    clinic.connection.execute(
        "create table crm.losses as select 'person' as object, sourceId as key, 'age' as field, 'rounded' as what "
        "from crm.person where age > 34 union all select 'person', 'not staged', 'age', 'rounded'"
    )
    clinic.connection.execute(
        "create table crm.owners as select 'p1' as practitioner_id, 'Dr Lee' as name, null as email, "
        "'m-1' as member_id, 'Lee' as member_name, null as member_email, 'owners' as found_by, 7 as records"
    )
    clinic.beside = Beside(losses="crm.losses", owners="crm.owners")
    plan = clinic.plan()
    assert plan.losses == (Loss("person", "age", "rounded", 2, ("5", "6")),)
    assert [(one.practitioner_id, one.member_id, one.found_by, one.records) for one in plan.owners] == [
        ("p1", "m-1", "owners", 7)
    ]


MODELS = {
    "models/twenty/twenty__person.sql": "select '1' as id, '{{ var('greeting') }}' as \"jobTitle\"",
    "models/twenty/twenty__line.sql": "select '1' as id",
    "models/twenty/twenty__gone.sql": "select null as object, null as key, null as kept_because",
    "models/twenty/twenty__sample_traits.sql": "select 'person' as object, '1' as key, 'a' as trait",
    "models/audit/audit__note.sql": "select 1 as one",
    "models/twenty/twenty.yml": """
        vars:
          - {name: greeting, default: Hello}
          - {name: lines, choices: [object, fields], default: object}
        models:
          - {name: twenty__person, config: {load: {object: person, key: id}}}
          - name: twenty__line
            config: {enabled: "{{ var('lines') == 'object' }}", load: {object: line, key: id}}
    """,
}


def test_models_beside_the_staging_tables_are_known_by_name(make_project: MakeProject) -> None:
    found = beside(read_graph(make_project(MODELS)))
    assert found == Beside(gone="twenty.gone", switches=(("lines", "fields", "line"),))


def test_a_mapping_is_another_where_what_goes_out_may_differ(make_project: MakeProject) -> None:
    def hashed(**changed: str) -> str:
        return mapping_hash(read_graph(make_project(MODELS | changed)))

    known = hashed()
    assert hashed() == known
    assert hashed(**{"models/audit/audit__note.sql": "select 2 as two"}) == known
    assert hashed(**{"models/twenty/twenty__line.sql": "select '2' as id"}) != known
    assert mapping_hash(read_graph(make_project(MODELS, variables={"greeting": "Hi"}))) != known
    labelled = MODELS["models/twenty/twenty.yml"].replace("key: id}}}", "key: id, after: [line]}}}")
    assert hashed(**{"models/twenty/twenty.yml": labelled}) != known


def test_a_mapping_that_nobody_looked_at_blocks_a_full_load(
    make_project: MakeProject, connection: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    graph = read_graph(make_project(MODELS))
    mirror(None, connection)
    finding = unconfirmed(graph, connection)
    assert finding is not None and (finding.name, finding.blocking) == (UNCONFIRMED, True)
    with writing(tmp_path / "ledger.sqlite", "twenty", MemoryCRM().workspace()) as book:
        with book.run("load --sample 2"):
            pass
        book.note_look(mapping_hash(graph))
        mirror(book, connection)
    assert unconfirmed(graph, connection) is None


def test_where_there_is_nothing_to_write_nobody_has_to_look(clinic: Clinic) -> None:
    clinic.load()
    pull(clinic.connection, clinic.crm.pull(), [])
    found = [Finding(UNCONFIRMED, "look first")]
    with reading(clinic.path) as book:
        plan = make_plan(clinic.connection, STAGING, book, findings=found)
    assert plan.findings == ()
    assert make_plan(clinic.connection, STAGING, None, findings=found).findings == tuple(found)


def test_a_refusal_names_every_finding_that_would_have_to_be_accepted(clinic: Clinic) -> None:
    standing = (Finding("odd", "One thing."), Finding("even", "Another."), Finding("mere", "A note.", blocking=False))
    with pytest.raises(BlockedError) as refused:
        require_clear(replace(clinic.plan(), findings=standing))
    assert refused.value.hint == "Settle them, or let pass by adding: --accept odd --accept even"
