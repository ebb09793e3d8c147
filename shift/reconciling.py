"""The reconciliation report: each test in tests/reconciliation/ is a promise, and is told with its figures.

A promise is named as its file is. Its figures are those that the test tells (see ``building``), and where it does not
hold, the rows that are wrong, which name the records by their ids in the source.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from shift.building import Result, Status, run
from shift.database import records
from shift.graph import Graph, Selection
from shift.wording import named

if TYPE_CHECKING:
    import duckdb

READ_BACK = "readback"  # the schema of what a `diff` reads
_EXCEPTIONS = 5


@dataclass(frozen=True, slots=True)
class Promise:
    """One promise, and whether it holds: ``status`` is "pass" where it does.

    One that tells figures and looked at no row was not ``asked``: nothing of it was loaded, or only a sample.

    ``exceptions`` are the first of the ``failures``, each row as `column: value, …`; where the test does not even run,
    the one exception says why.
    """

    test: str
    status: Status
    failures: int | None
    figures: Mapping[str, int | Decimal]
    exceptions: tuple[str, ...]

    @property
    def name(self) -> str:
        """In words."""
        return self.test.replace("_", " ")

    @property
    def asked(self) -> bool:
        return self.status != "pass" or self.figures != {"rows": 0}


def promises(graph: Graph, *, over_read_back: bool = True) -> Selection:
    """The tests of the reconciliation; without ``over_read_back``, those that the ledger alone can answer."""
    schemas = {table: source.schema for table, (source, _) in graph.project.sources.items()}
    return Selection(
        frozenset(),
        frozenset(
            name
            for name, test in graph.tests.items()
            if test.stage == "reconciliation"
            and (over_read_back or READ_BACK not in {schemas[source] for source in test.sources})
        ),
    )


def reconcile(graph: Graph, connection: duckdb.DuckDBPyConnection, *, over_read_back: bool = True) -> list[Promise]:
    """Run the tests of the reconciliation over the tables as they are."""
    return told(connection, run(graph, connection, promises(graph, over_read_back=over_read_back)))


def told(connection: duckdb.DuckDBPyConnection, results: list[Result]) -> list[Promise]:
    """The results of such tests, with their exceptions."""
    return [
        Promise(
            one.node,
            one.status,
            one.failures,
            one.figures or {},
            (one.message,) if one.message else _exceptions(connection, one),
        )
        for one in results
    ]


def _exceptions(connection: duckdb.DuckDBPyConnection, result: Result) -> tuple[str, ...]:
    if result.relation is None:
        return ()
    rows = records(connection, f"select columns(*)::varchar from {result.relation} limit {_EXCEPTIONS}")
    return tuple(named(row) for row in rows)
