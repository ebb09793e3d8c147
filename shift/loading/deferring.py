"""Columns that close a circle of objects: left out when a record is created, set once the whole circle is in.

A record that was created without them is noted with the hash of what was sent, so that after a load which ends before
they are set, the plan updates it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from hashlib import md5
from itertools import islice
from typing import TYPE_CHECKING

import msgspec

from shift import payloads
from shift.database import literal, quoted
from shift.destination import Limits, Row
from shift.ledger import Ledger
from shift.loading.writer import Planned
from shift.staging import StagingModel

if TYPE_CHECKING:
    import duckdb

_HELD = "it is in, but not what one of its columns points to"


def closing_at(models: Sequence[StagingModel], at: int) -> list[StagingModel]:
    """The models whose deferred columns can be set once the model at this place of the load order is through."""
    place = {model.object: place for place, model in enumerate(models)}

    def last(model: StagingModel) -> int:
        targets = [parent.object for parent in model.parents if parent.column in model.deferred]
        return max(place[object] for object in (model.object, *targets) if object in place)

    return [model for model in models[: at + 1] if model.deferred and last(model) == at]


def without_deferred(model: StagingModel, planned: Planned) -> Planned:
    """The row as it is created."""
    fields = msgspec.json.decode(planned.row.payload, type=dict[str, msgspec.Raw])
    sent = {name: value for name, value in fields.items() if name not in model.deferred}
    if len(sent) == len(fields):
        return planned
    text = msgspec.json.encode(sent)
    return Planned(Row(planned.row.key, planned.row.id, text.decode()), md5(text).hexdigest())


def to_set(
    connection: duckdb.DuckDBPyConnection, ledger: Ledger, model: StagingModel, limits: Limits
) -> Iterator[list[Planned]]:
    """The records that were created without their deferred columns: what to set on each, in batches.

    Where what a column points to is not in, the record is noted as held back, and a later load sets it.
    """
    deferred = replace(model, columns=model.deferred)
    any_set = " or ".join(f"{quoted(column)} is not null" for column in model.deferred)
    out_of_reach = " or ".join(
        f"exists (from out_of_reach as out where out.object = {literal(parent.object)} "
        f"and out.{'id' if parent.field == 'id' else 'key'} = {quoted(parent.column)}::varchar)"
        for parent in model.parents
        if parent.column in model.deferred
    )
    rows = connection.execute(
        f"select rows.key, rows.hash, staged.payload, staged.held from plan.rows as rows join ("
        f"select {quoted(model.key)}::varchar as key, {out_of_reach} as held, "
        f"{payloads.whole_row_expression(connection, deferred)} as payload from {model.relation} where {any_set}"
        f") as staged on staged.key = rows.key where rows.model = ? and rows.action = 'create' order by rows.key",
        [model.name],
    ).fetchall()
    ids = ledger.ids(model.object, [key for key, _, _, _ in rows])
    ledger.hold_back(model.object, [(key, _HELD) for key, _, _, held in rows if held and key in ids])
    ready = iter([Planned(Row(key, ids[key], text), hash) for key, hash, text, held in rows if key in ids and not held])
    while batch := list(islice(ready, limits.batch_size)):
        yield batch
