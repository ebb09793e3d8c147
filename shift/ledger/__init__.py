"""The ledger: what was meant, what became of it, and how each record looked. This room alone writes it.

SQLite in WAL mode with full synchronisation, so that a line that was written is there after a power cut, and others may
read while a load runs. Every table is append-only, and triggers hold it so. A file belongs to one workspace: that of
its first run.

    meta            what the ledger is bound to: destination, workspace_id, workspace_name; its identity and format
    runs            a command that may write: run, command, pid, started_at
    run_ends        how it ended: run, ended_at, status (done, failed, interrupted), message
    intents         one record that a call was about to write, noted before the call: intent, run, noted_at,
                    operation (create, update, adopt, free, upload; of a rollback or of what is gone delete,
                    restore), object, key, id, hash (of the payload); of an update also body (what it sends) and
                    before (the record as it was); of a create body, where the CRM gives ids itself and the payload
                    alone tells what to look for
    outcomes        what became of it: intent, noted_at, status, id, message. An intent without one is open
    snapshots       the record as the CRM showed it afterwards: intent, id, body (JSON)
    held_back       rows that were not sent because a parent is not in: run, noted_at, object, key, reason
    doubles         records of a CRM that gives ids itself which stand for one row: noted_at, run, object, key, id,
                    kept (1: the one that this ledger goes on with)
    calls           every HTTP call: noted_at, run, method, path (no query), status, seconds, attempt (1: the first),
                    request_id (the CRM's own), error
    schema_changes  provisioning: noted_at, run, object, field (null: the object itself), event (intended, made,
                    refused; removing, removed), id, details (JSON: the change)
    automations     those that were stopped for a load: noted_at, run, event (pausing, paused, resumed), id, name; and
                    the records that automations made all the same: event made, id, name (of the object)
    planned         how many rows of an object a run sets out to write: run, object, rows; of "data model", how many
                    objects, fields and choices it makes first
    looked_at       that somebody compared what the CRM holds with what was meant: noted_at, run (the last one then),
                    mapping (a hash of the models and settings)
    undoings        what a rollback sets out to undo: run (the rollback), undone (the run that it undoes)

The statuses of an outcome: *created*, *updated*, *adopted* (there, not by us, and accepted), *freed* (a unique value
was given up, for another record to take), *uploaded* (a file; ``id`` is what a record names it by), *deleted* (by
us), *restored* (to what it was before a run; or found alive again after it was gone); *refused* (the call wrote
nothing; the row may go again), *absent* (the answer was lost, and the record is not there); *rejected* (refused alone,
in the CRM's words), *foreign* (there, and not made by this ledger), *gone* (soft-deleted or destroyed by somebody),
*conflict* (edited by somebody since our last write), *kept* (a rollback left it alone, and says why). Times are UTC, as
ISO 8601.
"""

from __future__ import annotations

from shift.ledger.entries import (
    DATA_MODEL,
    Freed,
    Gone,
    Intent,
    OpenIntent,
    Operation,
    Run,
    SchemaNote,
    Settled,
    Status,
    Write,
)
from shift.ledger.lock import Holder, holder
from shift.ledger.mirror import mirror
from shift.ledger.opening import path_for, reading, require_bound, writing
from shift.ledger.store import Ledger

__all__ = [
    "DATA_MODEL",
    "Freed",
    "Gone",
    "Holder",
    "Intent",
    "Ledger",
    "OpenIntent",
    "Operation",
    "Run",
    "SchemaNote",
    "Settled",
    "Status",
    "Write",
    "holder",
    "mirror",
    "path_for",
    "reading",
    "require_bound",
    "writing",
]
