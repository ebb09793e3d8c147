"""Rows of one object, staged as a model would stage them, and moved into any CRM by the engine."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import duckdb

from shift import ledger, pulling
from shift.database import literal, quoted
from shift.destination import Destination, Row
from shift.loading import LoadResult, Patience, Writer, load, settle_open
from shift.planning import make_plan
from shift.staging import StagingModel
from shift.undoing import prepare, undo


class Load:
    """Loads of one object, over staging tables made of rows; files that a row names lie in ``folder``."""

    def __init__(
        self,
        destination: Destination,
        object: str,
        connection: duckdb.DuckDBPyConnection,
        folder: Path,
        patience: Callable[[], Patience],
    ) -> None:
        self.destination = destination
        self._object = object
        self._connection = connection
        self._folder = folder
        self._path = folder / "ledger.sqlite"
        self._patience = patience
        self._staging: tuple[StagingModel, ...] = ()

    def of(self, rows: Sequence[Row]) -> LoadResult:
        """Stage the rows, and load them. A load of no rows has the columns of the one before."""
        connection = self._connection
        if rows:
            connection.execute("create schema if not exists crm")
            names = dict.fromkeys(name for row in rows for name in json.loads(row.payload))
            # A value of any type is told as JSON, and goes out as that.
            values = [f"payload {'->>' if name == 'id' else '->'} {literal(name)} as {quoted(name)}" for name in names]
            connection.execute(
                f"create or replace table crm.things as select key as _key, {', '.join(values)} "
                "from (select unnest(?::varchar[]) as key, unnest(?::varchar[])::json as payload)",
                [[row.key for row in rows], [row.payload for row in rows]],
            )
            self._staging = (StagingModel("crm__things", "crm.things", self._object, "_key", tuple(names)),)
        else:
            connection.execute("delete from crm.things")
        pulling.pull(connection, self.destination.pull(), [])
        with ledger.writing(self._path, "crm", self.destination.workspace()) as book, book.run("load") as run:
            writer = Writer(self.destination, book, self._patience(), exports=self._folder)
            settle_open(writer)
            make_plan(connection, self._staging, book)
            return load(writer, connection, self._staging, run=run)

    def rejects(self) -> list[tuple[str, str]]:
        """(key, the CRM's words)."""
        return self._known("select key, message from ledger.rejects")

    def ids(self) -> list[str]:
        """The records that are in by our doing."""
        return [id for (id,) in self._known("select id from ledger.records where id is not null")]

    def roll_back(self) -> bool:
        """Take everything back; whether it proved to be gone."""
        with ledger.writing(self._path, "crm", self.destination.workspace()) as book:
            writer = Writer(self.destination, book, self._patience())
            settle_open(writer)
            undoing = prepare(writer, self._connection, None, everything=True)
            return undo(writer, self._connection, undoing).proof.holds

    def _known(self, query: str) -> list[Any]:
        with ledger.reading(self._path) as book:
            ledger.mirror(book, self._connection)
        return self._connection.execute(query).fetchall()
