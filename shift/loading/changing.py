"""The life of a change to a record that is there: intent, call, outcome; and what follows a "no", or a lost answer.

carried out          → *updated*, or whatever the operation calls it, with the record as it came back
lost, or a 5xx       → wait, read: as was sent → *updated*; as before → sent again, up to n attempts;
                       gone → *gone*; else *conflict*: somebody changed it meanwhile
refused              → read, since a part of the call may be carried out all the same; the rest is halved until a row
                       stands alone: that one is *rejected*, in the CRM's words
lost n times         → *rejected*, and read once more at the end of the load: what came through late is *updated*
stop, or too often   → *refused*, and the error goes on: the next plan compares the records as they are then
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

from msgspec import Struct
from msgspec.structs import replace

from shift.destination import Outcome, Record, Row
from shift.errors import Again, Refused, Stop
from shift.ledger import Intent, Operation, Settled, Status
from shift.loading.patience import Stopped, trying
from shift.loading.three_way import same
from shift.loading.writer import GivenUp, Writer, read_records


class Change(Struct, frozen=True):
    """Fields to set on a record: ``row.payload`` holds them, and ``row.before`` the record as it was just read.

    ``hash`` is what the ledger is to know of the record once this is done. ``noted``: what is as we mean it by then,
    where that is more than is sent.
    """

    row: Row
    hash: str
    noted: str | None = None


class _Call(Struct, frozen=True):
    """Rows for one call; ``lost`` counts how often an answer about them was lost."""

    rows: Sequence[Row]
    lost: int = 0


def change(
    writer: Writer,
    object: str,
    changes: Sequence[Change],
    *,
    operation: Operation = "update",
    done: Status = "updated",
) -> None:
    """Carry the changes out, in as few calls as the CRM allows, and note what becomes of each.

    Raises Stop for a CRM that takes nothing from us, Again for one that does not answer, and Stopped.
    """
    if changes:
        _Changing(writer, object, changes, operation, done).carry_out()


def look_once_more(writer: Writer) -> None:
    """Settle the updates that came through after they were given up."""
    for object in {one.object for one in writer.given_up}:
        waiting = [one for one in writer.given_up if one.object == object]
        records = read_records(writer, object, [one.row.id for one in waiting if one.row.id])
        for one in waiting:
            record = records.get(one.row.id or "")
            if record and same(json.loads(one.row.payload), json.loads(record.body)):
                intent = Intent("update", object, one.row.key, record.id, one.hash, one.row.payload, one.row.before)
                writer.ledger.note([(intent, Settled(0, "updated", record.id, record=record.body))])
    writer.given_up.clear()


class _Changing:
    """The changes of one batch; ``open`` holds the numbers of the intents whose end is not known yet, by key."""

    def __init__(
        self, writer: Writer, object: str, changes: Sequence[Change], operation: Operation, done: Status
    ) -> None:
        self.writer = writer
        self.object = object
        self.operation = operation
        self.done = done
        self.hashes = {one.row.key: one.hash for one in changes}
        self.noted = {one.row.key: one.noted or one.row.payload for one in changes}
        self.open: dict[str, int] = {}
        rows = [one.row for one in changes]
        self.waiting = [_Call(call) for call in reversed(writer.destination.update_calls(object, rows))]

    def carry_out(self) -> None:
        try:
            while self.waiting:
                self._send(self.waiting.pop())
        except (Again, Stop, Stopped) as error:
            self._settle(list(self.open), "refused", str(error) or "never sent")
            raise

    def _send(self, call: _Call) -> None:
        self._intend([row for row in call.rows if row.key not in self.open])
        try:
            with trying(call.lost + 1):
                answered = self.writer.patience.write(self.writer.destination.update, self.object, call.rows)
        except Again as error:
            if not error.arrived:
                raise
            self._look(call.rows, call.lost, error)
        except Refused as error:
            # A row that stands alone is not in; of several, some may be.
            rows = self._settle_seen(call.rows) if len(call.rows) > 1 else call.rows
            self._halve(rows, call.lost, error.message)
        else:
            told = {made.key for made in answered}
            self._settle_done(answered)
            if unanswered := [row for row in call.rows if row.key not in told]:
                self._look(unanswered, call.lost, Again("the answer left it out", arrived=True))

    def _look(self, rows: Sequence[Row], lost: int, error: Again) -> None:
        """After an answer was lost: what is as it was before goes again, if not for ever."""
        self.writer.patience.pause(lost + 1, error)
        left = self._settle_seen(rows)
        if lost + 1 < self.writer.patience.attempts:
            self._again(left, lost + 1)
            return
        if len(left) == 1 and self.operation == "update":
            [row] = left
            self.writer.given_up.append(GivenUp(self.object, row, self.hashes[row.key]))
        self._halve(left, lost, error.message)

    def _halve(self, rows: Sequence[Row], lost: int, message: str) -> None:
        if len(rows) > 1:
            middle = len(rows) // 2
            self._again(rows[middle:], lost)
            self._again(rows[:middle], lost)
        else:
            self._settle([row.key for row in rows], "rejected", message)

    def _again(self, rows: Sequence[Row], lost: int) -> None:
        if rows:
            self.waiting.append(_Call(rows, lost))

    def _intend(self, rows: Sequence[Row]) -> None:
        intents = [
            Intent(self.operation, self.object, row.key, row.id, self.hashes[row.key], self.noted[row.key], row.before)
            for row in rows
        ]
        if intents:
            numbers = self.writer.ledger.intend(intents)
            self.open |= {row.key: number for row, number in zip(rows, numbers, strict=True)}

    def _settle_done(self, answered: Sequence[Outcome]) -> None:
        unseen = [made.id for made in answered if made.record is None]
        seen = read_records(self.writer, self.object, unseen) if unseen else {}
        outcomes = []
        for made in answered:
            record = made.record or seen.get(made.id)
            number = self.open.pop(made.key)
            outcomes.append(Settled(number, self.done, made.id, record=record.body if record else None))
        self.writer.ledger.settle_soon(outcomes)

    def _settle_seen(self, rows: Sequence[Row]) -> list[Row]:
        """Read the records, settle those whose end is to be seen, and return the rows that were not carried out."""
        records = read_records(self.writer, self.object, [row.id for row in rows if row.id])
        left, outcomes = [], []
        for row in rows:
            outcome = after_lost(
                self.open[row.key], row.payload, row.before or "{}", records.get(row.id or ""), self.done
            )
            if outcome is None:
                left.append(replace(row, before=records[row.id or ""].body))  # it may have a newer rev
            else:
                outcomes.append(outcome)
                del self.open[row.key]
        self.writer.ledger.settle(outcomes)
        return left

    def _settle(self, keys: Iterable[str], status: Status, message: str) -> None:
        self.writer.ledger.settle(Settled(self.open.pop(key), status, message=message) for key in keys)


def after_lost(number: int, body: str, before: str, now: Record | None, done: Status) -> Settled | None:
    """What became of a change whose answer was lost, from the record now; None: nothing, so it may go again."""
    if now is None:
        return Settled(number, "gone", None, "it is not in the CRM any more")
    sent, held = json.loads(body), json.loads(now.body)
    if same(sent, held):
        return Settled(number, done, now.id, record=now.body)
    old = json.loads(before)
    if all(old.get(field) == held.get(field) for field in sent):
        return None
    return Settled(number, "conflict", now.id, "it was changed while the answer to our update was lost")
