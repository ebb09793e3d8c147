"""The ledger: what was meant, what became of it, and how each record looked. This room alone writes it.

SQLite in WAL mode with full synchronisation, so that a line that was written is there after a power cut, and others may
read while a load runs. Every table is append-only, and triggers hold it so. A file belongs to one workspace.

    meta            what the ledger is bound to: destination, workspace_id, workspace_name; its identity and format
    runs            a command that may write: run, command, pid, started_at
    run_ends        how it ended: run, ended_at, status (done, failed, interrupted), message
    intents         one record that a call was about to write, noted before the call: intent, run, noted_at,
                    operation (create, update, adopt), object, key, id, hash (of the payload); of an update also
                    body (what it sends) and before (the record as it was)
    outcomes        what became of it: intent, noted_at, status, id, message. An intent without one is open
    snapshots       the record as the CRM showed it afterwards: intent, id, body (JSON)
    held_back       rows that were not sent because a parent is not in: run, noted_at, object, key, reason
    calls           every HTTP call: noted_at, run, method, path (no query), status, seconds, request_id, error
    schema_changes  provisioning: noted_at, run, object, field (null: the object itself), event (intended, made),
                    id, details (JSON)

The statuses of an outcome: *created*, *updated*, *adopted* (there, not by us, and accepted); *refused* (the call wrote
nothing; the row may go again), *absent* (the answer was lost, and the record is not there); *rejected* (refused alone,
in the CRM's words), *foreign* (there, and not made by this ledger), *gone* (soft-deleted or destroyed by somebody),
*conflict* (edited by somebody since our last write). Times are UTC, as ISO 8601.
"""

from __future__ import annotations

from shift.ledger.entries import Intent, OpenIntent, Operation, Run, SchemaNote, Settled, Status
from shift.ledger.lock import Holder, holder
from shift.ledger.mirror import mirror
from shift.ledger.opening import reading, writing
from shift.ledger.store import Ledger

__all__ = [
    "Holder",
    "Intent",
    "Ledger",
    "OpenIntent",
    "Operation",
    "Run",
    "SchemaNote",
    "Settled",
    "Status",
    "holder",
    "mirror",
    "reading",
    "writing",
]
