"""What stands before a load, as far as the project itself can tell: the tests in tests/plan/, and the last build.

Each file in tests/plan/ is a question. Its name is the finding's name, the comment at its top is the message, and its
rows are the examples: a person may read, change and add them as any other SQL.
"""

from __future__ import annotations

import duckdb

from shift.building import fingerprint, run
from shift.database import records
from shift.errors import BlockedError
from shift.findings import Finding
from shift.graph import DataTest, Graph, Selection
from shift.invocation import command
from shift.landing import not_landed
from shift.planning.looked_at import unconfirmed
from shift.wording import named

OWN_FINDINGS = ("failed_tests", "tests_not_run", "exports_not_landed", "exports_not_seen")
_EXAMPLES = 5
_TOLD = 3  # so many rows of a test are shown; of more, their number is told


def require_built(graph: Graph, connection: duckdb.DuckDBPyConnection) -> None:
    """Raise BlockedError where a model was never built, or failed: there is nothing to plan with then.

    One that a setting has brought in since the build is among those that ``changed`` tells.
    """
    statuses = _statuses(connection)
    if not statuses:
        raise BlockedError("nothing was built yet", hint=f"Run `{command('build')}` first.")
    for name in graph.order:
        if name not in statuses and graph.models[name].by_setting:
            continue
        if statuses.get(name) != "ok":
            what = "was not built yet" if name not in statuses else f"failed in the last build ({statuses[name]})"
            raise BlockedError(f"the model {name} {what}", hint=f"Run `{command('build')}` first.")


def changed(graph: Graph, connection: duckdb.DuckDBPyConnection) -> Selection:
    """The models and tests whose compiled SQL is another than when they ran: somebody edited them, or set a setting."""
    ran = dict(connection.execute("select node, compiled from main.run_results").fetchall())
    models = frozenset(name for name, model in graph.models.items() if ran.get(name) != fingerprint(model))
    tests = frozenset(
        name
        for name, test in graph.tests.items()
        if test.stage == "build" and name in ran and ran[name] != fingerprint(test)
    )
    return Selection(models, tests)


def findings(graph: Graph, connection: duckdb.DuckDBPyConnection, *, sampled: bool = False) -> list[Finding]:
    """Run the tests of the stage `plan`, and look up what the tests of the last build said.

    A load that is not of a sample wants somebody to have looked at a sample of this mapping before; the ledger's
    mirror tells. Raises BlockedError for a test that does not run.
    """
    found = [*_of_the_build(graph, _statuses(connection)), *_of_the_exports(graph, connection)]
    if not sampled and (unseen := unconfirmed(graph, connection)):
        found.append(unseen)
    tests = frozenset(name for name, test in graph.tests.items() if test.stage == "plan")
    for result in run(graph, connection, Selection(frozenset(), tests)):
        test = graph.tests[result.node]
        if result.status == "error":
            raise BlockedError(result.message or f"the test {result.node} did not run")
        if result.failures:
            examples = _rows(connection, result.relation or "")
            total = f" {result.failures:,} in all." if result.failures > _TOLD else ""
            found.append(Finding(test.name, _message(test) + total, examples, blocking=test.severity == "error"))
    return found


def _statuses(connection: duckdb.DuckDBPyConnection) -> dict[str, str]:
    try:
        return dict(connection.execute("select node, status from main.run_results").fetchall())
    except duckdb.CatalogException:
        return {}


def _of_the_build(graph: Graph, statuses: dict[str, str]) -> list[Finding]:
    tests = sorted(name for name, test in graph.tests.items() if test.stage == "build")
    failing = tuple(name for name in tests if statuses.get(name) in ("fail", "error", "skip"))
    unseen = tuple(name for name in tests if name not in statuses)
    found = []
    if failing:
        found.append(Finding("failed_tests", f"{len(failing)} tests of the build fail", failing))
    if unseen:
        found.append(Finding("tests_not_run", f"{len(unseen)} tests have not run yet; build again", unseen))
    return found


def _of_the_exports(graph: Graph, connection: duckdb.DuckDBPyConnection) -> list[Finding]:
    project = graph.project
    if not project.exported:
        return []
    other = not_landed(connection, project.exported, project.exports)
    if other is None:
        message = "there are no exports in this folder: whether newer ones came since the build is not known"
        return [Finding("exports_not_seen", message, (str(project.exports),), blocking=False)]
    if not other:
        return []
    message = f"the exports folder is not as it was landed (files that differ: {len(other):,}): {command('build')}"
    return [Finding("exports_not_landed", message, tuple(other[:_EXAMPLES]))]


def _message(test: DataTest) -> str:
    """The comment at the top of the file, as one line."""
    lines = []
    for line in test.text.lstrip().splitlines():
        if not line.startswith("--"):
            break
        lines.append(line.removeprefix("--").strip())
    return " ".join(lines) or f"the test {test.name} fails"


def _rows(connection: duckdb.DuckDBPyConnection, relation: str) -> tuple[str, ...]:
    """The first rows as text; of several columns, `name: value` each."""
    rows = records(connection, f"select columns(*)::varchar from {relation} limit {_EXAMPLES}")
    return tuple(named(row) if len(row) > 1 else next(iter(row.values())) or "" for row in rows)
