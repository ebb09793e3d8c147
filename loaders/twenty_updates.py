"""Which updates Twenty can take together, and what is sent of each (`contracts/twenty`, rest-upsert, emptying, nulls).

Only an upsert updates many records with different values in one call, and it has its own mind: it matches on every
unique field at once, soft-deleted records too, drops the id that was sent where another field matched, passes over
`createdBy`, and makes a record that is not there. So a row goes that way only where it was seen alive, and where its id
is the one unique value in it; any other is a PATCH of its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from shift.destination import Row

from .twenty_data_model import MEMBER, Object
from .twenty_wire import MOST_BYTES

# nulls, emptying: these refuse null, whoever sends it.
NEVER_NULL = frozenset({"id", "createdAt", "updatedAt", "position"})
# rest-upsert: ignored, or what tells a record that was made anew from one that was updated.
NEVER_UPSERTED = frozenset({"createdBy", "createdAt", "updatedAt", "deletedAt"})


def changes(row: Row, object: Object) -> dict[str, Any]:
    """The fields to set, as Twenty empties them: nulls within composites stay, rich text takes an empty text only."""
    sent = {name: value for name, value in msgspec.json.decode(row.payload).items() if _may_be_sent(name, value)}
    for name in sent.keys() & object.fields_of("RICH_TEXT"):
        if not sent[name] or not any(sent[name].values()):
            sent[name] = {"markdown": ""}
    return sent


def upsert_body(row: Row, object: Object) -> dict[str, Any] | None:
    """What an upsert sends of the row; None where it must not go that way."""
    if row.before is None or object.name_singular == MEMBER:
        return None
    before: Mapping[str, Any] = msgspec.json.decode(row.before)
    unique = object.unique_fields()
    body = {
        name: value
        for name, value in changes(row, object).items()
        if not (name in unique and value == before.get(name))
    }
    if before.get("deletedAt") or body.keys() & (unique | NEVER_UPSERTED):
        return None
    return {**body, "id": row.id}


def calls(rows: Sequence[Row], object: Object, batch_size: int) -> Iterator[list[Row]]:
    """The rows, sorted into those that one call can take."""
    together: list[Row] = []
    size = 0
    for row in rows:
        if upsert_body(row, object) is None:
            yield [row]
            continue
        bytes = len(row.payload.encode())
        if together and (len(together) == batch_size or size + bytes > MOST_BYTES):
            yield together
            together, size = [], 0
        together.append(row)
        size += bytes
    if together:
        yield together


def was_made_anew(before: str | None, now: str) -> bool:
    """Whether an upsert made the record: somebody had destroyed it since it was read (emptying: upsert by that id)."""
    old, new = (msgspec.json.decode(body or "{}") for body in (before, now))
    return bool(new.get("createdAt") != old.get("createdAt") and new.get("createdAt") == new.get("updatedAt"))


def _may_be_sent(name: str, value: Any) -> bool:
    return value is not None or name not in NEVER_NULL
