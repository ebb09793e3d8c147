"""What is written into the ledger, and read from it, as values."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from msgspec import Struct

DATA_MODEL = "data model"  # what a run's plan calls the objects, fields and choices that are made first

Operation = Literal["create", "update", "adopt", "free", "upload", "delete", "restore"]
Status = Literal[
    "created",
    "updated",
    "adopted",
    "freed",
    "uploaded",
    "deleted",
    "restored",
    "refused",
    "absent",
    "rejected",
    "foreign",
    "gone",
    "conflict",
    "kept",
]
AutomationEvent = Literal["pausing", "paused", "resumed", "made"]
RunStatus = Literal["done", "failed", "interrupted"]


class Intent(Struct, frozen=True, gc=False):
    """One record that a call is about to write. An update has ``body``, what it sends, and the record ``before``.

    Fields that somebody else brought to what we mean are in ``body`` too: they count as written by us from then on.
    """

    operation: Operation
    object: str
    key: str
    id: str | None
    hash: str
    body: str | None = None
    before: str | None = None


class OpenIntent(Struct, frozen=True):
    """An intent of which nobody knows what became; ``at`` is when it was noted."""

    number: int
    at: datetime
    intent: Intent


class Settled(Struct, frozen=True, gc=False):
    """What became of an intent. ``id`` is the record's, and ``record`` its JSON as the CRM showed it."""

    intent: int
    status: Status
    id: str | None = None
    message: str | None = None
    record: str | None = None


class Write(Struct, frozen=True):
    """One step in the life of a record: what was sent (``body``), and the record before and ``after``, all as JSON.

    ``before`` is null of a create, and where nothing had to be sent: ``body`` is then what already stood as we mean it.
    """

    run: int
    status: Status
    body: str | None
    before: str | None
    after: str | None


class Gone(Struct, frozen=True):
    """A record of which the last word is that somebody deleted it; ``ours`` where this ledger ever had it in its care.

    One that is not was found in the CRM's bin when it was about to be created.
    """

    object: str
    key: str
    id: str
    ours: bool


class Freed(Struct, frozen=True):
    """A record that gave up a unique value and was not written since: what was sent (``body``), and the record before.

    ``hash``, ``status`` and ``message`` are of the last word on it, which may speak of a later try.
    """

    key: str
    id: str
    body: str
    before: str
    hash: str
    status: Status
    message: str | None


class SchemaNote(Struct, frozen=True):
    """One step of provisioning, or of undoing it; ``field`` is null for the object itself."""

    object: str
    field: str | None
    event: Literal["intended", "made", "refused", "removing", "removed"]
    id: str | None = None
    details: str = "{}"


class Run(Struct, frozen=True):
    """One command that may have written, as `status` shows it. One without an end is running, or was killed."""

    run: int
    command: str
    pid: int
    started_at: str
    ended_at: str | None
    status: str | None
    message: str | None
