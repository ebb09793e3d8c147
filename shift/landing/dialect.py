"""How a file is written: where its header stands, what parts its cells, what ends its lines."""

from __future__ import annotations

import mmap
import re
from dataclasses import dataclass
from pathlib import Path

from shift.landing.grammar import Grammar, grammar, unquoted, without_end
from shift.landing.headers import unnamed

DELIMITERS = (",", ";", "\t")

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_SEPARATOR_LINE = re.compile(rb'"?sep=([,;\t])"?(?:\r\n|\r|\n)', re.IGNORECASE)
_FIRST_LINE_END = re.compile(rb'(?:[^"\r\n]++|"[^"]*+")*+(\r\n|\r|\n|\Z)')
_BLANK_LINES = re.compile(rb"(?:[ ]*(?:\r\n|\r|\n))*")


@dataclass(frozen=True, slots=True)
class Dialect:
    """One reading of a file's beginning. ``body`` is the offset of the first byte after the header's line."""

    delimiter: str
    lone_cr: bool
    headers: tuple[str, ...]
    header_line: bytes
    body: int
    body_line: int
    separator_line: bool

    @property
    def grammar(self) -> Grammar:
        return grammar(self.delimiter, self.lone_cr)


def readings(path: Path) -> list[Dialect]:
    """The header of a file in UTF-8 as each delimiter would have it; those whose quotes do not close are left out.

    A line ``sep=;`` before the header, as Excel writes and obeys it, is passed over and settles the delimiter.
    """
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        start = len(_BYTE_ORDER_MARK) if data[:3] == _BYTE_ORDER_MARK else 0
        start = _end(_BLANK_LINES, data, start)
        separator = _SEPARATOR_LINE.match(data, start)
        if separator is None:
            return _headers(data, start, DELIMITERS, separator_line=False)
        start = _end(_BLANK_LINES, data, separator.end())
        return _headers(data, start, (separator[1].decode(),), separator_line=True)


def _headers(data: mmap.mmap, start: int, delimiters: tuple[str, ...], *, separator_line: bool) -> list[Dialect]:
    first = _FIRST_LINE_END.match(data, start)
    lone_cr = first is not None and first[1] == b"\r"
    found = []
    for delimiter in delimiters:
        rules = grammar(delimiter, lone_cr)
        header = rules.record.match(data, start)
        if header is None:
            continue
        line = without_end(header[0])
        dialect = Dialect(
            delimiter=delimiter,
            lone_cr=lone_cr,
            headers=tuple(_name(cell, position) for position, cell in enumerate(rules.cells(line), 1)),
            header_line=line,
            body=header.end(),
            body_line=len(rules.line_end.findall(data[: header.end()])) + 1,
            separator_line=separator_line,
        )
        found.append(dialect)
    # Where a quote does not close for one delimiter, it is no proof for another that this one never comes.
    return found if len(found) == len(delimiters) else [dialect for dialect in found if len(dialect.headers) > 1]


def _end(pattern: re.Pattern[bytes], data: mmap.mmap, start: int) -> int:
    found = pattern.match(data, start)
    return found.end() if found else start


def _name(cell: bytes, position: int) -> str:
    """A header as written, outer blanks aside."""
    text = unquoted(cell).decode("utf-8", "replace").replace("\0", "")
    return text.strip() or unnamed(position)
