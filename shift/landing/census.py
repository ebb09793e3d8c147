"""Count a file's records by its bytes alone, before anything reads it, and see whether it is written by the rules.

What DuckDB reads must come to the same sum. A file with any oddity that DuckDB takes otherwise than ``grammar`` does
(a quote that does not close, line ends of two kinds, a lone CR) is not regular, and goes to the mender instead.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from shift.landing.dialect import Dialect

if TYPE_CHECKING:
    import numpy
    from numpy.typing import NDArray

# A chunk and what is computed from it stay in the cache: larger ones take longer.
_CHUNK = 1 << 20
_QUOTE, _LF, _CR, _EQUALS = b'"'[0], b"\n"[0], b"\r"[0], b"="[0]


@dataclass(frozen=True, slots=True)
class Census:
    """What the bytes after the header hold. ``records`` leaves blank lines out; ``longest`` record is in bytes."""

    records: int
    blank_lines: int
    longest: int
    regular: bool


_IRREGULAR = Census(records=0, blank_lines=0, longest=0, regular=False)


def take(path: Path, dialect: Dialect) -> Census:
    """The census of all that stands after the header; of an irregular file it says only that it is one."""
    import numpy as np

    mark = ord(dialect.delimiter)
    header_again = b"\n" + dialect.header_line
    # Each chunk is read with what stands before it, as far as its first bytes are judged by that, and one byte after.
    margin = min(dialect.body, len(header_again))
    size = path.stat().st_size
    quotes_before = records = blank = longest = delimiters = 0
    crlf: bool | None = None
    last_end = dialect.body - 1
    for low in range(dialect.body, size, _CHUNK):
        high = min(low + _CHUNK, size)
        read = _bytes(path, low - margin, high + 1)
        if header_again in read:
            return _IRREGULAR
        around = np.frombuffer(read, dtype=np.uint8)
        chunk = around[margin : margin + high - low]
        quotes = np.flatnonzero(chunk == _QUOTE) + margin
        if not _quotes_are_regular(around, quotes, quotes_before % 2, mark):
            return _IRREGULAR
        ends = _outside(np.flatnonzero(chunk == _LF) + margin, quotes, quotes_before)
        returns = _outside(np.flatnonzero(chunk == _CR) + margin, quotes, quotes_before)
        delimiters += _count_outside(np.flatnonzero(chunk == mark) + margin, quotes, quotes_before)
        quotes_before += len(quotes)
        if len(returns) and (returns[-1] + 1 == len(around) or not (around[returns + 1] == _LF).all()):
            return _IRREGULAR
        if not len(ends):
            continue
        with_cr = int((around[ends - 1] == _CR).sum())
        if with_cr not in (0, len(ends)) or crlf not in (None, with_cr > 0):
            return _IRREGULAR
        crlf = with_cr > 0
        ends += low - margin
        lengths = np.diff(ends, prepend=last_end) - (2 if crlf else 1)
        empty = int((lengths == 0).sum())
        blank += empty
        records += len(ends) - empty
        longest = max(longest, int(lengths.max()))
        last_end = int(ends[-1])
    if quotes_before % 2:
        return _IRREGULAR
    rest = size - 1 - last_end
    records += int(rest > 0)
    # DuckDB drops empty cells at a record's end, however many; the grammar lets one go, and tells of more.
    if delimiters != records * (len(dialect.headers) - 1):
        return _IRREGULAR
    return Census(records, blank, max(longest, rest), regular=True)


def _bytes(path: Path, start: int, end: int) -> bytes:
    with path.open("rb") as file:
        file.seek(start)
        return file.read(end - start)


def _quotes_are_regular(around: NDArray[numpy.uint8], quotes: NDArray[numpy.int64], parity: int, mark: int) -> bool:
    """Whether every quote opens a cell, closes one, or is half of a doubled one; ``="…"`` is let pass.

    A quote that opens follows a delimiter, a line's end, or the quote that it doubles; one that closes stands before
    the like.
    """
    import numpy as np

    opening, closing = quotes[parity::2], quotes[1 - parity :: 2]
    before = around[opening - 1]
    odd = opening[~((before == mark) | (before == _LF) | (before == _QUOTE))]
    guarded = around[odd - 1] == _EQUALS
    begins = (around[odd - 2] == mark) | (around[odd - 2] == _LF)
    if not (guarded & begins).all():
        return False
    after = around[np.minimum(closing + 1, len(around) - 1)]
    at_end = closing + 1 == len(around)
    return bool((at_end | (after == mark) | (after == _LF) | (after == _CR) | (after == _QUOTE)).all())


def _outside(places: NDArray[numpy.int64], quotes: NDArray[numpy.int64], quotes_before: int) -> NDArray[numpy.int64]:
    """Those of the places that stand outside quotes."""
    import numpy as np

    if not len(quotes):
        return places if quotes_before % 2 == 0 else places[:0]
    outside: NDArray[numpy.int64] = places[(np.searchsorted(quotes, places) + quotes_before) % 2 == 0]
    return outside


def _count_outside(places: NDArray[numpy.int64], quotes: NDArray[numpy.int64], quotes_before: int) -> int:
    """How many of the places stand outside quotes, where they are many more than the quotes."""
    import numpy as np

    before = np.searchsorted(places, quotes)
    borders = np.concatenate(([0], before, [len(places)]))
    return int(np.diff(borders)[quotes_before % 2 :: 2].sum())
