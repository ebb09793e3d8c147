"""An update: read, compare three ways, and send the fields that changed. Nothing is overwritten in silence.

The three are our row, the record as our writes alone would have left it (the base), and the record now. A field is sent
where our row differs from the base and from the record: one that only somebody else changed stays theirs, through every
later update. Where somebody changed the same field since we wrote it, that is a conflict, and project.yml's
``on_conflict`` decides: *flag* leaves the whole record alone and lists it, *theirs* leaves the field, *ours* sends it.
It decides whenever a row is written; another choice later is no reason to write a row that has not changed.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

from shift.destination import Destination, Record, Row
from shift.ledger import Intent, Settled
from shift.loading import files, lives
from shift.loading.changing import Change, change
from shift.loading.three_way import compare
from shift.loading.writer import Planned, Writer, read_records

OnConflict = Literal["flag", "theirs", "ours"]


@dataclass(frozen=True, slots=True)
class _Unsent:
    """A row that takes no call, and what becomes of it. ``agreed``: what somebody else wrote as we mean it, as JSON."""

    planned: Planned
    outcome: Settled
    agreed: str | None = None


def update(writer: Writer, object: str, rows: Sequence[Planned], on_conflict: OnConflict) -> None:
    """Bring the records up to their rows, and note what becomes of each.

    ``row.payload`` is the whole row, nulls in place. Raises as ``create`` does.
    """
    now = read_records(writer, object, [_id(planned.row) for planned in rows])
    rows = files.upload_changed(writer, object, rows, now)
    bases = lives.bases(writer.ledger, object, [planned.row.key for planned in rows])
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

    def __call__(self, planned: Planned, record: Record | None, base: Mapping[str, Any] | None) -> Change | _Unsent:
        if record is None:
            return _Unsent(planned, _gone(planned))
        ours, theirs = json.loads(planned.row.payload), self.lasting(json.loads(record.body))
        compared = compare(ours, theirs if base is None else self.lasting(base), theirs)
        if compared.conflicts and self.on_conflict == "flag":
            message = f"somebody changed {', '.join(compared.conflicts)} in the CRM since our last write"
            return _Unsent(planned, Settled(0, "conflict", record.id, message))
        kept = {*self.untold, *(compared.conflicts if self.on_conflict == "theirs" else ())}
        changes = {field: value for field, value in compared.changes.items() if field not in kept}
        noted = _as_text({**changes, **compared.agreed}) if compared.agreed else None
        if not changes:
            return _Unsent(planned, Settled(0, "updated", record.id, record=record.body), noted)
        row = Row(planned.row.key, record.id, _as_text(changes), before=record.body)
        return Change(row, planned.hash, noted)


def _settle_unsent(writer: Writer, object: str, rows: Sequence[_Unsent], operation: Literal["update", "adopt"]) -> None:
    """Note outcomes that took no call."""
    told = []
    for one in rows:
        row = one.planned.row
        told.append((Intent(operation, object, row.key, row.id, one.planned.hash, one.agreed), one.outcome))
    writer.ledger.note(told)


def _gone(planned: Planned) -> Settled:
    return Settled(0, "gone", planned.row.id, "it is not in the CRM any more")


def _as_text(fields: Mapping[str, Any]) -> str:
    return json.dumps(fields, ensure_ascii=False, separators=(",", ":"))


def _id(row: Row) -> str:
    assert row.id is not None, "a record that is updated has an id: the ledger's"
    return row.id
