"""What the calls that write do with leads, in RPC's words (rpc-leads-products). Products, sources and markets are taken
and not kept: nothing here needs them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from shift.sandbox.nutshell import files, values
from shift.sandbox.nutshell.errors import Refusal
from shift.sandbox.nutshell.records import LEAD_STATUSES, PARTIES, Lead, Linked, PartyKind
from shift.sandbox.nutshell.store import Store

_FIRST_NUMBER = 1000


def new_lead(store: Store, caller: int, body: dict[str, Any], *, rest: bool = False) -> Lead:
    fields = _fields(store, body, rest=rest)
    now = store.now()
    made = Lead(
        id=store.next_id("leads"),
        number=store.next_id("leadNumbers") + _FIRST_NUMBER - 1,
        creator=caller,
        created=now,
        modified=now,
        **{"owner": ("users", caller)} | fields,
    )
    made.custom = _held(made.custom)
    store.add("leads", made)
    return made


def edit_lead(store: Store, caller: int, lead: Lead, body: dict[str, Any], *, rest: bool = False) -> None:
    """Keys that are left out stay; a list that is sent replaces the whole list, and names what it holds by type."""
    for key in ("contacts", "accounts"):
        if not rest and any("entityType" not in one for one in body.get(key) or ()):
            raise Refusal(f"entityType is missing in {key}")
    fields = _fields(store, body, lead, rest=rest)
    announced = files.announced(store, lead, body["file"]) if "file" in body else lead.files
    with store.changing("leads", lead):
        lead.custom = _held(lead.custom | fields.pop("custom"))
        lead.files = announced
        for name, value in fields.items():
            setattr(lead, name, value)


def _fields(store: Store, body: Mapping[str, Any], lead: Lead | None = None, *, rest: bool) -> dict[str, Any]:
    """The fields of a lead that the body names, checked."""
    plain = {"description": "description", "confidence": "confidence"}
    fields = {ours: body[theirs] for theirs, ours in plain.items() if theirs in body}
    if "status" in body:
        if body["status"] not in LEAD_STATUSES:
            raise Refusal(f"'{body['status']}' is not a status")
        fields["status"] = body["status"]
    if "dueTime" in body:
        fields["due"] = values.moment(body["dueTime"])
    if body.get("owner" if rest else "assignee"):
        fields["owner"] = _owner(store, body["owner" if rest else "assignee"])
    if "tags" in body:
        fields["tags"] = [values.text(one) for one in body["tags"]]
    sent = {"contacts": body.get("contacts"), "accounts": _accounts(body)}
    kept = [one for one in (lead.linked if lead else ()) if sent[one.kind] is None]
    fields["linked"] = [*kept, *(_linked(store, kind, one) for kind in PARTIES for one in sent[kind] or ())]
    given = body.get("customFields") or {}
    refuse = not rest or store.behaviour.rest_unknown_fields == "refuse"
    known = store.known_fields("leads", given, refuse=refuse)
    fields["custom"] = values.custom(known, store.definitions["leads"], texts=rest)
    return fields


def _accounts(body: Mapping[str, Any]) -> list[Any] | None:
    """The first company apart, and the others; None where neither is sent."""
    first = [body["primaryAccount"]] if body.get("primaryAccount") else []
    return [*first, *(body.get("accounts") or ())] if first or "accounts" in body else None


def _linked(store: Store, kind: PartyKind, given: Any) -> Linked:
    if not isinstance(given, dict) or not isinstance(given.get("id"), int):
        raise Refusal(f"{kind} are objects with an id")
    store.get(kind, given["id"])
    return Linked(kind, given["id"], given.get("relationship"))


def _owner(store: Store, given: Any) -> tuple[str, int]:
    """A user, or a team, of which the account knows none by name."""
    if not isinstance(given, dict) or given.get("entityType") not in ("Users", "Teams"):
        raise Refusal("an assignee is a user or a team")
    kind, id = str(given["entityType"]).lower(), given.get("id")
    if not isinstance(id, int):
        raise Refusal("an entity has an entityType and an id")
    return kind, store.user(id).id if kind == "users" else id


def _held(custom: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in custom.items() if value is not None}
