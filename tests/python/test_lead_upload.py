"""Patients' files on leads of Nutshell: sent once, whatever is lost on the way, and looked at in the twin's own API."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import duckdb
import httpx
import pytest
from clinics import Rows, write_exports
from moved import ACCEPTED
from nutshell_moved import FALLBACK, KEY, PROJECT, USER, MovedToNutshell
from one_object import Load
from staged import hasty
from support import write_files

from loaders.nutshell import Nutshell, connect
from loaders.nutshell_wire import Addresses, Rpc
from shift.destination import FieldDefinition, Record, Row, Settings
from shift.errors import Again, Refused, Stop
from shift.http import Call, Client, Pacer
from shift.sandbox.nutshell import start
from shift.starter import new_project

# One above the limit of 0.001 MB, three of one name, two of which are alike, and one of that name for another patient.
FILES = {
    "1/knee.txt": "x" * 900,
    "1/big.txt": "x" * 1100,
    "1/again/knee.txt": "y" * 900,
    "2/knee.txt": "z" * 900,
    "1/twice/knee.txt": "x" * 900,
}
INDEX: Rows = [
    {"id": str(501 + at), "patient_id": path[0], "file": path, "filename": Path(path).name}
    for at, path in enumerate(FILES)
]
PATIENTS: Rows = [
    {"Patient ID": "1", "First Name": "Zoë", "Last Name": "Berg"},
    {"Patient ID": "2", "First Name": "Ada", "Last Name": "Low"},
    {"Patient ID": "3", "First Name": "No", "Last Name": "Files"},
]
SETTINGS = json.dumps({"attachments": "lead_upload", "attachment_limit_mb": 0.001})
MEANT = {
    "Files of Zoë Berg": {"knee (501).txt": "x" * 900, "knee (503).txt": "y" * 900, "knee (505).txt": "x" * 900},
    "Files of Ada Low": {"knee (504).txt": "z" * 900},
}
UNTRIED = ("--accept", "lead_upload_was_never_tried")
MARK = "Cliniko Patient ID"


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("leads") / "clinic"
    new_project(folder)
    write_files(folder, {"project.yml": PROJECT})
    write_files(folder / "exports" / "attachments", FILES)
    index = "attachments/Patient attachments-Cliniko-20260801.csv"
    write_exports(folder / "exports", {"Patients-Cliniko-20260801.csv": PATIENTS, index: INDEX})
    with duckdb.connect() as nothing:
        answer = MovedToNutshell(nothing, "http://127.0.0.1:9", folder, SETTINGS).shift("build")
    assert answer.code == 0, answer.out + answer.err
    return folder


@contextmanager
def clinic(built: Path, folder: Path, lead_files: str = "take") -> Iterator[MovedToNutshell]:
    """The built clinic, beside a new account."""
    shutil.copytree(built, folder)
    with (
        duckdb.connect() as nothing,
        start(api_key=KEY, user=USER, members=[FALLBACK], behaviour={"lead_files": lead_files}) as url,
    ):
        yield MovedToNutshell(nothing, url, folder, SETTINGS)


def run(clinic: MovedToNutshell, *words: str, code: int = 0) -> str:
    answer = clinic.shift(*words)
    assert answer.code == code, answer.out + answer.err
    return answer.out + answer.err


def load(clinic: MovedToNutshell, code: int = 0) -> str:
    return run(clinic, "load", "--yes", *ACCEPTED, *UNTRIED, code=code)


def content(file: Mapping[str, Any], **headers: str) -> httpx.Response:
    return httpx.get(file["uri"], auth=(USER, KEY), headers=headers, trust_env=False)


def held(clinic: MovedToNutshell) -> dict[str, dict[str, str]]:
    """By lead and name: the contents of all files."""
    told: dict[str, dict[str, str]] = {}
    for lead in clinic.every("findLeads"):
        files = told.setdefault(lead["description"], {})
        assert len({file["name"] for file in lead["file"]}) == len(lead["file"])
        files |= {file["name"]: content(file).text for file in lead["file"]}
    return told


def test_files_lie_on_a_lead_of_their_person_and_go_as_they_came(built: Path, tmp_path: Path) -> None:
    with clinic(built, tmp_path / "clinic") as moved:
        blocked = run(moved, "plan", code=1)
        assert "lead_upload_was_never_tried" in blocked
        run(moved, "load", "--sample", "2", "--yes", *ACCEPTED, *UNTRIED)
        sampled = {f"Files of {person['name']['displayName']}" for person in moved.people().values()}
        assert held(moved) == {lead: files for lead, files in MEANT.items() if lead in sampled}
        load(moved)
        assert held(moved) == MEANT
        people = moved.people()
        leads = {lead["customFields"]["Cliniko Patient ID"]: lead for lead in moved.every("findLeads")}
        assert {key: [one["id"] for one in lead["contacts"]] for key, lead in leads.items()} == {
            key: [people[key]["id"]] for key in ("1", "2")
        }
        file = leads["2"]["file"][0]
        part = content(file, Range="bytes=0-3")
        assert (part.status_code, part.text) == (206, "zzzz")
        told = sorted(note["body"].splitlines()[1] for note in moved.notes())
        assert told[0] == "It lies in the handover folder: files/1/big (502).txt"
        names = sorted(name for files in MEANT.values() for name in files)
        assert [line.partition(";")[0] for line in told[1:]] == [
            f"It lies on the lead of this person's files: {name}" for name in names
        ]
        [folder] = [path.relative_to(moved.folder) for path in moved.folder.rglob("handover/**/files/**/*.txt")]
        assert folder.name == "big (502).txt"

        looked = run(moved, "diff")
        assert "files on leads add up" in looked and "every file reads back as sent" in looked

        before = moved.every("findLeads")
        assert "0 to create, 0 to update" in load(moved)
        assert moved.every("findLeads") == before

        run(moved, "rollback", "--all", "--yes")
        assert moved.every("findLeads") == moved.every("findContacts") == []


# --- what is lost on the way ---------------------------------------------------------------------------------------

# The field that leads are found by, and the lead itself.
WRITES_BEFORE_FILES = 2


@contextmanager
def a_lead(faults: str = "", lead_files: str = "take", **options: Any) -> Iterator[tuple[Nutshell, str]]:
    """A connection to an account with one lead, and the lead's id."""
    with start(api_key=KEY, user=USER, faults=faults, behaviour={"lead_files": lead_files}) as url:
        client = Client(url, pacer=Pacer(60_000), **options)
        with closing(connect(Settings("nutshell", url=url, user=USER, api_key=KEY), client)) as nutshell:
            nutshell.provision(FieldDefinition("lead", MARK, "Text", MARK))
            [made] = nutshell.create("lead", [Row("7", None, json.dumps({MARK: "7", "description": "Files"}))])
            yield nutshell, made.id


def file_row(lead: str, file: Path) -> Row:
    hash = hashlib.sha256(file.read_bytes()).hexdigest()
    named = {"name": file.name, "mime": "text/plain", "size": file.stat().st_size}
    payload = {"lead": lead, **named, "file": {"$file": file.name, "$sha256": hash}}
    return Row(file.stem, None, json.dumps(payload))


def contents(nutshell: Nutshell) -> list[tuple[str, int]]:
    """Name and size of each file that the account gives out, by name."""
    told = [one for record in nutshell.every("file") for one in nutshell.files("file", record)]
    return sorted((one.name, one.size_bytes) for one in told)


@pytest.fixture
def letters(tmp_path: Path) -> list[Path]:
    write_files(tmp_path, {"a.txt": "a letter", "b.txt": "another one"})
    return [tmp_path / "a.txt", tmp_path / "b.txt"]


@pytest.mark.parametrize("fault", ["drop", "500", "429", "garble"])
@pytest.mark.parametrize("step", ["announced", "sent"])
def test_a_lost_answer_neither_loses_a_file_nor_doubles_one(
    letters: list[Path], connection: duckdb.DuckDBPyConnection, tmp_path: Path, step: str, fault: str
) -> None:
    call = WRITES_BEFORE_FILES + (1 if step == "announced" else 2)
    with a_lead(f"{fault}:call={call}") as (nutshell, lead):
        load = Load(nutshell, "file", connection, tmp_path, hasty)
        assert load.of([file_row(lead, file) for file in letters]).objects[0].counts == {"created": 2}
        assert contents(nutshell) == [("a.txt", 8), ("b.txt", 11)]
        assert len(load.ids()) == len(list(nutshell.every("file"))) == 2
        assert load.roll_back()
        assert list(nutshell.every("file")) == []


@pytest.mark.parametrize("call", ["upload", "create"])
def test_a_load_that_ends_between_a_call_and_its_answer_goes_on(
    letters: list[Path],
    connection: duckdb.DuckDBPyConnection,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    call: str,
) -> None:
    with a_lead() as (nutshell, lead):
        load = Load(nutshell, "file", connection, tmp_path, hasty)
        rows = [file_row(lead, file) for file in letters]
        carried_out = getattr(nutshell, call)

        def ending(*words: Any) -> None:
            carried_out(*words)
            raise MemoryError

        with monkeypatch.context() as patch, pytest.raises(MemoryError):
            patch.setattr(nutshell, call, ending)
            load.of(rows)
        load.of(rows)
        assert contents(nutshell) == [("a.txt", 8), ("b.txt", 11)]
        assert len(load.ids()) == len(list(nutshell.every("file"))) == 2
        assert load.of(rows).objects[0].counts == {}


def test_what_was_announced_and_never_sent_is_sent_there(letters: list[Path]) -> None:
    with a_lead(f"500:call={WRITES_BEFORE_FILES + 2}") as (nutshell, lead):
        row = file_row(lead, letters[0])
        with pytest.raises(Again):
            nutshell.upload("file", "file", letters[0], row)
        [announced] = nutshell.every("file")
        assert [found.state for found in nutshell.find("file", [row])] == ["absent"]
        id = nutshell.upload("file", "file", letters[0], row)
        assert (id, contents(nutshell)) == (announced.id, [("a.txt", 8)])
        assert [found.state for found in nutshell.find("file", [row])] == ["live"]


def test_files_of_one_lead_go_one_after_another(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """While one is announced and not yet sent, another thread comes with one of the same name and size."""
    names = ("1/scan.txt", "2/scan.txt")
    write_files(tmp_path, dict(zip(names, ("left", "knee"), strict=True)))
    send = Addresses.send
    with a_lead() as (nutshell, lead), ThreadPoolExecutor(1) as other:
        first, second = ((tmp_path / name, file_row(lead, tmp_path / name)) for name in names)
        begun: list[Future[str]] = []

        def sending(self: Addresses, *words: Any) -> None:
            if not begun:
                begun.append(other.submit(nutshell.upload, "file", "file", *second))
                wait(begun, timeout=0.2)
            send(self, *words)

        monkeypatch.setattr(Addresses, "send", sending)
        ids = [nutshell.upload("file", "file", *first), begun[0].result()]
        assert [record.id for record in nutshell.read("file", ids)] == sorted(ids)
        told = [nutshell.files("file", record)[0].sha256 for record in nutshell.read("file", ids)]
        assert told == [hashlib.sha256(content).hexdigest() for content in (b"left", b"knee")]


def test_a_file_without_an_address_is_told_of(letters: list[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    with a_lead() as (nutshell, lead):
        row = file_row(lead, letters[0])
        nutshell.upload("file", "file", letters[0], row)
        call = Rpc.call

        def without_address(self: Rpc, method: str, *words: Any) -> Any:
            answer = call(self, method, *words)
            return answer | {"file": [{name: one[name] for name in one if name != "uri"} for one in answer["file"]]}

        monkeypatch.setattr(Rpc, "call", without_address)
        with pytest.raises(Refused, match="tells no address of this file"):
            nutshell.upload("file", "file", letters[0], row)
        with pytest.raises(Refused, match="tells no address of this file"):
            nutshell.files("file", Record("7-leads/1-files", '{"name": "a.txt", "uri": null}'))


def test_what_a_file_costs_and_what_of_it_lasts(letters: list[Path]) -> None:
    calls: list[Call] = []
    with a_lead(on_call=calls.append) as (nutshell, lead):
        row = file_row(lead, letters[0])
        calls.clear()
        id = nutshell.upload("file", "file", letters[0], row)
        nutshell.create("file", [Row("a", None, json.dumps({"file": id}))])
        assert len(calls) == 1 + nutshell.calls_to_create("file", row.payload)
        [record] = nutshell.read("file", [id])
        body = json.loads(record.body)
        assert body.keys() - nutshell.lasting("file", body).keys() == {"uri"}


def test_a_file_that_changed_is_not_put_beside_the_old_one(letters: list[Path]) -> None:
    with a_lead() as (nutshell, lead):
        id = nutshell.upload("file", "file", letters[0], file_row(lead, letters[0]))
        letters[0].write_text("rewritten")
        with pytest.raises(Refused, match="no API is known to change a file"):
            nutshell.upload("file", "file", letters[0], Row("a", id, file_row(lead, letters[0]).payload))
        assert contents(nutshell) == [("a.txt", 8)]


def test_what_hangs_on_a_lead_is_told(letters: list[Path]) -> None:
    with a_lead() as (nutshell, lead):
        id = nutshell.upload("file", "file", letters[0], file_row(lead, letters[0]))
        note = Row("n", None, json.dumps({"parent": lead, "body": "theirs"}))
        [made] = nutshell.create("note", [note])
        assert {(one.object, one.id, one.to) for one in nutshell.references("lead", [lead])} == {
            ("note", made.id, lead),
            ("file", id, lead),
        }
        nutshell.delete("lead", [Record(lead, "")])
        assert [list(nutshell.read("file", [id])), list(nutshell.every("file"))] == [[], []]
        assert [found.state for found in nutshell.find("file", [Row("a", id, "{}")])] == ["soft_deleted"]
        nutshell.delete("file", [Record(id, "")])
        with pytest.raises(Refused, match="its lead is not there"):
            nutshell.upload("file", "file", letters[0], file_row(lead, letters[0]))


def test_a_file_that_no_edit_takes_off_its_lead_goes_with_the_lead(letters: list[Path]) -> None:
    with a_lead(lead_files="append") as (nutshell, lead):
        file = Record(nutshell.upload("file", "file", letters[0], file_row(lead, letters[0])), "")
        with pytest.raises(Refused, match="it goes with the lead alone"):
            nutshell.delete("file", [file])
        assert contents(nutshell) == [("a.txt", 8)]
        nutshell.delete("lead", [Record(lead, "")])
        assert [one.id for one in nutshell.delete("file", [file])] == [file.id]


def test_the_key_goes_to_no_other_host() -> None:
    with a_lead() as (nutshell, _):
        record = Record("7-leads/1-files", json.dumps({"name": "a.txt", "uri": "http://elsewhere.example/file/1"}))
        with pytest.raises(Stop, match=r"elsewhere\.example, which is not given the key"):
            nutshell.files("file", record)


# --- what the account makes of it ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("lead_files", "code", "status", "words"),
    [("ignore", 1, "refused", "Set `attachments: folder`"), ("refuse", 3, "rejected", "")],
)
def test_an_account_that_takes_no_files_is_told_of_and_none_counts_as_loaded(
    built: Path, tmp_path: Path, lead_files: str, code: int, status: str, words: str
) -> None:
    with clinic(built, tmp_path / "clinic", lead_files) as moved:
        assert words in load(moved, code=code)
        objects = json.loads(moved.shift("status", "--output", "json").out)["objects"]
        assert {one["status"] for one in objects if one["object"] == "file"} <= {status}
        assert {one["status"] for one in objects if one["object"] == "lead"} == {"created"}
        # What is refused lies in the folder, and so does what goes nowhere else, though the load stops.
        there = {row["path"] for row in moved.handed_over("files")}
        assert all((moved.folder / "handover" / path).is_file() for path in there)
        said = {note["body"].splitlines()[1].partition("in the handover folder: ")[2] for note in moved.notes()}
        assert there == (said if status == "rejected" else {"files/1/big (502).txt"})
