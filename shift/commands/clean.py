"""`clean`: remove what can be built again."""

from __future__ import annotations

import click

from shift.commands.common import with_project
from shift.project import Project


@click.command()
@with_project
def command(project: Project) -> None:
    """Remove target/: the database and the compiled SQL. The ledger in state/ stays.

    \b
    Example:
      shift-etl clean
    """
    import shutil

    target = project.database.parent
    if target.is_dir():
        shutil.rmtree(target)
        click.echo(f"Removed {project.shown(target)}/.")
    else:
        click.echo("There is nothing to remove.")
