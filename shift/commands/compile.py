"""`compile`: the SQL that models and tests become."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from shift.commands.common import with_selection

if TYPE_CHECKING:
    from shift.graph import Graph, Selection


@click.command()
@click.argument("name", required=False)
@with_selection
def command(graph: Graph, selection: Selection, name: str | None) -> None:
    """Write the SQL of models and SQL tests to target/compiled/; print it where one node is chosen.

    NAME is a model or a test, or any word that --select takes.

    \b
    Examples:
      shift-etl compile twenty__person
      shift-etl compile --select +twenty__person
    """
    if name is not None:
        from shift.graph import Selection, select

        named = select(graph, [name])
        selection = Selection(selection.models & named.models, selection.tests & named.tests)
    models = [graph.models[name] for name in selection.models]
    tests = [graph.tests[name] for name in selection.tests]
    texts = {model.shown: model.sql for model in models} | {test.where: test.sql for test in tests if test.text}
    for shown, sql in texts.items():
        graph.project.write_compiled(shown, sql)
    if len(models or tests) == 1:
        click.echo((models or tests)[0].sql)
    else:
        click.echo(f"Wrote {len(texts)} files to {graph.project.shown(graph.project.compiled)}/.")
