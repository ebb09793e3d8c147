"""`pull`: what the CRM holds, as tables."""

from __future__ import annotations

import click

from shift.commands.common import opened, print_table, with_project
from shift.project import Project


@click.command()
@with_project
def command(project: Project) -> None:
    """Land what the CRM holds (members, fields, people, companies) as the tables `destination.*`.

    \b
    Example:
      shift-etl pull
    """
    from shift.connecting import connected
    from shift.moving import pull

    with connected(project) as destination:
        workspace = destination.workspace()
        with opened(project) as connection:
            counts = pull(project, connection, destination)
    click.echo(f"Pulled the workspace '{workspace.name}'.")
    print_table(
        ["table", "rows"],
        [(f"destination.{name}", f"{rows:,}") for name, rows in counts.items()],
        right=frozenset({"rows"}),
    )
