"""The life of a create whose answer was lost, in a CRM that gives ids itself: sent again, it may be there twice.

    intent → call → answered → *created*; refused → *rejected*; 429, or never sent → the same intent again (`creating`)
                    lost, 5xx, unreadable → unsure: the intent stays open, and the load goes on with other rows

unsure, when the object's other rows are through: looked for, though not before 5, 15, 60, 180 and 300 s after the call

    found once              → *created*; where a part of it is not there, that goes as an update
    found more than once    → *created*, with the eldest; all are listed in the ledger's `doubles`
    found deleted           → *gone*
    not found after 300 s   → *absent*, and sent once more with an intent of its own: the *absent* one marks the row
                              lost again → unsure; not found after 300 s → *rejected*: a person decides

at the end of the load      marked rows are looked for once more: what came late is listed in `doubles`
a load that was killed      its open intents are unsure from the time they were noted. Not found after 300 s → *absent*,
                            and the plan that follows sends the row once more, marked; a marked one → *rejected*.
                            What lacks a part, that plan updates

So a row is sent twice at most, and where both calls made a record, the report says so.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from itertools import groupby, zip_longest

from shift.destination import Destination, Found, Row
from shift.ledger import Intent, OpenIntent, Settled
from shift.loading.changing import Change, change
from shift.loading.creating import create, settled_as_found
from shift.loading.three_way import same
from shift.loading.writer import Planned, Unsure, Writer, looks

_TWICE = "its answer was lost twice, and it is not to be found"


def settle_unsure(writer: Writer) -> None:
    """Find out what became of the creates whose answers were lost, and send those once more that made nothing.

    Raises as ``create`` does.
    """
    while writer.unsure:
        lost = list(writer.unsure)
        writer.unsure.clear()
        for one in _never_made(writer, lost, mend=True):
            create(writer, one.object, [Planned(one.row, one.hash)])


def settle_killed(writer: Writer, left_open: Sequence[OpenIntent]) -> None:
    """Find out what became of creates that a killed load left open; the plan sends those again that made nothing.

    Nobody has agreed to a load yet, so that what lacks a part is left to the plan too.
    """
    _never_made(writer, [_left_unsure(one) for one in left_open], mend=False)


def sweep(writer: Writer) -> None:
    """Look for the records that were sent twice once more, and list what stands beside them."""
    if writer.destination.limits.ids == "ours":
        return
    for object, marked in groupby(sorted(writer.ledger.sent_twice()), key=lambda one: one[0]):
        kept = {key: (id, body) for _, key, id, body in marked}
        for found in _find(writer, object, [Row(key, id, body or "{}") for key, (id, body) in kept.items()]):
            id, _ = kept[found.key]
            beside = {one.id for one in (found.record, *found.doubles) if one} - {id}
            if beside:
                writer.ledger.note_doubles(object, found.key, id, sorted(beside))


def _never_made(writer: Writer, unsure: Sequence[Unsure], *, mend: bool) -> list[Unsure]:
    """Look for the records, settle each intent, and return the rows that may be sent once more.

    ``mend``: what a record lacks is sent at once.
    """
    steps = (*writer.patience.look_after, writer.patience.send_again_after)
    for after, following in zip_longest(steps, steps[1:]):
        if not unsure:
            break
        youngest = max(one.since for one in unsure)
        if following is not None and youngest + timedelta(seconds=following) <= datetime.now(UTC):
            continue  # a later look is due already
        writer.patience.wait_until(youngest + timedelta(seconds=after), "what a lost call made may show late")
        unsure = _settle_found(writer, unsure, mend=mend)
    return [one for object, group in _by_object(unsure) for one in _settle_absent(writer, object, group)]


def _settle_found(writer: Writer, unsure: Sequence[Unsure], *, mend: bool) -> list[Unsure]:
    """Look once, and settle what is there; returns those that are not to be seen."""
    absent: list[Unsure] = []
    for object, group in _by_object(unsure):
        found = {one.key: one for one in _find(writer, object, [one.row for one in group]) if one.record}
        absent += [one for one in group if one.row.key not in found]
        pairs = [(one, found[one.row.key]) for one in group if one.row.key in found]
        lacking = [part for one, there in pairs if (part := _lacking(writer.destination, one, there))]
        # First, so that whatever ends the load, no record ever counts as whole that is not.
        _note_lacking(writer, object, lacking)
        writer.ledger.settle(settled_as_found(one.intent, there, ours=True) for one, there in pairs)
        for key, one in found.items():
            if one.record and one.doubles:
                writer.ledger.note_doubles(object, key, one.record.id, [double.id for double in one.doubles])
        if mend:
            change(writer, object, lacking)
    return absent


def _lacking(destination: Destination, one: Unsure, found: Found) -> Change | None:
    """A create of several calls may have been lost between them: what its record lacks."""
    if found.state != "live" or found.record is None:
        return None
    untold, held = destination.untold(one.object), json.loads(found.record.body)
    sent = {name: value for name, value in json.loads(one.row.payload).items() if name not in untold}
    lacking = {name: value for name, value in sent.items() if not same(value, held.get(name))}
    if not lacking:
        return None
    body = json.dumps(lacking, ensure_ascii=False, separators=(",", ":"))
    return Change(Row(one.row.key, found.record.id, body, before=found.record.body), one.hash)


def _note_lacking(writer: Writer, object: str, lacking: Sequence[Change]) -> None:
    """Note the records with a hash that no row has, so that the next plan updates those that are not mended by then."""
    if not lacking:
        return
    with nullcontext() if writer.ledger.running else writer.ledger.run("settle"):
        writer.ledger.note(
            [
                (Intent("update", object, row.key, row.id, ""), Settled(0, "updated", row.id, record=row.before))
                for row in (one.row for one in lacking)
            ]
        )


def _settle_absent(writer: Writer, object: str, unsure: Sequence[Unsure]) -> list[Unsure]:
    """Note that nothing was made; returns those that were sent once only."""
    marked = writer.ledger.sent_and_lost(object, [one.row.key for one in unsure])
    writer.ledger.settle(
        Settled(one.intent, "rejected", message=_TWICE)
        if one.row.key in marked
        else Settled(one.intent, "absent", message="the answer was lost, and nothing came of the call")
        for one in unsure
    )
    return [one for one in unsure if one.row.key not in marked]


def _find(writer: Writer, object: str, rows: Sequence[Row]) -> Iterator[Found]:
    for some in looks(rows):
        yield from writer.patience.read(writer.destination.find, object, some)


def _by_object(unsure: Sequence[Unsure]) -> Iterator[tuple[str, list[Unsure]]]:
    for object, group in groupby(sorted(unsure, key=lambda one: one.object), key=lambda one: one.object):
        yield object, list(group)


def _left_unsure(one: OpenIntent) -> Unsure:
    row = Row(one.intent.key, None, one.intent.body or "{}")
    return Unsure(one.intent.object, row, one.intent.hash, one.number, one.at)
