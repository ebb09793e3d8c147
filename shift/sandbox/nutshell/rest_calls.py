"""What REST's operations share: the call, the answer, and reading ids, bodies and pages."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

from shift.sandbox.nutshell import rest_shapes
from shift.sandbox.nutshell.errors import Page, Refusal
from shift.sandbox.nutshell.records import Record
from shift.sandbox.nutshell.store import Store

MOST_A_PAGE = 10_000
_ID = re.compile(r"(\d+)-([A-Za-z]+)")
_FILTER = re.compile(r"filter\[(.+?)\](\[\])?")


@dataclass(frozen=True, slots=True)
class Asked:
    """One call: ``query`` has every value of each key, ``body`` is parsed, or MISSING."""

    method: str
    path: str
    query: Mapping[str, list[str]]
    body: Any
    content_type: str = "application/json"

    @property
    def entity(self) -> str:
        """The name of the empty list in an error's body."""
        return self.path.strip("/").partition("/")[0] or "data"

    @property
    def new_records(self) -> list[Any]:
        """A definition of a custom field is no record."""
        return [self.body] if self.method == "POST" and "/" not in self.path.strip("/") else []

    def one(self, key: str, default: str = "") -> str:
        return self.query.get(key, [default])[0]

    def filters(self) -> dict[str, list[str]]:
        return {found[1]: given for key, given in self.query.items() if (found := _FILTER.fullmatch(key))}


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    body: Any = None


Operation = Callable[[Store, int, Asked, dict[str, str]], Answer]


def meta(store: Store, **more: Any) -> dict[str, Any]:
    return {"instanceId": store.instance, "siteId": store.site, **more}


# --- what several kinds of record have ---


def get(kind: str) -> Operation:
    def operation(store: Store, caller: int, asked: Asked, parts: dict[str, str]) -> Answer:
        return Answer(200, envelope(store, kind, read_ids(store, kind, parts["id"])))

    return operation


def delete(kind: str) -> Operation:
    def operation(store: Store, caller: int, asked: Asked, parts: dict[str, str]) -> Answer:
        found = read_ids(store, kind, parts["id"])
        for one in found:
            store.delete(kind, one)
        return Answer(204) if kind == "contacts" else Answer(200, envelope(store, kind, found))

    return operation


def undelete(kind: str) -> Operation:
    def operation(store: Store, caller: int, asked: Asked, parts: dict[str, str]) -> Answer:
        found = read_ids(store, kind, parts["id"])
        for one in found:
            store.undelete(kind, one)
        return Answer(200, envelope(store, kind, found))

    return operation


def read_ids(store: Store, kind: str, text: str) -> list[Record]:
    """The records of one id, or of several, joined by commas: those that are not there are left out, if any is."""
    numbers = [id_of(one, kind) for one in text.split(",")]
    found = [store.records[kind][number] for number in numbers if number in store.records[kind]]
    if not found:
        raise Page(404, "Not Found")
    return found


def envelope(store: Store, kind: str, found: Iterable[Record], counts: Mapping[str, Any] = {}) -> dict[str, Any]:
    return {"meta": meta(store, **counts), "links": {}, kind: [rest_shapes.record(store, one) for one in found]}


def page_of(shown: list[Any], asked: Asked, limit: str = "") -> list[Any]:
    try:
        size, page = int(limit or asked.one("page[limit]", "50")), int(asked.one("page[page]", "0"))
    except ValueError:
        raise Refusal("Invalid filter", detail="Invalid page") from None
    if page < 0:
        raise Refusal("Invalid filter", detail=f"Invalid page number: {page}")
    if not 1 <= size <= MOST_A_PAGE:
        raise Refusal("Invalid filter", detail=f"Invalid page limit: {size}")
    return list(islice(shown, page * size, (page + 1) * size))


def single(body: Any, kind: str) -> dict[str, Any]:
    given = object_in(body).get(kind)
    if not isinstance(given, list) or len(given) != 1:
        raise Refusal(f"You may only create one {kind} resource per request.")
    return object_in(given[0])


def object_in(given: Any) -> dict[str, Any]:
    if not isinstance(given, dict):
        raise Refusal("The body is not what was expected")
    return given


def id_of(given: Any, kind: str) -> int:
    """The number in an id such as ``7-contacts``. One that names another kind, or is none, is not found."""
    found = _ID.fullmatch(str(given))
    if found is None or found[2] != kind:
        raise Page(404, "Not Found")
    return int(found[1])


def entity(given: Any) -> dict[str, Any]:
    """``{entityType, id}`` of an id."""
    found = _ID.fullmatch(str(given))
    if found is None:
        raise Refusal(f"'{given}' is not an id")
    return {"entityType": found[2].title(), "id": int(found[1])}
