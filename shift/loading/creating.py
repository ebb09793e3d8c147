"""The life of a create: intent, call, outcome; and what follows where the answer is no, or never came.

made                → *created*, with the record as it came back
lost, or a 5xx      → wait, look: there → *created*; not there → *absent*, and sent again, up to n attempts;
                      in a CRM that gives ids itself, nothing is sent again here: what follows stands in `unsure`
duplicate           → look: those that are there leave the batch, the rest are sent
refused             → halved until a row stands alone: that one is *rejected*, in the CRM's words
stop, or too often  → the intents are settled as *refused*, since nothing was written, and the error goes on
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from msgspec import Struct

from shift.destination import Found
from shift.errors import Again, Refused, Stop
from shift.ledger import Intent, Settled, Status
from shift.loading import files
from shift.loading.patience import Stopped, trying
from shift.loading.writer import Planned, Unsure, Writer


class _Batch(Struct, frozen=True):
    """Rows for one call; ``lost`` counts how often an answer about them was lost."""

    rows: Sequence[Planned]
    lost: int = 0


def create(writer: Writer, object: str, rows: Sequence[Planned]) -> None:
    """Create the rows, and note what becomes of each.

    Raises Stop for a CRM that takes nothing from us, Again for one that does not answer, and Stopped.
    """
    waiting = [_Batch(files.upload(writer, object, rows))]
    while waiting:
        waiting.extend(reversed(_Attempt(writer, object, waiting.pop()).send()))


def note_ahead(writer: Writer, object: str, rows: Sequence[Planned]) -> list[Planned]:
    """Note the intents of rows that will be created, in one commit.

    Where the CRM gives ids itself, a record whose answer was lost can be looked for by its payload alone.
    """
    theirs = writer.destination.limits.ids == "theirs"
    numbers = writer.ledger.intend(
        [
            Intent("create", object, one.row.key, one.row.id, one.hash, body=one.row.payload if theirs else None)
            for one in rows
        ]
    )
    return [Planned(one.row, one.hash, number) for one, number in zip(rows, numbers, strict=True)]


class _Attempt:
    """One call: its batch, and the numbers of its intents. ``send`` returns the batches that are still to be sent."""

    def __init__(self, writer: Writer, object: str, batch: _Batch) -> None:
        rows = batch.rows
        if any(one.intent is None for one in rows):
            rows = note_ahead(writer, object, rows)
        self.writer = writer
        self.object = object
        self.batch = batch
        self.numbers = {one.row.key: one.intent for one in rows if one.intent is not None}

    def send(self) -> list[_Batch]:
        rows = [planned.row for planned in self.batch.rows]
        try:
            with trying(self.batch.lost + 1):
                answered = self.writer.patience.write(self.writer.destination.create, self.object, rows)
        except Again as error:
            if error.arrived:
                return self._look_for(self.batch.rows, error)
            self._settle_all("refused", error.message)
            raise
        except Refused as error:
            return self._after_duplicate(error) if error.duplicate else self._halve(self.batch.rows, error.message)
        except (Stop, Stopped) as error:
            self._settle_all("refused", str(error) or "never sent")
            raise
        self.writer.ledger.settle_soon(
            Settled(self.numbers[made.key], "created", made.id, record=made.record.body if made.record else None)
            for made in answered
        )
        told = {made.key for made in answered}
        unanswered = [planned for planned in self.batch.rows if planned.row.key not in told]
        lost = Again("the answer left it out", arrived=True)
        return self._look_for(unanswered, lost) if unanswered else []

    def _look_for(self, rows: Sequence[Planned], error: Again) -> list[_Batch]:
        """After an answer was lost: what is there now was made by the call; the rest go again, if not for ever."""
        if self.writer.destination.limits.ids == "theirs":
            at = datetime.now(UTC)
            self.writer.unsure.extend(
                Unsure(self.object, one.row, one.hash, self.numbers[one.row.key], at) for one in rows
            )
            return []
        self.writer.patience.pause(self.batch.lost + 1, error)
        absent = self._settle_found(rows, ours={planned.row.key for planned in rows})
        if self.batch.lost + 1 < self.writer.patience.attempts:
            self._settle(absent, "absent", error.message)
            return self._again(absent, lost=self.batch.lost + 1)
        return self._halve(absent, error.message)

    def _after_duplicate(self, error: Refused) -> list[_Batch]:
        """Something of the batch is there already: ours only if a call of ours was once lost and came through late."""
        keys = [planned.row.key for planned in self.batch.rows]
        absent = self._settle_found(self.batch.rows, ours=self.writer.ledger.sent_and_lost(self.object, keys))
        if len(absent) == len(self.batch.rows):  # what is taken is not an id, but some other unique value
            return self._halve(absent, error.message)
        self._settle(absent, "refused", error.message)
        return self._again(absent)

    def _halve(self, rows: Sequence[Planned], message: str) -> list[_Batch]:
        if len(rows) > 1:
            self._settle(rows, "refused", message)
            middle = len(rows) // 2
            return [*self._again(rows[:middle]), *self._again(rows[middle:])]
        self._settle(rows, "rejected", message)
        return []

    def _again(self, rows: Sequence[Planned], lost: int | None = None) -> list[_Batch]:
        """The rows as a batch that is to be sent, with intents of its own."""
        anew = [Planned(one.row, one.hash) for one in rows]
        return [_Batch(anew, self.batch.lost if lost is None else lost)] if anew else []

    def _settle_found(self, rows: Sequence[Planned], ours: set[str]) -> list[Planned]:
        """Look the rows up, settle those that are there, and return those that are not."""
        found = self.writer.patience.read(self.writer.destination.find, self.object, [planned.row for planned in rows])
        there = {one.key: one for one in found if one.state != "absent"}
        self.writer.ledger.settle(
            settled_as_found(self.numbers[key], one, ours=key in ours) for key, one in there.items()
        )
        return [planned for planned in rows if planned.row.key not in there]

    def _settle_all(self, status: Status, message: str) -> None:
        self._settle(self.batch.rows, status, message)

    def _settle(self, rows: Iterable[Planned], status: Status, message: str) -> None:
        self.writer.ledger.settle(Settled(self.numbers[planned.row.key], status, message=message) for planned in rows)


def settled_as_found(intent: int, found: Found, *, ours: bool) -> Settled:
    """The outcome of an intent whose record was looked up and is there; ``ours`` if a call of ours may have made it."""
    record = found.record
    id, body = (record.id, record.body) if record else (None, None)
    if found.state == "soft_deleted":
        return Settled(intent, "gone", id, "somebody deleted it in the CRM", body)
    if ours:
        return Settled(intent, "created", id, record=body)
    return Settled(intent, "foreign", id, "it is in the CRM already, and this ledger did not make it", body)
