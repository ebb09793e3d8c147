"""The ledger's file: noting what is meant and what became of it, and reading it back."""

from __future__ import annotations

import json
import os
import sqlite3
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shift.destination import Workspace
from shift.errors import LedgerError
from shift.invocation import command
from shift.ledger.entries import Intent, OpenIntent, Run, RunStatus, SchemaNote, Settled, Status

if TYPE_CHECKING:
    from shift.http import Call


_COLUMNS = {
    "runs": ("command", "pid", "started_at"),
    "run_ends": ("run", "ended_at", "status", "message"),
    "intents": ("intent", "run", "noted_at", "operation", "object", "key", "id", "hash", "body", "before"),
    "outcomes": ("intent", "noted_at", "status", "id", "message"),
    "snapshots": ("intent", "id", "body"),
    "held_back": ("run", "noted_at", "object", "key", "reason"),
    "calls": ("noted_at", "run", "method", "path", "status", "seconds", "request_id", "error"),
    "schema_changes": ("noted_at", "run", "object", "field", "event", "id", "details"),
}
# So many rows go into a statement. Each statement lets other threads run, and then has to wait until they let it go on.
_ROWS_A_STATEMENT = 90
# A commit was measured at 1 to 5 ms, as long as a quick CRM takes to answer. So what is noted "soon" waits for the next
# commit, but not longer than this.
_SOON_SECONDS = 0.25

_Values = tuple[Any, ...]


class Ledger:
    """An open ledger file. Writers are handed out by ``writing`` only, and may be used from several threads."""

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self._connection = connection
        self._path = path
        self._run: int | None = None
        self._using = threading.Lock()
        self._soon: list[tuple[str, list[_Values]]] = []
        self._adding = threading.Lock()
        self._broken: LedgerError | None = None
        self._next: int | None = None
        self._numbering = threading.Lock()
        self._flushed = time.monotonic()

    # --- writing ------------------------------------------------------------------------------------------------

    @contextmanager
    def run(self, name: str) -> Iterator[int]:
        """Note a run around the block, and how it ended. Yields its number, under which all else is noted."""
        self._write("runs", [(name, os.getpid(), now())])
        [(number,)] = self._rows("select max(run) from runs")
        self._run = number
        status: RunStatus = "failed"
        message: str | None = None
        try:
            yield number
            status = "done"
        except KeyboardInterrupt:
            status = "interrupted"
            raise
        except Exception as error:
            message = str(error)
            raise
        finally:
            self._write("run_ends", [(number, now(), status, message)])
            self._run = None

    def intend(self, intents: Sequence[Intent]) -> range:
        """Note what calls are about to write, durably, and number it."""
        at = now()
        with self._numbering:
            if self._next is None:
                [(self._next,)] = self._rows("select coalesce(max(intent), 0) + 1 from intents")
            numbers = range(self._next, self._next + len(intents))
            self._write(
                "intents",
                [
                    (number, self._run, at, one.operation, one.object, one.key, one.id, one.hash, one.body, one.before)
                    for number, one in zip(numbers, intents, strict=True)
                ],
            )
            self._next = numbers.stop
        return numbers

    def settle(self, outcomes: Iterable[Settled]) -> None:
        """Note what became of intents, with the records as the CRM showed them, durably."""
        self._add_outcomes(outcomes)
        self.flush()

    def settle_soon(self, outcomes: Iterable[Settled]) -> None:
        """As ``settle``, but durable a moment later, with the next commit.

        For records that are in the CRM: what a sudden end takes of such outcomes is found again by looking there.
        """
        self._add_outcomes(outcomes)
        if time.monotonic() - self._flushed > _SOON_SECONDS:
            self.flush()

    def hold_back(self, object: str, rows: Iterable[tuple[str, str]]) -> None:
        """Note rows, (key, reason) each, that were not sent because a parent is not in."""
        at = now()
        self._write("held_back", [(self._run, at, object, key, reason) for key, reason in rows])

    def note_schema(self, note: SchemaNote) -> None:
        """Note one step of provisioning, durably."""
        values = (now(), self._run, note.object, note.field, note.event, note.id, note.details)
        self._write("schema_changes", [values])

    def note_call(self, call: Call) -> None:
        """Note a call, with the next commit."""
        values = (now(), self._run, call.method, call.path, call.status, call.seconds, call.request_id, call.error)
        self._add("calls", [values])

    def flush(self) -> None:
        """Make durable what waits, all of it or nothing. Raises LedgerError, from the first failure on, every time."""
        with self._using:
            with self._adding:
                waiting, self._soon = self._soon, []
                self._flushed = time.monotonic()
            self._commit(waiting)

    # --- reading ------------------------------------------------------------------------------------------------

    def workspace(self) -> tuple[str, Workspace]:
        """The destination's name and the workspace that this ledger is bound to."""
        meta = dict(self._rows("select name, value from meta"))
        return meta["destination"], Workspace(meta["workspace_id"], meta["workspace_name"])

    def identity(self) -> str:
        """What tells this ledger from every other, also from one that was begun anew in its place."""
        [(value,)] = self._rows("select value from meta where name = 'identity'")
        return str(value)

    def last_row(self, table: str) -> int:
        """The number of a table's last row; rows are numbered as they come."""
        self.flush()
        [(number,)] = self._rows(f"select coalesce(max(rowid), 0) from {table}")
        return int(number)

    def runs(self) -> list[Run]:
        """All runs, oldest first."""
        rows = self._rows(
            "select run, command, pid, started_at, ended_at, status, message "
            "from runs left join run_ends using (run) order by run"
        )
        return [Run(*row) for row in rows]

    def open_intents(self) -> list[OpenIntent]:
        """The intents without an outcome, oldest first."""
        rows = self._rows(
            "select intents.intent, intents.noted_at, operation, object, key, intents.id, hash, body "
            "from intents left join outcomes using (intent) where outcomes.intent is null order by intents.intent"
        )
        return [OpenIntent(number, datetime.fromisoformat(at), Intent(*rest)) for number, at, *rest in rows]

    def sent_and_lost(self, object: str, keys: Sequence[str]) -> set[str]:
        """Those of the keys of which a create of ours once went out unanswered and was not found afterwards.

        If such a record turns up later, it is ours: the call was slower than the look-up.
        """
        rows = self._rows(
            "select distinct key from intents join outcomes using (intent) where object = ? "
            "and operation = 'create' and status = 'absent' and key in (select value from json_each(?))",
            (object, json.dumps(list(keys))),
        )
        return {key for (key,) in rows}

    def last_snapshots(self, object: str, keys: Sequence[str]) -> dict[str, str]:
        """By key: the record's body as the CRM showed it after our last write."""
        rows = self._rows(
            "select key, snapshots.body from intents join snapshots using (intent) "
            "where object = ? and key in (select value from json_each(?)) order by intent",
            (object, json.dumps(list(keys))),
        )
        return dict(rows)

    def counts(self, run: int, object: str) -> dict[Status, int]:
        """How many of an object's records came to which end in a run, each counted once."""
        self.flush()
        rows = self._rows(
            "select status, count(*) from (select key, status, max(intent) from intents join outcomes using (intent) "
            "where run = ? and object = ? and status not in ('refused', 'absent') group by key) group by status",
            (run, object),
        )
        return dict(rows)

    def not_made(self, run: int, object: str) -> list[str]:
        """The keys of an object's records that are not in the CRM after this run tried, or not there by our doing."""
        rows = self._rows(
            "select distinct key from intents join outcomes using (intent) where run = ? and object = ? "
            "and (status in ('foreign', 'gone') or (status = 'rejected' and operation = 'create'))",
            (run, object),
        )
        return [key for (key,) in rows]

    def held_back(self, run: int, object: str) -> int:
        """How many of an object's rows a run did not send because a parent is not in."""
        [(count,)] = self._rows("select count(*) from held_back where run = ? and object = ?", (run, object))
        return int(count)

    def unfinished_schema(self) -> list[SchemaNote]:
        """Objects and fields that were about to be made, and never noted as made."""
        rows = self._rows(
            "select object, field, 'intended', null, details from schema_changes as meant where event = 'intended' "
            "and not exists (select 1 from schema_changes as made where made.event = 'made' "
            "and made.object = meant.object and made.field is meant.field)"
        )
        return [SchemaNote(*row) for row in rows]

    def rows(self, query: str) -> Iterator[list[tuple[Any, ...]]]:
        """A query's rows, ten thousand at a time: for the mirror and for reports."""
        self.flush()
        cursor = self._connection.cursor()
        cursor.execute(query)
        while chunk := cursor.fetchmany(10_000):
            yield chunk
        cursor.close()

    # --- inside -------------------------------------------------------------------------------------------------

    def _rows(self, query: str, values: Sequence[Any] = ()) -> list[Any]:
        with self._using:
            return self._connection.execute(query, values).fetchall()

    def _write(self, table: str, lines: list[_Values]) -> None:
        self._add(table, lines)
        self.flush()

    def _add_outcomes(self, outcomes: Iterable[Settled]) -> None:
        at, settled = now(), list(outcomes)
        self._add("outcomes", [(one.intent, at, one.status, one.id, one.message) for one in settled])
        self._add("snapshots", [(one.intent, one.id, one.record) for one in settled if one.record is not None])

    def _add(self, table: str, lines: list[_Values]) -> None:
        if lines:
            with self._adding:
                self._soon.append((table, lines))

    def _commit(self, waiting: list[tuple[str, list[_Values]]]) -> None:
        if self._broken:
            raise self._broken
        if not waiting:
            return
        try:
            self._connection.execute("begin immediate")
            for table, lines in waiting:
                for start in range(0, len(lines), _ROWS_A_STATEMENT):
                    self._insert(table, lines[start : start + _ROWS_A_STATEMENT])
            self._connection.execute("commit")
        except sqlite3.Error as error:
            self._broken = LedgerError(
                f"the ledger cannot be written: {error}",
                where=str(self._path),
                hint=f"Nothing more was sent. When that is mended, {command('load')} goes on.",
            )
            raise self._broken from None
        finally:
            if self._connection.in_transaction:
                self._connection.rollback()

    def _insert(self, table: str, lines: list[_Values]) -> None:
        columns = _COLUMNS[table]
        places = f"({', '.join('?' * len(columns))})"
        self._connection.execute(
            f"insert into {table} ({', '.join(columns)}) values {', '.join([places] * len(lines))}",
            [value for line in lines for value in line],
        )


def now() -> str:
    """This moment as the ledger writes it: UTC, ISO 8601, milliseconds."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")
