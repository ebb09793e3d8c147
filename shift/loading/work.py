"""The rows of ``plan.rows`` as work: what is held back, and the rest as batches, in order, a little at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from shift.database import literal, quoted
from shift.destination import Limits, Row
from shift.ledger import Ledger
from shift.loading.creating import Planned
from shift.planning import Action
from shift.staging import StagingModel

if TYPE_CHECKING:
    import duckdb

# Payloads are fetched by the chunk, so that memory does not grow with the table.
_CHUNK_BYTES = 2_000_000


def begin(connection: duckdb.DuckDBPyConnection) -> None:
    """Forget which records an earlier load could not bring in."""
    connection.execute("create or replace temp table out_of_reach (object varchar, key varchar, id varchar)")


def counts(connection: duckdb.DuckDBPyConnection, model: StagingModel) -> dict[Action, int]:
    """How many of the model's rows the plan gives to each action that has any."""
    return dict(
        connection.execute(
            "select action, count(*) from plan.rows where model = ? group by action", [model.name]
        ).fetchall()
    )


def hold_back(connection: duckdb.DuckDBPyConnection, ledger: Ledger, model: StagingModel) -> None:
    """Hold back the rows whose parent this load could not bring in, beside those that the plan held back."""
    if not connection.execute("select 1 from out_of_reach limit 1").fetchone() and not counts(connection, model).get(
        "held_back"
    ):
        return
    for parent in model.parents:
        connection.execute(
            f"update plan.rows set action = 'held_back', reason = {literal(f'its {parent.object} is not in')} "
            f"where model = ? and action in ('create', 'update', 'adopt') and key in ("
            f"select staged.{quoted(model.key)}::varchar from {model.relation} as staged "
            f"join out_of_reach on out_of_reach.object = ? "
            f"and out_of_reach.{'id' if parent.field == 'id' else 'key'} = staged.{quoted(parent.column)}::varchar)",
            [model.name, parent.object],
        )
    held = "from plan.rows where model = ? and action = 'held_back'"
    connection.execute(f"insert into out_of_reach select object, key, id {held} and not there", [model.name])
    rows = connection.execute(f"select key, reason {held} order by key", [model.name]).fetchall()
    ledger.hold_back(model.object, rows)


def note_out_of_reach(connection: duckdb.DuckDBPyConnection, model: StagingModel, keys: Sequence[str]) -> None:
    """These rows of the model were sent, and are not in the CRM."""
    if keys:
        connection.execute(
            "insert into out_of_reach select object, key, id from plan.rows where model = ? "
            "and key in (select unnest(?::varchar[]))",
            [model.name, list(keys)],
        )


def batches(
    connection: duckdb.DuckDBPyConnection, model: StagingModel, action: Action, limits: Limits
) -> Iterator[list[Planned]]:
    """The rows of one action, by key, in batches within the limits of a call.

    A row that is too large by itself goes alone, for the CRM to judge.
    """
    batch: list[Planned] = []
    size = 0
    for planned in (one for chunk in _chunks(connection, model, action) for one in chunk):
        row_size = len(planned.row.payload.encode()) + 1  # the comma between two rows
        if batch and (len(batch) == limits.batch_size or size + row_size > limits.batch_bytes):
            yield batch
            batch, size = [], 0
        batch.append(planned)
        size += row_size
    if batch:
        yield batch


def _chunks(connection: duckdb.DuckDBPyConnection, model: StagingModel, action: Action) -> Iterator[list[Planned]]:
    """Only keys are sorted all at once, never payloads."""
    connection.execute(
        f"create or replace temp table chosen as "
        f"select key, ((sum(bytes) over (order by key)) // {_CHUNK_BYTES})::bigint as chunk "
        f"from plan.rows where model = ? and action = ?",
        [model.name, action],
    )
    for (chunk,) in connection.execute("select distinct chunk from chosen order by chunk").fetchall():
        rows = connection.execute(
            "select key, id, hash, payload from plan.rows where model = ? "
            "and key in (select key from chosen where chunk = ?)",
            [model.name, chunk],
        ).fetchall()
        yield [Planned(Row(key, id, payload), hash) for key, id, hash, payload in sorted(rows)]
