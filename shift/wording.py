"""Numbers in sentences."""

from __future__ import annotations


def counted(number: int, noun: str, plural: str | None = None) -> str:
    """``counted(1, "record")``: "1 record"; of several, "1,200 records"."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"
