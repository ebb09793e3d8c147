"""Take back what runs of the ledger wrote: what was made goes, what was changed is as before, nobody's work is lost.

    undoing = prepare(writer, connection, run, everything=…)    # which runs, and what of theirs may be touched
    undone = undo(writer, connection, undoing, …)               # intents, calls, outcomes; and the proof

The ledger alone says what is to be undone; the models may have changed since, or be gone. A rollback is a run itself:
it can be killed at any point, and the next one goes on.
"""

from __future__ import annotations

from shift.undoing.baseline import Difference
from shift.undoing.carrying_out import ObjectUndoing, Undoing, Undone, prepare, undo
from shift.undoing.judging import Left
from shift.undoing.proving import Proof

__all__ = ["Difference", "Left", "ObjectUndoing", "Proof", "Undoing", "Undone", "prepare", "undo"]
