"""`test`: the tests, over the tables as they are."""

from __future__ import annotations

import click

from shift.commands.common import exclude_option, select_option, with_project
from shift.project import Project


@click.command()
@with_project
@select_option
@exclude_option
@click.option("-v", "--verbose", is_flag=True, help="Name the tests that pass, too.")
def command(project: Project, select: tuple[str, ...], exclude: tuple[str, ...], verbose: bool) -> None:
    """Run tests over the tables as they are: those of the build, and after a load those of the reconciliation.

    \b
    Examples:
      shift-etl test
      shift-etl test --select tests/reconciliation
    """
    from shift.commands.running import of_stage, run_nodes
    from shift.graph import Selection, read_graph
    from shift.graph import select as selected

    graph = read_graph(project)
    chosen = Selection(frozenset(), selected(graph, select, exclude).tests)
    stages = ("build", "reconciliation") if project.ledger.exists() else ("build",)
    run_nodes(graph, of_stage(graph, chosen, *stages), land_first=False, verbose=verbose)
