"""`init`: what a new project's folder holds, and what it says comes next."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from shift.errors import ConfigurationError
from shift.project import open_project
from shift.starter import new_project, starter_root


def files_in(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def shift(*words: str, folder: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(starter_root())}
    command = [sys.executable, "-m", "shift", *words]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)


def test_a_project_holds_the_starters_sql_and_yaml_and_no_python_but_cli(tmp_path: Path) -> None:
    new_project(tmp_path / "clinic")
    copied = files_in(tmp_path / "clinic")
    for folder in ("sources", "models", "macros"):
        expected = {f"{folder}/{name}" for name in files_in(starter_root() / folder) if name.endswith((".sql", ".yml"))}
        assert expected <= copied
    assert {name for name in copied if name.endswith(".py")} == {"cli.py"}
    assert {"project.yml", ".env.example", ".gitignore", "loaders/README.md"} <= copied


def test_git_is_told_to_leave_health_data_and_secrets_alone(tmp_path: Path) -> None:
    new_project(tmp_path)
    for path in ("exports/Patients.csv", "state/ledger.sqlite", "target/shift.duckdb", ".env"):
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).touch()
    subprocess.run(["git", "init", "--quiet"], cwd=tmp_path, check=True)
    listed = subprocess.run(
        ["git", "ls-files", "--others", "--exclude-standard"], cwd=tmp_path, check=True, capture_output=True, text=True
    ).stdout.splitlines()
    assert "project.yml" in listed and ".env.example" in listed
    assert [name for name in listed if name.startswith(("exports/", "state/", "target/")) or name == ".env"] == []


@pytest.mark.parametrize(
    ("folder", "name"),
    [
        ("harbour", "harbour"),
        ("Harbour Clinic (2)", "harbour_clinic_2"),
        ("診療所", "my_clinic"),
        ("2026", "clinic_2026"),
        ("no", "clinic_no"),
    ],
)
def test_a_project_is_named_after_its_folder(tmp_path: Path, folder: str, name: str) -> None:
    assert new_project(tmp_path / folder) == name
    project = open_project(tmp_path / folder)
    assert (project.file.name, project.variables["source_account"]) == (name, name)


def test_a_project_can_begin_with_another_and_keeps_its_models_and_comments(tmp_path: Path) -> None:
    new_project(tmp_path / "first")
    (tmp_path / "first" / "models" / "mine.sql").write_text("select 1 as one\n", encoding="utf-8")
    new_project(tmp_path / "second", like=tmp_path / "first")
    assert files_in(tmp_path / "second") == files_in(tmp_path / "first")
    settings = (tmp_path / "second" / "project.yml").read_text(encoding="utf-8")
    assert settings == (starter_root() / "project.yml").read_text(encoding="utf-8").replace("my_clinic", "second")


def test_a_destination_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="no destination is called 'twentyy'\nDid you mean 'twenty'"):
        new_project(tmp_path / "clinic", to="twentyy")
    assert not (tmp_path / "clinic").exists()


def test_what_is_there_is_never_overwritten(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(ConfigurationError, match="is not empty"):
        new_project(tmp_path)
    with pytest.raises(ConfigurationError, match="is a file"):
        new_project(tmp_path / "notes.txt")
    assert files_in(tmp_path) == {"notes.txt"}


def test_a_full_folder_is_one_sentence_and_exit_2(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").touch()
    done = shift("init", ".", folder=tmp_path)
    assert done.returncode == 2
    assert done.stderr.splitlines() == ["Error: .: it is not empty", "Name a folder that does not exist yet."]


@pytest.mark.parametrize("folder", ["clinic", "a clinic"])
def test_what_init_says_comes_next_works_when_pasted(tmp_path: Path, folder: str) -> None:
    done = shift("init", folder, folder=tmp_path)
    assert done.returncode == 0, done.stderr
    named = re.findall(r"^  \d\. (.*--project-dir.*)$", done.stdout, flags=re.MULTILINE)
    assert len(named) == 2
    [copied] = re.findall(r"^  \d\. (cp .*)$", done.stdout, flags=re.MULTILINE)
    subprocess.run(shlex.split(copied), cwd=tmp_path, check=True)
    assert (tmp_path / folder / ".env").read_text() == (tmp_path / folder / ".env.example").read_text()
    for line in named:
        words = shlex.split(line)
        assert words[-2:] == ["--project-dir", folder]
        asked = subprocess.run([*words, "--help"], cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(starter_root())})
        assert asked.returncode == 0
