"""How a plan reads: for a person at 80 columns, and for programs."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from shift.commands.common import print_wrapped
from shift.commands.moving import plan_as_json, print_plan, print_result
from shift.commands.reconciliation import print_promises
from shift.destination import AddedOptions, FieldDefinition, ObjectDefinition, Option
from shift.findings import Finding
from shift.loading import LoadResult, ObjectResult
from shift.owning import Owner
from shift.planning import ACTIONS, Cost, Loss, ObjectPlan, Plan, Reason
from shift.provisioning import Needs, left_to_a_person
from shift.reconciling import Promise
from shift.sampling import Sample

COUNTS = dict.fromkeys(ACTIONS, 0)
PLAN = Plan(
    objects=(
        ObjectPlan("person", "crm__person", COUNTS | {"create": 1200, "blocked": 1}, calls=20),
        ObjectPlan(
            "visit",
            "crm__visit",
            COUNTS | {"create": 3000, "held_back": 5},
            (Reason("held_back", "its person is not in", 5, ("v-1", "v-2", "v-3", "v-4")),),
            calls=50,
        ),
    ),
    schema=(
        ObjectDefinition("visit", "visits", "Visit", "Visits"),
        FieldDefinition("person", "shoeSize", "NUMBER", "Shoe size"),
    ),
    findings=(
        Finding("undecided", "Somebody must decide.", ("note: 1",)),
        Finding("odd", "Something to know.", blocking=False),
    ),
    calls=70,
    minutes=1.4,
    read_back=21,
    costs=(
        Cost("batch_size", "60", 70, 1.4),
        Cost("batch_size", "200", 21, 0.42),
        Cost("requests_per_minute", "7", 70, 10.0),
    ),
    losses=(Loss("person", "name", "cut after 100 characters", 2, ("p-1", "p-2")),),
    owners=(
        Owner("1", "Ada", None, "m-1", "Ada", None, "email", 4),
        Owner("2", "Bob", None, None, None, None, "missing", 2),
    ),
)


def shown(capsys: pytest.CaptureFixture[str]) -> str:
    """What was printed, each line without its indent and its padding."""
    text = capsys.readouterr().out
    assert [line for line in text.splitlines() if len(line) > 80] == []
    return "\n".join(" ".join(line.split()) for line in text.splitlines())


def test_a_plan_tells_all_that_a_person_must_know(capsys: pytest.CaptureFixture[str]) -> None:
    print_plan(PLAN, {"undecided"}, Sample("person", 200, ("visit Awaiting",)))
    text = shown(capsys)
    for told in (
        "A sample around 200 of person. More would be needed to see 1 kind of thing:\nvisit Awaiting.",
        "person 1,200 0 1",
        "visit: 5 held back, its person is not in (v-1, v-2, v-3, …)",
        "person.name: 2 cut after 100 characters (p-1, p-2)",
        "+ object visit (Visit)",
        "+ person.shoeSize",
        "Who takes over from 2 practitioners: 1 by email, 1 missing.",
        "note undecided: Somebody must decide.",
        "Plan: 4,200 to create, 0 to update, 0 unchanged, 5 held back, 1 blocked; 70",
        "calls, about a minute; 2 changes of the data model first.",
        "with batch_size 200: 21 calls, a minute",
        "with requests_per_minute 7: 70 calls, 10 minutes",
        "to read all of it back: 21 calls",
    ):
        assert told in text
    assert "batch_size 60" not in text  # that is what it is


def test_what_was_not_accepted_blocks(capsys: pytest.CaptureFixture[str]) -> None:
    print_plan(PLAN, frozenset())
    text = shown(capsys)
    assert "blocks undecided" in text and "note odd" in text


def test_what_blocks_is_told_before_what_is_good_to_know(capsys: pytest.CaptureFixture[str]) -> None:
    print_plan(replace(PLAN, findings=PLAN.findings[::-1]), frozenset())
    text = shown(capsys)
    assert text.index("blocks undecided") < text.index("note odd")


def test_a_plan_that_sends_nothing_tells_what_is_stuck_and_what_is_made(capsys: pytest.CaptureFixture[str]) -> None:
    stuck = ObjectPlan("visit", "crm__visit", COUNTS | {"blocked": 53, "held_back": 600})
    choices = AddedOptions("visit", "kind", (Option("Yoga", "YOGA"),))
    print_plan(replace(PLAN, objects=(stuck,), schema=(choices,), calls=0), frozenset())
    ending = shown(capsys).replace("\n", " ")
    assert "0 unchanged, 600 held back, 53 blocked; no record to send; 1 change of the data model first." in ending


def test_what_is_to_be_made_by_hand_is_told_whole(capsys: pytest.CaptureFixture[str]) -> None:
    relation = FieldDefinition("task", "visit", "RELATION", "Visit", to="visit", inverse_label="Tasks of it")
    size = FieldDefinition("person", "size", "SELECT", "Size", options=(Option("Large", "L"), Option("Small", "S")))
    changes = (*PLAN.schema, relation, size)
    print_plan(replace(PLAN, schema=changes, findings=left_to_a_person(Needs(changes, ())).findings), frozenset())
    text = shown(capsys).replace("\n", " ")
    for told in (
        "blocks to_be_made_by_hand: 4 objects, fields or choices",
        "- object visit, plural visits (labels: Visit, Visits)",
        "- field person.shoeSize (Shoe size): NUMBER",
        "- field task.visit (Visit): RELATION to visit, called 'Tasks of it' on the other side",
        "- field person.size (Size): SELECT of Large (L), Small (S)",
    ):
        assert told in text
    assert left_to_a_person(Needs((), ())).findings == ()


def test_the_name_of_a_file_stays_whole(capsys: pytest.CaptureFixture[str]) -> None:
    name = "Treatment-Notes-of-all-time-2026-09-01.csv"
    print_wrapped(f"What was read from it stands in this one of the many files: {name}")
    assert name in shown(capsys)


def test_no_line_parts_a_figure_from_its_name(capsys: pytest.CaptureFixture[str]) -> None:
    figures = {"current_rows": 1200, "staged": 1190, "loaded": 1180, "held_back": 9, "rejected": 1, "gone": 0}
    print_promises(
        [
            Promise("every_record_of_the_clinic_adds_up", "pass", 0, figures, ()),
            Promise("note_targets_add_up", "fail", 1, {"current_rows": 0, "gone": 0}, ("note: 1",)),
        ]
    )
    text = shown(capsys)
    for told in ("current rows 1,200", "staged 1,190", "loaded 1,180", "held back 9", "rejected 1"):
        assert told in text
    assert "gone" not in text and "note targets add up BROKEN current rows 0" in text
    assert "note targets add up: 1 exception, such as" in text


def test_a_result_tells_of_the_objects_that_it_touched(capsys: pytest.CaptureFixture[str]) -> None:
    touched, idle = ObjectResult("person", "crm__person", {"updated": 1}, 0), ObjectResult("visit", "crm__visit", {}, 0)
    print_result(LoadResult((touched, idle)))
    text = shown(capsys)
    assert "person 1 0" in text and "visit" not in text


def test_models_that_write_one_object_are_told_apart(capsys: pytest.CaptureFixture[str]) -> None:
    of_models = {"crm__person": 1, "crm__note": 53, "crm__attachment": 7}
    objects = {model: "person" if model == "crm__person" else "note" for model in of_models}
    counts = {model: COUNTS | {"create": rows} for model, rows in of_models.items()}
    plan = Plan(tuple(ObjectPlan(objects[model], model, counts[model]) for model in of_models))
    print_plan(plan, ())
    text = shown(capsys)
    assert "person 1" in text and "note 53" in text and "note (attachment) 7" in text
    assert plan.rows_to_write == {"person": 1, "note": 60}
    results = (ObjectResult(objects[model], model, {"created": rows}, 0) for model, rows in of_models.items())
    print_result(LoadResult(tuple(results)))
    text = shown(capsys)
    assert "person 1 0" in text and "note 53 0" in text and "note (attachment) 7 0" in text


def test_programs_are_told_the_same() -> None:
    told = json.loads(json.dumps(plan_as_json(PLAN, Sample("person", 200))))
    assert told["sample"] == {"object": "person", "chosen": 200, "unseen": []}
    assert told["objects"][0]["create"] == 1200 and told["objects"][0]["calls"] == 20
    assert told["objects"][1]["reasons"][0]["rows"] == 5
    assert told["losses"][0]["what"] == "cut after 100 characters"
    assert told["owners"][1]["found_by"] == "missing"
    assert told["costs"][1] == {"setting": "batch_size", "value": "200", "calls": 21, "minutes": 0.42}
    assert (told["calls"], told["read_back"]) == (70, 21)
    assert plan_as_json(PLAN)["sample"] is None
