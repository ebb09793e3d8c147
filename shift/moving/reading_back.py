"""After a load: the CRM read back record by record, and the promises of the reconciliation."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import duckdb

from shift import comparing, filing, handover, pausing, pulling
from shift.comparing import EVERYTHING, Scope
from shift.database import open_database, spare_memory
from shift.destination import Destination, Workspace
from shift.errors import ConfigurationError
from shift.graph import Graph, read_graph, staging_models
from shift.invocation import command
from shift.ledger import Ledger, holder, mirror, writing
from shift.loading import Patience, Progress
from shift.moving.preparing import bring_up_to_date, draw_sample, ensure_sources
from shift.moving.writing import Session
from shift.planning import mapping_hash
from shift.project import Project
from shift.reconciling import Promise, reconcile
from shift.staging import StagingModel
from shift.strict_yaml import nearest


@dataclass(frozen=True)
class Conclusion:
    """What a load leaves: the files of the handover folder, and the promises that need no read-back."""

    files: tuple[Path, ...]
    promises: tuple[Promise, ...]


def read_back(
    graph: Graph,
    connection: duckdb.DuckDBPyConnection,
    destination: Destination,
    ledger: Ledger | None,
    *,
    scope: Scope = EVERYTHING,
    on_progress: Callable[[Progress], None] = lambda _: None,
) -> None:
    """Read the records of the ledger that are in the scope back and compare each with its row: fills `readback`.

    Raises ConfigurationError for an object or a run that there is not.
    """
    ensure_sources(connection, graph.project)
    mirror(ledger, connection)
    bring_up_to_date(graph, connection)
    staging = staging_models(graph, connection)
    _check(scope, staging, ledger)
    if scope.sample is not None:
        draw_sample(graph, connection, staging, scope.sample)
    patience = Patience()
    # Promises speak of fields and their choices, and the last pull was before a load made them.
    declared = pulling.declared_tables(graph.project)
    patience.read(lambda: pulling.pull_data_model(connection, destination.pull(), declared))
    comparing.read_back(
        connection,
        lambda object, ids: patience.read(lambda: list(destination.read(object, ids))),
        staging,
        scope=scope,
        ledger=ledger,
        theirs=graph.project.file.load.on_conflict == "theirs",
        untold=destination.untold,
        progress=lambda object, done, total: on_progress(Progress(object, done, total)),
    )
    filing.read_back(connection, lambda object, record: patience.read(destination.files, object, record))
    patience.read(pausing.made, connection, destination)


def _check(scope: Scope, staging: Sequence[StagingModel], ledger: Ledger | None) -> None:
    """Raise ConfigurationError for an object or a run that there is not."""
    objects = {model.object for model in staging if model.written}
    if scope.object is not None and scope.object not in objects:
        raise ConfigurationError(
            f"no model writes '{scope.object}'", where="--object", hint=nearest(scope.object, objects)
        )
    runs = [run.run for run in ledger.runs()] if ledger else []
    if scope.run is not None and scope.run not in runs:
        raise ConfigurationError(f"there was no run {scope.run}", where="--run", hint=f"See: {command('status')}")


def conclude(
    session: Session, connection: duckdb.DuckDBPyConnection, *, wrote: bool, sampled: bool = False
) -> Conclusion:
    """After a load: the handover folder, and, where it ``wrote``, what the ledger alone can answer of the promises.

    After a sample, the folder holds what belongs to the people who are in.
    """
    spare_memory(connection, session.graph.project.file.duckdb)
    mirror(session.ledger, connection)
    files = handover.write(session.graph, connection, of_those_in=sampled)
    return Conclusion(files, tuple(reconcile(session.graph, connection, over_read_back=False)) if wrote else ())


def hand_over_what_stands(project: Project, ledger: Ledger) -> tuple[Path, ...]:
    """After a rollback: the handover folder, written anew for those who are still in; where nobody is, no file of it.

    Raises ShiftError where it cannot be written anew, as where the models do not build any more.
    """
    with closing(open_database(project.database, settings=project.file.duckdb)) as connection:
        mirror(ledger, connection)
        if connection.execute("select 1 from ledger.records where id is not null limit 1").fetchone() is None:
            handover.remove(project)
            return ()
        return handover.write(read_graph(project), connection, of_those_in=True)


def note_look(graph: Graph, workspace: Workspace) -> bool:
    """Note in the ledger that what this mapping makes was looked at; false where a load holds the ledger now."""
    project = graph.project
    if holder(project.ledger) is not None:
        return False
    with writing(project.ledger, project.to or "", workspace) as ledger:
        ledger.note_look(mapping_hash(graph))
    return True
