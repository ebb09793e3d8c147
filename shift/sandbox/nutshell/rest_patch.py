"""REST's PATCH of a person, a company or a lead: a list of JSON Patch operations (rest-contacts).

A custom field is patched as ``/contacts/0/{name}``, as the specification has it; what one client does,
``/contacts/0/customFields/{name}``, is refused here.
"""

from __future__ import annotations

import re
from typing import Any

from shift.sandbox.nutshell import values
from shift.sandbox.nutshell.errors import Refusal
from shift.sandbox.nutshell.records import Lead, Party
from shift.sandbox.nutshell.store import Store

_PATH = re.compile(r"/?(contacts|accounts|leads)/0/(links/)?(.+)")
_LISTS: dict[str, tuple[str, values.Read]] = {
    "emails": ("email", values.email),
    "phones": ("phone", values.phone),
    "addresses": ("address", values.address),
    "urls": ("url", values.text),
}
_LINKS = {"contacts": ("accounts",), "accounts": (), "leads": ("contacts", "accounts")}


def read(store: Store, record: Party | Lead, operations: Any) -> dict[str, Any]:
    """What the operations change, in RPC's words. Raises Refusal for one that is none."""
    if not isinstance(operations, list) or not operations:
        raise Refusal("no patches sent")
    body: dict[str, Any] = {}
    for operation in operations:
        found = _PATH.fullmatch(str(operation.get("path"))) if isinstance(operation, dict) else None
        if found is None or found[1] != record.kind:
            raise Refusal(f"'{operation}' is not a patch of {record.kind}")
        if found[2]:
            _link(record, operation, found[3], body)
        else:
            _field(store, record, operation, found[3], body)
    return body


def _field(store: Store, record: Party | Lead, operation: dict[str, Any], name: str, body: dict[str, Any]) -> None:
    value = None if operation["op"] == "remove" else operation.get("value")
    if name == "description":
        body[name] = value
    elif name in store.definitions[record.kind]:
        body.setdefault("customFields", {})[name] = value
    elif isinstance(record, Lead):
        raise _unknown(operation)
    elif name in _LISTS:
        key, read = _LISTS[name]
        body[key] = values.entries(value or [], read)
    elif name == "name":
        body[name] = value
    elif name in ("firstName", "lastName") and record.kind == "contacts":
        whole = body.setdefault(
            "name",
            {"givenName": record.name.given, "familyName": record.name.family, "salutation": record.name.salutation},
        )
        whole["givenName" if name == "firstName" else "familyName"] = value
    else:
        raise _unknown(operation)


def _link(record: Party | Lead, operation: dict[str, Any], name: str, body: dict[str, Any]) -> None:
    kind, _, place = name.partition("/")
    if name == "owner":
        body["owner"] = {"entityType": "Users", "id": _number(operation.get("value"), "users")}
    elif kind in _LINKS[record.kind]:
        linked = body.setdefault(kind, _linked(record, kind))
        if place == "-" and operation["op"] == "add":
            linked.append({"id": _number(operation.get("value"), kind)})
        elif operation["op"] == "remove":
            gone = _number(place, kind)
            body[kind] = [one for one in linked if one["id"] != gone]
        else:
            raise _unknown(operation)
    else:
        raise _unknown(operation)


def _linked(record: Party | Lead, kind: str) -> list[dict[str, Any]]:
    if isinstance(record, Lead):
        return [{"id": one.id, "relationship": one.relationship} for one in record.linked if one.kind == kind]
    return [{"id": one.account, "relationship": one.relationship} for one in record.memberships]


def _unknown(operation: dict[str, Any]) -> Refusal:
    return Refusal("Invalid patch", detail=f"Unknown path: {operation['path']}")


def _number(given: Any, kind: str) -> int:
    number, _, named = str(given).partition("-")
    if named != kind or not number.isdigit():
        raise Refusal(f"'{given}' is not an id of {kind}")
    return int(number)
