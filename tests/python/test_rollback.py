"""`rollback` from end to end, as a command, over HTTP: the CRM is as it was, to the record."""

from __future__ import annotations

import json
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import nutshell_moved
import pytest
from moved import move
from small_clinic import FILES, KEY, PROJECT, Clinic
from support import write_files

from shift import ledger
from shift.connecting import connected
from shift.destination import Workspace as Workplace
from shift.loading import Patience
from shift.project import open_project
from shift.sandbox.twenty import start

OBJECTS = ("companies", "people", "tasks", "taskTargets", "notes", "noteTargets", "attachments", "workspaceMembers")
# What the server sets with each write, and the links that it signs anew.
OWN = {"updatedAt", "updatedBy", "searchVector", "url"}
TASK_TARGETS = {
    "models/twenty/twenty__task_target.sql": """
        select
            ('33333333-3333-5333-8333-' || lpad("sourceSystemId", 12, '0')) as id,
            id as "taskId",
            _person as "targetPersonId",
        from {{ ref('twenty__task') }}
    """,
    "models/twenty/task_target.yml": """
        models:
          - name: twenty__task_target
            config: {load: {object: taskTarget, key: id}}
            columns:
              - name: taskId
                data_tests:
                  - relationships: {to: ref('twenty__task'), field: id}
              - name: targetPersonId
                data_tests:
                  - relationships: {to: ref('twenty__person'), field: id}
    """,
}


def exports(count: int, **names: str) -> str:
    """Patients 1 … count; ``p3="Lee"`` renames the third."""
    lines = [f"{at},{names.get(f'p{at}', f'Ng {at}')},p{at}@clinic.example" for at in range(1, count + 1)]
    return "\n".join(["id,last_name,email", *lines, ""])


def person(number: int) -> str:
    return f"11111111-1111-5111-8111-{number:012}"


class Workspace(Clinic):
    """The twin that a project goes to, to the record and the field, as its API shows it."""

    def load(self, patients: str) -> None:
        write_files(self.folder, {"exports/patients.csv": patients})
        for words in (["build"], ["load", "--yes", "--accept", "all"]):
            answer = self.shift(*words)
            assert answer.code == 0, answer.out + answer.err

    def rollback(self, *words: str, code: int = 0) -> Any:
        answer = self.shift("rollback", "--yes", "--output", "json", *words)
        assert answer.code == code, answer.out + answer.err
        return json.loads(answer.out)

    def holds(self, *plurals: str) -> dict[str, dict[str, Any]]:
        """By plural and id: whoever's records they are, but for what the server sets by itself."""
        return {plural: {one["id"]: _lasting(one) for one in self.every(plural)} for plural in plurals or OBJECTS}

    def fields(self) -> set[tuple[str, str]]:
        objects = self.send("GET", "/rest/metadata/objects?limit=200")["data"]
        return {(one["nameSingular"], field["name"]) for one in objects for field in one["fields"]}


def _lasting(value: Any) -> Any:
    """Without what the server sets by itself, and what is empty: a field that was made since is."""
    if isinstance(value, dict):
        return {
            name: _lasting(member) for name, member in value.items() if name not in OWN and member not in ("", None)
        }
    return [_lasting(member) for member in value] if isinstance(value, list) else value


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    with start(api_key=KEY, automations=False) as url:
        write_files(tmp_path, FILES | TASK_TARGETS)
        yield Workspace(tmp_path, url)


def test_the_workspace_is_what_it_was_to_the_record_and_the_field(workspace: Workspace) -> None:
    before, fields = workspace.holds(), workspace.fields()
    workspace.load(exports(10))
    assert len(workspace.holds("people")["people"]) == len(before["people"]) + 10
    answer = workspace.rollback("--all", "--schema")
    assert answer == {
        "runs": [1],
        "objects": [
            {"object": "taskTarget", "deleted": 10, "restored": 0, "left": 0},
            {"object": "task", "deleted": 10, "restored": 0, "left": 0},
            {"object": "person", "deleted": 10, "restored": 0, "left": 0},
        ],
        "left": [],
        "failures": [],
        "others": [],
        "schema_removed": [
            "field person.sourceSystemId (Source System ID): TEXT, unique",
            "field task.sourceSystemId (Source System ID): TEXT, unique",
        ],
        "schema_left": [],
        "schema_by_hand": [],
        "handover": None,
    }
    assert workspace.holds() == before
    assert workspace.fields() == fields
    again = workspace.shift("rollback", "--all", "--schema")
    assert (again.code, "This ledger made nothing of the data model that is there still" in again.out) == (0, True)

    workspace.load(exports(10))
    loaded = workspace.holds("people", "tasks", "taskTargets")
    assert [len(held) - len(before[plural]) for plural, held in loaded.items()] == [10, 10, 10]


def test_the_second_run_alone_is_undone(workspace: Workspace) -> None:
    workspace.load(exports(5))
    before = workspace.holds()
    workspace.load(exports(6, p3="Lee"))
    sample = next(id for id in before["people"] if not id.startswith("11111111"))
    workspace.send("PATCH", f"/rest/people/{sample}", jobTitle="Changed by somebody")
    answer = workspace.rollback()
    assert answer["runs"] == [2]
    assert [(one["object"], one["deleted"], one["restored"]) for one in answer["objects"]] == [
        ("taskTarget", 1, 0),
        ("task", 1, 1),
        ("person", 1, 1),
    ]
    assert answer["others"] == [{"object": "person", "id": sample, "what": "was changed in jobTitle"}]
    before["people"][sample]["jobTitle"] = "Changed by somebody"
    assert workspace.holds() == before


def test_what_others_made_of_it_is_left_and_told(workspace: Workspace) -> None:
    workspace.load(exports(5))
    workspace.send("PATCH", f"/rest/people/{person(2)}", jobTitle="Baker")
    note = workspace.send("POST", "/rest/notes", title="Call back")["data"]["createNote"]["id"]
    target = workspace.send("POST", "/rest/noteTargets", noteId=note, targetPersonId=person(4))
    answer = workspace.rollback(code=3)
    left = {one["key"]: one["reason"] for one in answer["left"]}
    assert left == {
        "2": "somebody changed jobTitle since our last write",
        "4": f"others depend on it: noteTarget {target['data']['createNoteTarget']['id']}",
    }
    assert {id for id in workspace.holds("people")["people"] if id.startswith("11111111")} == {person(2), person(4)}
    assert answer["others"] == []

    told = workspace.shift("rollback", "--all", "--force", "--yes")
    assert told.code == 0, told.out + told.err
    assert "Looked up once more" in told.out
    assert "Nothing of it stands" in workspace.shift("rollback", "--all").out
    assert not any(id.startswith("11111111") for id in workspace.holds("people")["people"])
    assert note in workspace.holds("notes")["notes"]


def test_a_rollback_that_is_killed_goes_on(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    before = workspace.holds()
    workspace.load(exports(40))
    # At ten calls a second, the first that is seen to be gone is never the last.
    write_files(workspace.folder, {"project.yml": PROJECT.replace("100000", "600")})
    with subprocess.Popen(
        [sys.executable, "-m", "shift", "rollback", "--yes"],
        cwd=workspace.folder,
        env={"PATH": "", "TWENTY_URL": workspace.url, "TWENTY_API_KEY": KEY},
        stdout=subprocess.DEVNULL,
    ) as process:
        while len(workspace.holds("tasks")["tasks"]) == len(before["tasks"]) + 40:
            assert process.poll() is None
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)
    write_files(workspace.folder, {"project.yml": PROJECT})
    # What the killed one sent has arrived by now; a load cannot know that, and would wait for half a minute.
    monkeypatch.setattr(Patience, "wait_until", lambda *_: None)
    assert workspace.holds() != before
    assert workspace.rollback()["runs"] == [1]
    assert workspace.holds() == before
    [*_, killed, last] = json.loads(workspace.shift("status", "--output", "json").out)["runs"]
    assert (killed["command"], killed["status"], last["status"]) == ("rollback", None, "done")


@pytest.mark.parametrize("killed", ["load", "rollback"])
def test_status_says_how_to_go_on_with_what_was_killed(tmp_path: Path, killed: str) -> None:
    write_files(tmp_path, FILES)
    there = Clinic(tmp_path, "http://localhost:1")
    with ledger.writing(open_project(tmp_path).ledger, "twenty", Workplace("w", "n")) as book, book.run(killed):
        book.intend([ledger.Intent("delete", "person", "1", "1", "")])
    [advice] = [line for line in there.shift("status").out.splitlines() if "To settle them:" in line]
    assert f"shift {killed}" in advice


def test_a_rollback_goes_where_the_models_do_not_read_any_more(workspace: Workspace) -> None:
    before = workspace.holds()
    workspace.load(exports(3))
    write_files(workspace.folder, {"models/twenty/twenty__person.sql": "select {{ no such thing }}"})
    workspace.rollback()
    assert workspace.holds() == before


def test_a_rollback_asks_first_and_may_find_nothing(workspace: Workspace) -> None:
    workspace.load(exports(2))
    answer = workspace.shift("rollback")
    assert answer.code == 2
    assert "rollback --yes" in answer.err
    asked = workspace.shift("rollback", "--schema")
    assert (asked.code, "- person.sourceSystemId" in asked.out) == (2, True)
    assert "rollback --schema --yes" in asked.err
    assert person(1) in workspace.holds("people")["people"]
    assert workspace.shift("rollback", "1", "--all").code == 2
    write_files(workspace.folder, {"handover/.written.json": "{"})
    told = workspace.rollback()
    assert (told["failures"], "does not read" in told["handover"]) == ([], True)
    again = workspace.shift("rollback", "--yes")
    assert (again.code, again.out) == (0, "There is nothing to take back.\n")


def test_purge_alone_deletes_the_ledger_and_asks_first(workspace: Workspace) -> None:
    workspace.load(exports(1))
    asked = workspace.shift("purge")
    assert asked.code == 2
    assert "purge --yes" in asked.err
    assert "state/ledger.sqlite knows of 3 records in the workspace" in asked.out
    ledger_file = workspace.folder / "state" / "ledger.sqlite"
    with closing(sqlite3.connect(ledger_file)) as book:
        workspace_id = dict(book.execute("select name, value from meta").fetchall())["workspace_id"]
    with ledger.writing(ledger_file, "twenty", Workplace(workspace_id, "")):
        held = workspace.shift("purge", "--yes")
    assert (held.code, "writes the ledger" in held.err, ledger_file.exists()) == (1, True, True)
    assert workspace.shift("purge", "--yes").out.endswith("Deleted state/ and target/.\n")
    assert sorted(path.name for path in workspace.folder.iterdir()) == ["exports", "models", "project.yml", "sources"]
    assert workspace.shift("purge").out == "There is nothing to delete.\n"


def test_a_record_that_a_load_destroyed_comes_back_whole(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the server answered of a record is what it takes, without what is empty and what it keeps by itself."""
    monkeypatch.setenv("TWENTY_URL", workspace.url)
    monkeypatch.setenv("TWENTY_API_KEY", KEY)
    project = open_project(workspace.folder)
    before = workspace.holds()
    with (
        connected(project) as destination,
        ledger.writing(project.ledger, "twenty", destination.workspace()) as book,
        book.run("load"),
    ):
        for object, records in [(object, list(destination.every(object))) for object in ("company", "person")]:
            numbers = book.intend(
                [ledger.Intent("delete", object, one.id, one.id, "", before=one.body) for one in records]
            )
            destination.delete(object, records)
            book.settle(ledger.Settled(number, "deleted") for number in numbers)
    assert workspace.holds("people", "companies") == {"people": {}, "companies": {}}
    answer = workspace.rollback()
    assert [(one["object"], one["restored"]) for one in answer["objects"]] == [("person", 5), ("company", 5)]
    assert (answer["failures"], answer["left"]) == ([], [])
    assert workspace.holds() == before


def test_a_whole_clinic_is_taken_back(tmp_path: Path) -> None:
    """Every object of the project's own models, files and marks on members among them."""
    with move(tmp_path / "clinic", 6) as moved:
        there = Workspace(moved.folder, moved.url)
        loaded = there.holds()
        assert loaded["attachments"] and loaded["notes"]
        answer = moved.shift("rollback", "--all", "--yes", "--schema", "--output", "json")
        assert answer.code == 0, answer.out + answer.err
        told = json.loads(answer.out)
        assert (told["left"], told["failures"], told["others"], told["schema_left"]) == ([], [], [], [])
        assert {one["object"] for one in told["objects"] if one["restored"]} == {"workspaceMember"}
        again = moved.shift("rollback", "--all", "--yes")
        assert (again.code, "Looked up once more" in again.out) == (0, True)
        with start(api_key=KEY, automations=False) as fresh:
            untouched = Workspace(tmp_path / "fresh", fresh)
            for plural in ("companies", "people", "tasks", "notes", "noteTargets", "taskTargets", "attachments"):
                assert there.holds(plural)[plural].keys() == untouched.holds(plural)[plural].keys()
            assert there.fields() == untouched.fields()


def test_a_clinic_in_nutshell_is_taken_back_but_for_what_no_api_removes(tmp_path: Path) -> None:
    with nutshell_moved.move(tmp_path, 3) as moved:
        assert moved.people() and moved.activities() and moved.notes()
        assert moved.handed_over("people")
        told = json.loads(moved.must("rollback", "--all", "--yes", "--schema", "--output", "json").out)
        assert not (tmp_path / "handover").exists() and "is removed" in told["handover"]
        assert (told["left"], told["failures"], told["others"], told["schema_left"]) == ([], [], [], [])
        assert any("Cliniko Patient ID" in line for line in told["schema_by_hand"])
        again = moved.must("rollback", "--schema", "--yes")
        assert "remove them in the CRM's settings" in again.out and "Cliniko Patient ID" in again.out
        assert max(map(len, again.out.splitlines())) <= 80 and len(again.out.splitlines()) < 20
        assert (moved.people(), moved.activities(), moved.notes()) == ({}, [], [])
        moved.rpc("newContact", contact={"name": "Of another clinic", "customFields": {"Cliniko Patient ID": "77"}})
        shared = moved.shift("rollback", "--schema", "--yes")
        asked, _, by_hand = shared.out.partition("remove them in the CRM's settings")
        assert shared.code == 3 and "1 records have a value there" in " ".join(asked.split())
        assert by_hand and "person.Cliniko Patient ID" not in by_hand
