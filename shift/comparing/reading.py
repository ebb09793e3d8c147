"""The records of the ledger, read back page by page beside what was meant."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

import duckdb

from shift.comparing.differing import compare
from shift.database import literal, quoted
from shift.destination import Record
from shift.ledger import Ledger
from shift.payloads import payload_expression
from shift.planning import ensure_table as ensure_plan
from shift.staging import StagingModel

PAGE = 200  # records a call, the most that Twenty answers at once (contracts/twenty/rest-list)

_TABLES = {
    "sent": "object varchar, key varchar, id varchar, body json, hash varchar",
    "records": "object varchar, id varchar, body json",
    "differences": "object varchar, key varchar, id varchar, field varchar, sent varchar, found varchar, "
    "because varchar",
    "files": "object varchar, id varchar, field varchar, name varchar, sha256 varchar, size_bytes bigint",
    "fields": "object varchar, field varchar, equal bigint, differing bigint, missing bigint",
    "rules": "object varchar, field varchar, rule varchar, records bigint, key varchar, sent varchar, found varchar",
}


@dataclass(frozen=True, slots=True)
class Scope:
    """What is read back: all that the ledger knows; or one object, what one run wrote, what a sample holds."""

    object: str | None = None
    run: int | None = None
    sample: int | None = None

    @property
    def whole(self) -> bool:
        """Whether nothing that is read points to what is not: so for all records, and for a sample."""
        return self.object is None and self.run is None


EVERYTHING = Scope()


def ensure_tables(connection: duckdb.DuckDBPyConnection, *, anew: bool = False) -> None:
    """Make the tables of the schema `readback`, empty: those that are not there, or all ``anew``."""
    connection.execute("create schema if not exists readback")
    create = "create or replace table" if anew else "create table if not exists"
    for table, columns in _TABLES.items():
        connection.execute(f"{create} readback.{table} ({columns})")


def read_back(
    connection: duckdb.DuckDBPyConnection,
    read: Callable[[str, Sequence[str]], Sequence[Record]],
    models: Sequence[StagingModel],
    *,
    scope: Scope = EVERYTHING,
    ledger: Ledger | None = None,
    theirs: bool = False,
    untold: Callable[[str], Collection[str]] = lambda object: (),
    progress: Callable[[str, int, int], None] = lambda object, done, total: None,
) -> None:
    """Read what the ledger says is in the CRM, ``PAGE`` records a call, and compare it with the staging tables.

    The ``ledger`` tells what a record was like after our last write, and so what somebody edited since. ``theirs``:
    what somebody else wrote goes before our rows. ``untold`` gives an object's fields that the CRM never tells: they
    are left out. ``progress`` is told the object, how many of its records were asked for, and how many there are. The
    ledger's mirror must be fresh, and so must the tables of a sample; the last plan tells whom a reference to somebody
    means who was there before.
    """
    ensure_tables(connection, anew=True)
    ensure_plan(connection)
    for model in models:
        if model.written and scope.object in (None, model.object):
            _note_what_was_sent(connection, model, scope, untold(model.object))
    for object in dict.fromkeys(model.object for model in models):
        _read(connection, read, object, progress)
    compare(connection, ledger, theirs=theirs)


def _note_what_was_sent(
    connection: duckdb.DuckDBPyConnection, model: StagingModel, scope: Scope, untold: Collection[str]
) -> None:
    """The payloads of those rows whose records are in the CRM, and in the scope, without what it never tells."""
    without = literal(json.dumps(dict.fromkeys(untold)))
    object = literal(model.object)
    within = ["records.id is not null"]
    if scope.run is not None:
        within.append(f"staged.key in (select key from ledger.intents where object = {object} and run = {scope.run})")
    if scope.sample is not None:
        within.append(f"staged.key in (select key from sample.rows where model = {literal(model.name)})")
    connection.execute(
        f"""
        insert into readback.sent
        with staged as (
            select
                {quoted(model.key)}::varchar as key,
                {payload_expression(connection, model)} as payload,
            from {model.relation}
        )
        select
            records.object,
            records.key,
            records.id,
            json_merge_patch(staged.payload, {without}),
            md5(staged.payload),
        from staged
        join ledger.records as records on records.object = {object} and records.key = staged.key
        where {" and ".join(within)}
        """
    )


def _read(
    connection: duckdb.DuckDBPyConnection,
    read: Callable[[str, Sequence[str]], Sequence[Record]],
    object: str,
    progress: Callable[[str, int, int], None],
) -> None:
    ids = [
        row[0]
        for row in connection.execute(
            # In the order of their numbers, where a CRM counts: it is read page by page then.
            "select distinct id from readback.sent where object = ? order by length(id), id",
            [object],
        ).fetchall()
    ]
    for start in range(0, len(ids), PAGE):
        records = read(object, ids[start : start + PAGE])
        connection.execute(
            "insert into readback.records select ?, unnest(?::varchar[]), unnest(?::varchar[])::json",
            [object, [record.id for record in records], [record.body for record in records]],
        )
        progress(object, min(start + PAGE, len(ids)), len(ids))
