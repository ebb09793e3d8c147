"""`ls`: what there is, and what a selector means."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from shift.commands.common import output_option, print_json, with_selection

if TYPE_CHECKING:
    from shift.graph import Graph, Selection


@click.command()
@with_selection
@click.option(
    "--resource-type",
    type=click.Choice(["model", "test", "source"]),
    multiple=True,
    help="Only these; all of them otherwise.",
)
@output_option
def command(graph: Graph, selection: Selection, resource_type: tuple[str, ...], output: str) -> None:
    """List models, tests and sources, in the order in which they run.

    \b
    Examples:
      shift-etl ls --resource-type model
      shift-etl ls --select +twenty__person
    """
    sources = sorted(graph.project.sources.items()) if selection.models == graph.models.keys() else []
    listed = [
        *(("source", f"{source}.{table}", found.description or "") for (source, table), (_, found) in sources),
        *(("model", name, graph.models[name].description) for name in graph.order if name in selection.models),
        *(("test", name, graph.tests[name].where) for name in sorted(selection.tests)),
    ]
    rows = [
        {"resource_type": kind, "name": name, "description": description}
        for kind, name, description in listed
        if not resource_type or kind in resource_type
    ]
    if output == "json":
        print_json(rows)
    else:
        for row in rows:
            click.echo(f"{row['resource_type']:<7} {row['name']}")
