"""The calls of a rollback: records looked at once more, then destroyed, restored or made anew, each with its intent.

Destroying what is gone, and setting a field to what it is, are done already: so a call whose answer was lost is sent
again. What a killed rollback left open is looked up by the next one, or by the next load.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence

from shift.destination import Found, Record, Row
from shift.errors import Again, Refused, Stop
from shift.ledger import Intent, Operation, Settled, Status
from shift.loading import Stopped, destroying, lives
from shift.loading.changing import Change, change
from shift.loading.three_way import same
from shift.loading.writer import Writer
from shift.undoing.judging import Judge, look
from shift.undoing.steps import Action, Step

Kept = tuple[Step, str]  # what was left after all, and why


def destroy(writer: Writer, judge: Judge, steps: Sequence[Step]) -> list[Kept]:
    """Destroy records of one object that we made; those that somebody changed since they were judged are left."""
    object = steps[0].object
    found = look(writer, object, steps)
    kept = _objections(judge, object, steps, found)
    left = {step.key for step, _ in kept}
    _note(writer, "deleted", [step for step in steps if found[step.key].record is None])
    going = [step for step in steps if step.key not in left and found[step.key].record is not None]
    size = writer.destination.limits.batch_size
    for start in range(0, len(going), size):
        batch = {step.key: step for step in going[start : start + size]}
        records = [(key, _record(found[key])) for key in batch]
        # What nobody changed is in the ledger as it was.
        stay = destroying.destroy(writer, object, records, stays="refused", before=judge.force)
        kept += [(batch[key], f"the CRM does not let it go: {message}") for key, message in stay]
    return kept


def restore(writer: Writer, judge: Judge, steps: Sequence[Step], runs: Collection[int]) -> list[Kept]:
    """Give records of one object back what these runs changed. What the CRM will not have is in the ledger."""
    object = steps[0].object
    found = look(writer, object, steps)
    kept = _objections(judge, object, steps, found)
    left = {step.key for step, _ in kept}
    writes = writer.ledger.writes(object, [step.key for step in steps])
    changes: dict[Status, list[Change]] = {"restored": [], "foreign": []}
    for step in steps:
        record = found[step.key].record
        if step.key in left or record is None:
            continue
        fields = lives.before(writes.get(step.key, ()), runs)
        status: Status = "foreign" if step.adopted else "restored"
        if same(fields, json.loads(record.body)):
            _note(writer, status, [step], bodies={step.key: record.body})
        else:
            row = Row(step.key, step.id, _as_text(fields), before=record.body)
            changes[status].append(Change(row, step.hash))
    for status, these in changes.items():
        change(writer, object, these, operation="restore", done=status)
    return kept


def recreate(writer: Writer, judge: Judge, steps: Sequence[Step]) -> list[Kept]:
    """Make records of one object anew that we deleted, each by a call of its own."""
    object = steps[0].object
    found = look(writer, object, steps)
    kept = _objections(judge, object, steps, found)
    left = {step.key for step, _ in kept}
    writes = writer.ledger.writes(object, [step.key for step in steps])
    for step in steps:
        if step.key in left:
            continue
        before = next((one.before for one in reversed(writes[step.key]) if one.status == "deleted"), None)
        lasting = writer.destination.lasting(object, json.loads(before or "{}"))
        row = Row(step.key, step.id, _as_text(lives.without_empties(lasting)))
        if reason := _recreate(writer, step, row):
            kept.append((step, reason))
    return kept


def free(writer: Writer, steps: Sequence[Step], runs: Collection[int]) -> None:
    """Give up the unique values that these runs moved between records of one object, as they did themselves."""
    object = steps[0].object
    found = look(writer, object, steps)
    writes = writer.ledger.writes(object, [step.key for step in steps])
    changes = []
    for step in steps:
        record = found[step.key].record
        freed = [one.body for one in writes[step.key] if one.status == "freed" and one.run in runs and one.body]
        if record is not None and freed:
            changes.append(Change(Row(step.key, step.id, freed[-1], before=record.body), step.hash))
    change(writer, object, changes, operation="free", done="freed")


def keep(writer: Writer, kept: Sequence[Kept]) -> None:
    """Note which records are left, and why."""
    _note(writer, "kept", [step for step, _ in kept], messages={step.key: reason for step, reason in kept})


def _objections(judge: Judge, object: str, steps: Sequence[Step], found: Mapping[str, Found]) -> list[Kept]:
    expected = judge.expected(object, steps)
    told = [(step, judge.objection(step, found[step.key], expected[step.key])) for step in steps]
    return [(step, reason) for step, reason in told if reason]


def _recreate(writer: Writer, step: Step, row: Row) -> str | None:
    """Why the CRM will not have the record again; None: it is there."""
    [number] = writer.ledger.intend([Intent("restore", step.object, step.key, step.id, step.hash, body=row.payload)])
    try:
        [made] = writer.patience.write(writer.destination.create, step.object, [row])
    except Refused as error:
        _settle(writer, [number], "refused", error.message)
        return f"the CRM does not take it back: {error.message}"
    except (Again, Stop, Stopped) as error:
        if not (isinstance(error, Again) and error.arrived):
            _settle(writer, [number], "refused", str(error) or "never sent")
        raise
    body = made.record.body if made.record else None
    writer.ledger.settle([Settled(number, "restored", made.id, record=body)])
    return None


def _note(
    writer: Writer,
    status: Status,
    steps: Sequence[Step],
    *,
    messages: Mapping[str, str] | None = None,
    bodies: Mapping[str, str] | None = None,
) -> None:
    """Note what took no call, of records of one object."""
    operations: Mapping[Action, Operation] = {"delete": "delete", "restore": "restore", "recreate": "restore"}
    intents = [Intent(operations[one.action], one.object, one.key, one.id, one.hash) for one in steps]
    if intents:
        numbers = writer.ledger.intend(intents)
        writer.ledger.settle(
            Settled(number, status, step.id, (messages or {}).get(step.key), (bodies or {}).get(step.key))
            for number, step in zip(numbers, steps, strict=True)
        )


def _settle(writer: Writer, numbers: Iterable[int], status: Status, message: str | None = None) -> None:
    writer.ledger.settle(Settled(number, status, message=message) for number in numbers)


def _record(found: Found) -> Record:
    assert found.record is not None, "what is there has a record"
    return found.record


def _as_text(fields: Mapping[str, object]) -> str:
    return json.dumps(fields, ensure_ascii=False, separators=(",", ":"))
