"""Files of patients from end to end: sent once, changed when they change, and never doubled."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import duckdb
import httpx
import pytest
from clinics import write_exports
from moved import ACCEPTED, KEY, PROJECT, Moved
from support import shift, write_files

from shift.sandbox.twenty import start
from shift.starter import new_project

INDEX = "attachments/Patient attachments-Cliniko-20260801.csv"
LISTED = {"ID": "1", "Patient ID": "7", "File": "7/letter.txt", "Filename": "letter.txt"}


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("files") / "clinic"
    new_project(folder)
    write_files(folder, {"project.yml": PROJECT, "exports/attachments/7/letter.txt": "as it was"})
    write_exports(
        folder / "exports",
        {"Patients-Cliniko-20260801.csv": [{"Patient ID": "7", "First Name": "A", "Last Name": "N"}]},
    )
    write_exports(folder / "exports", {INDEX: [LISTED]})
    answer = shift(folder, "build")
    assert answer.code == 0, answer.out + answer.err
    return folder


@pytest.fixture
def clinic(built: Path, tmp_path: Path) -> Iterator[Moved]:
    folder = Path(shutil.copytree(built, tmp_path / "clinic"))
    with (
        duckdb.connect() as nothing,
        start(api_key=KEY, members=["front.desk@clinic.example"], automations=False) as url,
    ):
        yield Moved(nothing, url, folder, "{}")


def run(clinic: Moved, *words: str) -> str:
    """What a command that must go well prints."""
    answer = clinic.shift(*words)
    assert answer.code == 0, answer.out + answer.err
    return answer.out


def files(clinic: Moved) -> list[tuple[str, str, str]]:
    """Of each attachment: its id, its name, and what the CRM gives out for it."""
    return [
        (one["id"], one["file"][0]["label"], httpx.get(one["file"][0]["url"], trust_env=False).text)
        for one in clinic.records("attachments")
    ]


def test_a_file_is_sent_once_and_again_when_it_has_changed(clinic: Moved) -> None:
    run(clinic, "load", "--yes", *ACCEPTED)
    [(id, name, content)] = files(clinic)
    assert (name, content) == ("letter.txt", "as it was")

    write_files(clinic.folder, {"exports/attachments/7/letter.txt": "as it is now"})
    write_exports(clinic.folder / "exports", {INDEX: [LISTED | {"Filename": "Letter.txt"}]})
    run(clinic, "build")
    assert "0 to create, 1 to update" in run(clinic, "load", "--yes", *ACCEPTED)
    assert files(clinic) == [(id, "Letter.txt", "as it is now")]
    run(clinic, "diff")


def test_a_file_that_changed_since_the_build_is_not_sent(clinic: Moved) -> None:
    write_files(clinic.folder, {"exports/attachments/7/letter.txt": "changed meanwhile"})
    answer = clinic.shift("load", "--yes", *ACCEPTED, "--accept", "exports_not_landed")
    assert answer.code == 3, answer.out + answer.err
    assert files(clinic) == []
    assert "has changed since the exports were read" in clinic.shift("rejects").out
