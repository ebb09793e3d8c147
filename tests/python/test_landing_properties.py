"""What holds for any file: tables come through cell for cell, and every byte is in one row or the other."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import duckdb
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from landing_support import NOW

from shift.landing import LandedFile, land
from shift.project import SourceColumn, SourceTable

KEPT = SourceTable(name="kept", files=["Kept*"], columns=[SourceColumn(name="a"), SourceColumn(name="b")])

# One landing takes some 30 ms, and every example makes one.
many = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@dataclass(frozen=True)
class Landed:
    file: LandedFile
    rows: list[tuple[int, list[str | None]]]
    unreadable: list[tuple[int, str]]


def landed(connection: duckdb.DuckDBPyConnection, content: bytes, headers: list[str]) -> Landed:
    """Land one file; ``headers`` are its columns, those of the table and others."""
    with TemporaryDirectory() as folder:
        (Path(folder) / "Kept.csv").write_bytes(content)
        (file,) = land(connection, [KEPT], Path(folder), landed_at=NOW).files
    cells = ", ".join(name if name in "ab" else f"_extra['{name}']" for name in headers)
    found: list[tuple[Any, ...]] = connection.execute(f"select _row, {cells} from raw.kept order by _row").fetchall()
    unreadable = connection.execute("select row, text from raw._unreadable order by row").fetchall()
    return Landed(file, [(row, list(values)) for row, *values in found], unreadable)


# --- any table, in any accepted dialect -------------------------------------------------------------------------


@dataclass(frozen=True)
class Writing:
    """One of the accepted ways to write a table."""

    delimiter: str
    line_end: str
    encoding: str
    quote_all: bool
    last_line_ends: bool
    blank_lines: bool

    def written(self, table: list[list[str]]) -> bytes:
        lines = [self.delimiter.join(map(self._cell, row)) for row in table]
        gap = self.line_end * (2 if self.blank_lines else 1)
        return (gap.join(lines) + (self.line_end if self.last_line_ends else "")).encode(self.encoding)

    def _cell(self, text: str) -> str:
        needs_quotes = self.quote_all or any(mark in text for mark in (self.delimiter, '"', "\r", "\n"))
        return '"' + text.replace('"', '""') + '"' if needs_quotes else text


writings = st.builds(
    Writing,
    delimiter=st.sampled_from([",", ";", "\t"]),
    line_end=st.sampled_from(["\n", "\r\n", "\r"]),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "windows-1252"]),
    quote_all=st.booleans(),
    last_line_ends=st.booleans(),
    blank_lines=st.booleans(),
)
MARKS = [
    "",
    " ",
    '"',
    '""',
    ",",
    ";",
    "\t",
    "\n",
    "\r",
    "\r\n",
    "\0",
    "\\",
    "=",
    "'",
    "#",
    "NULL",
    "é",
    "漢",
    "\x1a",
    "﻿",
]
cells = st.one_of(
    st.lists(st.sampled_from([*MARKS, "a", "7"]), max_size=6).map("".join),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=12),
)


# In Windows-1252 these are letters too, but nobody could tell.
LOOKS_LIKE_UTF8 = re.compile(rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}")


@st.composite
def tables(draw: st.DrawFn) -> list[list[str]]:
    width = draw(st.integers(2, 5))
    return draw(st.lists(st.lists(cells, min_size=width, max_size=width), min_size=1, max_size=8))


@many
@given(table=tables(), writing=writings)
def test_any_table_lands_cell_for_cell(
    connection: duckdb.DuckDBPyConnection, table: list[list[str]], writing: Writing
) -> None:
    headers = ["b", "a", "c", "d", "e"][: len(table[0])]
    if writing.encoding == "windows-1252":
        table = [[cell.encode("windows-1252", "ignore").decode("windows-1252") for cell in row] for row in table]
        assume(not LOOKS_LIKE_UTF8.search(writing.written(table)))
    file = landed(connection, writing.written([headers, *table]), headers)
    expected = [[cell or None for cell in row] for row in table if row != headers]
    assert [row for _, row in file.rows] == expected
    assert file.file.unreadable == len(table) - len(expected)


# --- any bytes: nothing is lost ---------------------------------------------------------------------------------


def split(text: str, delimiter: str, lone_cr: bool) -> list[tuple[str, list[str] | None]]:
    """Records by hand, letter by letter: (text as it stands, cells); no cells where a quote does not close.

    This is written apart from the engine's grammar, so that each may show the other's mistakes.
    """
    found = []
    at = 0
    while at < len(text):
        end, cells = _record(text, at, delimiter, lone_cr)
        if cells is None:
            while end < len(text) and not _line_end(text, end, lone_cr):
                end += 1
        found.append((text[at:end], cells))
        at = end + _line_end(text, end, lone_cr)
    return found


def _line_end(text: str, at: int, lone_cr: bool) -> int:
    """The length of the line's end here; 0 where there is none."""
    if text.startswith("\r\n", at):
        return 2
    if text.startswith("\n", at) or (text.startswith("\r", at) and (lone_cr or at + 1 == len(text))):
        return 1
    return 0


def _record(text: str, at: int, delimiter: str, lone_cr: bool) -> tuple[int, list[str] | None]:
    start = at
    cells = []
    while True:
        if text.startswith('"', at):
            closing = at + 1
            while closing < len(text):
                if text[closing] != '"':
                    closing += 1
                elif text.startswith('""', closing):
                    closing += 2
                else:
                    break
            if closing >= len(text):
                return start, None
            cells.append(text[at + 1 : closing].replace('""', '"'))
            at = closing + 1
            if at < len(text) and text[at] != delimiter and not _line_end(text, at, lone_cr):
                return start, None
        else:
            end = at
            while end < len(text) and text[end] != delimiter and not _line_end(text, end, lone_cr):
                end += 1
            cells.append(text[at:end])
            at = end
        if at >= len(text) or text[at] != delimiter:
            return at, cells
        at += 1


@many
@given(
    body=st.lists(
        st.sampled_from(['"', '"', '""', '"x"', ",", ",", "\n", "\n", "\r\n", "\r", " ", "é", "a", '="1"']), max_size=40
    ).map("".join),
    header_end=st.sampled_from(["\n", "\r\n", "\r"]),
    width=st.integers(1, 3),
)
def test_every_byte_is_in_one_landed_or_one_unreadable_row(
    connection: duckdb.DuckDBPyConnection, body: str, header_end: str, width: int
) -> None:
    headers = ["a", "b", "c"][:width]
    lone_cr = header_end == "\r" and not body.startswith("\n")
    if header_end == "\r" and not lone_cr:
        body = body[1:]
    file = landed(
        connection,
        (",".join(headers) + ("\r\n" if header_end == "\r" and not lone_cr else header_end) + body).encode(),
        headers,
    )
    rows: list[tuple[int, list[str | None]]] = []
    unreadable: list[tuple[int, str]] = []
    blank = 0
    for text, cells in split(body, ",", lone_cr):
        if not text.strip(" "):
            blank += 1
            continue
        number = len(rows) + len(unreadable) + 2
        if cells is not None and len(cells) == width + 1 and not cells[-1]:
            cells = cells[:-1]
        if cells is None or len(cells) != width or text == ",".join(headers):
            unreadable.append((number, text))
        else:
            rows.append((number, [cell or None for cell in cells]))
    assert file.rows == rows
    assert file.unreadable == unreadable
    counts = (len(rows) + len(unreadable), len(rows), len(unreadable), blank)
    assert (file.file.rows, file.file.landed, file.file.unreadable, file.file.blank_lines) == counts


def test_the_splitter_by_hand_reads_what_people_agree_on() -> None:
    assert split('1,"a\n""b"""\n"x"y,2\n\n="3",\r', ",", lone_cr=False) == [
        ('1,"a\n""b"""', ["1", 'a\n"b"']),
        ('"x"y,2', None),
        ("", [""]),
        ('="3",', ['="3"', ""]),
    ]


@pytest.mark.parametrize("size", [(1 << 20) + shift for shift in range(-9, 3)])
def test_a_cell_may_lie_across_the_census_chunks(connection: duckdb.DuckDBPyConnection, size: int) -> None:
    start = f"0,{'x' * (size - 12)}\n"
    file = landed(connection, f'a,b\n{start}1,"y\n""z"""\n2,\n'.encode(), ["a", "b"])
    assert file.rows[1:] == [(3, ["1", 'y\n"z"']), (4, ["2", None])]
