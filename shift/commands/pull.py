"""`pull`: what the CRM holds, as tables."""

from __future__ import annotations

import click

from shift.commands.common import output_option, print_json, print_table, with_project
from shift.commands.opening import reading_all
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
    from dataclasses import asdict

    from shift.graph import read_graph
    from shift.moving import pull

    graph = read_graph(project)
    with reading_all(project) as there:
        assert there.destination and there.workspace, "they were asked for"
        counts = pull(graph, there.connection, there.destination, there.ledger)
    if output == "json":
        print_json({"workspace": asdict(there.workspace), "tables": counts})
        return
    click.echo(f"Pulled the workspace '{there.workspace.name}'.")
    print_table(
        ["table", "rows"],
        [(f"destination.{name}", f"{rows:,}") for name, rows in counts.items()],
        right=frozenset({"rows"}),
    )
