"""A load: the CRM and its ledger held, the data model made, the records written."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from shift import handover
from shift.connecting import CallNotes, connected
from shift.database import literal, open_database, quoted, spare_memory
from shift.destination import Destination
from shift.graph import Graph
from shift.http import Pacer
from shift.ledger import DATA_MODEL, Ledger, writing
from shift.loading import LoadResult, Patience, Progress, Writer, load, note_returned, settle_open
from shift.moving.preparing import Prepared
from shift.pausing import paused
from shift.planning import Choices, require_clear
from shift.project import Project
from shift.provisioning import provision
from shift.staging import StagingModel
from shift.undoing import baseline

if TYPE_CHECKING:
    import duckdb


@dataclass(frozen=True)
class Session:
    """A destination that was reached, and its ledger, held against every other writer."""

    graph: Graph
    destination: Destination
    ledger: Ledger
    writer: Writer


@contextmanager
def writing_session(graph: Graph, say: Callable[[str], None]) -> Iterator[Session]:
    """As ``reached``, for a load: what was deleted in the CRM before, and is there again, is noted too."""
    with reached(graph.project, say) as writer:
        note_returned(writer)
        yield Session(graph, writer.destination, writer.ledger, writer)


@contextmanager
def reached(project: Project, say: Callable[[str], None]) -> Iterator[Writer]:
    """Reach the CRM, open its ledger, and settle what a run that was killed left open. ``say`` is told of long waits.

    Raises Stop for a key that the CRM does not take, and LedgerError where another process writes the ledger or it
    belongs to another workspace.
    """
    notes = CallNotes()
    pacer = Pacer(project.destination.requests_per_minute)
    with connected(project, notes, pacer) as destination:
        workspace = destination.workspace()
        with writing(project.ledger, project.to or "", workspace) as ledger:
            notes.hand_on(ledger.note_call)
            writer = Writer(destination, ledger, Patience(say=say, on_stop=pacer.stop), exports=project.exports)
            settle_open(writer)
            yield writer


def carry_out(
    session: Session, prepared: Prepared, choices: Choices, on_progress: Callable[[Progress], None]
) -> LoadResult:
    """Make the fields and objects that are missing, and write the records that ``plan.rows`` tells.

    The project's DuckDB file must not be open. Raises BlockedError while a blocking finding stands, Stop or Again where
    the CRM takes no more.
    """
    require_clear(prepared.plan, choices.accepted)
    project = session.graph.project
    policy = project.file.load
    schema = prepared.plan.schema
    with session.ledger.run("load" if choices.sample is None else f"load --sample {choices.sample}") as number:
        session.ledger.note_planned(({DATA_MODEL: len(schema)} if schema else {}) | prepared.plan.rows_to_write)
        with closing(open_database(project.database, settings=project.file.duckdb)) as connection:
            spare_memory(connection, project.file.duckdb)
            baseline.keep(connection, baseline.path_for(project.ledger))
            if choices.sample is None and prepared.plan.writes:
                # What goes out may say where a file of the folder lies, and no load is sure to come to its end.
                handover.write(session.graph, connection)
            _copy_work(connection, project, prepared.staging)
        try:
            with closing(open_database(_work(project), settings=project.file.duckdb)) as connection:
                spare_memory(connection, project.file.duckdb)
                provision(
                    session.writer,
                    connection,
                    schema,
                    by_hand=policy.provision == "by_hand",
                    on_made=lambda made: on_progress(Progress(DATA_MODEL, made, len(schema))),
                )
                with paused(session.writer, prepared.plan.written, policy.automations):
                    return load(
                        session.writer,
                        connection,
                        prepared.staging,
                        run=number,
                        concurrency=project.destination.concurrency,
                        on_conflict=policy.on_conflict,
                        on_progress=on_progress,
                    )
        finally:
            _remove_work(project)


def _work(project: Project) -> Path:
    return project.database.with_name("work.duckdb")


def _remove_work(project: Project) -> None:
    for name in ("work.duckdb", "work.duckdb.wal"):
        project.database.with_name(name).unlink(missing_ok=True)


def _copy_work(connection: duckdb.DuckDBPyConnection, project: Project, staging: Sequence[StagingModel]) -> None:
    """Copy what a load reads into a file of its own: the plan's rows, the keys of the staging tables, the data model.

    Others may build, and look at the tables, for as long as the load takes.
    """
    path = _work(project)
    _remove_work(project)  # what a load that was killed has left
    with closing(open_database(path)):
        pass  # makes the file, for its owner alone
    connection.execute(f"attach {literal(path.as_posix())} as work")
    connection.execute("create schema work.plan")
    tables = connection.execute("select table_name from duckdb_tables() where schema_name = 'plan'").fetchall()
    for (table,) in tables:
        connection.execute(f"create table work.plan.{table} as from plan.{table}")
    connection.execute("create schema work.destination")
    for table in ("objects", "fields"):
        connection.execute(f"create table work.destination.{table} as from destination.{table}")
    for model in staging:
        columns = dict.fromkeys([model.key, *(parent.column for parent in model.parents)])
        schema, _, _ = model.relation.partition(".")
        connection.execute(f"create schema if not exists work.{schema}")
        connection.execute(
            f"create table work.{model.relation} as select {', '.join(map(quoted, columns))} from {model.relation}"
        )
    connection.execute("detach work")
