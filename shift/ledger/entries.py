"""What is written into the ledger, and read from it, as values."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from msgspec import Struct

Operation = Literal["create", "update", "adopt"]
Status = Literal["created", "updated", "adopted", "refused", "absent", "rejected", "foreign", "gone", "conflict"]
RunStatus = Literal["done", "failed", "interrupted"]


class Intent(Struct, frozen=True):
    """One record that a call is about to write. An update has ``body``, what it sends, and the record ``before``."""

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


class Settled(Struct, frozen=True):
    """What became of an intent. ``id`` is the record's, and ``record`` its JSON as the CRM showed it."""

    intent: int
    status: Status
    id: str | None = None
    message: str | None = None
    record: str | None = None


class SchemaNote(Struct, frozen=True):
    """One step of provisioning; ``field`` is null for the object itself."""

    object: str
    field: str | None
    event: Literal["intended", "made"]
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
