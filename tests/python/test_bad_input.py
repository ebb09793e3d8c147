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


def written(name: str, text: str) -> Callable[[Path], object]:
    return lambda folder: (folder / name).write_text(text, encoding="utf-8")


def without(name: str) -> Callable[[Path], object]:
    return lambda folder: shutil.rmtree(folder / name)


def in_place_of(name: str) -> Callable[[Path], object]:
    """A file where a folder should be."""

    def spoil(folder: Path) -> None:
        shutil.rmtree(folder / name, ignore_errors=True)
        (folder / name).write_text("no folder", encoding="utf-8")

    return spoil


def edited(name: str, before: str, after: str) -> Callable[[Path], object]:
    def spoil(folder: Path) -> None:
        text = (folder / name).read_text(encoding="utf-8")
        assert before in text
        (folder / name).write_text(text.replace(before, after), encoding="utf-8")

    return spoil


@pytest.mark.parametrize(
    ("spoil", "words", "code", "said"),
    [
        (in_place_of("target"), "build", 1, "target: File exists"),
        (in_place_of("exports"), "build", 2, "exports: this is a file, not a folder"),
        (written("taken", ""), "init taken/clinic", 1, "taken/clinic: Not a directory"),
        (written("taken", ""), "schema --out taken/schemas", 1, "taken/schemas: Not a directory"),
        (written("state/ledger.sqlite", "no ledger"), "status", 1, "ledger.sqlite: this is not a ledger"),
        (written("target/shift.duckdb", "no database"), "show twenty__person", 1, "can be built again"),
        (without("target"), "run", 1, "nothing was landed yet\nLand the exports first: "),
        (without("target"), "test", 1, "nothing was landed yet\nLand the exports first: "),
        (written("models/twenty/empty.sql", " ;\n"), "ls", 1, "models/twenty/empty.sql: there is no SQL in it"),
        (written("tests/staging/empty.sql", "\n"), "test", 1, "tests/staging/empty.sql: there is no SQL in it"),
        (edited("project.yml", "to: twenty", "#"), "ls", 2, "project.yml:1: no destination was named\nSet `to:`"),
        (
            edited("project.yml", "batch_size: 60", "batch_size: many"),
            "ls",
            2,
            "'batch_size': expected a whole number, got a text",
        ),
        (
            written("models/more.yml", "models: [{name: cliniko__as_of, data_tests: [relationships]}]"),
            "ls",
            2,
            "models/cliniko/cliniko.yml",
        ),
        (None, "show twenty__perso", 2, "Did you mean 'twenty__person'?"),
        (None, "show nobody", 2, "there is no model and no test 'nobody'\nSee them: "),
        (None, "show unique_twenty__person_id", 1, "test --select unique_twenty__person_id"),
        (None, "ls --select nobody", 2, "'nobody' selects nothing\nSee what there is: "),
        (None, "sandbox twnty", 2, "There is no command 'twnty'. Did you mean 'twenty'?"),
    ],
)
def test_a_mistake_is_told_so_that_a_person_can_act(
    project: Path, spoil: Callable[[Path], object] | None, words: str, code: int, said: str
) -> None:
    (project / "state").mkdir(exist_ok=True)
    if spoil is not None:
        spoil(project)
    answer = shift(project, *words.split())
    assert (answer.code, said in answer.err) == (code, True), answer.err
    assert len(answer.err) < 1_000


def test_a_condition_that_does_not_hold_water_is_told_without_our_own_query(project: Path) -> None:
    answer = shift(project, "show", "twenty__person", "--where", "nobody = 1")
    assert answer.code == 2
    assert 'Referenced column "nobody" not found' in answer.err
    assert "LINE" not in answer.err


def test_every_command_can_be_told_where_the_exports_lie(project: Path) -> None:
    (project / "newer").mkdir()
    (project / "newer" / "Patients-Cliniko-20260901.csv").write_text(PATIENTS + "2,Bo,Ek\n", encoding="utf-8")
    plan = shift(project, "plan", "--no-pull", "--exports", "newer", "--output", "json")
    told = {finding["name"]: finding["message"] for finding in json.loads(plan.out)["findings"]}
    assert told["exports_not_landed"].endswith("build --exports newer")
    answer = shift(project, "plan", "--no-pull", "--exports", "nowhere")
    assert (answer.code, "Directory 'nowhere' does not exist." in answer.err) == (2, True)


def test_one_model_is_compiled_by_its_name_as_it_is_shown(project: Path) -> None:
    answer = shift(project, "compile", "twenty__person")
    assert (answer.code, answer.out) == (0, shift(project, "compile", "--select", "twenty__person").out)
    assert answer.out.startswith("with ")
    misspelt = shift(project, "compile", "twenty__persn")
    assert (misspelt.code, "Did you mean 'twenty__person'?" in misspelt.err) == (2, True)


def test_a_model_without_rows_says_so(project: Path) -> None:
    assert shift(project, "show", "cliniko__invoices", "--where", "false").out == "No rows.\n"


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
