"""Pages of records: order, cursors and limits (contracts/twenty/rest-list).

A cursor is the order's values and the id, as JSON in base64. Without an order, records come by id.
"""

from __future__ import annotations

import base64
import binascii
import bisect
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from shift.sandbox.twenty.errors import Refusal
from shift.sandbox.twenty.filters import Filter, matching
from shift.sandbox.twenty.schema import Object
from shift.sandbox.twenty.table import Row
from shift.sandbox.twenty.workspace import Workspace, unknown_field

DIRECTIONS = ("AscNullsFirst", "AscNullsLast", "DescNullsFirst", "DescNullsLast")


@dataclass(frozen=True, slots=True)
class Order:
    """One field to sort by; ``path`` is a field, or a composite and its part."""

    path: tuple[str, ...]
    direction: str = "AscNullsFirst"


@dataclass(frozen=True, slots=True)
class Page:
    """``has_next`` is told only when paging forward, ``has_previous`` only when paging backward."""

    rows: list[Row]
    total: int
    has_next: bool
    has_previous: bool
    cursors: list[str]

    def info(self) -> dict[str, Any]:
        return {
            "startCursor": self.cursors[0] if self.cursors else None,
            "endCursor": self.cursors[-1] if self.cursors else None,
            "hasNextPage": self.has_next,
            "hasPreviousPage": self.has_previous,
        }


def page(
    workspace: Workspace,
    of: Object,
    wanted: Filter | None,
    *,
    limit: int,
    order: Sequence[Order] = (),
    after: str | None = None,
    before: str | None = None,
) -> Page:
    """One page. Raises Refusal for an order or a cursor that cannot be read."""
    for part in order:
        if part.path[0] not in workspace.shape(of).columns:
            raise unknown_field(of, part.path[0])
    after_id, before_id = _cursor_id(after), _cursor_id(before)
    rows = workspace.table(of).remember((wanted, tuple(order)), lambda: _ordered(workspace, of, wanted, order))
    start, end = 0, len(rows)
    if after_id is not None:
        start = _place(rows, after_id, order, past=True)
    if before_id is not None:
        end = _place(rows, before_id, order, past=False)
        start = max(start, end - limit)
    chosen = rows[start : min(end, start + limit)]
    return Page(
        chosen,
        total=len(rows),
        has_next=before_id is None and start + len(chosen) < end,
        has_previous=before_id is not None and start > 0,
        cursors=[_cursor(row, order) for row in chosen],
    )


def _ordered(workspace: Workspace, of: Object, wanted: Filter | None, order: Sequence[Order]) -> list[Row]:
    rows = matching(workspace, of, wanted)
    for part in reversed(order):
        _sort(rows, part)
    return rows


def _place(rows: list[Row], identifier: str, order: Sequence[Order], *, past: bool) -> int:
    """Where a record stands, or (``past``) the place after it; by id also where it would, if it is gone."""
    if not order:
        find = bisect.bisect_right if past else bisect.bisect_left
        return find(rows, identifier, key=lambda row: str(row["id"]))
    at = next((at for at, row in enumerate(rows) if row["id"] == identifier), None)
    return len(rows) if at is None else at + past


def _value(row: Row, path: tuple[str, ...]) -> Any:
    value = row.get(path[0])
    return value.get(path[1]) or None if len(path) > 1 and isinstance(value, dict) else value


def _sort(rows: list[Row], order: Order) -> None:
    descending = order.direction.startswith("Desc")
    nulls_first = order.direction.endswith("First")
    empty = [row for row in rows if _value(row, order.path) is None]
    filled = [row for row in rows if _value(row, order.path) is not None]
    filled.sort(key=lambda row: _value(row, order.path), reverse=descending)
    rows[:] = [*empty, *filled] if nulls_first else [*filled, *empty]


def _cursor(row: Row, order: Sequence[Order]) -> str:
    values: dict[str, Any] = {}
    for part in order:
        value = _value(row, part.path)
        values[part.path[0]] = value if len(part.path) == 1 else {part.path[1]: value}
    return base64.b64encode(msgspec.json.encode(values | {"id": row["id"]})).decode()


def _cursor_id(cursor: str | None) -> str | None:
    if cursor is None:
        return None
    try:
        return str(msgspec.json.decode(base64.b64decode(cursor, validate=True))["id"])
    except (binascii.Error, msgspec.DecodeError, UnicodeDecodeError, KeyError, TypeError):
        raise Refusal(f"Invalid cursor: {cursor}", code="INVALID_CURSOR") from None
