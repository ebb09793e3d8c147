"""What an earlier run left open: intents without an outcome, because it was killed between a call and its answer."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import timedelta
from itertools import groupby

from shift.destination import Found, Record, Row
from shift.ledger import OpenIntent, Operation, Settled, Status
from shift.loading.creating import settled_as_found
from shift.loading.three_way import same
from shift.loading.unsure import settle_killed
from shift.loading.writer import Writer, looks, read_records

_CHANGES: dict[Operation, Status] = {"update": "updated", "free": "freed", "restore": "restored"}
_UNSEEN = "the run ended before the answer came"


def settle_open(writer: Writer) -> int:
    """Find out what became of every open intent, and note it. Returns how many there were.

    What was carried out is settled at once. What was not may still be on its way, and is looked at again when its
    intent is ``settled_after`` seconds old; then it counts as never made, and the next plan decides anew. Raises Again
    for a CRM that does not answer.
    """
    left_open = writer.ledger.open_intents()
    theirs = writer.destination.limits.ids == "theirs"
    unsure = [one for one in left_open if theirs and one.intent.operation == "create"]
    settle_killed(writer, unsure)
    for open_intents in _alike([one for one in left_open if one not in unsure]):
        unseen = _settle_those_done(writer, open_intents)
        if unseen:
            settled_at = max(one.at for one in unseen) + timedelta(seconds=writer.patience.settled_after)
            writer.patience.wait_until(settled_at, "what an earlier run sent may still be on its way")
            unseen = _settle_those_done(writer, unseen)
        # A create that was found nowhere may come late, and is ours then; of all else, the record itself will tell.
        status: Status = "absent" if open_intents[0].intent.operation == "create" else "refused"
        writer.ledger.settle(Settled(one.number, status, message=_UNSEEN) for one in unseen)
    return len(left_open)


def _settle_those_done(writer: Writer, open_intents: Sequence[OpenIntent]) -> list[OpenIntent]:
    """Settle the intents that were carried out; return the others."""
    operation = open_intents[0].intent.operation
    if operation == "create":
        outcomes = _created(writer, open_intents)
    elif operation == "delete":
        outcomes = _deleted(writer, open_intents)
    elif operation in _CHANGES:
        outcomes = _changed(writer, open_intents, _CHANGES[operation])
    else:  # nothing of the CRM's records was about to change
        return list(open_intents)
    settled = list(outcomes)
    writer.ledger.settle(settled)
    numbers = {outcome.intent for outcome in settled}
    return [intent for intent in open_intents if intent.number not in numbers]


def _created(writer: Writer, open_intents: Sequence[OpenIntent]) -> Iterator[Settled]:
    found = _find(writer, open_intents)
    for one in open_intents:
        answer = found.get(one.intent.key)
        if answer and answer.state != "absent":
            yield settled_as_found(one.number, answer, ours=True)


def _changed(writer: Writer, open_intents: Sequence[OpenIntent], done: Status) -> Iterator[Settled]:
    """A change that is not to be seen counts as never made: the next plan compares the record three ways again."""
    records = _read(writer, open_intents)
    for one in open_intents:
        record = records.get(one.intent.id or "")
        if record and one.intent.body and same(json.loads(one.intent.body), json.loads(record.body)):
            yield Settled(one.number, done, record.id, record=record.body)


def _deleted(writer: Writer, open_intents: Sequence[OpenIntent]) -> Iterator[Settled]:
    """A record that is not there any more. Where ids are ours, one that lies in the CRM's bin is told from that."""
    if writer.destination.limits.ids == "ours":
        there = {key for key, one in _find(writer, open_intents).items() if one.state != "absent"}
    else:
        records = _read(writer, open_intents)
        there = {one.intent.key for one in open_intents if one.intent.id in records}
    for one in open_intents:
        if one.intent.key not in there:
            yield Settled(one.number, "deleted", one.intent.id)


def _find(writer: Writer, open_intents: Sequence[OpenIntent]) -> dict[str, Found]:
    rows = [Row(one.intent.key, one.intent.id, "{}") for one in open_intents]
    return {one.key: one for one in writer.patience.read(writer.destination.find, open_intents[0].intent.object, rows)}


def _read(writer: Writer, open_intents: Sequence[OpenIntent]) -> dict[str, Record]:
    ids = [one.intent.id for one in open_intents if one.intent.id]
    return read_records(writer, open_intents[0].intent.object, ids)


def _alike(open_intents: Sequence[OpenIntent]) -> Iterator[Sequence[OpenIntent]]:
    """Groups of one object and one operation, small enough for one look-up."""

    def kind(one: OpenIntent) -> tuple[str, str]:
        return (one.intent.object, one.intent.operation)

    for _, group in groupby(sorted(open_intents, key=kind), key=kind):
        yield from looks(list(group))
