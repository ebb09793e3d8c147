"""`init`: a project folder for one clinic."""

from __future__ import annotations

from pathlib import Path

import click


@click.command()
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.option(
    "--project-dir",
    "like",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="A project to begin with, in place of the one that comes with shift.",
)
@click.option("--to", metavar="NAME", help="The destination that the new project.yml names.")
def command(folder: Path, like: Path | None, to: str | None) -> None:
    """Make a project folder for one clinic, named after it, with all models and tests; then say what comes next.

    \b
    Example:
      shift-etl init harbour_clinic
    """
    from shift import invocation
    from shift.starter import new_project

    name = new_project(folder, like=like, to=to)
    here = _pasteable(folder)
    click.echo(f"Made the project {name} in {folder}. Next:")
    click.echo(f"  1. Put Cliniko's exports into {folder / 'exports'}.")
    click.echo(f"  2. {invocation.program('build', '--project-dir', here)}")
    click.echo(f"  3. cp {_pasteable(folder / '.env.example')} {_pasteable(folder / '.env')}")
    click.echo("     Fill in the CRM's address and key there.")
    click.echo(f"  4. {invocation.program('plan', '--project-dir', here)}")


def _pasteable(path: Path) -> str:
    return f'"{path}"' if " " in str(path) else str(path)
