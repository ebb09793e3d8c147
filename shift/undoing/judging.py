"""What a rollback may touch, asked of the CRM before anything is written.

A record that somebody changed since our last write, or that others depend on, is left, and so are its ancestors: those
that it points to. Children are judged before their parents, so that what is left is known by then.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import groupby, islice
from operator import attrgetter
from typing import Any

from msgspec import Struct

from shift.destination import Found, Reference, Row
from shift.loading import lives
from shift.loading.writer import Writer, read_records
from shift.undoing.steps import Step

ROWS_A_LOOK = 200  # records a call, the most that Twenty answers at once (contracts/twenty/rest-list)
_TOLD = 3


class Left(Struct, frozen=True):
    """A record that a rollback leaves as it is, and why."""

    object: str
    key: str
    id: str
    reason: str


class Judge:
    """Knows what is to be removed, and what is left after all.

    ``runs`` are those to undo, ``made`` the ids of all that they made, what a rollback that was killed removed already
    among them. ``force`` lets everything pass that can be undone at all.
    """

    def __init__(
        self,
        writer: Writer,
        steps: Iterable[Step],
        runs: Collection[int],
        made: Collection[str],
        *,
        force: bool = False,
    ) -> None:
        self.left: dict[tuple[str, str], Left] = {}
        self.never_made: set[tuple[str, str]] = set()  # doubtful ones that are not there
        self.there = _objects_there(writer) if runs else None
        self.force = force
        self._writer = writer
        self._runs = runs
        self._made = made
        self._unread: list[Step] = []  # left, and not yet asked what they point to
        self._by_id: dict[tuple[str, str], Step] = {}
        self._named: dict[str, list[Step]] = defaultdict(list)  # a text in a record names an id, and no object
        for step in steps:
            self._by_id[step.object, step.id] = step
            if step.action == "delete":
                self._named[step.id].append(step)

    def has(self, object: str) -> bool:
        """Whether the CRM has an object, as far as it tells."""
        return self.there is None or object in self.there

    def goes(self, step: Step) -> bool:
        """Whether the step is to be carried out, as far as is known."""
        return (step.object, step.key) not in self.left

    def judge(self, steps: Sequence[Step]) -> None:
        """Look at all records of one object, and leave those that must not be touched, with their ancestors."""
        if not self.has(steps[0].object):
            gone = f"the CRM has no object {steps[0].object} any more"
            self.left |= {(one.object, one.key): Left(one.object, one.key, one.id, gone) for one in steps}
            return
        for chunk in chunks(steps):
            self._judge(chunk)
        if not self.force:
            for step, reason in self._depended_on(steps[0].object, [one for one in steps if one.action == "delete"]):
                self._leave(step, reason)
        self._leave_ancestors()

    def leave(self, step: Step, reason: str) -> None:
        """Leave a record after all, and its ancestors."""
        self._leave(step, reason)
        self._leave_ancestors()

    def expected(self, object: str, steps: Sequence[Step]) -> Mapping[str, dict[str, Any] | None]:
        """By key: the records as our writes alone would have left them."""
        writes = self._writer.ledger.writes(object, [step.key for step in steps])
        return {step.key: lives.expected(writes.get(step.key, ())) for step in steps}

    def objection(self, step: Step, found: Found, expected: Mapping[str, Any] | None) -> str | None:
        """Why a record must not be touched, as it is now; None: it may be."""
        destination = self._writer.destination
        if step.action == "recreate":
            if destination.limits.ids == "theirs":
                return "it was deleted, and the CRM gives ids itself: it cannot come back as it was"
            return None if found.state == "absent" else "it is there again"
        if step.action == "restore" and found.state != "live":
            return "somebody deleted it"
        if found.record is None or self.force:
            return None
        if step.doubtful:
            return step.doubtful
        if expected is None:
            return "how it looked after our last write is not known"
        fields = lives.changed(destination, step.object, expected, found.record.body, self._made)
        return f"somebody changed {', '.join(fields)} since our last write" if fields else None

    def _judge(self, steps: Sequence[Step]) -> None:
        object = steps[0].object
        found = look(self._writer, object, steps)
        expected = self.expected(object, steps)
        for step in steps:
            if self.goes(step) and (reason := self.objection(step, found[step.key], expected[step.key])):
                self._leave(step, reason)
            elif step.doubtful and found[step.key].state == "absent":
                self.never_made.add((step.object, step.key))

    def _leave(self, step: Step, reason: str) -> None:
        if self.goes(step):
            self.left[step.object, step.key] = Left(step.object, step.key, step.id, reason)
            self._unread.append(step)

    def _leave_ancestors(self) -> None:
        """Leave what the records point to that were left since the last time, and what that points to."""
        while self._unread and not self.force:
            unread, self._unread = sorted(self._unread, key=attrgetter("object", "key")), []
            for steps in chunks(unread):
                found = look(self._writer, steps[0].object, steps)
                for step in steps:
                    record = found[step.key].record
                    for text in lives.texts(json.loads(record.body)) if record else ():
                        for ancestor in self._named.get(text, ()):
                            self._leave(ancestor, f"{step.object} {step.key} needs it, and is left")

    def _depended_on(self, object: str, steps: Sequence[Step]) -> Iterator[tuple[Step, str]]:
        """The records to which others point that this rollback neither removes nor points elsewhere."""
        pointing: dict[str, list[Reference]] = defaultdict(list)
        ids = [step.id for step in steps if self.goes(step)]
        if ids:
            destination = self._writer.destination
            for reference in self._writer.patience.read(lambda: list(destination.references(object, ids))):
                if not self._goes_too(reference):
                    pointing[reference.to].append(reference)
        for id, references in pointing.items():
            named = [f"{one.object} {one.id}" for one in references[:_TOLD]] + ["…"] * (len(references) > _TOLD)
            yield self._by_id[object, id], f"others depend on it: {', '.join(named)}"

    def _goes_too(self, reference: Reference) -> bool:
        step = self._by_id.get((reference.object, reference.id))
        if step is None or not self.goes(step):
            return False
        if step.action == "delete":
            return True
        writes = self._writer.ledger.writes(step.object, [step.key])
        return reference.field in lives.before(writes.get(step.key, ()), self._runs)


def _objects_there(writer: Writer) -> frozenset[str] | None:
    """The objects that the CRM has now; None where a pull tells nothing of objects."""

    def names() -> frozenset[str] | None:
        for table in writer.destination.pull():
            if table.name == "objects":
                at = table.columns.index("name")
                return frozenset(row[at] for row in table.rows)
        return None

    return writer.patience.read(names)


def look(writer: Writer, object: str, steps: Sequence[Step]) -> Mapping[str, Found]:
    """By key: the records as they are now, soft-deleted ones too where the CRM knows our ids."""
    if writer.destination.limits.ids == "ours":
        rows = [Row(step.key, step.id, "{}") for step in steps]
        found = writer.patience.read(writer.destination.find, object, rows)
        return {one.key: one for one in found}
    records = read_records(writer, object, [step.id for step in steps])
    return {
        step.key: Found(step.key, "live", records[step.id]) if step.id in records else Found(step.key, "absent")
        for step in steps
    }


def chunks(steps: Iterable[Step]) -> Iterator[list[Step]]:
    """The steps, of one object each, as many as one look takes."""
    for _, alike in groupby(steps, key=attrgetter("object")):
        while chunk := list(islice(alike, ROWS_A_LOOK)):
            yield chunk
