"""Records that somebody had deleted: are they in the CRM again? Somebody may have taken them out of its bin."""

from __future__ import annotations

from itertools import groupby

from shift.ledger import Gone, Intent, Settled
from shift.loading.writer import Writer, looks, read_records

_FOREIGN = "it is in the CRM already, and this ledger did not make it"


def note_returned(writer: Writer) -> int:
    """Look up every record that the ledger calls *gone*; note those that are live, in a run of their own.

    Such a record is ours again, if it ever was, and the next plan compares it field by field: its base is what it was
    after our last write. Returns how many there are.
    """
    back: list[tuple[Intent, Settled]] = []
    for object, group in groupby(writer.ledger.gone(), key=lambda one: one.object):
        for some in looks(list(group)):
            live = read_records(writer, object, [one.id for one in some])
            bases = writer.ledger.last_snapshots(object, [one.key for one in some])
            for one in some:
                if record := live.get(one.id):
                    back.append(_ours(one, bases.get(one.key, record.body)) if one.ours else _foreign(one, record.body))
    if back:
        with writer.ledger.run("look for deleted records"):
            writer.ledger.note(back)
    return len(back)


def _ours(one: Gone, base: str) -> tuple[Intent, Settled]:
    """What stands there now is not known to be any payload: the hash stays empty."""
    return Intent("restore", one.object, one.key, one.id, ""), Settled(0, "restored", one.id, record=base)


def _foreign(one: Gone, now: str) -> tuple[Intent, Settled]:
    return Intent("create", one.object, one.key, one.id, ""), Settled(0, "foreign", one.id, _FOREIGN, now)
