"""The ledger's file: noting what is meant and what became of it, durably and from several threads."""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from shift.destination import Workspace
from shift.errors import LedgerError
from shift.invocation import command
from shift.ledger.entries import (
    AutomationEvent,
    Intent,
    RunStatus,
    SchemaNote,
    Settled,
)
from shift.ledger.memory import Memory, as_written

if TYPE_CHECKING:
    from shift.http import Call


_COLUMNS = {
    "meta": ("name", "value"),
    "runs": ("command", "pid", "started_at"),
    "run_ends": ("run", "ended_at", "status", "message"),
    "intents": ("intent", "run", "noted_at", "operation", "object", "key", "id", "hash", "body", "before"),
    "outcomes": ("intent", "noted_at", "status", "id", "message"),
    "snapshots": ("intent", "id", "body"),
    "held_back": ("run", "noted_at", "object", "key", "reason"),
    "doubles": ("noted_at", "run", "object", "key", "id", "kept"),
    "calls": ("noted_at", "run", "method", "path", "status", "seconds", "attempt", "request_id", "error"),
    "schema_changes": ("noted_at", "run", "object", "field", "event", "id", "details"),
    "automations": ("noted_at", "run", "event", "id", "name"),
    "planned": ("run", "object", "rows"),
    "looked_at": ("noted_at", "run", "mapping"),
    "undoings": ("run", "undone"),
}
# So many rows go into a statement. Each statement lets other threads run, and then has to wait until they let it go on.
_ROWS_A_STATEMENT = 90
# A commit was measured at 1 to 5 ms, as long as a quick CRM takes to answer. So what is noted "soon" waits for the next
# commit, but not longer than this.
_SOON_SECONDS = 0.25

_Values = tuple[Any, ...]


class Ledger(Memory):
    """An open ledger file. Writers are handed out by ``writing`` only, and may be used from several threads."""

    def __init__(self, connection: sqlite3.Connection, path: Path, opens: tuple[str, Workspace] | None = None) -> None:
        """``opens``: the destination's name and the workspace that its writers reach."""
        self._connection = connection
        self._path = path
        self._opens = opens
        self._run: int | None = None
        self._using = threading.Lock()
        self._soon: list[tuple[str, list[_Values]]] = []
        self._adding = threading.Lock()
        self._broken: LedgerError | None = None
        self._next: int | None = None
        self._numbering = threading.Lock()
        self._flushed = time.monotonic()

    @property
    def path(self) -> Path:
        """Its file."""
        return self._path

    @property
    def running(self) -> bool:
        """Whether a run is open, under which what is meant can be noted."""
        return self._run is not None

    def workspace(self) -> tuple[str, Workspace] | None:
        return super().workspace() or self._opens

    # --- writing ------------------------------------------------------------------------------------------------

    @contextmanager
    def run(self, name: str) -> Iterator[int]:
        """Note a run around the block, and how it ended. Yields its number, under which all else is noted.

        The first one binds the ledger to the workspace: a plan, and a load that is not let through, do not.
        """
        self._bind()
        self._write("runs", [(name, os.getpid(), _now())])
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
            self._write("run_ends", [(number, _now(), status, message)])
            self._run = None

    def intend(self, intents: Sequence[Intent]) -> range:
        """Note what calls are about to write, durably, and number it."""
        at = _now()
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

    def note(self, told: Sequence[tuple[Intent, Settled]]) -> None:
        """Note what became of records without a call: each intent, and its outcome, whose own number does not count."""
        if told:
            numbers = self.intend([intent for intent, _ in told])
            self.settle(replace(outcome, intent=number) for number, (_, outcome) in zip(numbers, told, strict=True))

    def settle_soon(self, outcomes: Iterable[Settled]) -> None:
        """As ``settle``, but durable a moment later, with the next commit.

        For records that are in the CRM: what a sudden end takes of such outcomes is found again by looking there.
        """
        self._add_outcomes(outcomes)
        if time.monotonic() - self._flushed > _SOON_SECONDS:
            self.flush()

    def hold_back(self, object: str, rows: Iterable[tuple[str, str]]) -> None:
        """Note rows, (key, reason) each, that were not sent because a parent is not in."""
        at = _now()
        self._write("held_back", [(self._run, at, object, key, reason) for key, reason in rows])

    def note_doubles(self, object: str, key: str, kept: str, others: Iterable[str]) -> None:
        """Note that several records of the CRM stand for one row: the one that is kept, and those beside it."""
        known = {id for (id,) in self._rows("select id from doubles where object = ? and key = ?", (object, key))}
        at = _now()
        found = [(kept, 1), *((id, 0) for id in others)]
        self._write("doubles", [(at, self._run, object, key, id, is_kept) for id, is_kept in found if id not in known])

    def note_schema(self, note: SchemaNote) -> None:
        """Note one step of provisioning, durably."""
        values = (_now(), self._run, note.object, note.field, note.event, note.id, note.details)
        self._write("schema_changes", [values])

    def note_automation(self, event: AutomationEvent, id: str, name: str) -> None:
        """Note what is done to an automation, durably; *made*: automations made the record ``id`` of an object."""
        self._write("automations", [(_now(), self._run, event, id, name)])

    def note_undoing(self, runs: Iterable[int]) -> None:
        """Note which runs this one, a rollback, sets out to undo, durably."""
        self._write("undoings", [(self._run, undone) for undone in runs])

    def note_planned(self, rows: Mapping[str, int]) -> None:
        """Note how many rows of each object this run sets out to write."""
        self._write("planned", [(self._run, object, count) for object, count in rows.items() if count])

    def note_look(self, mapping: str) -> None:
        """Note that somebody saw, field by field, what the loads up to now made of this mapping."""
        [(run,)] = self._rows("select max(run) from runs")
        self._write("looked_at", [(_now(), run, mapping)])

    def note_call(self, call: Call) -> None:
        """Note a call, with the next commit."""
        answer = (call.status, call.seconds, call.attempt, call.request_id, call.error)
        self._add("calls", [(_now(), self._run, call.method, call.path, *answer)])

    def flush(self) -> None:
        """Make durable what waits, all of it or nothing. Raises LedgerError, from the first failure on, every time."""
        with self._using:
            with self._adding:
                waiting, self._soon = self._soon, []
                self._flushed = time.monotonic()
            self._commit(waiting)

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

    def _bind(self) -> None:
        if self._opens is not None and super().workspace() is None:
            destination, workspace = self._opens
            bound = {"destination": destination, "workspace_id": workspace.id, "workspace_name": workspace.name}
            self._add("meta", list(bound.items()))

    def _add_outcomes(self, outcomes: Iterable[Settled]) -> None:
        at, settled = _now(), list(outcomes)
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


def _now() -> str:
    return as_written(datetime.now(UTC))
