"""Which export a file is, and which of its headers is which column.

The rules are those of contracts/cliniko/exports.yml, ``header_matching`` and ``filename``.
"""

from __future__ import annotations

import difflib
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from fnmatch import fnmatch
from functools import cache
from typing import TypeAlias

from shift.errors import ExportError
from shift.project import SourceColumn, SourceTable

# Below this share of known headers, a file's headers do not say what it is.
_CERTAIN_PERCENT = 60

Vocabularies: TypeAlias = Mapping[str, frozenset[str]]

_UNNAMED = re.compile(r"\(column \d+\)")
_DATES = re.compile(r"-(?P<run>\d{8})(?:-From(?P<first>\d{8})-To(?P<last>\d{8}))?(?: ?\(\d+\))?\.\w+$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Matched:
    """One header of a file, and the column that it is; None for one that no column of the table knows."""

    header: str
    position: int
    column: SourceColumn | None


@dataclass(frozen=True, slots=True)
class FileDates:
    """What a file's name tells: the day of the export, and the range asked for (none: any time to any time)."""

    run: date | None = None
    first: date | None = None
    last: date | None = None


@cache
def folded(header: str) -> str:
    """A header without what varies: case, blanks, punctuation, and an account's word for patients."""
    plain = header.strip().lower()
    return re.sub(r"[^a-z0-9]", "", plain.replace("client", "patient")) or plain


def spellings(column: SourceColumn) -> list[str]:
    """A column's header and aliases, folded, best first; its own name is the last."""
    written = [column.header or column.name, *column.aliases, column.name]
    return list(dict.fromkeys(folded(text) for text in written))


def vocabularies(tables: Sequence[SourceTable]) -> Vocabularies:
    """Of each table, by name, every header that it knows, folded."""
    return {
        table.name: frozenset(spelling for column in table.columns for spelling in spellings(column))
        for table in tables
    }


def most_known(words: Vocabularies, headers: Sequence[str]) -> int:
    """How many of the headers the table that knows most of them knows."""
    return max((_known(known, headers) for known in words.values()), default=0)


def unnamed(position: int) -> str:
    """What stands for the empty header at a place (1 is the first), so that its cells are kept too."""
    return f"(column {position})"


def _known(words: frozenset[str], headers: Sequence[str]) -> int:
    return sum(folded(header) in words for header in headers)


def kind(
    tables: Sequence[SourceTable], words: Vocabularies, headers: Sequence[str], file_name: str
) -> tuple[SourceTable | None, str]:
    """The table that a file belongs to, or None and the reason.

    The headers decide; where several tables know as many of them, or none knows enough, the file's name does.
    """
    most = most_known(words, headers)
    best = [table for table in tables if _known(words[table.name], headers) == most]
    named_headers = sum(not _UNNAMED.fullmatch(header) for header in headers)
    certain = most > 0 and most * 100 >= _CERTAIN_PERCENT * named_headers
    if certain and len(best) == 1:
        return best[0], ""
    named = by_name(best if certain else tables, file_name)
    if named is not None:
        return named, ""
    shown = _shown(headers, 4)
    if certain:
        kinds = ", ".join(table.name for table in best)
        return None, f"its headers ({shown}) fit several kinds alike, and its name none of them: {kinds}"
    return None, f"neither its headers ({shown}) nor its name are those of a known export"


def by_name(tables: Sequence[SourceTable], file_name: str) -> SourceTable | None:
    """The table with the longest pattern that the name fits; case does not matter."""
    fitting = [
        (len(pattern), -place, table)
        for place, table in enumerate(tables)
        for pattern in table.files
        if fnmatch(file_name.lower(), pattern.lower())
    ]
    return max(fitting, key=lambda found: found[:2])[2] if fitting else None


def match(table: SourceTable, headers: Sequence[str], *, where: str) -> tuple[Matched, ...]:
    """Give each header its column.

    Of several headers for one column the exact one wins, then the earlier alias; the others stay unknown.
    Raises ExportError for two equal headers, and where a required column is missing.
    """
    for header, count in Counter(headers).items():
        if count > 1:
            raise ExportError(
                f"the column '{header}' stands in the header {count} times",
                where=where,
                hint="Rename or remove one of them, or export the file again.",
            )
    columns: dict[int, SourceColumn] = {}
    taken: set[str] = set()
    for _, _, position, column in sorted(_candidates(table, headers), key=lambda found: found[:3]):
        if position not in columns and column.name not in taken:
            columns[position] = column
            taken.add(column.name)
    for column in table.columns:
        if column.required and column.name not in taken:
            raise ExportError(
                f"the required column '{column.header or column.name}' is missing",
                where=where,
                hint=_nearest(column, [header for place, header in enumerate(headers) if place not in columns]),
            )
    return tuple(Matched(header, place + 1, columns.get(place)) for place, header in enumerate(headers))


def _candidates(table: SourceTable, headers: Sequence[str]) -> list[tuple[int, int, int, SourceColumn]]:
    """Every header that may be a column, as (rank, column's place, header's place, column); rank 0 is to the letter."""
    places: dict[str, list[int]] = {}
    for place, header in enumerate(headers):
        places.setdefault(folded(header), []).append(place)
    found = []
    for order, column in enumerate(table.columns):
        for rank, spelling in enumerate(spellings(column), 1):
            for place in places.get(spelling, []):
                exact = headers[place] == (column.header or column.name)
                found.append((0 if exact else rank, order, place, column))
    return found


def _nearest(column: SourceColumn, headers: Sequence[str]) -> str:
    """The headers that may be meant."""
    by_form = {folded(header): header for header in headers}
    close = [
        by_form[form]
        for spelling in spellings(column)
        for form in difflib.get_close_matches(spelling, by_form, n=2, cutoff=0.6)
    ]
    if close:
        return f"Nearest headers found: {', '.join(dict.fromkeys(close))}."
    return f"Headers found that are no column's: {_shown(headers, 8) or 'none'}."


def dates(file_name: str) -> FileDates:
    """The dates in a file's name, ``<Type>-…-<run>[-From<date>-To<date>].csv``; a browser may have added `` (1)``."""
    found = _DATES.search(file_name)
    if found is None:
        return FileDates()
    return FileDates(_date(found["run"]), _date(found["first"]), _date(found["last"]))


def _date(digits: str | None) -> date | None:
    try:
        return datetime.strptime(digits, "%Y%m%d").date() if digits else None
    except ValueError:
        return None


def _shown(headers: Sequence[str], count: int) -> str:
    """The first few headers; of a file without any, these are a record's cells, so no long text is shown."""
    return ", ".join(header[:40] for header in headers[:count]) + (", …" if len(headers) > count else "")
