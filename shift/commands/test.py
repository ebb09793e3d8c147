"""`test`: the tests, over the tables as they are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from shift.commands.common import with_selection

if TYPE_CHECKING:
    from shift.graph import Graph, Selection


@click.command()
@with_selection
@click.option("-v", "--verbose", is_flag=True, help="Name the tests that pass, too.")
def command(graph: Graph, selection: Selection, verbose: bool) -> None:
    """Run tests over the tables as they are: those of the build, and after a load those of the reconciliation.

    \b
    Examples:
      shift-etl test
      shift-etl test --select tests/reconciliation
    """
    from dataclasses import replace

    from shift.commands.running import of_stage, run_nodes

    stages = ("build", "reconciliation") if graph.project.ledger.exists() else ("build",)
    run_nodes(graph, of_stage(graph, replace(selection, models=frozenset()), *stages), verbose=verbose)
