"""`demo`: a synthetic clinic into a local twin of a CRM, by the very commands that move a real one."""

from __future__ import annotations

import importlib
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import click

from shift.errors import ConfigurationError, ShiftError

# What a clinic's own move takes, too.
_READERS = ("--accept", "who_reads_clinical_notes")  # a twin's members are nobody
_STEPS = (
    ["build"],
    ["load", "--sample", "20", "--yes", *_READERS],
    ["diff", "--sample", "20"],
    ["load", "--yes", *_READERS],
    ["diff"],
)


@click.command()
@click.option(
    "--project-dir",
    "like",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="The project to show, in place of the one that comes with shift.",
)
@click.option("--to", metavar="NAME", help="The destination, in place of the one that project.yml names.")
@click.option(
    "--dir",
    "folder",
    type=click.Path(path_type=Path),
    help="Make the project here and keep it; else it goes to a temporary folder that is removed at the end.",
)
@click.option("--patients", type=click.IntRange(min=1), default=500, show_default=True, help="How large the clinic is.")
@click.option("--seed", type=int, default=1, show_default=True, help="The same seed gives the same clinic.")
def command(like: Path | None, to: str | None, folder: Path | None, patients: int, seed: int) -> None:
    """Move a synthetic clinic into a local twin of a CRM, from end to end.

    Nothing leaves this machine, and nothing is left running. Exits as the worst of its steps does.

    \b
    Example:
      shift-etl demo
      shift-etl demo --patients 50 --dir demo_clinic
    """
    from shift import invocation
    from shift.commands.sandbox import require_libraries
    from shift.starter import new_project

    require_libraries()
    with ExitStack() as stack:
        kept = folder is not None
        if folder is None:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="shift-demo-"))) / "demo_clinic"
        new_project(folder, like=like, to=to)
        members, types = _make_clinic(folder / "exports", patients, seed)
        stack.enter_context(_twin(folder, members, types))
        worst = _run(folder)
    if kept:
        click.echo(f"\nThe twin has ended; the project is kept in {folder}.")
    else:
        again = invocation.program("demo", "--dir", "demo_clinic", *(["--to", to] if to else []))
        click.echo(f"\nAll is gone again. To look around: {again}")
    sys.exit(worst)


def _make_clinic(exports: Path, patients: int, seed: int) -> tuple[list[str], list[str]]:
    """Write the exports, and give the addresses of the practitioners, who would be members of the workspace, and the
    names of the appointment types.
    """
    from shift.database import open_database
    from shift.sandbox.clinic import make

    truth = make(exports, patients, seed)
    rows = sum(truth.files.values())
    click.echo(f"A synthetic clinic of {patients:,} patients: {rows:,} rows in {len(truth.files)} exports.")
    database = truth.database.rename(exports.parent / truth.database.name)  # it is no export
    with open_database(database, read_only=True) as connection:
        found = connection.execute("select email from practitioners where email is not null order by email").fetchall()
        types = connection.execute("select distinct appointment_type from attendances order by all").fetchall()
    return [email for (email,) in found], [name for (name,) in types if name]


@contextmanager
def _twin(folder: Path, members: list[str], types: list[str]) -> Iterator[None]:
    """The destination's local twin, running, and project.yml pointed at it."""
    from shift.commands.sandbox import twins
    from shift.project import open_project

    project = open_project(folder)
    loader = project.destination.loader
    if loader not in twins():
        raise ConfigurationError(f"there is no local twin of '{loader}'", hint=f"There are: {', '.join(twins())}.")
    with importlib.import_module(f"shift.sandbox.{loader}").prepared(members, types) as destination:
        click.echo(f"A local twin of '{project.to}' at {destination['url']}, with {len(members)} members")
        _settle(folder / "project.yml", project.to, destination, members[0])
        yield


def _settle(path: Path, to: str | None, destination: dict[str, str], fallback_owner: str) -> None:
    """Write into project.yml what a clinic would decide before it loads; never an address from the environment."""
    import yaml

    settings: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    settings.setdefault("vars", {}).update({"clinical_notes": "include", "fallback_owner": fallback_owner})
    # A twin has no limit of its own, and no one else to share it with.
    settings["destinations"][to] |= {**destination, "requests_per_minute": 60_000}
    path.write_text(yaml.safe_dump(settings, sort_keys=False, allow_unicode=True), encoding="utf-8")


def _run(folder: Path) -> int:
    """Each step in this process, up to the first that fails. The worst exit code."""
    program = click.get_current_context().find_root().command
    worst = 0
    for step in _STEPS:
        click.echo(click.style(f"\n── {' '.join(step)} ".ljust(73, "─"), bold=True))
        try:
            program.main([*step, "--project-dir", str(folder)], prog_name="shift-etl", standalone_mode=False)
            code = 0
        except SystemExit as leave:
            code = int(leave.code or 0)
        except ShiftError as error:
            click.echo(f"Error: {error}", err=True)
            code = error.exit_code
        if code not in (0, 3):
            return code
        worst = max(worst, code)
    return worst
