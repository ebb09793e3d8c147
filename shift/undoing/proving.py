"""After a rollback: the CRM asked again, record by record, whether it is as it was."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from shift.loading.three_way import same
from shift.loading.writer import Writer
from shift.undoing.baseline import Difference, differences
from shift.undoing.judging import Judge, chunks, look
from shift.undoing.steps import Step, read_standing

if TYPE_CHECKING:
    from pathlib import Path

    import duckdb


@dataclass(frozen=True, slots=True)
class Proof:
    """``failures``: what the rollback was to undo, and is not undone. ``others``: what is not as the CRM's own records
    were before the first load, none of it ours; None where nothing tells how they were."""

    failures: tuple[Difference, ...]
    others: tuple[Difference, ...] | None

    @property
    def holds(self) -> bool:
        return not self.failures


def prove(
    writer: Writer,
    connection: duckdb.DuckDBPyConnection,
    runs: Sequence[int],
    judge: Judge,
    objects: Iterable[str],
    baseline: Path | None,
) -> Proof:
    """Look at every record that these runs wrote, but those that were left, and those of objects that are gone.

    What was deleted must not be there, live or soft-deleted; what was restored must hold what was given back. Reads
    the mirrored ledger.
    """
    rows = connection.execute(_TAKEN_BACK, [list(runs)]).fetchall()
    taken_back = [
        Step(object, key, id, "delete" if status == "deleted" else "restore", "")
        for object, key, id, status in rows
        if (object, key) not in judge.left and judge.has(object)
    ]
    failures = tuple(failure for steps in chunks(taken_back) for failure in _failures(writer, steps))
    read_standing(connection)
    return Proof(failures, differences(writer, connection, baseline, objects, judge.has))


def _failures(writer: Writer, steps: Sequence[Step]) -> Iterable[Difference]:
    object = steps[0].object
    found = look(writer, object, steps)
    sent = _restored(writer, object, [step.key for step in steps if step.action == "restore"])
    for step in steps:
        record = found[step.key].record
        if step.action == "delete":
            if record is not None:
                yield Difference(object, step.id, f"is still there ({found[step.key].state.replace('_', '-')})")
        elif record is None:
            yield Difference(object, step.id, "is not there")
        else:
            now = json.loads(record.body)
            fields = [name for name, value in sent.get(step.key, {}).items() if not same(value, now.get(name))]
            if fields:
                yield Difference(object, step.id, f"is not as it was in {', '.join(fields)}")


def _restored(writer: Writer, object: str, keys: Sequence[str]) -> Mapping[str, Mapping[str, object]]:
    """By key: the fields that were given back."""
    return {key: json.loads(writes[-1].body or "{}") for key, writes in writer.ledger.writes(object, keys).items()}


_TAKEN_BACK = """
with written as (
    select
        intents.object,
        intents.key,
        intents.run,
        intents.intent,
        coalesce(outcomes.id, intents.id) as id,
        outcomes.status,
    from ledger.intents as intents
    join ledger.outcomes as outcomes on outcomes.intent = intents.intent
    where outcomes.status in ('created', 'updated', 'adopted', 'freed', 'deleted', 'restored')
        or (outcomes.status = 'foreign' and intents.operation = 'restore')
),
final as (
    select
        object,
        key,
        arg_max(id, intent) as id,
        arg_max(status, intent) as status,
    from written
    group by object, key
    having bool_or(list_contains(?, run)) and arg_max(run, intent) in (select run from ledger.undoings)
)
select * from final
order by object, key
"""
