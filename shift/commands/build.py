"""`build`: land the exports, run the models, test them."""

from __future__ import annotations

import click

from shift.commands.common import exclude_option, exports_option, select_option, with_project
from shift.project import Project


@click.command()
@with_project
@exports_option
@select_option
@exclude_option
@click.option("-v", "--verbose", is_flag=True, help="Name the tests that pass, too.")
def command(project: Project, select: tuple[str, ...], exclude: tuple[str, ...], verbose: bool) -> None:
    """Land the exports, run the models in order, and test each as soon as it has run.

    \b
    Examples:
      shift-etl build
      shift-etl build --exports ~/Downloads/cliniko --select +twenty__person
    """
    from shift.commands.running import of_stage, run_nodes
    from shift.graph import read_graph
    from shift.graph import select as selected

    graph = read_graph(project)
    run_nodes(graph, of_stage(graph, selected(graph, select, exclude), "build"), land_first=True, verbose=verbose)
