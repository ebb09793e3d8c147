"""Plan, load and diff from end to end, as commands, over HTTP: a small project against the twin of Twenty."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from small_clinic import FILES, KEY, PROJECT, Clinic
from support import shift, shift_process, write_files

from shift.sandbox.twenty import start


@pytest.fixture
def clinic(tmp_path: Path) -> Iterator[Clinic]:
    with start(api_key=KEY, automations=False) as url:
        yield Clinic(tmp_path, url)


def test_a_load_brings_every_record_and_a_second_one_sends_nothing(clinic: Clinic) -> None:
    clinic.built()
    plan = json.loads(clinic.shift("plan", "--output", "json").out)
    assert [(one["object"], one["create"]) for one in plan["objects"]] == [("person", 10), ("task", 10)]
    assert plan["schema"] == [
        "field person.sourceSystemId (Source System ID): TEXT, unique",
        "field task.sourceSystemId (Source System ID): TEXT, unique",
    ]
    first = clinic.shift("load", "--yes")
    assert first.code == 0, first.out + first.err
    assert sorted(one["name"]["lastName"] for one in clinic.people()) == sorted(f"Ng {n}" for n in range(1, 11))
    assert len(clinic.records("tasks")) == 10

    again = clinic.shift("load", "--yes")
    assert again.code == 0
    assert "0 to create, 0 to update, 20 unchanged" in again.out
    diff = clinic.shift("diff", "--output", "json")
    assert diff.code == 0
    assert json.loads(diff.out)["objects"] == [
        {"object": "person", "records": 10, "equal": 10, "differing": 0, "missing": 0},
        {"object": "task", "records": 10, "equal": 10, "differing": 0, "missing": 0},
    ]


def test_what_changed_since_the_build_is_built_anew_before_it_is_planned(clinic: Clinic) -> None:
    """A setting counts by what it does to the SQL; nothing goes out that this mapping would not send."""
    title = "{{ var('greeting', 'Visit of ') }}"
    task = FILES["models/twenty/twenty__task.sql"].replace("Visit of ", title)
    settings = "vars: [{name: greeting}]"
    clinic.built(**{"models/twenty/twenty__task.sql": task, "models/vars.yml": settings})
    loaded = clinic.shift("load", "--yes", "--vars", "{greeting: 'Seen: '}")
    assert loaded.code == 0, loaded.out + loaded.err
    assert "Changed since they were built, and built anew: twenty__task." in loaded.err
    assert {one["title"].split(" Ng")[0] for one in clinic.records("tasks")} == {"Seen:"}

    same = clinic.shift("plan", "--no-pull", "--vars", "{greeting: 'Seen: '}")
    assert (same.code, "built anew" in same.err) == (0, False)
    assert "20 unchanged" in same.out
    broken = task.replace("id as", "nothing as")
    write_files(clinic.folder, {"models/twenty/twenty__task.sql": broken})
    refused = clinic.shift("load", "--yes")
    assert refused.code == 1
    assert "the model twenty__task does not build" in refused.err


def test_exports_that_came_after_the_build_stand_before_a_load(clinic: Clinic) -> None:
    clinic.built()
    write_files(clinic.folder, {"exports/patients-new.csv": "id,last_name,email\n11,Ng 11,p11@clinic.example\n"})
    plan = clinic.shift("plan", "--output", "json", "--no-pull")
    found = {one["name"]: one for one in json.loads(plan.out)["findings"]}
    assert (plan.code, found["exports_not_landed"]["examples"]) == (1, ["patients-new.csv: new"])
    assert clinic.shift("build").code == 0
    assert "exports_not_landed" not in clinic.shift("plan", "--no-pull").out

    for path in (clinic.folder / "exports").iterdir():
        path.unlink()
    emptied = clinic.shift("plan", "--no-pull")
    assert (emptied.code, "exports_not_seen" in emptied.out) == (0, True)


def test_what_somebody_edited_or_deleted_is_listed_and_stands(clinic: Clinic) -> None:
    clinic.built()
    assert clinic.shift("load", "--yes").code == 0
    people = {one["name"]["lastName"]: one for one in clinic.people()}
    headers = {"Authorization": f"Bearer {KEY}"}
    with httpx.Client(base_url=clinic.url, headers=headers, trust_env=False) as crm:
        edited = {"name": {"firstName": "", "lastName": "Edited"}}
        crm.patch(f"/rest/people/{people['Ng 1']['id']}", json=edited).raise_for_status()
        crm.delete(f"/rest/people/{people['Ng 2']['id']}?soft_delete=true").raise_for_status()
    rows = FILES["exports/patients.csv"].replace("Ng 1,", "Changed,").replace("Ng 2,", "Changed too,")
    write_files(clinic.folder, {"exports/patients.csv": rows})
    assert clinic.shift("build").code == 0
    for _ in range(2):
        loaded = clinic.shift("load", "--yes", "--accept", "all")
        assert loaded.code == 3, loaded.out + loaded.err
        told = json.loads(clinic.shift("rejects", "--output", "json").out)
        statuses = {(one["object"], one["key"]): one["status"] for one in told}
        assert (statuses["person", "1"], statuses["person", "2"]) == ("conflict", "gone")
        assert "somebody changed name" in next(one["message"] for one in told if one["status"] == "conflict")
    text = clinic.shift("rejects").out
    assert "conflict  person 1: somebody changed name" in text and "gone  person 2: " in text
    assert [line for line in text.splitlines() if len(line) > 80 and "shift" not in line] == []


def test_nobody_is_blamed_for_what_was_not_built_or_not_declared(clinic: Clinic) -> None:
    write_files(clinic.folder, FILES)
    empty = clinic.shift("plan")
    assert (empty.code, "nothing was built yet" in empty.err) == (1, True)
    misspelt = clinic.shift("plan", "--vars", "{contry: NZ}")
    assert misspelt.code == 2
    assert "--vars: the var 'contry' is declared nowhere" in misspelt.err


def test_what_somebody_deleted_shows_in_the_plan_and_holds_back_only_what_is_to_be_written(clinic: Clinic) -> None:
    """The pull lists all people, so that no update needs to touch the one that is gone."""
    clinic.built()
    assert clinic.shift("load", "--yes").code == 0
    gone, binned = clinic.people()[:2]
    clinic.send("DELETE", f"/rest/people/{gone['id']}")
    clinic.send("DELETE", f"/rest/people/{binned['id']}?soft_delete=true")
    plan = json.loads(clinic.shift("plan", "--output", "json").out)
    assert [(one["unchanged"], one["blocked"], one["held_back"]) for one in plan["objects"]] == [(8, 2, 0), (10, 0, 0)]
    assert [one["name"] for one in plan["findings"]] == ["deleted_in_crm"]

    clinic.send("PATCH", f"/rest/restore/people?filter=id[eq]:{binned['id']}")
    task = FILES["models/twenty/twenty__task.sql"].replace("Visit of", "Seen:")
    write_files(clinic.folder, {"models/twenty/twenty__task.sql": task})
    plan = json.loads(clinic.shift("plan", "--output", "json").out)
    assert [(one["update"], one["blocked"], one["held_back"]) for one in plan["objects"]] == [(0, 1, 0), (9, 0, 1)]


def test_a_record_that_is_taken_out_of_the_bin_again_is_ours_again(clinic: Clinic) -> None:
    clinic.built()
    assert clinic.shift("load", "--yes").code == 0
    task = clinic.records("tasks")[0]
    clinic.send("DELETE", f"/rest/tasks/{task['id']}?soft_delete=true")
    model = FILES["models/twenty/twenty__task.sql"].replace("Visit of", "Seen:")
    write_files(clinic.folder, {"models/twenty/twenty__task.sql": model})
    assert clinic.shift("load", "--yes").code == 3
    assert "1 blocked" in clinic.shift("plan").out

    clinic.send("PATCH", f"/rest/restore/tasks?filter=id[eq]:{task['id']}")
    back = clinic.shift("load", "--yes")
    assert back.code == 0, back.out + back.err
    assert {one["title"].split(" Ng")[0] for one in clinic.records("tasks")} == {"Seen:"}
    assert "20 unchanged" in clinic.shift("plan").out


def test_a_ledger_that_is_lost_shows_in_the_plan_as_records_that_others_made(clinic: Clinic) -> None:
    clinic.built()
    assert clinic.shift("load", "--yes").code == 0
    for path in clinic.folder.rglob("ledger.sqlite*"):
        path.unlink()
    plan = clinic.shift("plan", "--output", "json")
    found = json.loads(plan.out)
    assert (plan.code, [one["blocked"] for one in found["objects"]]) == (1, [10, 10])
    assert [one["name"] for one in found["findings"]] == ["foreign_records"]
    adopted = clinic.shift("load", "--yes", "--accept", "foreign_records")
    assert adopted.code == 0, adopted.out + adopted.err
    assert "20 unchanged" in clinic.shift("plan").out


def test_what_no_model_makes_any_more_is_told(clinic: Clinic) -> None:
    """An export that was put in the place of another says the same; the records stay."""
    clinic.built()
    assert clinic.shift("load", "--yes").code == 0
    model = FILES["models/twenty/twenty__task.sql"] + "where id <> '3'"
    write_files(clinic.folder, {"models/twenty/twenty__task.sql": model})
    found = json.loads(clinic.shift("plan", "--no-pull", "--output", "json").out)["findings"]
    assert [one["examples"] for one in found if one["name"] == "left_out_now"] == [["1 task"]]
    assert len(clinic.records("tasks")) == 10


def test_every_step_is_a_process_of_its_own(clinic: Clinic) -> None:
    """As people run them. The other tests spare the start of each."""
    write_files(clinic.folder, FILES)
    clinic_steps = "build", "run", "test", "compile", "ls", "show twenty__person", "schema --out schemas"
    crm_steps = "pull", "plan", "load --yes", "diff", "status", "rejects", "rollback --yes", "clean", "purge --yes"
    for words in (*clinic_steps, *crm_steps):
        answer = shift_process(clinic.folder, *words.split(), TWENTY_URL=clinic.url, TWENTY_API_KEY=KEY)
        assert (answer.code, "Traceback" in answer.err) == (0, False), f"{words}: {answer.out}{answer.err}"


def test_one_row_refused_does_not_cost_its_batch_and_holds_back_what_hangs_on_it(clinic: Clinic) -> None:
    rows = FILES["exports/patients.csv"].replace("p7@clinic.example", "not an address")
    clinic.built(**{"exports/patients.csv": rows})
    answer = clinic.shift("load", "--yes")
    assert answer.code == 3, answer.out + answer.err
    assert len(clinic.people()) == 9
    rejects = json.loads(clinic.shift("rejects", "--output", "json").out)
    assert [(one["object"], one["key"], one["status"]) for one in rejects] == [
        ("person", "7", "rejected"),
        ("task", "7", "held back"),
    ]
    assert "Invalid string value 'not an address' for email field" in rejects[0]["message"]

    again = clinic.shift("load", "--yes")
    assert again.code == 3, "it stands still, though nothing was sent"
    assert "See them:" in again.out and "no such" not in again.err
    write_files(clinic.folder, {"exports/patients.csv": rows.replace("7,Ng 7,not an address\n", "")})
    assert clinic.shift("build").code == 0
    without = clinic.shift("load", "--yes")
    assert without.code == 0, "what the source has no more stands in nobody's way: " + without.out + without.err

    write_files(clinic.folder, {"exports/patients.csv": FILES["exports/patients.csv"]})
    assert clinic.shift("build").code == 0
    mended = clinic.shift("load", "--yes")
    assert mended.code == 0, mended.out + mended.err
    assert (len(clinic.people()), len(clinic.records("tasks"))) == (10, 10)


def test_a_field_that_somebody_changed_shows_in_the_diff(clinic: Clinic) -> None:
    clinic.built()
    assert clinic.shift("load", "--yes").code == 0
    person = clinic.people()[0]
    httpx.patch(
        f"{clinic.url}/rest/people/{person['id']}",
        json={"name": {"lastName": "Changed"}},
        headers={"Authorization": f"Bearer {KEY}"},
        trust_env=False,
    ).raise_for_status()
    answer = clinic.shift("diff")
    assert answer.code == 1
    assert f"person.name: 1 differ, as in {person['sourceSystemId']}: sent 'Ng " in answer.out
    assert "found 'Changed'" in answer.out


def test_a_question_that_is_open_stops_the_load_until_it_is_accepted(clinic: Clinic) -> None:
    clinic.built(**{"tests/plan/undecided.sql": "-- Decide on\n-- the notes.\nselect 'note 1' as note"})
    plan = clinic.shift("plan")
    assert plan.code == 1
    assert "blocks  undecided: Decide on the notes." in plan.out
    assert "note 1" in plan.out
    stopped = clinic.shift("load", "--yes")
    assert stopped.code == 1
    assert "Traceback" not in stopped.err
    assert clinic.records("tasks") == []
    assert clinic.shift("load", "--yes", "--accept", "undecided").code == 0
    assert len(clinic.people()) == 10


def test_a_failing_test_stops_the_load(clinic: Clinic) -> None:
    write_files(clinic.folder, FILES | {"tests/staging/nobody.sql": "select id from {{ ref('twenty__person') }}"})
    assert clinic.shift("build").code == 1
    answer = clinic.shift("load", "--yes")
    assert answer.code == 1
    assert "failed_tests" in answer.err
    assert clinic.records("tasks") == []


def test_without_a_build_there_is_nothing_to_plan(clinic: Clinic) -> None:
    write_files(clinic.folder, FILES)
    answer = clinic.shift("plan")
    assert (answer.code, "nothing was built yet" in answer.err) == (1, True)


def test_a_load_asks_first(clinic: Clinic) -> None:
    clinic.built()
    answer = clinic.shift("load")  # nobody is there to answer
    assert answer.code == 2
    assert "load --yes" in answer.err
    assert clinic.records("tasks") == []


def test_a_key_that_is_refused_is_one_message(clinic: Clinic) -> None:
    clinic.built()
    for command in (["plan"], ["load", "--yes"], ["pull"]):
        answer = clinic.shift(*command, TWENTY_API_KEY="wrong-key-of-somebody")
        assert answer.code == 1
        assert "Traceback" not in answer.err
        assert "wrong-key-of-somebody" not in answer.out + answer.err
        assert answer.err.startswith("Error: ")


def test_a_crm_that_is_not_there_is_one_message(clinic: Clinic) -> None:
    clinic.built()
    answer = clinic.shift("load", "--yes", TWENTY_URL="http://127.0.0.1:9")
    assert answer.code == 1
    assert "Traceback" not in answer.err
    assert "127.0.0.1:9" in answer.err
    planned = clinic.shift("plan", TWENTY_URL="http://127.0.0.1:9")
    assert planned.code == 1
    assert "plan --no-pull" in planned.err
    assert not (clinic.folder / "state" / "ledger.sqlite").exists()


def test_a_secret_that_is_not_set_is_named(clinic: Clinic, monkeypatch: pytest.MonkeyPatch) -> None:
    clinic.built()
    monkeypatch.delenv("TWENTY_API_KEY", raising=False)
    answer = shift(clinic.folder, "plan", TWENTY_URL=clinic.url)
    assert answer.code == 2
    assert "the environment variable TWENTY_API_KEY is not set" in answer.err


def test_the_ledger_is_bound_to_one_workspace(clinic: Clinic) -> None:
    clinic.built()
    assert clinic.shift("load", "--yes").code == 0
    with start(api_key=KEY, automations=False) as other:
        for words in (["plan"], ["pull"], ["owners"], ["diff"], ["load", "--yes"]):
            answer = clinic.shift(*words, TWENTY_URL=other)
            assert (answer.code, "this ledger belongs to the workspace" in answer.err) == (1, True), words


def test_status_tells_what_is_in(clinic: Clinic) -> None:
    assert clinic.built().shift("status").out == "Nothing was loaded yet.\n"
    assert clinic.shift("load", "--yes").code == 0
    status = json.loads(clinic.shift("status", "--output", "json").out)
    assert status["objects"] == [
        {"object": "person", "status": "created", "records": 10},
        {"object": "task", "status": "created", "records": 10},
    ]
    assert [(run["command"], run["status"]) for run in status["runs"]] == [("load", "done")]


def test_show_prints_what_will_go_out(clinic: Clinic) -> None:
    answer = clinic.built().shift("show", "twenty__person", "--where", "\"sourceSystemId\" = '3'")
    assert json.loads(answer.out) == {
        "emails": {"primaryEmail": "p3@clinic.example"},
        "id": "11111111-1111-5111-8111-000000000003",
        "name": {"lastName": "Ng 3"},
        "sourceSystemId": "3",
    }


def test_what_would_wake_up_is_a_question_until_the_project_answers_it(clinic: Clinic) -> None:
    """A new workspace makes companies of new people's e-mail addresses."""
    with start(api_key=KEY) as clinic.url:
        for answer, blocks in (("", True), ("load: {automations: leave}", False)):
            clinic.built(**{"project.yml": PROJECT + answer})
            [finding] = json.loads(clinic.shift("plan", "--output", "json").out)["findings"]
            assert finding["name"] == "automations_active"
            assert finding["examples"] == ["Create company when adding a new person (person.upserted)"]
            assert finding["blocking"] == blocks
