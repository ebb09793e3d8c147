"""One workspace: its data model, its records, its files, and who is told when records change."""

from __future__ import annotations

import datetime
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from shift.sandbox.twenty.errors import Refusal
from shift.sandbox.twenty.schema import SUBFIELDS, Field, Object
from shift.sandbox.twenty.table import Row, Table
from shift.sandbox.twenty.values import iso, new_uuid

# created or updated, of which object, the rows, and the names of the fields that changed
Listener = Callable[[str, Object, Sequence[Row], frozenset[str]], None]


@dataclass
class StoredFile:
    """An uploaded file. ``used`` once a record holds it: a file serves once."""

    id: str
    field_id: str
    name: str
    content: bytes | None = None
    token: str = ""
    used: bool = False

    @property
    def extension(self) -> str:
        return f".{self.name.rsplit('.', 1)[1]}" if "." in self.name else ""


@dataclass(frozen=True)
class Shape:
    """What reading and writing an object's records needs, worked out once for each version of its fields."""

    empty: dict[str, Any]
    columns: dict[str, Field]
    relations: dict[str, Field]
    defaults: dict[str, Any]
    required: tuple[Field, ...]
    files: tuple[str, ...]


@dataclass
class Workspace:
    """All that one server knows. ``random`` makes every id, so that a seed makes a run repeatable."""

    random: random.Random
    url: str = ""
    id: str = ""
    standard_application: str = ""
    custom_application: str = ""
    objects: dict[str, Object] = field(default_factory=dict)
    tables: dict[str, Table] = field(default_factory=dict)
    files: dict[str, StoredFile] = field(default_factory=dict)
    listeners: list[Listener] = field(default_factory=list)
    _shapes: dict[str, Shape] = field(default_factory=dict)
    _singular: dict[str, Object] = field(default_factory=dict)
    _plural: dict[str, Object] = field(default_factory=dict)

    def new_id(self) -> str:
        return new_uuid(self.random.getrandbits(128))

    def now(self) -> str:
        return iso(datetime.datetime.now(datetime.UTC))

    # --- objects and fields --------------------------------------------------------------------------------------

    def add_object(self, new: Object) -> None:
        self.objects[new.id] = new
        self._singular[new.singular] = new
        self._plural[new.plural] = new
        self.tables[new.id] = Table(new, self.holds)

    def drop_object(self, old: Object) -> None:
        del self.objects[old.id], self._singular[old.singular], self._plural[old.plural], self.tables[old.id]
        self._shapes.pop(old.id, None)

    def changed(self, of: Object) -> None:
        """Its fields changed: index its rows anew, and work out its shape when it is next needed."""
        self.tables[of.id].index_fields()
        self._shapes.pop(of.id, None)

    def singular(self, name: str) -> Object | None:
        return self._singular.get(name)

    def plural(self, name: str) -> Object | None:
        return self._plural.get(name)

    def standard(self, name: str) -> Object:
        return self._singular[name]

    def field(self, identifier: str) -> tuple[Object, Field] | None:
        for of in self.objects.values():
            for found in of.fields.values():
                if found.id == identifier:
                    return of, found
        return None

    def application(self, custom: bool) -> str:
        return self.custom_application if custom else self.standard_application

    # --- records -------------------------------------------------------------------------------------------------

    def table(self, of: Object) -> Table:
        return self.tables[of.id]

    def holds(self, object_id: str, record_id: str) -> bool:
        return record_id in self.tables[object_id].rows

    def shape(self, of: Object) -> Shape:
        if of.id not in self._shapes:
            self._shapes[of.id] = _shape(of)
        return self._shapes[of.id]

    def referrers(self, of: Object) -> Iterator[tuple[Table, Field]]:
        """The join columns that point at an object: (table, field)."""
        for far in of.fields.values():
            if far.relation and far.relation.kind == "ONE_TO_MANY":
                other = self.objects[far.relation.target_object]
                yield self.tables[other.id], other.fields[far.relation.target_field]

    def present(self, of: Object, row: Row) -> dict[str, Any]:
        """A record as it is answered at depth 0."""
        shape = self.shape(of)
        record = shape.empty | row
        record["searchVector"] = _search_vector(of, row)
        for column in shape.files:
            if record[column]:
                record[column] = [self._present_file(item) for item in record[column]]
        return record

    def _present_file(self, item: dict[str, Any]) -> dict[str, Any]:
        stored = self.files[item["fileId"]]
        return item | {"extension": stored.extension, "url": self.file_url(stored)}

    def file_url(self, stored: StoredFile) -> str:
        return f"{self.url}/file/files-field/{stored.id}?token={stored.token}"

    def tell(self, event: str, of: Object, rows: Sequence[Row], written: frozenset[str]) -> None:
        for listener in self.listeners:
            listener(event, of, rows, written)


def _shape(of: Object) -> Shape:
    fields = list(of.fields.values())
    columns = {found.column: found for found in fields if found.column}
    defaults: dict[str, Any] = {}
    for column, found in columns.items():
        default = found.plain_default()
        if found.type in SUBFIELDS and isinstance(default, dict):
            default = found.empty() | default
        if default is not None and not found.system:
            defaults[column] = default
    return Shape(
        empty={column: found.empty() for column, found in columns.items()},
        columns=columns,
        relations={found.name: found for found in fields if found.relation},
        defaults=defaults,
        required=tuple(found for found in fields if not found.nullable and not found.system and found.column),
        files=tuple(column for column, found in columns.items() if found.type == "FILES"),
    )


def _search_vector(of: Object, row: Row) -> str:
    """The words of the record's label, in the form of PostgreSQL's tsvector."""
    label = row.get(of.label_field or "")
    words = " ".join(label.values()) if isinstance(label, dict) else str(label or row["id"])
    return " ".join(f"'{word}':{at}" for at, word in enumerate(words.lower().split(), start=1))


def unknown_field(of: Object, name: str) -> Refusal:
    return Refusal(f'Object {of.singular} doesn\'t have any "{name}" field.', code="INVALID_ARGS_DATA")
