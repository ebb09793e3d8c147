"""`ls`: what there is, and what a selector means."""

from __future__ import annotations

import click

from shift.commands.common import exclude_option, output_option, print_json, select_option, with_project
from shift.project import Project


@click.command()
@with_project
@select_option
@exclude_option
@click.option(
    "--resource-type",
    type=click.Choice(["model", "test", "source"]),
    multiple=True,
    help="Only these; all of them otherwise.",
)
@output_option
def command(
    project: Project, select: tuple[str, ...], exclude: tuple[str, ...], resource_type: tuple[str, ...], output: str
) -> None:
    """List models, tests and sources, in the order in which they run.

    \b
    Examples:
      shift-etl ls --resource-type model
      shift-etl ls --select +twenty__person
    """
    from shift.graph import read_graph
    from shift.graph import select as selected

    graph = read_graph(project)
    selection = selected(graph, select, exclude)
    rows: list[dict[str, str]] = []
    if not select:
        rows += [
            {"resource_type": "source", "name": f"{source}.{table}", "description": found.description or ""}
            for (source, table), (_, found) in sorted(project.sources.items())
        ]
    for name in graph.order:
        if name in selection.models:
            described = graph.models[name].described
            text = described.properties.description if described else None
            rows.append({"resource_type": "model", "name": name, "description": text or ""})
    rows += [
        {"resource_type": "test", "name": name, "description": graph.tests[name].where}
        for name in sorted(selection.tests)
    ]
    rows = [row for row in rows if not resource_type or row["resource_type"] in resource_type]
    if output == "json":
        print_json(rows)
    else:
        for row in rows:
            click.echo(f"{row['resource_type']:<7} {row['name']}")
