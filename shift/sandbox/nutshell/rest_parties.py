"""REST's operations on people and companies, and on their custom fields."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, cast

from shift.sandbox.nutshell import rest_shapes, values, writing
from shift.sandbox.nutshell.errors import PATCH_TYPE_NEEDED, Refusal
from shift.sandbox.nutshell.records import PARTIES, Party, PartyKind
from shift.sandbox.nutshell.rest_calls import (
    Answer,
    Asked,
    Operation,
    delete,
    envelope,
    get,
    id_of,
    object_in,
    page_of,
    read_ids,
    single,
    undelete,
)
from shift.sandbox.nutshell.rest_patch import patch
from shift.sandbox.nutshell.store import Store

PATCH_TYPE = "application/json-patch+json"


def _list_parties(kind: PartyKind) -> Operation:
    def operation(store: Store, caller: int, asked: Asked, parts: dict[str, str]) -> Answer:
        found: Iterable[Party] = cast("Iterable[Party]", store.records[kind].values())
        if asked.one("email"):
            found = store.with_email(kind, asked.one("email"))
        for name, given in asked.filters().items():
            found = _filtered(store, kind, found, name, given[0])
        if asked.one("q"):
            words = asked.one("q").casefold()
            found = (one for one in found if words in one.name.plain.casefold())
        shown = list(store.shown(found))
        page = page_of(shown, asked)
        counts = {"count": len(page), "total": len(shown)} if kind == "accounts" or page else {}
        return Answer(200, envelope(store, kind, page, counts))

    return operation


def _filtered(store: Store, kind: PartyKind, found: Iterable[Party], name: str, value: str) -> Iterable[Party]:
    if name in store.definitions[kind]:
        return store.with_value(kind, name, value)
    if name == "createdTime":
        low, _, high = value.replace(" TO ", " ").partition(" ")
        first, last = values.moment(low) or 0, values.moment(high) or 0
        return (one for one in found if first <= one.created <= last)
    raise Refusal("Invalid filter", detail=f"Unknown filter: {name}")


def _create_party(kind: PartyKind) -> Operation:
    def operation(store: Store, caller: int, asked: Asked, parts: dict[str, str]) -> Answer:
        given = single(asked.body, kind)
        made = writing.new_party(store, caller, kind, _from_rest(given), rest=True)
        return Answer(200 if kind == "contacts" else 201, envelope(store, kind, [made]))

    return operation


def _patch_party(kind: PartyKind) -> Operation:
    def operation(store: Store, caller: int, asked: Asked, parts: dict[str, str]) -> Answer:
        if asked.content_type != PATCH_TYPE:
            raise Refusal(PATCH_TYPE_NEEDED, status=415)
        [party] = read_ids(store, kind, parts["id"])
        patch(store, caller, cast(Party, party), asked.body)
        return Answer(204)

    return operation


def _custom_values(kind: PartyKind) -> Operation:
    def operation(store: Store, caller: int, asked: Asked, parts: dict[str, str]) -> Answer:
        [party] = read_ids(store, kind, parts["id"])
        found = rest_shapes.custom_values(store, cast(Party, party))
        return Answer(200, _wrapped(kind, found))

    return operation


def _definitions(kind: PartyKind) -> Operation:
    def operation(store: Store, caller: int, asked: Asked, parts: dict[str, str]) -> Answer:
        return Answer(
            200, _wrapped(kind, [rest_shapes.definition(kind, one) for one in store.definitions[kind].values()])
        )

    return operation


def _wrapped(kind: PartyKind, found: list[dict[str, Any]]) -> Any:
    """The specification has a bare list for contacts, and one in ``customFields`` for the others."""
    return found if kind == "contacts" else {"customFields": found}


def _define(kind: PartyKind) -> Operation:
    def operation(store: Store, caller: int, asked: Asked, parts: dict[str, str]) -> Answer:
        body = object_in(asked.body)
        made = store.define(
            kind,
            str(body.get("name") or ""),
            str(body.get("type") or ""),
            [str(choice) for choice in body.get("choices") or []],
            bool(body.get("isMultiple")),
        )
        return Answer(200, rest_shapes.definition(kind, made))

    return operation


def _from_rest(given: dict[str, Any]) -> dict[str, Any]:
    """A create's body in RPC's words."""
    links = given.get("links") or {}
    body: dict[str, Any] = {key: given[key] for key in ("name", "description", "customFields") if key in given}
    for theirs, ours, read in _SEVERAL:
        if theirs in given:
            body[ours] = values.entries(given[theirs], read)
    if links.get("owner"):
        body["owner"] = {"entityType": "Users", "id": id_of(links["owner"], "users")}
    if "accounts" in links:
        body["accounts"] = [{"id": id_of(one, "accounts")} for one in links["accounts"]]
    return body


_SEVERAL: tuple[tuple[str, str, values.Read], ...] = (
    ("emails", "email", values.email),
    ("phones", "phone", values.phone),
    ("addresses", "address", values.address),
    ("urls", "url", values.text),
)
OPERATIONS: list[tuple[str, str, Operation]] = []
for _kind in PARTIES:
    OPERATIONS += [
        ("GET", f"/{_kind}", _list_parties(_kind)),
        ("POST", f"/{_kind}", _create_party(_kind)),
        ("POST", f"/{_kind}/customfield", _define(_kind)),
        ("GET", f"/{_kind}/customfields/attributes", _definitions(_kind)),
        ("GET", f"/{_kind}/{{id}}", get(_kind)),
        ("PATCH", f"/{_kind}/{{id}}", _patch_party(_kind)),
        ("DELETE", f"/{_kind}/{{id}}", delete(_kind)),
        ("GET", f"/{_kind}/{{id}}/customfields", _custom_values(_kind)),
        ("POST", f"/{_kind}/{{id}}/undelete", undelete(_kind)),
    ]
