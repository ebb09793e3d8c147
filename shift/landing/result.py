"""What a landing found, for the commands to print and for models to read."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from shift.landing.headers import FileDates


@dataclass(frozen=True, slots=True)
class LandedColumn:
    """One header of a file: its place (1 is the first), its column (None: unknown), and how many cells are filled."""

    header: str
    position: int
    column: str | None
    filled: int


@dataclass(frozen=True, slots=True)
class LandedFile:
    """One file of the exports folder. ``reason`` says why it was not landed; ``rows`` = ``landed`` + ``unreadable``."""

    file: str
    kind: str | None = None
    reason: str | None = None
    size_bytes: int = 0
    sha256: str = ""
    encoding: str | None = None
    delimiter: str | None = None
    dates: FileDates = field(default_factory=FileDates)
    rows: int = 0
    landed: int = 0
    unreadable: int = 0
    blank_lines: int = 0
    columns: tuple[LandedColumn, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def unknown(self) -> tuple[LandedColumn, ...]:
        """The columns that no source declares; their cells are in ``_extra``."""
        return tuple(column for column in self.columns if column.column is None)


@dataclass(frozen=True, slots=True)
class Landing:
    """All files, in the order of their names, and the declared tables that no file filled."""

    landed_at: datetime
    files: tuple[LandedFile, ...]
    missing: tuple[str, ...] = ()

    @property
    def landed(self) -> tuple[LandedFile, ...]:
        return tuple(file for file in self.files if file.reason is None)

    @property
    def refused(self) -> tuple[LandedFile, ...]:
        return tuple(file for file in self.files if file.reason is not None)

    @property
    def rows(self) -> int:
        return sum(file.landed for file in self.files)
