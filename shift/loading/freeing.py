"""Unique values that move from one record of ours to another: given up first, and set by the updates and creates after.

Whatever the order of the batches, the value is free by then. Giving up is a write of its own, with its intent, the
record before, and its snapshot; it leaves no hash, so that a load which ends in between plans an update. Where the
record's own new value is refused afterwards, the old one is set back, or the row is listed as blank.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any

from shift.destination import Row
from shift.ledger import Freed, Intent, Settled, Status
from shift.loading import lives
from shift.loading.changing import Change, change
from shift.loading.three_way import same
from shift.loading.writer import Planned, Writer, read_records
from shift.staging import StagingModel

if TYPE_CHECKING:
    import duckdb


def give_up(writer: Writer, connection: duckdb.DuckDBPyConnection, model: StagingModel) -> None:
    """Free what ``plan.frees`` lists for the model, before anything of it is written."""
    rows = connection.execute(
        "select key, id, payload from plan.frees where model = ? order by key", [model.name]
    ).fetchall()
    fields: dict[tuple[str, str], dict[str, Any]] = {}  # a record may give up several
    for key, id, payload in rows:
        fields.setdefault((key, id), {}).update(json.loads(payload))
    planned = iter([Planned(Row(key, id, _as_text(given)), "") for (key, id), given in fields.items()])
    while batch := list(islice(planned, writer.destination.limits.batch_size)):
        free(writer, model.object, batch)
    if rows:
        writer.ledger.flush()  # the updates compare with these snapshots


def free(writer: Writer, object: str, rows: Sequence[Planned]) -> None:
    """Empty the fields of each payload, but where somebody changed them: the update that follows finds the conflict.

    Raises as ``update`` does.
    """
    now = read_records(writer, object, [one.row.id for one in rows if one.row.id])
    bases = lives.bases(writer.ledger, object, [one.row.key for one in rows])
    changes = []
    for planned in rows:
        record = now.get(planned.row.id or "")
        if record is None:
            continue
        emptied, held = json.loads(planned.row.payload), json.loads(record.body)
        base = bases.get(planned.row.key, held)
        untouched = all(held.get(field) == base.get(field) for field in emptied)
        if untouched and not same(emptied, held):
            row = Row(planned.row.key, record.id, planned.row.payload, before=record.body)
            changes.append(Change(row, planned.hash))
    change(writer, object, changes, operation="free", done="freed")


def set_back(writer: Writer, connection: duckdb.DuckDBPyConnection, model: StagingModel) -> None:
    """Give records that gave something up, and got no new value, what they had: after all else of the model is written.

    What the source has no more is deleted soon, and gets nothing back.
    """
    if waiting := writer.ledger.freed(model.object):
        rows = connection.execute("select key from plan.rows where model = ? and action <> 'delete'", [model.name])
        staged = {key for (key,) in rows.fetchall()}
        for one in waiting:
            if one.key in staged:
                _set_back(writer, model.object, one)


def _set_back(writer: Writer, object: str, given: Freed) -> None:
    now = read_records(writer, object, [given.id]).get(given.id)
    if now is None:
        return
    before = json.loads(given.before)
    fields = {field: before.get(field) for field in json.loads(given.body)}
    back = Change(Row(given.key, given.id, _as_text(fields), before=now.body), "")
    change(writer, object, [back], operation="restore", done="restored")
    stands = all(one.key != given.key for one in writer.ledger.freed(object))
    for status, message in _last_word(given, ", ".join(fields), stands=stands):
        intent = Intent("update", object, given.key, given.id, given.hash)
        writer.ledger.note([(intent, Settled(0, status, given.id, message))])


def _last_word(given: Freed, fields: str, *, stands: bool) -> Iterator[tuple[Status, str]]:
    """Why the new value is not in stays the last word on the record, with what became of the old one."""
    if given.status in ("rejected", "conflict"):
        became = "is as it was" if stands else "is blank now, since another record has what it was"
        yield given.status, f"{given.message}; {fields} {became}"


def _as_text(fields: dict[str, Any]) -> str:
    return json.dumps(fields, ensure_ascii=False, separators=(",", ":"))
