"""Read one recognised file into its table: by DuckDB alone where the sums hold, else mended first."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from shift.errors import ExportError
from shift.landing import census, mending, tables
from shift.landing.census import Census
from shift.landing.dialect import Dialect
from shift.landing.headers import Matched
from shift.landing.mending import Unreadable
from shift.landing.result import LandedColumn, LandedFile
from shift.project import SourceTable

if TYPE_CHECKING:
    import duckdb

_FLUSH = 1000


@dataclass(frozen=True, slots=True)
class Text:
    """A file whose kind is known. ``path`` is in UTF-8, but for a few bad bytes where ``is_utf8`` is False."""

    path: Path
    dialect: Dialect
    table: SourceTable
    columns: tuple[Matched, ...]
    is_utf8: bool
    result: LandedFile


class Reader:
    """Fills the tables of one landing, file by file, and keeps what could not be read until it is written."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, landed_at: datetime) -> None:
        self.connection = connection
        self.landed_at = landed_at
        self.unreadable: list[tuple[str, str, int, int, str, str]] = []

    def read(self, text: Text, workshop: Path) -> LandedFile:
        """Land a file. One whose ids a spreadsheet has shortened is refused: nothing of it stays."""
        result = self._straight(text) or self._mended(text, workshop / "mended.csv")
        self._flush()
        damage = tables.shortened(self.connection, text.table, result.file)
        if damage is not None:
            column, example, count = damage
            tables.remove(self.connection, text.table, result.file)
            return replace(
                text.result,
                kind=None,
                reason=f"it holds {text.table.name}, but a spreadsheet has shortened numbers in '{column}'"
                f" to the like of {example} ({count:,} rows): export it again, and do not save it from a spreadsheet",
            )
        return replace(result, columns=self._columns(text))

    def _straight(self, text: Text) -> LandedFile | None:
        """What DuckDB read of a regular file, to the last record; None, and nothing landed, of any other."""
        import duckdb

        counted = _census(text)
        if counted is None:
            return None
        try:
            landed = self._insert(text, text.path, counted.longest, numbered=False)
        except duckdb.InvalidInputException:
            return None
        if landed != counted.records:
            tables.remove(self.connection, text.table, text.result.file)
            return None
        return replace(text.result, rows=landed, landed=landed, blank_lines=counted.blank_lines)

    def _mended(self, text: Text, path: Path) -> LandedFile:
        def reject(record: Unreadable) -> None:
            place = (text.result.file, text.table.name)
            self.unreadable.append((*place, record.row, record.line, record.text, record.reason))
            if len(self.unreadable) >= _FLUSH:
                self._flush()

        mended = mending.mend(text.path, text.dialect, path, reject)
        landed = self._insert(text, path, mended.longest, numbered=True)
        if landed != mended.written:
            raise ExportError(f"{mended.written:,} rows were found, but {landed:,} landed", where=text.result.file)
        return replace(
            text.result,
            rows=mended.records,
            landed=landed,
            unreadable=mended.records - landed,
            blank_lines=mended.blank_lines,
        )

    def _insert(self, text: Text, path: Path, longest: int, *, numbered: bool) -> int:
        return tables.insert(
            self.connection,
            text.table,
            text.columns,
            path,
            file=text.result.file,
            landed_at=self.landed_at,
            delimiter=text.dialect.delimiter,
            longest=longest,
            numbered=numbered,
        )

    def _columns(self, text: Text) -> tuple[LandedColumn, ...]:
        counts = tables.filled(self.connection, text.table, text.result.file, text.columns)
        return tuple(
            LandedColumn(found.header, found.position, found.column.name if found.column else None, count)
            for found, count in zip(text.columns, counts, strict=True)
        )

    def _flush(self) -> None:
        tables.note(self.connection, "_unreadable", self.unreadable)
        self.unreadable.clear()


def _census(text: Text) -> Census | None:
    """The census, where DuckDB would read the file as it stands: None for one that has to be mended."""
    dialect = text.dialect
    header_on_first_line = dialect.body_line == 2
    if not text.is_utf8 or dialect.lone_cr or not header_on_first_line or len(dialect.headers) < 2:
        return None
    counted = census.take(text.path, dialect)
    return counted if counted.regular else None
