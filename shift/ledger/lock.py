"""One writer for a ledger: a lock beside the file, and a note that says who holds it."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from shift.errors import LedgerError


@dataclass(frozen=True, slots=True)
class Holder:
    """The process that writes a ledger; ``since`` is UTC, ISO 8601."""

    pid: int
    since: str


@contextmanager
def holding(ledger: Path) -> Iterator[None]:
    """Hold the ledger's lock around the block, or raise LedgerError with the process that does."""
    from filelock import FileLock, Timeout

    lock = FileLock(ledger.with_name(f"{ledger.name}.lock"), mode=0o600)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        holder = _read(_note(ledger))
        who = f"process {holder.pid}, since {_clock(holder.since)}" if holder else "a process that did not say which"
        raise LedgerError(
            f"another load writes the ledger: {who}", where=str(ledger), hint="Wait until it is done, or end it."
        ) from None
    try:
        with open(os.open(_note(ledger), os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
            json.dump(asdict(Holder(os.getpid(), datetime.now(UTC).isoformat(timespec="seconds"))), file)
        yield
    finally:
        with suppress(OSError):
            _note(ledger).unlink()
        lock.release()


def holder(ledger: Path) -> Holder | None:
    """Who writes the ledger now; None where nobody does. A note left by a killed process does not count."""
    from filelock import FileLock, Timeout

    note = _read(_note(ledger))
    if note is None:
        return None
    lock = FileLock(ledger.with_name(f"{ledger.name}.lock"), mode=0o600)
    try:
        with lock.acquire(timeout=0):
            return None
    except Timeout:
        return note


def _note(ledger: Path) -> Path:
    return ledger.with_name(f"{ledger.name}.holder")


def _read(note: Path) -> Holder | None:
    try:
        return Holder(**json.loads(note.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def _clock(since: str) -> str:
    return datetime.fromisoformat(since).astimezone().strftime("%H:%M:%S on %d %B")
