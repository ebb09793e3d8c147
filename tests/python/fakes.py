"""A CRM in memory, for tests of the engine: it keeps records and the rules that a real one keeps, and can misbehave.

It is no mock: nothing is scripted call by call. A test says what kind of trouble it wants, then asks which records are
there.
"""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from shift.destination import (
    AddedOptions,
    Destination,
    Found,
    Limits,
    ObjectDefinition,
    Outcome,
    Receipt,
    Record,
    Reference,
    Row,
    SchemaChange,
    Table,
    Workspace,
)
from shift.errors import Again, Refused, Stop

FIELDS = ("object", "name", "type", "options", "relation_target", "is_unique", "unique_part", "is_active")


class Killed(BaseException):
    """The process ended here: nothing above may catch it to tidy up."""


@dataclass
class Trouble:
    """What goes wrong, by the number of the write (create or update; 1, 2, …), whatever thread makes it.

    ``before`` is raised in place of the write, ``after`` once the write is done; ``refuses`` says why a payload is
    refused, or None.
    """

    before: Callable[[int], BaseException | None] = lambda call: None
    after: Callable[[int], BaseException | None] = lambda call: None
    refuses: Callable[[dict[str, Any]], str | None] = lambda payload: None


def lost() -> Again:
    return Again("the connection was lost", arrived=True)


def busy() -> Again:
    return Again("Limit reached", arrived=False, status=429)


@dataclass
class MemoryCRM(Destination):
    """Records by object and id, as the API would answer them. ``unique`` names fields that no two may share.

    An update takes several rows, one after the other: one that is refused leaves those before it done.
    """

    limits: Limits = field(default_factory=lambda: Limits(batch_size=4, batch_bytes=100_000))
    unique: frozenset[str] = frozenset({"email"})
    trouble: Trouble = field(default_factory=Trouble)
    records: dict[str, dict[str, dict[str, Any]]] = field(default_factory=dict)
    deleted: set[str] = field(default_factory=set)
    objects: list[str] = field(default_factory=lambda: ["person", "task"])
    fields: list[tuple[str, str, str, str | None, str | None]] = field(default_factory=list)
    calls: Counter[str] = field(default_factory=Counter)
    writes: list[tuple[str, int]] = field(default_factory=list)
    uploads: dict[str, bytes] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def ids(self, object: str) -> list[str]:
        return sorted(self.records.get(object, {}))

    # --- the protocol -------------------------------------------------------------------------------------------

    def workspace(self) -> Workspace:
        return Workspace("w-1", "Harbour Clinic")

    def pull(self) -> Iterator[Table]:
        yield Table("objects", ("name",), [(name,) for name in self.objects])
        yield Table("fields", ("object", "name", "type", "options", "relation_target"), list(self.fields))

    def provision(self, change: SchemaChange) -> Receipt:
        call = self._begin("provision", 1)
        if isinstance(change, ObjectDefinition):
            if change.name in self.objects:
                raise Refused("Object already exists", duplicate=True)
            self.objects.append(change.name)
        elif isinstance(change, AddedOptions):
            self._set_options(change, lambda there: [*there, *map(asdict, change.options)])
        else:
            if reason := self.trouble.refuses(asdict(change)):
                raise Refused(reason)
            options = json.dumps([asdict(option) for option in change.options]) if change.options else None
            self.fields.append((change.object, change.name, change.type, options, change.to))
        self._end(call)
        return Receipt(change, id=f"meta-{call}")

    def unprovision(self, change: SchemaChange, id: str | None) -> None:
        call = self._begin("unprovision", 1)
        if isinstance(change, ObjectDefinition):
            self.objects = [name for name in self.objects if name != change.name]
        elif isinstance(change, AddedOptions):
            gone = [option.value for option in change.options]
            self._set_options(change, lambda there: [one for one in there if one["value"] not in gone])
        else:
            self.fields = [one for one in self.fields if one[:2] != (change.object, change.name)]
        self._end(call)

    def create(self, object: str, rows: Sequence[Row]) -> Sequence[Outcome]:
        call = self._begin("create", len(rows))
        with self._lock:
            held = self.records.setdefault(object, {})
            new = [json.loads(row.payload) for row in rows]
            taken = {(name, one[name]) for one in held.values() for name in self.unique if name in one}
            for payload in new:
                if reason := self.trouble.refuses(payload):
                    raise Refused(reason, status=400)
                claims = {(name, payload[name]) for name in self.unique if name in payload}
                if payload["id"] in held or payload["id"] in self.deleted or claims & taken:
                    raise Refused("A duplicate entry was detected", duplicate=True, status=400)
                taken |= claims
            held.update({payload["id"]: payload for payload in new})
        self._end(call)
        return [Outcome(row.key, one["id"], self._record(one)) for row, one in zip(rows, new, strict=True)]

    def update_calls(self, object: str, rows: Sequence[Row]) -> Sequence[Sequence[Row]]:
        most = self.limits.batch_size
        return [rows[start : start + most] for start in range(0, len(rows), most)]

    def update(self, object: str, rows: Sequence[Row]) -> Sequence[Outcome]:
        call = self._begin("update", len(rows))
        outcomes = []
        for row in rows:
            changes = json.loads(row.payload)
            if reason := self.trouble.refuses(changes):
                raise Refused(reason, status=400)
            assert row.id is not None and row.before is not None
            self.records[object][row.id].update(changes)
            outcomes.append(Outcome(row.key, row.id, self._record(self.records[object][row.id])))
        self._end(call)
        return outcomes

    def find(self, object: str, rows: Sequence[Row]) -> Sequence[Found]:
        self.calls["find"] += 1
        return [self._found(object, row) for row in rows]

    def read(self, object: str, ids: Sequence[str]) -> Iterator[Record]:
        self.calls["read"] += 1
        held = self.records.get(object, {})
        return iter([self._record(held[id]) for id in ids if id in held])

    def every(self, object: str) -> Iterator[Record]:
        return iter([self._record(one) for one in self.records.get(object, {}).values()])

    def delete(self, object: str, records: Sequence[Record]) -> Sequence[Outcome]:
        """What points to a record that goes is emptied, as a foreign key may have it."""
        call = self._begin("delete", len(records))
        assert len(records) <= self.limits.batch_size
        for one in records:
            if reason := self.trouble.refuses(json.loads(one.body)):
                raise Refused(reason, status=400)
        ids = {one.id for one in records}
        with self._lock:
            for _, holder, name, _ in list(self._pointing(object, ids)):
                holder[name] = None
            self.deleted -= ids
            for id in ids & self.records.get(object, {}).keys():
                del self.records[object][id]
        self._end(call)
        return [Outcome(one.id, one.id) for one in records]

    def references(self, object: str, ids: Sequence[str]) -> Iterator[Reference]:
        self.calls["references"] += 1
        for other, holder, name, to in self._pointing(object, set(ids)):
            yield Reference(other, holder["id"], name, to)

    def upload(self, object: str, field: str, file: Path, row: Row) -> str:
        call = self._begin("upload", 1)
        if reason := self.trouble.refuses({field: file.name}):
            raise Refused(reason, status=400)
        self.uploads[f"file-{call}"] = file.read_bytes()
        self._end(call)
        return f"file-{call}"

    def close(self) -> None:
        pass

    # --- inside -------------------------------------------------------------------------------------------------

    def _pointing(self, object: str, ids: set[str]) -> Iterator[tuple[str, dict[str, Any], str, str]]:
        """(object, record, field, id) of each field `…Id` that names one of the object's records."""
        for other, held in self.records.items():
            for record in held.values():
                for name, value in record.items():
                    if name in (f"{object}Id", f"_{object}Id") and value in ids:
                        yield other, record, name, value

    def _found(self, object: str, row: Row) -> Found:
        assert row.id is not None
        if row.id in self.deleted:
            return Found(row.key, "soft_deleted", Record(row.id, json.dumps({"id": row.id})))
        held = self.records.get(object, {}).get(row.id)
        return Found(row.key, "live", self._record(held)) if held else Found(row.key, "absent")

    def _set_options(self, of: AddedOptions, change: Callable[[list[Any]], list[Any]]) -> None:
        self.fields = [
            (*one[:3], json.dumps(change(json.loads(one[3] or "[]"))), one[4])
            if one[:2] == (of.object, of.name)
            else one
            for one in self.fields
        ]

    def _begin(self, kind: str, rows: int) -> int:
        with self._lock:
            self.calls[kind] += 1
            self.writes.append((kind, rows))
            call = len(self.writes)
        if error := self.trouble.before(call):
            raise error
        return call

    def _end(self, call: int) -> None:
        if error := self.trouble.after(call):
            raise error

    def _record(self, body: dict[str, Any]) -> Record:
        return Record(body["id"], json.dumps({**body, "createdAt": "2026-08-01T00:00:00.000Z"}))


@dataclass
class StrictCRM(MemoryCRM):
    """A CRM that says which fields are unique, and holds to it in updates too."""

    def pull(self) -> Iterator[Table]:
        yield Table("objects", ("name",), [("person",), ("task",)])
        yield Table("fields", FIELDS, [("person", "email", "TEXT", None, None, True, None, True)])

    def update(self, object: str, rows: Sequence[Row]) -> Sequence[Outcome]:
        for row in rows:
            email = json.loads(row.payload).get("email")
            others = [one for id, one in self.records[object].items() if id != row.id]
            if email and any(one.get("email") == email for one in others):
                raise Refused("A duplicate entry was detected", duplicate=True, status=400)
        return super().update(object, rows)


@dataclass
class GivingIds(MemoryCRM):
    """A CRM that gives ids itself, one record a call, and knows a record by its ``mark`` alone.

    A record shows in a search after so many look-ups as ``shows_after`` says of its number (1, 2, …); 0 is at once.
    """

    limits: Limits = field(default_factory=lambda: Limits(batch_size=1, batch_bytes=100_000, ids="theirs"))
    mark: str = "mark"
    shows_after: Callable[[int], int] = lambda number: 0
    _hidden: dict[str, int] = field(default_factory=dict)

    def create(self, object: str, rows: Sequence[Row]) -> Sequence[Outcome]:
        call = self._begin("create", len(rows))
        [row] = rows
        assert row.id is None
        payload = json.loads(row.payload)
        if reason := self.trouble.refuses(payload):
            raise Refused(reason, status=400)
        with self._lock:
            number = sum(map(len, self.records.values())) + 1
            id = f"{number}-{object}"
            self.records.setdefault(object, {})[id] = {**payload, "id": id}
            self._hidden[id] = self.shows_after(number)
        self._end(call)
        return [Outcome(row.key, id, self._record(self.records[object][id]))]

    def _found(self, object: str, row: Row) -> Found:
        mark = json.loads(row.payload)[self.mark]
        shown = []
        for id, record in self.records.get(object, {}).items():
            if record[self.mark] == mark:
                if not self._hidden.get(id):
                    shown.append(self._record(record))
                self._hidden[id] = max(0, self._hidden.get(id, 0) - 1)
        if not shown:
            return Found(row.key, "absent")
        state: Literal["live", "soft_deleted"] = "soft_deleted" if shown[0].id in self.deleted else "live"
        return Found(row.key, state, shown[0], tuple(shown[1:]))


def stop() -> Stop:
    return Stop("Token invalid.", status=401)
