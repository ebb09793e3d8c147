"""Every command that a message names works when it is pasted: never a bare `shift`, which shells keep to themselves."""

from __future__ import annotations

from pathlib import Path

import pytest

from shift import invocation


@pytest.fixture(autouse=True)
def begin_afresh(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    invocation.carry()
    monkeypatch.setattr(invocation, "_STARTED_IN", tmp_path)


def argv0(monkeypatch: pytest.MonkeyPatch, path: str | Path) -> None:
    monkeypatch.setattr("sys.argv", [str(path)])
    monkeypatch.delenv("UV_RUN_RECURSION_DEPTH", raising=False)


def program(folder: Path, name: str) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    return path


def test_a_program_on_the_path_is_named_alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    for name in ("shift-etl", "shift"):
        argv0(monkeypatch, program(tmp_path / "bin", name))
        assert invocation.command("plan") == "shift-etl plan"


def test_a_program_elsewhere_is_named_with_its_path(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    program(tmp_path / "bin", "shift-etl")
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    folder = tmp_path / "a folder"
    argv0(monkeypatch, program(folder, "shift-etl"))
    assert invocation.command("plan") == '"a folder/shift-etl" plan'
    monkeypatch.setattr(invocation, "_STARTED_IN", tmp_path / "elsewhere")
    assert invocation.command("plan") == f'"{folder}/shift-etl" plan'


def test_a_script_and_a_module_are_named_as_they_were_started(monkeypatch: pytest.MonkeyPatch) -> None:
    argv0(monkeypatch, "cli.py")
    assert invocation.command("build") == "python cli.py build"
    argv0(monkeypatch, "/somewhere/shift/__main__.py")
    monkeypatch.setattr("sys.executable", "/somewhere/python")
    assert invocation.command("build") == "/somewhere/python -m shift build"


def test_options_that_lead_to_the_project_are_named_too(monkeypatch: pytest.MonkeyPatch) -> None:
    argv0(monkeypatch, "cli.py")
    invocation.carry(project_dir="my clinic", to=None, vars="{country: NZ}")
    assert invocation.command("plan") == "python cli.py plan --project-dir 'my clinic' --vars '{country: NZ}'"
    assert invocation.program("init", "DIR") == "python cli.py init DIR"


def test_under_uv_run_the_program_is_named_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    argv0(monkeypatch, "/x/.venv/bin/shift")
    monkeypatch.setenv("UV_RUN_RECURSION_DEPTH", "1")
    assert invocation.command("load") == "uv run shift-etl load"
