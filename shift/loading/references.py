"""Ids that only the CRM knows, put into payloads right before the call.

In a payload ``{"$ref": "person:42"}`` stands for the CRM's id of the record with that object and key: one that this
ledger wrote, or one that the plan found there. A row whose reference has no id is held back.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from msgspec.structs import replace

from shift.ledger import Ledger
from shift.loading.work import note_out_of_reach
from shift.loading.writer import Planned
from shift.staging import StagingModel

if TYPE_CHECKING:
    import duckdb

# In JSON as DuckDB writes it a quote within a text is escaped, so that this is never found inside of one.
_BEGINS = '{"$ref":'
_REFERENCE = re.compile(r'\{"\$ref":("(?:[^"\\]|\\.)*")\}')

_Target = tuple[str, str]  # object and key


def filled_in(
    connection: duckdb.DuckDBPyConnection, ledger: Ledger, model: StagingModel, batches: Iterator[list[Planned]]
) -> Iterator[list[Planned]]:
    """The batches with an id for every reference; rows that need one which is not there are held back, and noted."""
    for batch in batches:
        if not any(_BEGINS in planned.row.payload for planned in batch):
            yield batch
            continue
        named = {planned.row.key: _targets(planned.row.payload) for planned in batch}
        wanted = {target for targets in named.values() for target in targets}
        ids = _ids(connection, ledger, wanted)
        held = {
            key: f"its {missing[0][0]} is not in"
            for key, targets in named.items()
            if (missing := [one for one in targets if one not in ids])
        }
        if held:
            ledger.hold_back(model.object, held.items())
            note_out_of_reach(connection, model, list(held))
        ready = [_with_ids(planned, ids) for planned in batch if planned.row.key not in held]
        if ready:
            yield ready


def _targets(payload: str) -> list[_Target]:
    return [_target(named) for named in _REFERENCE.finditer(payload)]


def _target(named: re.Match[str]) -> _Target:
    object, _, key = json.loads(named[1]).partition(":")
    return object, key


def _with_ids(planned: Planned, ids: dict[_Target, str]) -> Planned:
    payload = _REFERENCE.sub(lambda named: json.dumps(ids[_target(named)]), planned.row.payload)
    return Planned(replace(planned.row, payload=payload), planned.hash, planned.intent)


def _ids(connection: duckdb.DuckDBPyConnection, ledger: Ledger, wanted: set[_Target]) -> dict[_Target, str]:
    ids: dict[_Target, str] = {}
    for object in {object for object, _ in wanted}:
        keys = [key for named, key in wanted if named == object]
        ids |= {(object, key): id for key, id in ledger.ids(object, keys).items()}
        ids |= _found_there(connection, object, [key for key in keys if (object, key) not in ids])
    return ids


def _found_there(connection: duckdb.DuckDBPyConnection, object: str, keys: Sequence[str]) -> dict[_Target, str]:
    """Records that were in the CRM before, and are not ours to write."""
    rows = connection.execute(
        "select key, id from plan.rows where object = ? and action in ('matched', 'linked') and id is not null "
        "and key in (select unnest(?::varchar[]))",
        [object, list(keys)],
    ).fetchall()
    return {(object, key): id for key, id in rows}
