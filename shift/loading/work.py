"""The rows of ``plan.rows`` as work: what is held back, and the rest as batches, in order, a little at a time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from typing import TYPE_CHECKING

from shift.database import literal, quoted
from shift.destination import Limits, Row
from shift.ledger import Ledger
from shift.loading.deferring import without_deferred
from shift.loading.writer import Planned
from shift.planning import Action
from shift.staging import StagingModel

if TYPE_CHECKING:
    import duckdb

# Payloads are fetched by the chunk, so that memory does not grow with the table, and no thread waits long for Python's
# lock. The first chunk is so much smaller, since no call goes out before it is there.
_CHUNK_BYTES = 1_000_000
_LESS_AT_FIRST = 750_000


@dataclass(frozen=True)
class Work:
    """The rows of one model: how many the plan gives to each action that has any, and those to write, in batches."""

    counts: Mapping[Action, int]
    batches: Mapping[Action, Iterator[list[Planned]]]


def begin(connection: duckdb.DuckDBPyConnection) -> None:
    """Forget which records an earlier load could not bring in."""
    connection.execute(
        "create or replace temp table out_of_reach "
        "(object varchar, key varchar, id varchar, why varchar default 'is not in')"
    )


def prepare(connection: duckdb.DuckDBPyConnection, model: StagingModel, limits: Limits) -> Work:
    """Hold back the rows whose parent this load could not bring in, and make the first batches of the others.

    May be called again when more is known of the parents.
    """
    if connection.execute("select 1 from out_of_reach limit 1").fetchone():
        _hold_back(connection, model)
    counts: dict[Action, int] = dict(
        connection.execute(
            "select action, count(*) from plan.rows where model = ? group by action", [model.name]
        ).fetchall()
    )
    to_write: tuple[Action, ...] = ("adopt", "update", "create")
    batches = {action: _batches(connection, model, action, limits) for action in to_write if action in counts}
    return Work(counts, {action: _begun(made) for action, made in batches.items()})


def note_held_back(connection: duckdb.DuckDBPyConnection, ledger: Ledger, model: StagingModel) -> None:
    """Note the rows that are held back: what hangs on them is out of reach too."""
    held = "from plan.rows where model = ? and action = 'held_back'"
    connection.execute(f"insert into out_of_reach by name select object, key, id {held} and not there", [model.name])
    rows = connection.execute(f"select key, reason {held} order by key", [model.name]).fetchall()
    ledger.hold_back(model.object, rows)


def note_out_of_reach(connection: duckdb.DuckDBPyConnection, model: StagingModel, keys: Sequence[str]) -> None:
    """These rows of the model were sent, and are not in the CRM."""
    connection.execute(
        "insert into out_of_reach by name select object, key, id from plan.rows where model = ? "
        "and key in (select unnest(?::varchar[]))",
        [model.name, list(keys)],
    )


def _hold_back(connection: duckdb.DuckDBPyConnection, model: StagingModel) -> None:
    for parent in model.parents:
        # A deferred column is no part of a create.
        actions = ("update", "adopt") if parent.column in model.deferred else ("create", "update", "adopt")
        connection.execute(
            f"update plan.rows set action = 'held_back', reason = {literal(f'its {parent.object} ')} || above.why "
            f"from (select staged.{quoted(model.key)}::varchar as key, min(out_of_reach.why) as why "
            f"from {model.relation} as staged join out_of_reach on out_of_reach.object = {literal(parent.object)} "
            f"and out_of_reach.{'id' if parent.field == 'id' else 'key'} = staged.{quoted(parent.column)}::varchar "
            f"group by all) as above "
            f"where model = ? and rows.key = above.key and action in {actions}",
            [model.name],
        )


def _batches(
    connection: duckdb.DuckDBPyConnection, model: StagingModel, action: Action, limits: Limits
) -> Iterator[list[Planned]]:
    """The rows of one action, by key, in batches within the limits of a call.

    A row that is too large by itself goes alone, for the CRM to judge.
    """
    batch: list[Planned] = []
    size = 0
    shortened = action == "create" and bool(model.deferred)
    for chunk in _chunks(connection, model, action):
        for key, id, hash, payload, payload_bytes in chunk:
            row_size = payload_bytes + 1  # the comma between two rows
            if batch and (len(batch) == limits.batch_size or size + row_size > limits.batch_bytes):
                yield batch
                batch, size = [], 0
            planned = Planned(Row(key, id, payload), hash)
            batch.append(without_deferred(model, planned) if shortened else planned)
            size += row_size
    if batch:
        yield batch


def _begun(batches: Iterator[list[Planned]]) -> Iterator[list[Planned]]:
    """The same batches, with the first of them made."""
    return chain(list(islice(batches, 1)), batches)


def _chunks(
    connection: duckdb.DuckDBPyConnection, model: StagingModel, action: Action
) -> Iterator[list[tuple[str, str | None, str, str, int]]]:
    """Rows (key, id, hash, payload, bytes) by key. Only keys are sorted all at once, never payloads."""
    of_action = "from plan.rows where model = ? and action = ?"
    borders = connection.execute(
        f"select min(key), max(key) from ("
        f"select key, (sum(bytes) over (order by key) + {_LESS_AT_FIRST}) // {_CHUNK_BYTES} as chunk {of_action}"
        f") group by chunk order by chunk",
        [model.name, action],
    ).fetchall()
    for first, last in borders:
        rows = connection.execute(
            f"select key, id, hash, payload, bytes {of_action} and key between ? and ?",
            [model.name, action, first, last],
        ).fetchall()
        yield sorted(rows)
