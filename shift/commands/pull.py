"""`pull`: what the CRM holds, as tables."""

from __future__ import annotations

import click

from shift.commands.common import opened, output_option, print_json, print_table, with_project
from shift.project import Project


@click.command()
@with_project
@output_option
def command(project: Project, output: str) -> None:
    """Land what the CRM holds (members, fields, people, companies) as the tables `destination.*`.

    As long as nothing of ours is in it, every record of the objects that will be written is landed whole, too.

    \b
    Example:
      shift-etl pull
    """
    from shift.connecting import connected
    from shift.graph import read_graph
    from shift.ledger import reading, require_bound
    from shift.moving import pull

    graph = read_graph(project)
    with connected(project) as destination, reading(project.ledger) as ledger:
        workspace = destination.workspace()
        require_bound(ledger, project.to or "", workspace)
        with opened(project) as connection:
            counts = pull(graph, connection, destination, ledger)
    if output == "json":
        print_json({"workspace": {"id": workspace.id, "name": workspace.name}, "tables": counts})
        return
    click.echo(f"Pulled the workspace '{workspace.name}'.")
    print_table(
        ["table", "rows"],
        [(f"destination.{name}", f"{rows:,}") for name, rows in counts.items()],
        right=frozenset({"rows"}),
    )
