"""Read a file that is not written by the rules, and write anew what can be read: numbered, each line ended with LF.

A record whose quotes close is one record, whatever its count of cells. Where they do not close, only the first physical
line is lost and reading goes on at the next. Every byte belongs to one written or one unreadable record, or to a blank
line.
"""

from __future__ import annotations

import mmap
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from shift.landing.dialect import Dialect
from shift.landing.grammar import Grammar, quoted, without_end
from shift.wording import counted


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A record that was not landed. ``row`` is its number (the header is 1), ``line`` its first physical line."""

    row: int
    line: int
    text: str
    reason: str


@dataclass(slots=True)
class Mended:
    """What became of a file's records; ``longest`` written record is in bytes."""

    records: int = 0
    written: int = 0
    blank_lines: int = 0
    longest: int = 0


@dataclass(frozen=True, slots=True)
class Record:
    """One record as it stands in the file, its end aside; ``closes`` is False where a quote in it does not."""

    text: bytes
    line: int
    closes: bool


def records(data: mmap.mmap, dialect: Dialect) -> Iterator[Record]:
    """Every record and blank line after the header."""
    rules = dialect.grammar
    position, line = dialect.body, dialect.body_line
    while position < len(data):
        end = _line_end(data, position, rules, dialect.lone_cr)
        text = data[position:end]
        closes, lines = True, 1
        if b'"' in text:
            whole = rules.record.match(data, position)
            closes = whole is not None
            if whole is not None and whole.end() > end:
                end = whole.end()
                text = whole[0]
                lines = len(rules.line_end.findall(text)) or 1
        yield Record(without_end(text), line, closes)
        position = end
        line += lines


def _line_end(data: mmap.mmap, position: int, rules: Grammar, lone_cr: bool) -> int:
    if not lone_cr:
        return data.find(b"\n", position) + 1 or len(data)
    found = rules.line_end.search(data, position)
    return found.end() if found else len(data)


def mend(path: Path, dialect: Dialect, target: Path, reject: Callable[[Unreadable], None]) -> Mended:
    """Write the good records to ``target``, their number as first cell, and hand the others to ``reject``."""
    with (
        path.open("rb") as file,
        mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data,
        target.open("wb") as output,
    ):
        return _mend(data, dialect, output, reject)


def _mend(data: mmap.mmap, dialect: Dialect, output: BinaryIO, reject: Callable[[Unreadable], None]) -> Mended:
    result = Mended()
    rules = dialect.grammar
    columns = len(dialect.headers)
    for record in records(data, dialect):
        text = record.text
        if not text.strip(b" "):
            result.blank_lines += 1
            continue
        result.records += 1
        cells: list[bytes] = []
        reason = _fault(record, dialect)
        if reason is None:
            cells = rules.cells(text) if b'"' in text else text.split(rules.delimiter)
            if len(cells) == columns + 1 and cells[-1] in (b"", b'""'):
                cells.pop()
                text = rules.delimiter.join(cells)
            if len(cells) != columns:
                reason = f"{counted(len(cells), 'cell')}, where the header has {columns}"
        if reason is not None:
            shown = record.text.decode("utf-8", "backslashreplace")
            reject(Unreadable(result.records + 1, record.line, shown, reason))
            continue
        if (b'"' in text or b"\r" in text) and not rules.plain.match(text):
            text = rules.delimiter.join(map(_plain, cells))
        numbered = b"%d%b%b\n" % (result.records + 1, rules.delimiter, text)
        output.write(numbered)
        result.written += 1
        result.longest = max(result.longest, len(numbered))
    return result


def _fault(record: Record, dialect: Dialect) -> str | None:
    """Why a record cannot be read, whatever its cells."""
    if not record.closes:
        return "a quote opens that does not close properly"
    if record.text == dialect.header_line:
        return "the header stands here again"
    if not record.text.isascii():
        try:
            record.text.decode("utf-8")
        except UnicodeDecodeError:
            return "some characters are not in the file's encoding, UTF-8"
    return None


def _plain(cell: bytes) -> bytes:
    """A cell as DuckDB reads it like the grammar does: what is odd in a bare cell is put in quotes."""
    return quoted(cell) if not cell.startswith(b'"') and (b'"' in cell or b"\r" in cell) else cell
