"""`run`: models alone, over what was landed before."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from shift.commands.common import with_selection

if TYPE_CHECKING:
    from shift.graph import Graph, Selection


@click.command()
@with_selection
def command(graph: Graph, selection: Selection) -> None:
    """Run models over what the last `build` landed; no tests.

    \b
    Example:
      shift-etl run --select twenty__person+
    """
    from shift.commands.running import of_stage, run_nodes

    run_nodes(graph, of_stage(graph, selection))
