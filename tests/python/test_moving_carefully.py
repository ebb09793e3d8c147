"""Samples, saved plans, read-backs of a part, and looking on from another terminal, as commands."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import duckdb
import httpx
import pytest
from small_clinic import FILES, KEY, PROJECT, Clinic
from support import write_files

from shift import ledger
from shift.destination import Workspace
from shift.sandbox.twenty import start

TRAITS = {
    "models/twenty/twenty__sample_traits.sql": """
        select
            'person' as object,
            "sourceSystemId" as key,
            case when "sourceSystemId" in ('3', '7') then 'rare' end as trait,
        from {{ ref('twenty__person') }}
    """,
    "tests/reconciliation/people_are_there.sql": """
        select
            sent.key,
            found.id is not null as _holds,
        from {{ source('readback', 'sent') }} as sent
        left join {{ source('readback', 'records') }} as found using (object, id)
        where sent.object = 'person'
    """,
    "tests/reconciliation/something_was_loaded.sql": """
        select
            count(*) as loaded,
            count(*) > 0 as _holds,
        from {{ source('ledger', 'records') }}
    """,
    "sources/ours.yml": """
        sources:
          - name: readback
            schema: readback
            tables: [{name: sent}, {name: records}]
          - name: ledger
            schema: ledger
            tables: [{name: records}]
    """,
}

AUTOMATIONS = {
    "sources/automations.yml": """
        sources:
          - name: automations
            schema: destination
            tables: [{name: automations, columns: [{name: id}, {name: workflow}, {name: event}]}]
    """,
}


@pytest.fixture
def clinic(tmp_path: Path) -> Iterator[Clinic]:
    with start(api_key=KEY, automations=False) as url:
        yield Clinic(tmp_path, url).built(**TRAITS)


def answered(clinic: Clinic, *words: str, code: int = 0) -> Any:
    """What a command answers as JSON."""
    answer = clinic.shift(*words, "--output", "json")
    assert answer.code == code, answer.out + answer.err
    return json.loads(answer.out)


def names(clinic: Clinic) -> list[str]:
    return sorted(one["name"]["lastName"] for one in clinic.people())


def edit(clinic: Clinic) -> None:
    """Somebody changes a record of the workspace that is none of ours."""
    [somebody, *_] = [one for one in clinic.every("people") if not one.get("sourceSystemId")]
    httpx.patch(
        f"{clinic.url}/rest/people/{somebody['id']}",
        json={"jobTitle": "Gardener"},
        headers={"Authorization": f"Bearer {KEY}"},
        trust_env=False,
    ).raise_for_status()


def test_a_sample_goes_first_and_the_rest_follows(clinic: Clinic) -> None:
    blocked = answered(clinic, "plan", code=1)
    assert [one["name"] for one in blocked["findings"] if one["blocking"]] == ["unconfirmed_mapping"]

    plan = answered(clinic, "plan", "--sample", "2")
    assert plan["sample"] == {"object": "person", "chosen": 2, "unseen": []}
    assert [(one["object"], one["create"], one["held_back"]) for one in plan["objects"]] == [
        ("person", 2, 0),
        ("task", 2, 0),
    ]
    loaded = answered(clinic, "load", "--sample", "2", "--yes")
    assert [(one["object"], one["created"]) for one in loaded["objects"]] == [("person", 2), ("task", 2)]
    assert len(clinic.records("tasks")) == 2
    assert {"Ng 3", "Ng 7"} & set(names(clinic))

    seen = answered(clinic, "diff", "--sample", "2")
    assert [(one["object"], one["records"], one["equal"]) for one in seen["objects"]] == [
        ("person", 2, 2),
        ("task", 2, 2),
    ]
    assert {one["test"]: (one["status"], one["figures"]) for one in seen["tests"]} == {
        "people_are_there": ("pass", {"rows": 2}),
        "something_was_loaded": ("pass", {"loaded": 4}),
    }
    tested = clinic.shift("test")
    assert tested.code == 0, tested.out + tested.err
    assert "people are there" in tested.out.partition("Reconciliation")[2]

    rest = clinic.shift("load", "--yes")
    assert rest.code == 0, rest.out + rest.err
    assert "16 to create, 0 to update, 4 unchanged" in rest.out
    assert "something was loaded" in rest.out and "people are there" not in rest.out  # that one needs a read-back
    assert names(clinic) == sorted(f"Ng {number}" for number in range(1, 11))


def test_a_sample_needs_a_model_that_says_of_whom(tmp_path: Path) -> None:
    with start(api_key=KEY, automations=False) as url:
        answer = Clinic(tmp_path, url).built().shift("plan", "--sample", "2")
    assert answer.code == 2
    assert "there is no 'twenty__sample_traits'" in answer.err


@pytest.mark.parametrize(("word", "code", "loaded"), [("n", 130, 0), ("y", 0, 2)])
def test_a_person_at_a_terminal_is_asked(clinic: Clinic, word: str, code: int, loaded: int) -> None:
    ours, theirs = os.openpty()
    os.write(ours, f"{word}\n".encode())
    done = subprocess.run(
        [sys.executable, "-m", "shift", "load", "--sample", "2"],
        cwd=clinic.folder,
        env={**os.environ, "TWENTY_URL": clinic.url, "TWENTY_API_KEY": KEY},
        stdin=theirs,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    os.close(ours)
    os.close(theirs)
    assert done.returncode == code, done.stdout + done.stderr
    assert "Write this to the CRM (4 records)?" in done.stdout
    assert len(clinic.people()) == loaded


def test_a_part_is_read_back_alone(clinic: Clinic) -> None:
    assert clinic.shift("load", "--yes", "--sample", "4").code == 0
    assert clinic.shift("load", "--yes", "--accept", "unconfirmed-mapping").code == 0
    assert [one["object"] for one in answered(clinic, "diff", "--object", "task")["objects"]] == ["task"]
    assert [one["records"] for one in answered(clinic, "diff", "--run", "2")["objects"]] == [6, 6]
    answer = clinic.shift("diff", "--object", "task")
    assert "The reconciliation was left out" in answer.out
    for words, said in ((("--object", "tusk"), "no model writes 'tusk'"), (("--run", "9"), "there was no run 9")):
        answer = clinic.shift("diff", *words)
        assert answer.code == 2 and said in answer.err


def test_what_the_crm_writes_otherwise_is_told_with_its_rule(clinic: Clinic) -> None:
    write_files(clinic.folder, {"exports/patients.csv": FILES["exports/patients.csv"].replace("p3@", "P3@")})
    assert clinic.shift("build").code == 0
    assert clinic.shift("load", "--yes", "--accept", "all").code == 0
    answer = clinic.shift("diff")
    assert answer.code == 0, answer.out
    assert "person.emails: 1 equal by the rule case_of_email, as in 3" in answer.out


def test_a_saved_plan_is_carried_out_without_asking(clinic: Clinic) -> None:
    plan = clinic.folder / "plan.json"
    saved = clinic.shift("plan", "--sample", "2", "--out", "plan.json")
    assert saved.code == 0 and "load plan.json" in saved.out, saved.out + saved.err
    assert os.stat(plan).st_mode & 0o777 == 0o600
    answer = clinic.shift("load", "plan.json")
    assert answer.code == 0, answer.out + answer.err
    assert len(clinic.people()) == 2
    again = clinic.shift("load", "plan.json")  # our own writes are no change
    assert again.code == 0, again.out + again.err
    assert "nothing to send" in again.out


def test_a_saved_plan_is_refused_once_something_has_changed(clinic: Clinic) -> None:
    assert clinic.shift("load", "--yes", "--sample", "2").code == 0
    assert clinic.shift("plan", "--out", "plan.json", "--accept", "unconfirmed_mapping").code == 0
    write_files(clinic.folder, {"exports/patients.csv": FILES["exports/patients.csv"].replace("Ng 5", "Ngo 5")})
    assert clinic.shift("build").code == 0
    answer = clinic.shift("load", "plan.json")
    assert answer.code == 1
    assert "the rows of twenty__person have changed" in answer.err
    assert len(clinic.people()) == 2


def test_a_saved_plan_is_refused_once_somebody_changed_the_crm(clinic: Clinic) -> None:
    assert clinic.shift("plan", "--sample", "2", "--out", "plan.json").code == 0
    edit(clinic)
    answer = clinic.shift("load", "plan.json")
    assert answer.code == 1
    assert "the CRM has changed: records" in answer.err
    assert clinic.people() == []


def test_a_saved_plan_takes_no_other_choices(clinic: Clinic) -> None:
    assert clinic.shift("plan", "--sample", "2", "--out", "plan.json").code == 0
    answer = clinic.shift("load", "plan.json", "--retry-rejected")
    assert answer.code == 2
    assert "A saved plan says itself what was chosen" in answer.err


def test_without_a_pull_the_plan_says_what_it_did_not_check(clinic: Clinic) -> None:
    assert clinic.shift("pull").code == 0
    plan = answered(clinic, "plan", "--sample", "2", "--no-pull")
    [said] = [one for one in plan["findings"] if one["name"] == "not_pulled"]
    assert said["examples"][0].startswith("last pull: 20")
    assert "Calls are counted by the batch_size of project.yml" in said["message"]
    answer = clinic.shift("load", "--sample", "2", "--no-pull", "--yes")
    assert answer.code == 0, answer.out + answer.err
    assert "not_pulled" in answer.out
    assert len(clinic.people()) == 2


def test_what_a_killed_load_left_is_no_hindrance(clinic: Clinic) -> None:
    target = clinic.folder / "target"
    for name in ("work.duckdb", "work.duckdb.wal"):
        (target / name).write_bytes(b"half of something")
    assert clinic.shift("load", "--sample", "2", "--yes").code == 0
    assert list(target.glob("work.duckdb*")) == []


def test_a_pull_is_told_to_programs(clinic: Clinic) -> None:
    assert answered(clinic, "pull")["tables"]["members"] > 0


def test_others_may_look_on_and_build_while_a_load_runs(tmp_path: Path) -> None:
    """`status` tells how far it is, and the DuckDB file is free."""
    many = "id,last_name,email\n" + "".join(f"{n},Ng {n},p{n}@clinic.example\n" for n in range(1, 81))
    slowly = PROJECT.rstrip() + "\n    concurrency: 1\n"
    with start(api_key=KEY, automations=False, latency=0.2) as url:
        clinic = Clinic(tmp_path, url).built(**{"project.yml": slowly, "exports/patients.csv": many})
        loading = subprocess.Popen(
            [sys.executable, "-m", "shift", "load", "--yes"],
            cwd=tmp_path,
            env={**os.environ, "TWENTY_URL": url, "TWENTY_API_KEY": KEY},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            wait_until(lambda: begun(tmp_path))
            loading.send_signal(signal.SIGSTOP)
            modelling = answered(clinic, "status")
            with closing(duckdb.connect(str(tmp_path / "target" / "shift.duckdb"))) as connection:
                assert connection.execute("select count(*) from twenty.person").fetchone() == (80,)
            loading.send_signal(signal.SIGCONT)
            wait_until(lambda: created(tmp_path) >= 4)
            loading.send_signal(signal.SIGSTOP)  # so that it is in the middle for as long as it is looked at
            status = answered(clinic, "status")
            with closing(duckdb.connect(str(tmp_path / "target" / "shift.duckdb"))) as connection:
                assert connection.execute("select count(*) from twenty.person").fetchone() == (80,)
        finally:
            loading.send_signal(signal.SIGCONT)
            out, err = loading.communicate(timeout=60)
        assert loading.returncode == 0, out + err
    assert status["running"]["process"] == loading.pid
    assert status["calls_last_minute"] > 0
    assert (modelling["progress"][0]["object"], modelling["progress"][0]["planned"]) == ("data model", 2)
    made, people = status["progress"][:2]
    assert (made["done"], made["planned"]) == (2, 2)
    assert people["planned"] == 80 and people["done"] >= 4
    assert [(run["command"], run["status"]) for run in status["runs"]] == [("load", None)]
    assert not (tmp_path / "target" / "work.duckdb").exists()


def test_status_starts_what_a_killed_load_has_stopped(tmp_path: Path) -> None:
    with start(api_key=KEY) as url:
        clinic = Clinic(tmp_path, url).built(**AUTOMATIONS)
        workspace = answered(clinic, "pull")["workspace"]
        [(id, name)] = active(tmp_path)
        httpx.delete(
            f"{url}/rest/workflowAutomatedTriggers/{id}?soft_delete=true",
            headers={"Authorization": f"Bearer {KEY}"},
            trust_env=False,
        ).raise_for_status()
        path = tmp_path / "state" / "ledger.sqlite"
        with ledger.writing(path, "twenty", Workspace(**workspace)) as book, book.run("load"):
            book.note_automation("paused", id, name)
        clinic.shift("pull")
        assert active(tmp_path) == []

        answer = clinic.shift("status")
        assert answer.code == 0, answer.out + answer.err
        assert f"Automations stopped for a load: {name}." in answer.out
        assert f"Started again: {name}." in answer.err
        clinic.shift("pull")
        assert active(tmp_path) == [(id, name)]
        assert answered(clinic, "status")["paused_automations"] == []


def active(folder: Path) -> list[tuple[str, str]]:
    """The automations that the last pull found."""
    with closing(duckdb.connect(str(folder / "target" / "shift.duckdb"), read_only=True)) as connection:
        return connection.execute("select id, workflow from destination.automations").fetchall()


def begun(folder: Path) -> bool:
    """Whether a load has begun to make what the data model lacks."""
    return counted(folder, "schema_changes") > 0


def created(folder: Path) -> int:
    return counted(folder, "outcomes")


def counted(folder: Path, table: str) -> int:
    ledger = folder / "state" / "ledger.sqlite"
    if not ledger.exists():
        return 0
    with closing(sqlite3.connect(f"{ledger.as_uri()}?mode=ro", uri=True)) as connection:
        try:
            [(count,)] = connection.execute(f"select count(*) from {table}").fetchall()
        except sqlite3.OperationalError:  # its tables are being made
            return 0
    return int(count)


def wait_until(condition: Any, seconds: float = 60) -> None:
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "it did not happen in time"
        time.sleep(0.05)
