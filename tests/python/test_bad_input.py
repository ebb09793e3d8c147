"""What a person gets for bad input: one clear message, the right exit code, nothing half-written, and no traceback."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import duckdb
import jsonschema
import pytest
import yaml
from support import shift

from shift.starter import new_project

PATIENTS = "Patient ID,First Name,Last Name\n1,Ana,Ng\n"


@pytest.fixture(scope="module")
def starter(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A starter project with one patient, built."""
    folder = tmp_path_factory.mktemp("starter") / "clinic"
    new_project(folder)
    (folder / "exports" / "Patients-Cliniko-20260801.csv").write_text(PATIENTS, encoding="utf-8")
    answer = shift(folder, "build")
    assert answer.code == 0, answer.out + answer.err
    return folder


@pytest.fixture
def project(starter: Path, tmp_path: Path) -> Path:
    """A copy of it, to be spoiled."""
    return Path(shutil.copytree(starter, tmp_path / "clinic"))


def exports(text: str) -> Callable[[Path], object]:
    def write(folder: Path) -> None:
        (folder / "exports" / "Patients-Cliniko-20260801.csv").write_text(text, encoding="utf-8")

    return write


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda folder: shutil.rmtree(folder / "exports"), "there is no such folder"),
        (lambda folder: next((folder / "exports").iterdir()).unlink(), "exports"),
        (exports("Patient ID,Given\n1,Ana\n"), "First Name"),
        (exports("Patient ID,First Name,Last Name,First Name\n1,Ana,Ng,B\n"), "First Name"),
        (exports(""), "empty"),
        (exports("<!DOCTYPE html><html><body>Sign in</body></html>"), "a web page"),
        (
            lambda folder: (folder / "project.yml").write_text("name: x\ntoo: twenty\n"),
            "project.yml:2: 'too' is not known",
        ),
        (lambda folder: (folder / "models" / "vars.yml").write_text("vars: [{nam: x}]"), "models/vars.yml:1"),
    ],
    ids=["no folder", "no exports", "column missing", "two of one name", "empty", "no CSV", "project.yml", "models"],
)
def test_a_build_that_cannot_be(project: Path, spoil: Callable[[Path], object], said: str) -> None:
    before = rows(project)
    spoil(project)
    answer = shift(project, "build")
    assert answer.code == 2, answer.out
    assert said in answer.err
    assert answer.err.startswith("Error: ")
    assert "Traceback" not in answer.err
    assert rows(project) == before == [("1", "Ana")]


@pytest.mark.parametrize("words", [["plan"], ["load", "--yes"], ["pull"], ["diff"]])
def test_a_crm_that_is_not_there(project: Path, words: list[str]) -> None:
    answer = shift(project, *words, TWENTY_URL="http://127.0.0.1:9", TWENTY_API_KEY="key-of-nobody")
    assert answer.code == 1
    assert "127.0.0.1:9" in answer.err
    assert "Traceback" not in answer.err
    assert "key-of-nobody" not in answer.err
    assert not (project / "state" / "ledger.sqlite").exists()


def test_a_schema_of_each_kind_of_file_is_written_and_holds_the_projects_own(project: Path) -> None:
    assert shift(project, "schema", "--out", "schemas").code == 0
    kinds = {"project": [project / "project.yml"], "sources": [], "models": []}
    for kind in ("sources", "models"):
        kinds[kind] = sorted((project / kind).rglob("*.yml"))
        assert kinds[kind]
    for kind, files in kinds.items():
        schema = json.loads((project / "schemas" / f"{kind}.json").read_text(encoding="utf-8"))
        for file in files:
            jsonschema.validate(yaml.safe_load(file.read_text(encoding="utf-8")), schema)
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate({"nobody": 1}, schema)


def rows(project: Path) -> list[tuple[str, ...]]:
    with duckdb.connect(project / "target" / "shift.duckdb", read_only=True) as connection:
        return connection.execute("select patient_id, first_name from raw.patients").fetchall()


def test_what_was_odd_about_a_file_is_said(project: Path) -> None:
    (project / "exports" / "Contacts-Cliniko-20260801.csv").write_bytes(
        "Contact ID,Company Name\n1,Zoë\n".encode("cp1252")
    )
    (project / "exports" / "Products-Cliniko-20260801.csv").write_text(
        "ID,Name\n1,Ball,too many\n2,Mat\n", encoding="utf-8"
    )
    (project / "exports" / "letter.pdf").write_bytes(b"%PDF-1.4")
    answer = shift(project, "build")
    assert answer.code == 0, answer.err
    lines = [" ".join(line.split()) for line in answer.out.splitlines()]
    assert "contacts 1 rows windows-1252" in lines
    assert "products 1 rows 1 unreadable" in lines
    assert "not landed letter.pdf: a PDF, not a CSV" in lines
