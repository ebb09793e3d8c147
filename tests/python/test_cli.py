"""The command line: what it lists, how it ends, and that a user's mistake is a sentence and never a traceback."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import click
import pytest
from support import shift_process

from shift import cli as module
from shift.cli import COMMANDS, cli
from shift.commands.rejects import next_steps
from shift.invocation import command


@pytest.mark.parametrize("name", list(COMMANDS))
def test_each_command_is_there_with_an_example(name: str) -> None:
    context = click.Context(cli)
    found = cli.get_command(context, name)
    assert found is not None
    assert "Example" in found.get_help(click.Context(found, info_name=name)), f"the help of {name} shows no example"


@pytest.mark.parametrize("name", list(COMMANDS))
def test_commands_on_a_project_take_the_same_options(name: str) -> None:
    """So that a command that a message names, with the options that were given here, is one that can be called."""
    found = cli.get_command(click.Context(cli), name)
    assert found is not None
    options = {option for parameter in found.params for option in parameter.opts}
    if name not in ("init", "demo", "sandbox", "synth"):
        assert {"--project-dir", "--to", "--vars", "--exports"} <= options


def test_help_names_every_command_and_imports_none(tmp_path: Path) -> None:
    script = (
        "import sys; sys.argv = ['shift-etl', '--help']\n"
        "from shift.cli import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "print([m for m in sys.modules if m in ('duckdb', 'httpx', 'jinja2', 'yaml', 'msgspec', 'numpy', 'rich')])\n"
    )
    answer = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, cwd=tmp_path, check=True)
    assert answer.stdout.splitlines()[-1] == "[]"
    for name in COMMANDS:
        assert f"\n  {name} " in answer.stdout


def test_a_mistyped_command_gets_a_hint_and_exit_2(tmp_path: Path) -> None:
    answer = shift_process(tmp_path, "bild")
    assert answer.code == 2
    assert "Did you mean 'build'?" in answer.err


def test_a_mistake_of_the_users_is_a_sentence(tmp_path: Path) -> None:
    answer = shift_process(tmp_path, "build")
    assert answer.code == 2
    assert answer.err.startswith("Error: .: there is no project.yml here")
    assert "Traceback" not in answer.err


def test_the_version_is_that_of_the_distribution(tmp_path: Path) -> None:
    from importlib.metadata import version

    assert shift_process(tmp_path, "--version").out.strip() == f"shift-etl {version('shift-etl')}"


def test_an_interruption_ends_with_130(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(module, "cli", interrupted)
    with pytest.raises(SystemExit) as caught:
        module.main()
    assert caught.value.code == 130


@pytest.mark.parametrize(
    ("statuses", "steps"),
    [
        ({"gone"}, []),
        ({"kept"}, ["load", "rollback"]),
        ({"held back"}, ["build", "load"]),
        ({"rejected", "kept"}, ["build", "load", "load --retry-rejected", "rollback"]),
    ],
)
def test_what_to_do_about_rejects_depends_on_what_they_are(statuses: set[str], steps: list[str]) -> None:
    assert next_steps(statuses) == [command(*step.split()) for step in steps]
