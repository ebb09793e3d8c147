"""What a record is, to the byte: the one grammar that the census counts by and the mender splits by.

Cells are parted by the delimiter. A cell that begins with a quote runs to its closing quote, quotes inside it
doubled, and only a delimiter or the record's end may follow; any other cell is bare, and a quote inside it is a
character like any other (``="123"``). A record ends with LF or CRLF. Where the header's line ends with a lone CR,
every CR, LF and CRLF outside quotes ends a record; elsewhere a lone CR is a character of its cell.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache


@dataclass(frozen=True, slots=True)
class Grammar:
    """The patterns of one dialect; all are linear in the length of the text.

    ``plain`` is a record without its end that DuckDB reads as this grammar does: a bare cell with a CR is none, nor is
    one with a quote, but for the guard of ids.
    """

    delimiter: bytes
    record: re.Pattern[bytes]
    line_end: re.Pattern[bytes]
    cell: re.Pattern[bytes]
    plain: re.Pattern[bytes]

    def cells(self, record: bytes) -> list[bytes]:
        """The cells of a record without its end, quotes and all."""
        return self.cell.findall(record)


@cache
def grammar(delimiter: str, lone_cr: bool) -> Grammar:
    """The grammar of files with this delimiter (one ASCII character)."""
    mark = re.escape(delimiter.encode())
    ends = rb"\r\n" if lone_cr else rb"\n"
    in_quotes = rb'"(?:[^"]++|"")*+"'
    bare = rb'[^"' + mark + ends + rb"][^" + mark + ends + rb"]*+"
    plain = rb"(?>" + in_quotes + rb'|="[^"\r' + mark + rb']*+"|[^"\r' + mark + rb"]*+)"
    cell = rb"(?>" + in_quotes + rb"|" + bare + rb"|)"
    end = rb"(?:\r\n|\r|\n|\Z)" if lone_cr else rb"\r?(?:\n|\Z)"
    return Grammar(
        delimiter=delimiter.encode(),
        record=re.compile(cell + rb"(?:" + mark + cell + rb")*+" + end),
        line_end=re.compile(rb"\r\n|\r|\n" if lone_cr else rb"\n"),
        cell=re.compile(rb"(?:\A|" + mark + rb")(" + in_quotes + rb'|[^"' + mark + rb"][^" + mark + rb"]*+|)"),
        plain=re.compile(plain + rb"(?:" + mark + plain + rb")*+\Z"),
    )


def without_end(text: bytes) -> bytes:
    """A record or line without the LF, CRLF or CR that ends it."""
    if text.endswith(b"\n"):
        text = text[:-1]
    return text.removesuffix(b"\r")


def unquoted(cell: bytes) -> bytes:
    """What a cell says."""
    return cell[1:-1].replace(b'""', b'"') if cell.startswith(b'"') else cell


def quoted(cell: bytes) -> bytes:
    """A text as a quoted cell."""
    return b'"' + cell.replace(b'"', b'""') + b'"'
