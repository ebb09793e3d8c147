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
from typing import Any

from shift.destination import (
    Found,
    Limits,
    ObjectDefinition,
    Outcome,
    Receipt,
    Record,
    Row,
    SchemaChange,
    Table,
    Workspace,
)
from shift.errors import Again, Refused, Stop


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
class MemoryCRM:
    """Records by object and id, as the API would answer them. ``unique`` names fields that no two may share."""

    limits: Limits = field(default_factory=lambda: Limits(batch_size=4, batch_bytes=100_000))
    unique: frozenset[str] = frozenset({"email"})
    trouble: Trouble = field(default_factory=Trouble)
    records: dict[str, dict[str, dict[str, Any]]] = field(default_factory=dict)
    deleted: set[str] = field(default_factory=set)
    objects: list[str] = field(default_factory=lambda: ["person", "task"])
    fields: list[tuple[str, str, str, str | None, str | None]] = field(default_factory=list)
    calls: Counter[str] = field(default_factory=Counter)
    writes: list[tuple[str, int]] = field(default_factory=list)
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
        else:
            if reason := self.trouble.refuses(asdict(change)):
                raise Refused(reason)
            options = json.dumps([asdict(option) for option in change.options]) if change.options else None
            self.fields.append((change.object, change.name, change.type, options, change.to))
        self._end(call)
        return Receipt(change, id=f"meta-{call}")

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

    def update(self, object: str, rows: Sequence[Row]) -> Sequence[Outcome]:
        call = self._begin("update", len(rows))
        outcomes = []
        for row in rows:
            changes = json.loads(row.payload)
            if reason := self.trouble.refuses(changes):
                raise Refused(reason, status=400)
            assert row.id is not None
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

    def close(self) -> None:
        pass

    # --- inside -------------------------------------------------------------------------------------------------

    def _found(self, object: str, row: Row) -> Found:
        assert row.id is not None
        if row.id in self.deleted:
            return Found(row.key, "soft_deleted", Record(row.id, json.dumps({"id": row.id})))
        held = self.records.get(object, {}).get(row.id)
        return Found(row.key, "live", self._record(held)) if held else Found(row.key, "absent")

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


def stop() -> Stop:
    return Stop("Token invalid.", status=401)
