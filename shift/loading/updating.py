"""An update: read, compare three ways, and send the fields that changed. Nothing is overwritten in silence.

The three are our row, the record after our last write (the base), and the record now. A field is sent where our row
differs from the base and from the record. Where somebody changed the same field meanwhile, that is a conflict, and
project.yml's ``on_conflict`` decides: *flag* leaves the whole record alone and lists it, *theirs* leaves the field,
*ours* sends it.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal

from shift.destination import Destination, Record, Row
from shift.ledger import Intent, Settled
from shift.loading import files
from shift.loading.changing import Change, change
from shift.loading.three_way import compare
from shift.loading.writer import Planned, Writer, read_records

OnConflict = Literal["flag", "theirs", "ours"]


@dataclass(frozen=True, slots=True)
class _Unsent:
    """A row that takes no call, and what becomes of it."""

    planned: Planned
    outcome: Settled


def update(writer: Writer, object: str, rows: Sequence[Planned], on_conflict: OnConflict) -> None:
    """Bring the records up to their rows, and note what becomes of each.

    ``row.payload`` is the whole row, nulls in place. Raises as ``create`` does.
    """
    now = read_records(writer, object, [_id(planned.row) for planned in rows])
    rows = files.upload_changed(writer, object, rows, now)
    bases = writer.ledger.last_snapshots(object, [planned.row.key for planned in rows])
    judge = _Judge(writer.destination, object, on_conflict)
    judged = [judge(planned, now.get(_id(planned.row)), bases.get(planned.row.key)) for planned in rows]
    _settle_unsent(writer, object, [one for one in judged if isinstance(one, _Unsent)], "update")
    change(writer, object, [one for one in judged if isinstance(one, Change)])


def adopt(writer: Writer, object: str, rows: Sequence[Planned]) -> None:
    """Take records that are in the CRM, and were not made by this ledger, into its care; they are not changed by it."""
    now = read_records(writer, object, [_id(planned.row) for planned in rows])
    adopted = []
    for planned in rows:
        record = now.get(_id(planned.row))
        outcome = Settled(0, "adopted", record.id, record=record.body) if record else _gone(planned)
        # No payload is known to have been written, so that the next comparison is by field and not by hash.
        adopted.append(_Unsent(Planned(planned.row, ""), outcome))
    _settle_unsent(writer, object, adopted, "adopt")


def note_gone(writer: Writer, object: str, rows: Sequence[Planned]) -> None:
    """Note that these records of ours are not in the CRM any more."""
    _settle_unsent(writer, object, [_Unsent(planned, _gone(planned)) for planned in rows], "update")


class _Judge:
    """What there is to send for one row, if anything; fields that the CRM does not tell were sent at its creation."""

    def __init__(self, destination: Destination, object: str, on_conflict: OnConflict) -> None:
        self.on_conflict = on_conflict
        self.untold = destination.untold(object)
        # A link that is signed anew for every answer is nobody's change.
        self.lasting = partial(destination.lasting, object)

    def __call__(self, planned: Planned, record: Record | None, base: str | None) -> Change | _Unsent:
        if record is None:
            return _Unsent(planned, _gone(planned))
        ours, theirs = json.loads(planned.row.payload), self.lasting(json.loads(record.body))
        compared = compare(ours, self.lasting(json.loads(base)) if base else theirs, theirs)
        if compared.conflicts and self.on_conflict == "flag":
            message = f"somebody changed {', '.join(compared.conflicts)} in the CRM since our last write"
            return _Unsent(planned, Settled(0, "conflict", record.id, message))
        kept = {*self.untold, *(compared.conflicts if self.on_conflict == "theirs" else ())}
        changes = {field: value for field, value in compared.changes.items() if field not in kept}
        if not changes:
            return _Unsent(planned, Settled(0, "updated", record.id, record=record.body))
        body = json.dumps(changes, ensure_ascii=False, separators=(",", ":"))
        return Change(Row(planned.row.key, record.id, body, before=record.body), planned.hash)


def _settle_unsent(writer: Writer, object: str, rows: Sequence[_Unsent], operation: Literal["update", "adopt"]) -> None:
    """Note outcomes that took no call."""
    planned = [(one.planned.row, one.planned.hash, one.outcome) for one in rows]
    writer.ledger.note([(Intent(operation, object, row.key, row.id, hash), said) for row, hash, said in planned])


def _gone(planned: Planned) -> Settled:
    return Settled(0, "gone", planned.row.id, "it is not in the CRM any more")


def _id(row: Row) -> str:
    assert row.id is not None, "a record that is updated has an id: the ledger's"
    return row.id
