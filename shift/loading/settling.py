"""What an earlier run left open: intents without an outcome, because it was killed between a call and its answer."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from itertools import groupby

from shift.destination import Row
from shift.ledger import OpenIntent, Settled
from shift.loading.creating import Writer, settled_as_found
from shift.loading.updating import read_records, same

_ROWS_A_LOOK = 200


def settle_open(writer: Writer) -> int:
    """Find out what became of every open intent, and note it. Returns how many there were.

    A record that is there is settled at once. One that is not may still be on its way, and is looked for again when its
    intent is ``settled_after`` seconds old. Raises Again for a CRM that does not answer.
    """
    left_open = writer.ledger.open_intents()
    for open_intents in _alike(left_open):
        unseen = _settle_those_there(writer, open_intents)
        if unseen:
            writer.patience.wait_until_settled(max(intent.at for intent in unseen))
            unseen = _settle_those_there(writer, unseen)
        writer.ledger.settle(
            Settled(intent.number, "absent", message="the run ended before the answer came") for intent in unseen
        )
    return len(left_open)


def _settle_those_there(writer: Writer, open_intents: Sequence[OpenIntent]) -> list[OpenIntent]:
    """Settle the intents that were carried out; return the others."""
    operation = open_intents[0].intent.operation
    outcomes = _created(writer, open_intents) if operation == "create" else _updated(writer, open_intents)
    settled = list(outcomes)
    writer.ledger.settle(settled)
    numbers = {outcome.intent for outcome in settled}
    return [intent for intent in open_intents if intent.number not in numbers]


def _created(writer: Writer, open_intents: Sequence[OpenIntent]) -> Iterator[Settled]:
    rows = [Row(one.intent.key, one.intent.id, "{}") for one in open_intents]
    found = {one.key: one for one in writer.patience.read(writer.destination.find, open_intents[0].intent.object, rows)}
    for one in open_intents:
        answer = found.get(one.intent.key)
        if answer and answer.state != "absent":
            yield settled_as_found(one.number, answer, ours=True)


def _updated(writer: Writer, open_intents: Sequence[OpenIntent]) -> Iterator[Settled]:
    """An update that is not to be seen counts as never made: the next plan compares the record three ways again."""
    ids = [one.intent.id for one in open_intents if one.intent.id]
    records = read_records(writer, open_intents[0].intent.object, ids)
    for one in open_intents:
        record = records.get(one.intent.id or "")
        if record and one.intent.body and same(json.loads(one.intent.body), json.loads(record.body)):
            yield Settled(one.number, "updated", record.id, record=record.body)


def _alike(open_intents: Sequence[OpenIntent]) -> Iterator[list[OpenIntent]]:
    """Groups of one object and one operation, small enough for one look-up."""

    def kind(one: OpenIntent) -> tuple[str, str]:
        return (one.intent.object, one.intent.operation)

    for _, group in groupby(sorted(open_intents, key=kind), key=kind):
        alike = list(group)
        for start in range(0, len(alike), _ROWS_A_LOOK):
            yield alike[start : start + _ROWS_A_LOOK]
