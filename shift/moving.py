"""Plan, load and read-back from end to end.

What the CRM holds is pulled, what reads it is built anew, the plan is made, and only then is anything written. The
commands call these functions and print what they give.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import duckdb

from shift import comparing, pulling
from shift.building import failed, run
from shift.connecting import CallNotes, connected
from shift.destination import Destination
from shift.errors import BlockedError
from shift.findings import Finding
from shift.graph import Graph, Selection, staging_models
from shift.http import Pacer
from shift.invocation import command
from shift.ledger import Ledger, mirror, writing
from shift.loading import LoadResult, Patience, Progress, Writer, load, settle_open
from shift.planning import Choices, Pace, Plan, make_plan, require_clear
from shift.preconditions import OWN_FINDINGS, findings, require_built
from shift.project import Project
from shift.provisioning import provision
from shift.staging import StagingModel

DATA_MODEL = "data model"  # what progress calls the fields and objects that are made first
NOT_PULLED = Finding("not_pulled", "the CRM was not asked: what it holds is what the last pull found", blocking=False)


@dataclass(frozen=True)
class Prepared:
    """A plan, and the staging models that it was made of, in load order."""

    plan: Plan
    staging: tuple[StagingModel, ...]


@dataclass(frozen=True)
class Session:
    """A destination that was reached, and its ledger, held against every other writer."""

    graph: Graph
    connection: duckdb.DuckDBPyConnection
    destination: Destination
    ledger: Ledger
    writer: Writer


def ensure_sources(connection: duckdb.DuckDBPyConnection, project: Project) -> None:
    """Make the tables of `destination`, `ledger` and `readback` that are not there, empty, so that all models build."""
    pulling.ensure_tables(connection, pulling.declared_tables(project))
    comparing.ensure_tables(connection)
    if connection.execute("select 1 from duckdb_tables() where schema_name = 'ledger'").fetchone() is None:
        mirror(None, connection)


@contextmanager
def writing_session(
    graph: Graph, connection: duckdb.DuckDBPyConnection, say: Callable[[str], None]
) -> Iterator[Session]:
    """Reach the CRM, open its ledger, and settle what a run that was killed left open. ``say`` is told of long waits.

    Raises Stop for a key that the CRM does not take, and LedgerError where another process writes the ledger or it
    belongs to another workspace.
    """
    project = graph.project
    notes = CallNotes()
    pacer = Pacer(project.destination.requests_per_minute)
    with connected(project, notes, pacer) as destination:
        workspace = destination.workspace()
        with writing(project.ledger, project.to or "", workspace) as ledger:
            notes.hand_on(ledger.note_call)
            writer = Writer(destination, ledger, Patience(say=say, on_stop=pacer.stop))
            settle_open(writer)
            yield Session(graph, connection, destination, ledger, writer)


def prepare(
    graph: Graph,
    connection: duckdb.DuckDBPyConnection,
    destination: Destination | None,
    ledger: Ledger | None,
    choices: Choices,
) -> Prepared:
    """Pull, build anew what reads the CRM or the ledger, and plan. Without a destination, the last pull serves.

    Raises BlockedError where the project was not built, or where what reads the CRM does not build.
    """
    require_built(graph, connection)
    ensure_sources(connection, graph.project)
    if destination is not None:
        pull(graph.project, connection, destination)
    mirror(ledger, connection)
    _build_anew(graph, connection)
    found = findings(graph, connection)
    if destination is None:
        found.append(NOT_PULLED)
    staging = staging_models(graph, connection)
    configured = graph.project.destination
    pace = Pace(requests_per_minute=configured.requests_per_minute, batch_size=configured.batch_size)
    names = {NOT_PULLED.name, *OWN_FINDINGS, *(name for name, test in graph.tests.items() if test.stage == "plan")}
    plan = make_plan(connection, staging, ledger, pace=pace, choices=choices, findings=found, finding_names=names)
    return Prepared(plan, staging)


def pull(project: Project, connection: duckdb.DuckDBPyConnection, destination: Destination) -> dict[str, int]:
    """Land what the CRM holds as `destination.*`; the number of rows of each table."""
    tables = Patience().read(lambda: list(destination.pull()))
    return dict(pulling.pull(connection, tables, pulling.declared_tables(project)))


def carry_out(
    session: Session, prepared: Prepared, choices: Choices, on_progress: Callable[[Progress], None]
) -> LoadResult:
    """Make the fields and objects that are missing, write the records, and mirror the ledger.

    Raises BlockedError while a blocking finding stands, Stop or Again where the CRM takes no more.
    """
    require_clear(prepared.plan, choices.accepted)
    project = session.graph.project
    policy = project.file.load
    schema = prepared.plan.schema
    with session.ledger.run("load") as number:
        try:
            provision(
                session.writer,
                session.connection,
                schema,
                by_hand=policy.provision == "by_hand",
                on_made=lambda made: on_progress(Progress(DATA_MODEL, made, len(schema))),
            )
            return load(
                session.writer,
                session.connection,
                prepared.staging,
                run=number,
                concurrency=project.destination.concurrency,
                on_conflict=policy.on_conflict,
                on_progress=on_progress,
            )
        finally:
            mirror(session.ledger, session.connection)


def read_back(
    graph: Graph,
    connection: duckdb.DuckDBPyConnection,
    destination: Destination,
    ledger: Ledger | None,
    progress: Callable[[str, int], None],
) -> None:
    """Read every record of the ledger back and compare it with its row: fills the schema `readback`."""
    require_built(graph, connection)
    ensure_sources(connection, graph.project)
    mirror(ledger, connection)
    comparing.read_back(connection, destination, staging_models(graph, connection), progress=progress)


def _build_anew(graph: Graph, connection: duckdb.DuckDBPyConnection) -> None:
    """Run the models that stand on what was pulled or on the ledger, and their tests."""
    sources = graph.project.sources
    models = frozenset(
        name
        for name in graph.models
        if any(sources[source][0].schema in (pulling.SCHEMA, "ledger") for source in graph.reads(name))
    )
    tests = frozenset(
        name for name, test in graph.tests.items() if test.stage == "build" and models.intersection(test.refs)
    )
    results = run(graph, connection, Selection(models, tests))
    broken = [result for result in results if result.kind == "model" and result.status != "ok"]
    if failed(results) and broken:
        raise BlockedError(
            f"the model {broken[0].node} does not build over what the CRM holds: {broken[0].message}",
            hint=f"Mend it, then run `{command('build')}`.",
        )
