"""REST's operations on people and companies; and on custom fields, which leads have too."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, cast

from shift.sandbox.nutshell import rest_patch, rest_shapes, values, writing
from shift.sandbox.nutshell.errors import PATCH_TYPE_NEEDED, Refusal
from shift.sandbox.nutshell.records import PARTIES, FieldKind, Lead, Party, PartyKind, Record
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
from shift.sandbox.nutshell.store import Store

PATCH_TYPE = "application/json-patch+json"
Offer = tuple[str, str, Operation]


def _list_parties(kind: PartyKind) -> Operation:
    def operation(store: Store, caller: int, asked: Asked, parts: dict[str, str]) -> Answer:
        found: Iterable[Party] = cast("Iterable[Party]", store.records[kind].values())
        if asked.one("email"):
            found = store.with_email(kind, asked.one("email"))
        for name, given in asked.filters().items():
            found = cast("Iterable[Party]", filtered(store, kind, found, name, given[0]))
        if asked.one("q"):
            words = asked.one("q").casefold()
            found = (one for one in found if words in one.name.plain.casefold())
        shown = list(store.shown(found))
        page = page_of(shown, asked)
        counts = {"count": len(page), "total": len(shown)} if kind == "accounts" or page else {}
        return Answer(200, envelope(store, kind, page, counts))

    return operation


def filtered(store: Store, kind: FieldKind, found: Iterable[Record], name: str, value: str) -> Iterable[Record]:
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
        [found] = read_ids(store, kind, parts["id"])
        party = cast(Party, found)
        writing.edit_party(store, caller, party, patched(store, party, asked), rest=True)
        return Answer(204)

    return operation


def patched(store: Store, record: Party | Lead, asked: Asked) -> dict[str, Any]:
    """What a PATCH changes, in RPC's words."""
    if asked.content_type != PATCH_TYPE:
        raise Refusal(PATCH_TYPE_NEEDED, status=415)
    return rest_patch.read(store, record, asked.body)


# The specification has bare lists here, and lists in ``customFields`` there.


def _custom_values(kind: FieldKind) -> Operation:
    def operation(store: Store, caller: int, asked: Asked, parts: dict[str, str]) -> Answer:
        [record] = read_ids(store, kind, parts["id"])
        found = rest_shapes.custom_values(store, cast("Party | Lead", record))
        return Answer(200, {"customFields": found} if kind == "accounts" else found)

    return operation


def _definitions(kind: FieldKind) -> Operation:
    def operation(store: Store, caller: int, asked: Asked, parts: dict[str, str]) -> Answer:
        found = [rest_shapes.definition(kind, one) for one in store.definitions[kind].values()]
        return Answer(200, found if kind == "contacts" else {"customFields": found})

    return operation


def _define(kind: FieldKind) -> Operation:
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


def operations(kind: FieldKind, listed: Operation, create: Operation, patch: Operation) -> list[Offer]:
    """The operations that people, companies and leads have alike."""
    return [
        ("GET", f"/{kind}", listed),
        ("POST", f"/{kind}", create),
        ("POST", f"/{kind}/customfield", _define(kind)),
        ("GET", f"/{kind}/customfields/attributes", _definitions(kind)),
        ("GET", f"/{kind}/{{id}}", get(kind)),
        ("PATCH", f"/{kind}/{{id}}", patch),
        ("DELETE", f"/{kind}/{{id}}", delete(kind)),
        ("GET", f"/{kind}/{{id}}/customfields", _custom_values(kind)),
        ("POST", f"/{kind}/{{id}}/undelete", undelete(kind)),
    ]


OPERATIONS = [
    offer
    for kind in PARTIES
    for offer in operations(kind, _list_parties(kind), _create_party(kind), _patch_party(kind))
]
