"""`compile`: the SQL that models and tests become."""

from __future__ import annotations

import click

from shift.commands.common import exclude_option, select_option, with_project
from shift.project import Project


@click.command()
@with_project
@select_option
@exclude_option
def command(project: Project, select: tuple[str, ...], exclude: tuple[str, ...]) -> None:
    """Write the SQL of models and SQL tests to target/compiled/; print it where one node is chosen.

    \b
    Example:
      shift-etl compile --select twenty__person
    """
    from shift.graph import read_graph
    from shift.graph import select as selected

    graph = read_graph(project)
    selection = selected(graph, select, exclude)
    texts = {graph.models[name].shown: graph.models[name].sql for name in sorted(selection.models)}
    texts |= {
        graph.tests[name].where: graph.tests[name].sql for name in sorted(selection.tests) if graph.tests[name].text
    }
    for shown, sql in texts.items():
        path = project.compiled / shown
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(sql + "\n", encoding="utf-8")
    if len(selection.models) == 1:
        click.echo(graph.models[next(iter(selection.models))].sql)
    else:
        click.echo(f"Wrote {len(texts)} files to {project.shown(project.compiled)}/.")
