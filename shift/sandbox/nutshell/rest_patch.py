"""REST's PATCH of a person or a company: a list of JSON Patch operations (rest-contacts).

A custom field is patched as ``/contacts/0/{name}``, as the specification has it; what one client does,
``/contacts/0/customFields/{name}``, is refused here.
"""

from __future__ import annotations

import re
from typing import Any

from shift.sandbox.nutshell import values, writing
from shift.sandbox.nutshell.errors import Refusal
from shift.sandbox.nutshell.records import Party
from shift.sandbox.nutshell.store import Store

_PATH = re.compile(r"/?(contacts|accounts)/0/(links/)?(.+)")
_LISTS: dict[str, tuple[str, values.Read]] = {
    "emails": ("email", values.email),
    "phones": ("phone", values.phone),
    "addresses": ("address", values.address),
    "urls": ("url", values.text),
}


def patch(store: Store, caller: int, party: Party, operations: Any) -> None:
    """Carry out all operations, or none."""
    if not isinstance(operations, list) or not operations:
        raise Refusal("no patches sent")
    body: dict[str, Any] = {}
    for operation in operations:
        found = _PATH.fullmatch(str(operation.get("path"))) if isinstance(operation, dict) else None
        if found is None or found[1] != party.kind:
            raise Refusal(f"'{operation}' is not a patch of {party.kind}")
        change = _link if found[2] else _field
        change(store, party, operation, found[3], body)
    writing.edit_party(store, caller, party, body, rest=True)


def _field(store: Store, party: Party, operation: dict[str, Any], name: str, body: dict[str, Any]) -> None:
    value = None if operation["op"] == "remove" else operation.get("value")
    if name in _LISTS:
        key, read = _LISTS[name]
        body[key] = values.entries(value or [], read)
    elif name in ("name", "description"):
        body[name] = value
    elif name in ("firstName", "lastName") and party.kind == "contacts":
        whole = body.setdefault(
            "name",
            {"givenName": party.name.given, "familyName": party.name.family, "salutation": party.name.salutation},
        )
        whole["givenName" if name == "firstName" else "familyName"] = value
    elif name in store.definitions[party.kind]:
        body.setdefault("customFields", {})[name] = value
    else:
        raise Refusal("Invalid patch", detail=f"Unknown path: {operation['path']}")


def _link(store: Store, party: Party, operation: dict[str, Any], name: str, body: dict[str, Any]) -> None:
    if name == "owner":
        body["owner"] = {"entityType": "Users", "id": _number(operation.get("value"), "users")}
    elif name.startswith("accounts") and party.kind == "contacts":
        now = [{"id": one.account, "relationship": one.relationship} for one in party.memberships]
        linked = body.setdefault("accounts", now)
        if name == "accounts/-" and operation["op"] == "add":
            linked.append({"id": _number(operation.get("value"), "accounts")})
        elif operation["op"] == "remove":
            gone = _number(name.partition("/")[2], "accounts")
            body["accounts"] = [one for one in linked if one["id"] != gone]
        else:
            raise Refusal("Invalid patch", detail=f"Unknown path: {operation['path']}")
    else:
        raise Refusal("Invalid patch", detail=f"Unknown path: {operation['path']}")


def _number(given: Any, kind: str) -> int:
    number, _, named = str(given).partition("-")
    if named != kind or not number.isdigit():
        raise Refusal(f"'{given}' is not an id of {kind}")
    return int(number)
