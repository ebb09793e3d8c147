"""The life of an update: read, compare three ways, intent, call, outcome. Nothing is overwritten in silence.

The three are our row, the record after our last write (the base), and the record now. A field is sent where our row
differs from the base and from the record. Where somebody changed the same field meanwhile, that is a conflict, and
project.yml's ``on_conflict`` decides: *flag* leaves the whole record alone and lists it, *theirs* leaves the field,
*ours* sends it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from shift.destination import Record, Row
from shift.errors import Again, Refused, Stop
from shift.ledger import Intent, Settled
from shift.loading.creating import Planned, Writer
from shift.loading.patience import Stopped

OnConflict = Literal["flag", "theirs", "ours"]


@dataclass(frozen=True, slots=True)
class Comparison:
    """What our row would change, by field, and which of these fields somebody else changed since our last write."""

    changes: Mapping[str, Any]
    conflicts: tuple[str, ...]


def update(writer: Writer, object: str, rows: Sequence[Planned], on_conflict: OnConflict) -> None:
    """Bring the records up to their rows, one call a record, and note what becomes of each.

    ``row.payload`` is the whole row, nulls in place. Raises as ``create`` does.
    """
    now = read_records(writer, object, [_id(planned.row) for planned in rows])
    bases = writer.ledger.last_snapshots(object, [planned.row.key for planned in rows])
    for planned in rows:
        writer.patience.check()
        record = now.get(_id(planned.row))
        if record is None:
            _settle_unsent(writer, object, planned, Settled(0, "gone", planned.row.id, "it is not in the CRM any more"))
            continue
        base = json.loads(bases.get(planned.row.key, record.body))
        compared = compare(json.loads(planned.row.payload), base, json.loads(record.body))
        if compared.conflicts and on_conflict == "flag":
            message = f"somebody changed {', '.join(compared.conflicts)} in the CRM since our last write"
            _settle_unsent(writer, object, planned, Settled(0, "conflict", record.id, message))
            continue
        kept = set(compared.conflicts) if on_conflict == "theirs" else set()
        changes = {field: value for field, value in compared.changes.items() if field not in kept}
        if not changes:
            _settle_unsent(writer, object, planned, Settled(0, "updated", record.id, record=record.body))
            continue
        _send(writer, object, planned, record, json.dumps(changes, ensure_ascii=False, separators=(",", ":")))


def adopt(writer: Writer, object: str, rows: Sequence[Planned]) -> None:
    """Take records that are in the CRM, and were not made by this ledger, into its care; they are not changed by it."""
    now = read_records(writer, object, [_id(planned.row) for planned in rows])
    for planned in rows:
        record = now.get(_id(planned.row))
        outcome = (
            Settled(0, "adopted", record.id, record=record.body)
            if record
            else Settled(0, "gone", planned.row.id, "it is not in the CRM any more")
        )
        # No payload is known to have been written, so that the next comparison is by field and not by hash.
        _settle_unsent(writer, object, Planned(planned.row, ""), outcome, operation="adopt")


def compare(ours: Mapping[str, Any], base: Mapping[str, Any], theirs: Mapping[str, Any]) -> Comparison:
    """Three records, field by field: our whole row, the record after our last write, and the record now."""
    changes = {
        field: value
        for field, value in ours.items()
        if not same(value, base.get(field)) and not same(value, theirs.get(field))
    }
    conflicts = tuple(field for field in changes if base.get(field) != theirs.get(field))
    return Comparison(changes, conflicts)


def same(ours: Any, theirs: Any) -> bool:
    """Whether the CRM holds what we mean: it may hold more members of an object, and empty and absent are the same."""
    if isinstance(ours, dict):
        held = theirs if isinstance(theirs, dict) else {}
        return all(same(value, held.get(member)) for member, value in ours.items())
    if isinstance(ours, list) and isinstance(theirs, list):
        return len(ours) == len(theirs) and all(same(mine, other) for mine, other in zip(ours, theirs, strict=True))
    if ours in (None, "", []) and not isinstance(ours, bool):
        return theirs in (None, "", [], {}) and not isinstance(theirs, bool)
    return bool(ours == theirs)


def _send(writer: Writer, object: str, planned: Planned, before: Record, body: str) -> None:
    row = Row(planned.row.key, before.id, body)
    [number] = writer.ledger.intend(
        [Intent("update", object, row.key, row.id, planned.hash, body=body, before=before.body)]
    )
    for attempt in range(1, writer.patience.attempts + 1):
        try:
            answered = writer.patience.write(writer.destination.update, object, [row])
        except Refused as error:
            writer.ledger.settle([Settled(number, "rejected", before.id, error.message)])
            return
        except Again as error:
            if not error.arrived:
                writer.ledger.settle([Settled(number, "refused", before.id, error.message)])
                raise
            writer.patience.pause(attempt, error)
            outcome = after_lost(number, body, before.body, read_records(writer, object, [before.id]).get(before.id))
            if outcome is not None:
                writer.ledger.settle([outcome])
                return
            lost = error
        except (Stop, Stopped) as error:
            writer.ledger.settle([Settled(number, "refused", before.id, str(error) or "never sent")])
            raise
        else:
            record = next((made.record for made in answered if made.key == row.key), None)
            record = record or read_records(writer, object, [before.id]).get(before.id)
            writer.ledger.settle_soon([Settled(number, "updated", before.id, record=record.body if record else None)])
            return
    writer.ledger.settle([Settled(number, "rejected", before.id, lost.message)])


def after_lost(number: int, body: str, before: str, now: Record | None) -> Settled | None:
    """What became of an update whose answer was lost, from the record now; None: nothing, so it may go again."""
    if now is None:
        return Settled(number, "gone", None, "it is not in the CRM any more")
    if same(json.loads(body), json.loads(now.body)):
        return Settled(number, "updated", now.id, record=now.body)
    old, new = json.loads(before), json.loads(now.body)
    if all(old.get(field) == new.get(field) for field in json.loads(body)):
        return None
    return Settled(number, "conflict", now.id, "it was changed while the answer to our update was lost")


def _settle_unsent(
    writer: Writer, object: str, planned: Planned, outcome: Settled, operation: Literal["update", "adopt"] = "update"
) -> None:
    """Note an outcome that took no call."""
    [number] = writer.ledger.intend([Intent(operation, object, planned.row.key, planned.row.id, planned.hash)])
    writer.ledger.settle([Settled(number, outcome.status, outcome.id, outcome.message, outcome.record)])


def read_records(writer: Writer, object: str, ids: Sequence[str]) -> dict[str, Record]:
    """The live records with these ids, by id."""
    records = writer.patience.read(lambda: list(writer.destination.read(object, ids)))
    return {record.id: record for record in records}


def _id(row: Row) -> str:
    assert row.id is not None, "a record that is updated has an id: the ledger's"
    return row.id
