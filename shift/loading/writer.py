"""What every write needs, and a row that is to be written, as values."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TypeVar

from msgspec import Struct

from shift.destination import Destination, Record, Row
from shift.ledger import Ledger
from shift.loading.patience import Patience

T = TypeVar("T")

_ROWS_A_LOOK = 200


class Planned(Struct, frozen=True, gc=False):
    """A row to write, with the hash of its payload. To create, ``row`` holds the payload; to update, the whole row.

    ``intent`` is the number of its intent, where that was noted ahead of the call.
    """

    row: Row
    hash: str
    intent: int | None = None


class Unsure(Struct, frozen=True):
    """A create whose answer was lost, in a CRM that gives ids itself; ``since`` is when that was."""

    object: str
    row: Row
    hash: str
    intent: int
    since: datetime


class GivenUp(Struct, frozen=True):
    """An update that was given up, since its answers were lost and it was not to be seen; it may still come through."""

    object: str
    row: Row
    hash: str


@dataclass(frozen=True, slots=True)
class Writer:
    """Where to write, what to note it in, and how long to wait.

    ``exports`` is the folder that a payload's files are named in. ``unsure`` are the creates of which nobody knows yet
    whether they made something, ``given_up`` the updates that are looked for once more at the end; threads add to both.
    """

    destination: Destination
    ledger: Ledger
    patience: Patience
    exports: Path | None = None
    unsure: list[Unsure] = field(default_factory=list)
    given_up: list[GivenUp] = field(default_factory=list)


def looks(rows: Sequence[T]) -> Iterator[Sequence[T]]:
    """The rows, as many at a time as are looked up together: what comes back is never held for all of them."""
    for start in range(0, len(rows), _ROWS_A_LOOK):
        yield rows[start : start + _ROWS_A_LOOK]


def read_records(writer: Writer, object: str, ids: Sequence[str]) -> dict[str, Record]:
    """The live records with these ids, by id."""
    records = writer.patience.read(lambda: list(writer.destination.read(object, ids)))
    return {record.id: record for record in records}
