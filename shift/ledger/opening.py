"""Opening a ledger: its tables, the workspace that it is bound to, and who may write."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from uuid import uuid4

from shift.destination import Workspace
from shift.errors import LedgerError
from shift.invocation import command
from shift.ledger.lock import holding
from shift.ledger.store import Ledger

_FORMAT = "1"
_SHAPE = 3  # grows with every table and column that is added
_TABLES = {
    "meta": "name text primary key, value text not null",
    "runs": "run integer primary key, command text not null, pid integer not null, started_at text not null",
    "run_ends": "run integer primary key references runs, ended_at text not null, status text not null, message text",
    "intents": """
        intent integer primary key, run integer not null references runs, noted_at text not null,
        operation text not null, object text not null, key text not null, id text, hash text not null, body text,
        before text""",
    "outcomes": """
        intent integer not null unique references intents, noted_at text not null, status text not null, id text,
        message text""",
    "snapshots": "intent integer primary key references intents, id text, body text not null",
    "held_back": """
        run integer not null references runs, noted_at text not null, object text not null, key text not null,
        reason text not null""",
    "doubles": """
        noted_at text not null, run integer references runs, object text not null, key text not null, id text not null,
        kept integer not null""",
    "calls": """
        noted_at text not null, run integer references runs, method text not null, path text not null,
        status integer, seconds real not null, attempt integer not null, request_id text, error text""",
    "schema_changes": """
        noted_at text not null, run integer not null references runs, object text not null, field text,
        event text not null, id text, details text not null""",
    "automations": """
        noted_at text not null, run integer references runs, event text not null, id text not null,
        name text not null""",
    "planned": "run integer not null references runs, object text not null, rows integer not null",
    "looked_at": "noted_at text not null, run integer references runs, mapping text not null",
    "undoings": "run integer not null references runs, undone integer not null references runs",
}
_INDEXES = (
    "create index if not exists intents_by_record on intents (object, key)",
    "create index if not exists intents_that_free on intents (object) where operation = 'free'",
)


def path_for(state: Path, destination: str) -> Path:
    """The ledger of a destination in a project's folder for state.

    The first one that is loaded into has `ledger.sqlite`; every other one has its name in that of its file.
    """
    first, own = state / "ledger.sqlite", state / f"ledger.{destination}.sqlite"
    if own.exists() or not first.exists():
        return own if own.exists() else first
    with closing(sqlite3.connect(f"{first.absolute().as_uri()}?mode=ro", uri=True)) as connection:
        try:
            bound = connection.execute("select value from meta where name = 'destination'").fetchone()
        except sqlite3.DatabaseError:
            return first  # who opens it says what is wrong with it
    return first if bound is None or bound[0] == destination else own


@contextmanager
def writing(path: Path, destination: str, workspace: Workspace) -> Iterator[Ledger]:
    """Open the ledger to write, making it where there is none, and hold it against every other writer.

    The first run binds it to the workspace. Raises LedgerError where another process holds it, and where it belongs to
    another workspace.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with holding(path):
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
        connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        try:
            _prepare(connection, path)
            ledger = Ledger(connection, path, opens=(destination, workspace))
            require_bound(ledger, destination, workspace)
            yield ledger
        finally:
            connection.close()


@contextmanager
def reading(path: Path) -> Iterator[Ledger | None]:
    """Open the ledger to read, also while a load writes it; None where there is none yet."""
    if not path.exists():
        yield None
        return
    connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, isolation_level=None)
    try:
        with _damage_told(path):
            shape = connection.execute("pragma user_version").fetchone()
        if shape != (_SHAPE,):
            with closing(sqlite3.connect(path, isolation_level=None)) as writable:
                _prepare(writable, path)
        yield Ledger(connection, path)
    finally:
        connection.close()


@contextmanager
def _damage_told(path: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.DatabaseError as error:
        raise LedgerError(
            f"this is not a ledger, or it is damaged: {error}",
            where=str(path),
            hint="Put a copy in its place: without it nobody knows what was loaded, and nothing can be rolled back.",
        ) from None


def _prepare(connection: sqlite3.Connection, path: Path) -> None:
    with _damage_told(path):
        connection.execute("pragma journal_mode = wal")
        connection.execute("pragma synchronous = full")
        # In pages of 4 kB: copying the log into the file costs two waits for the disk, in the middle of a load.
        connection.execute("pragma wal_autocheckpoint = 8000")
        connection.execute("pragma foreign_keys = on")
        _create(connection)


def _create(connection: sqlite3.Connection) -> None:
    connection.execute("begin immediate")
    for table, columns in _TABLES.items():
        connection.execute(f"create table if not exists {table} ({columns}) strict")
        for event in ("update", "delete"):
            connection.execute(
                f"create trigger if not exists {table}_no_{event} before {event} on {table} "
                f"begin select raise(abort, 'the ledger is append-only'); end"
            )
    for index in _INDEXES:
        connection.execute(index)
    about = [("format", _FORMAT), ("identity", str(uuid4()))]
    connection.executemany("insert or ignore into meta values (?, ?)", about)
    if not connection.execute("select 1 from pragma_table_info('calls') where name = 'attempt'").fetchone():
        connection.execute("alter table calls add column attempt integer not null default 1")
    connection.execute(f"pragma user_version = {_SHAPE}")
    connection.execute("commit")


def require_bound(ledger: Ledger | None, destination: str, workspace: Workspace) -> None:
    """Raise LedgerError where a ledger, if there is one, is not this workspace's: it tells of other records then."""
    if ledger is None or (binding := ledger.workspace()) is None:
        return
    bound, of = binding
    if (bound, of.id) != (destination, workspace.id):
        raise LedgerError(
            f"this ledger belongs to {_shown(bound, of)}, and the key opens {_shown(destination, workspace)}",
            where=str(ledger.path),
            hint="Use that workspace's URL and key. For another workspace, declare a destination of its own in "
            "project.yml, with the same loader: it gets its own ledger. If the first one is gone for good, forget what "
            f"was loaded there: {command('purge')}",
        )


def _shown(destination: str, workspace: Workspace) -> str:
    return f"the workspace '{workspace.name}' ({workspace.id}) of {destination}"
