"""The records of one object, with what keeps 200,000 of them quick: unique values, links and sorted ids.

A row holds only what has a value: an answer is the object's empty record with the row laid over it. Rows are never
changed in place, so that one may be kept as a snapshot.
"""

from __future__ import annotations

import bisect
import hashlib
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from shift.sandbox.twenty.errors import Refusal
from shift.sandbox.twenty.schema import UNIQUE_SUBFIELD, Field, Object

Row = dict[str, Any]


class Table:
    """The rows of one object by id. Every write is checked as the database would, and leaves nothing when refused."""

    def __init__(self, of: Object, exists: Callable[[str, str], bool]) -> None:
        self.of = of
        self.rows: dict[str, Row] = {}
        self.deleted: set[str] = set()
        self.unique: dict[str, dict[Any, str]] = {}
        self.links: dict[str, dict[str, set[str]]] = {}
        self.next_position = 0
        self._exists = exists
        self._ids: list[str] = []
        self._ids_sorted = True
        self._remembered: tuple[Any, list[Row]] | None = None
        self.index_fields()

    def index_fields(self) -> None:
        """Make the indexes anew, after fields came or went. Raises Refusal where a unique value stands twice."""
        unique: dict[str, dict[Any, str]] = {}
        links: dict[str, dict[str, set[str]]] = {}
        for field in self.of.fields.values():
            if field.unique:
                values = unique[field.name] = {}
                for row in self.rows.values():
                    value = unique_value(field, row)
                    if value is not None and values.setdefault(value, row["id"]) != row["id"]:
                        raise _duplicate(self.of, field, values[value])
            if field.relation and field.column:
                pointing: dict[str, set[str]] = {}
                links[field.column] = pointing
                for row in self.rows.values():
                    if field.column in row:
                        pointing.setdefault(row[field.column], set()).add(row["id"])
        self.unique, self.links = unique, links
        self._remembered = None

    @property
    def ids(self) -> list[str]:
        """The ids in their order. They are sorted when somebody looks: a load writes far more often than it reads."""
        if not self._ids_sorted:
            self._ids.sort()
            self._ids_sorted = True
        return self._ids

    def insert(self, rows: Sequence[Row]) -> None:
        """Add all rows or none."""
        self._check_unique(rows, new=True)
        self._check_links(rows)
        for row in rows:
            self._put(row)
            self._ids.append(row["id"])
        self._ids_sorted = False

    def update(self, rows: Sequence[Row]) -> None:
        """Put these rows in place of those with their ids, all or none."""
        before = [self.rows[row["id"]] for row in rows]
        for row in before:
            self._take_out(row)
        try:
            self._check_unique(rows, new=False)
            self._check_links(rows)
        except Refusal:
            rows = before
            raise
        finally:
            for row in rows:
                self._put(row)

    def remove(self, ids: Iterable[str]) -> None:
        for identifier in ids:
            self._take_out(self.rows.pop(identifier))
            del self._ids[bisect.bisect_left(self.ids, identifier)]

    def put_back(self, rows: Iterable[Row]) -> None:
        """Fill an empty table with rows that stood together before, without asking again."""
        self.rows = {row["id"]: row for row in rows}
        self.deleted = {identifier for identifier, row in self.rows.items() if "deletedAt" in row}
        self._ids = sorted(self.rows)
        self.index_fields()

    def remember(self, question: Any, find: Callable[[], list[Row]]) -> list[Row]:
        """The answer to a question; asked twice with no write between, it is not looked for again."""
        if self._remembered is None or self._remembered[0] != question:
            self._remembered = (question, find())
        return self._remembered[1]

    def take_position(self) -> int:
        """New records stand above older ones: 0, -1, -2 …"""
        self.next_position -= 1
        return self.next_position + 1

    def pointing_at(self, column: str, target: str) -> set[str]:
        """The ids of the rows whose join column holds ``target``."""
        return self.links.get(column, {}).get(target, set())

    def _put(self, row: Row) -> None:
        identifier = row["id"]
        self.rows[identifier] = row
        self._remembered = None
        if "deletedAt" in row:
            self.deleted.add(identifier)
        for name, values in self.unique.items():
            value = unique_value(self.of.fields[name], row)
            if value is not None:
                values[value] = identifier
        for column, pointing in self.links.items():
            if column in row:
                pointing.setdefault(row[column], set()).add(identifier)

    def _take_out(self, row: Row) -> None:
        """Out of the indexes; the row itself and its place among the ids are the caller's."""
        identifier = row["id"]
        self._remembered = None
        self.deleted.discard(identifier)
        for name, values in self.unique.items():
            values.pop(unique_value(self.of.fields[name], row), None)
        for column, pointing in self.links.items():
            if column in row:
                pointing[row[column]].discard(identifier)

    def _check_unique(self, rows: Sequence[Row], *, new: bool) -> None:
        seen: set[str] = set()
        for row in rows:
            if row["id"] in seen or (new and row["id"] in self.rows):
                raise _duplicate(self.of, self.of.fields["id"], row["id"])
            seen.add(row["id"])
        for name, values in self.unique.items():
            field = self.of.fields[name]
            sent: dict[Any, str] = {}
            for row in rows:
                value = unique_value(field, row)
                if value is None:
                    continue
                if value in values or value in sent:
                    raise _duplicate(self.of, field, values.get(value) or sent[value])
                sent[value] = row["id"]

    def _check_links(self, rows: Sequence[Row]) -> None:
        own = {row["id"] for row in rows}
        for field in self.of.fields.values():
            if field.relation is None or field.column is None:
                continue
            for row in rows:
                target = row.get(field.column)
                if target is None or self._exists(field.relation.target_object, target):
                    continue
                if field.relation.target_object != self.of.id or target not in own:
                    raise Refusal(
                        f'insert or update on table "{self.of.table}" violates foreign key constraint '
                        f'"{foreign_key(self.of.table, field.column)}"',
                        extensions={
                            "userFriendlyMessage": "This operation references a record that does not exist or cannot "
                            "be modified due to existing relationships."
                        },
                    )


def unique_value(field: Field, row: Row) -> Any:
    """What a unique index holds of a row; None is not indexed, so any number of rows may have none."""
    value = row.get(field.column or field.name)
    part = UNIQUE_SUBFIELD.get(field.type)
    return (value[part] or None) if part and value is not None else value


def foreign_key(table: str, column: str) -> str:
    return "FK_" + hashlib.sha1(f"{table}_{column}".encode()).hexdigest()[:27]


def _duplicate(of: Object, field: Field, holder: str) -> Refusal:
    return Refusal(
        "A duplicate entry was detected",
        extensions={
            "userFriendlyMessage": f"This {field.label} value is already in use. Please check your data and try again.",
            "conflictingRecordId": holder,
            "conflictingObjectNameSingular": of.singular,
        },
    )
