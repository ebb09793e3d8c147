"""`build`: land the exports, run the models, test them."""

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
    """Land the exports, run the models in order, and test each as soon as it has run.

    \b
    Examples:
      shift-etl build
      shift-etl build --exports ~/Downloads/cliniko --select +twenty__person
    """
    from shift.commands.running import of_stage, run_nodes

    run_nodes(graph, of_stage(graph, selection, "build"), land_first=True, verbose=verbose)
