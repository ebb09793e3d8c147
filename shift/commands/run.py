"""`run`: models alone, over what was landed before."""

from __future__ import annotations

import click

from shift.commands.common import exclude_option, select_option, with_project
from shift.project import Project


@click.command()
@with_project
@select_option
@exclude_option
def command(project: Project, select: tuple[str, ...], exclude: tuple[str, ...]) -> None:
    """Run models over what the last `build` landed; no tests.

    \b
    Example:
      shift-etl run --select twenty__person+
    """
    from shift.commands.running import run_nodes
    from shift.graph import Selection, read_graph
    from shift.graph import select as selected

    graph = read_graph(project)
    run_nodes(graph, Selection(selected(graph, select, exclude).models, frozenset()), land_first=False)
