"""What `build`, `run` and `test` share: open the database, run the chosen nodes, print, exit with the right code."""

from __future__ import annotations

import sys

from shift.building import failed, run
from shift.commands.opening import opened
from shift.commands.reconciliation import print_promises
from shift.commands.results import Report
from shift.database import tables_in
from shift.errors import ShiftError
from shift.graph import Graph, Selection
from shift.graph.nodes import Stage
from shift.invocation import command
from shift.moving import ensure_sources
from shift.reconciling import Promise, told


def of_stage(graph: Graph, selection: Selection, *stages: Stage) -> Selection:
    """The selection with the tests of these stages alone."""
    return Selection(selection.models, frozenset(name for name in selection.tests if graph.tests[name].stage in stages))


def run_nodes(graph: Graph, selection: Selection, *, land_first: bool = False, verbose: bool = False) -> None:
    """Run, print, and exit with 1 where something failed."""
    report = Report(graph, selection, verbose=verbose)
    promises: list[Promise] = []
    with opened(graph.project) as connection:
        if land_first:
            from shift.commands.landed import land_exports

            land_exports(graph.project, connection)
        elif graph.project.exported and not tables_in(connection, "raw"):
            raise ShiftError("nothing was landed yet", hint=f"Land the exports first: {command('build')}")
        ensure_sources(connection, graph.project)
        report.begin()
        results = run(graph, connection, selection, report=report)
        reconciled = of_stage(graph, selection, "reconciliation").tests
        if reconciled:
            promises = told(connection, [result for result in results if result.node in reconciled])
    report.end()
    print_promises(promises)
    if failed(results):
        sys.exit(1)
