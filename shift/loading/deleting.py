"""Records that the source has no more, and `on_missing: delete`: destroyed, children before parents.

looked at   changed by somebody since our last write → *conflict*, it stays; others point to it → *kept*, it stays
destroyed   → *deleted*; gone already is done, so a lost answer is asked for again
refused     → halved until a record stands alone: that one is *rejected*, in the CRM's words

The intent holds the whole record as it was, so that a rollback can make it anew where the CRM takes ids of ours. What
the CRM itself made of the record (its timeline, who edited it) does not come back.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from itertools import islice
from typing import TYPE_CHECKING

from shift.destination import Record, Row
from shift.ledger import Intent, Settled
from shift.loading import lives
from shift.loading.destroying import destroy
from shift.loading.writer import Planned, Writer, read_records
from shift.staging import StagingModel

if TYPE_CHECKING:
    import duckdb

_TOLD = 3


def delete_gone(writer: Writer, connection: duckdb.DuckDBPyConnection, models: Sequence[StagingModel]) -> None:
    """Destroy what the plan says, after all writes of a load; ``models`` are in load order."""
    for model in reversed(models):
        rows = connection.execute(
            "select key, id from plan.rows where model = ? and action = 'delete' order by key", [model.name]
        ).fetchall()
        planned = iter([Planned(Row(key, id, ""), "") for key, id in rows])
        while batch := list(islice(planned, writer.destination.limits.batch_size)):
            delete(writer, model.object, batch)


def delete(writer: Writer, object: str, rows: Sequence[Planned]) -> None:
    """Destroy records of one object that nobody changed and nothing points to, and note what becomes of each.

    Raises Stop for a CRM that takes nothing from us, Again for one that does not answer, and Stopped.
    """
    there = read_records(writer, object, [one.row.id for one in rows if one.row.id])
    left = _left(writer, object, rows, there)
    writer.ledger.note(
        [(Intent("delete", object, one.row.key, one.row.id, one.hash), outcome) for one, outcome in left]
    )
    stay = {one.row.key for one, _ in left}
    going = [(one.row.key, there[one.row.id or ""]) for one in rows if one.row.key not in stay]
    destroy(writer, object, going, stays="rejected")


def _left(
    writer: Writer, object: str, rows: Sequence[Planned], there: Mapping[str, Record]
) -> list[tuple[Planned, Settled]]:
    """The rows that are not to be destroyed, and the outcome of each."""
    writes = writer.ledger.writes(object, [one.row.key for one in rows])
    pointing = _pointing(writer, object, list(there))
    left = []
    for planned in rows:
        record = there.get(planned.row.id or "")
        if record is None:
            left.append((planned, Settled(0, "gone", planned.row.id, "it is not in the CRM any more")))
            continue
        expected = lives.expected(writes.get(planned.row.key, ())) or {}
        if changed := lives.changed(writer.destination, object, expected, record.body):
            message = f"the source has it no more, but somebody changed {', '.join(changed)} since our last write"
            left.append((planned, Settled(0, "conflict", planned.row.id, message)))
        elif others := pointing.get(record.id):
            named = ", ".join(others[:_TOLD]) + (", …" if len(others) > _TOLD else "")
            message = f"the source has it no more, but others depend on it: {named}"
            left.append((planned, Settled(0, "kept", planned.row.id, message)))
    return left


def _pointing(writer: Writer, object: str, ids: Sequence[str]) -> Mapping[str, list[str]]:
    """By id: what points to the record. Children that go too are gone by now."""
    pointing: dict[str, list[str]] = defaultdict(list)
    if ids:
        for one in writer.patience.read(lambda: list(writer.destination.references(object, ids))):
            pointing[one.to].append(f"{one.object} {one.id}")
    return pointing
