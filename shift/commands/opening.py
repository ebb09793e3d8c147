"""What commands open: the project's DuckDB file, and with it the CRM and the ledger, to read."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import duckdb

    from shift.destination import Destination, Workspace
    from shift.ledger import Ledger
    from shift.project import Project


def opened(project: Project, *, read_only: bool = False) -> AbstractContextManager[duckdb.DuckDBPyConnection]:
    """The project's DuckDB file, as a context manager that closes it."""
    from shift.database import open_database

    return closing(open_database(project.database, settings=project.file.duckdb, read_only=read_only))


@dataclass(frozen=True)
class Reading:
    """What a command reads that writes nothing to the CRM; no destination and no workspace where it is not asked."""

    destination: Destination | None
    workspace: Workspace | None
    ledger: Ledger | None
    connection: duckdb.DuckDBPyConnection


@contextmanager
def reading_all(project: Project, *, pull: bool = True) -> Iterator[Reading]:
    """Reach the CRM, unless without ``pull``, and open the ledger and the project's DuckDB file.

    Raises Stop for a key that the CRM does not take, and LedgerError where the ledger is another workspace's.
    """
    from shift.connecting import connected
    from shift.ledger import reading, require_bound

    with ExitStack() as stack:
        destination = stack.enter_context(connected(project)) if pull else None
        workspace = destination.workspace() if destination else None
        ledger = stack.enter_context(reading(project.ledger))
        if workspace:
            require_bound(ledger, project.to or "", workspace)
        yield Reading(destination, workspace, ledger, stack.enter_context(opened(project)))
