"""A model's SQL as a tree."""

from __future__ import annotations

from dataclasses import dataclass

import sqlglot
from sqlglot import exp
from sqlglot.errors import ParseError, SqlglotError

from shift.lineage.origins import marked_in_texts


@dataclass(frozen=True)
class NotRead:
    """What sqlglot says of SQL that it cannot read, and of which line."""

    line: int
    said: str


def parsed(sql: str) -> exp.Expr | NotRead:
    """The tree of a query in DuckDB's SQL."""
    try:
        found = sqlglot.parse_one(marked_in_texts(sql), dialect="duckdb")
    except SqlglotError as error:
        first = error.errors[0] if isinstance(error, ParseError) and error.errors else {}
        return NotRead(first.get("line") or 1, first.get("description") or str(error))
    return found if isinstance(found, (exp.Query, exp.Pivot)) else NotRead(1, "this is no query")
