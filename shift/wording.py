"""Numbers and rows in sentences."""

from __future__ import annotations

from collections.abc import Mapping


def counted(number: int, noun: str, plural: str | None = None) -> str:
    """``counted(1, "record")``: "1 record"; of several, "1,200 records"."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def named(row: Mapping[str, str | None]) -> str:
    """A row as `column: value, …`, without what is null."""
    return ", ".join(f"{name}: {value}" for name, value in row.items() if value is not None)
