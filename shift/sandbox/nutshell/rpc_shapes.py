"""Records as JSON-RPC answers them (rpc-contacts, rpc-accounts, rpc-leads-products, rpc-activities, rpc-notes …)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from shift.sandbox.nutshell import files
from shift.sandbox.nutshell.records import Activity, Definition, Labelled, Lead, Note, Party, Record, User
from shift.sandbox.nutshell.store import SITE, Store
from shift.sandbox.nutshell.values import PRIMARY, rfc3339

TYPE_NAMES = {
    "contacts": "Contacts",
    "accounts": "Accounts",
    "leads": "Leads",
    "activities": "Activities",
    "notes": "Notes",
}
_STUB_OF_ACTIVITY = (
    *("id", "rev", "entityType", "modifiedTime", "createdTime", "name", "startTime", "endTime"),
    *("isAllDay", "isTimed", "isFlagged", "activityType", "status", "logNote"),
)
KINDS = {name: kind for kind, name in TYPE_NAMES.items()} | {"Users": "users"}


def full(store: Store, record: Record) -> dict[str, Any]:
    if isinstance(record, Party):
        return _contact(store, record) if record.kind == "contacts" else _account(store, record)
    if isinstance(record, Lead):
        return _lead(store, record)
    return _activity(store, record) if isinstance(record, Activity) else _note(store, record)


def stub(store: Store, record: Record) -> dict[str, Any]:
    """What lists answer unless they are asked for more; a contact's name is a text here."""
    if isinstance(record, Party):
        head = {"stub": True, "id": record.id, "rev": str(record.rev), "entityType": TYPE_NAMES[record.kind]}
        return head | {"modifiedTime": rfc3339(record.modified), "name": record.name.plain}
    if isinstance(record, Lead):
        named = {"name": lead_name(record), "number": record.number, "status": record.status}
        return {"stub": True, "id": record.id, "rev": str(record.rev), "entityType": "Leads"} | named
    if isinstance(record, Note):
        return {"stub": True, "id": record.id, "rev": str(record.rev), "entityType": "Notes"}
    body = _activity(store, record)
    return {"stub": True} | {key: body[key] for key in _STUB_OF_ACTIVITY}


def user(one: User, *, stub: bool = True) -> dict[str, Any]:
    return ({"stub": True} if stub else {}) | {
        "id": one.id,
        "rev": "1",
        "entityType": "Users",
        "name": one.name,
        "firstName": one.first_name,
        "lastName": one.last_name,
        "isEnabled": one.is_enabled,
        "isAdministrator": one.is_administrator,
        "emails": [one.email],
        "modifiedTime": rfc3339(one.modified),
        "createdTime": rfc3339(one.modified),
    }


def activity_type(id: int, name: str) -> dict[str, Any]:
    return {"stub": True, "id": id, "rev": "1", "entityType": "Activity_Types", "name": name}


def definition(one: Definition) -> dict[str, Any]:
    return {"name": one.title, "type": one.type} | ({"choices": one.choices} if one.choices else {})


# --- one kind each ----------------------------------------------------------------------------------------------


def _contact(store: Store, one: Party) -> dict[str, Any]:
    name = one.name
    display = f"{name.salutation} {name.plain}" if name.salutation else name.plain
    path = f"/person/{one.id}-{slug(display)}"
    return {
        **_head(one),
        "name": {
            "givenName": name.given,
            "familyName": name.family,
            "salutation": name.salutation,
            "displayName": display,
        },
        "htmlUrl": SITE + path,
        "htmlUrlPath": path,
        "avatarUrl": f"{SITE}/avatar/{one.id}?signature=not-for-logs",
        "creator": _user(store, one.creator),
        "owner": _user(store, one.owner),
        "territory": None,
        "leads": _live_stubs(store, store.pointing("leads", ("contacts", one.id))),
        "accounts": [
            stub(store, store.party("accounts", link.account)) | {"relationship": link.relationship, "jobTitle": None}
            for link in one.memberships
        ],
        "notes": _live_stubs(store, store.pointing("notes", ("contacts", one.id))),
        "lastContactedDate": None,
        "contactedCount": 0,
        "tags": one.tags,
        "description": one.description,
        "legacyId": None,
        "mergedInto": [],
        "audiences": [],
        **_several(one),
    }


def _account(store: Store, one: Party) -> dict[str, Any]:
    return {
        **_head(one),
        "name": one.name.given,
        "htmlUrl": f"{SITE}/company/{one.id}-{slug(one.name.given)}",
        "industry": None,
        "accountType": {"stub": True, "id": 1, "entityType": "Account_Types", "name": "Customer"},
        "owner": _user(store, one.owner),
        "territory": None,
        "contacts": _live_stubs(store, store.pointing("contacts", ("accounts", one.id))),
        "leads": _live_stubs(store, store.pointing("leads", ("accounts", one.id))),
        "notes": _live_stubs(store, store.pointing("notes", ("accounts", one.id))),
        "tags": one.tags,
        "description": one.description,
        "legacyId": None,
        **_several(one),
    }


def _lead(store: Store, one: Lead) -> dict[str, Any]:
    """Files are told where the account takes them (rpc-files)."""
    path = f"/lead/{one.id}-{slug(one.description or '')}"
    linked: dict[str, list[dict[str, Any]]] = {"contacts": [], "accounts": []}
    for link in one.linked:
        linked[link.kind].append(stub(store, store.party(link.kind, link.id)) | {"relationship": link.relationship})
    told = {} if store.behaviour.lead_files == "ignore" else {"file": files.shown(store, one)}
    return {
        **_head(one),
        "name": lead_name(one),
        "number": one.number,
        "description": one.description,
        "htmlUrl": SITE + path,
        "htmlUrlPath": path,
        "status": one.status,
        "confidence": one.confidence,
        "dueTime": rfc3339(one.due),
        "closedTime": None,
        "value": None,
        "assignee": _assignee(store, one),
        "creator": _user(store, one.creator),
        "primaryAccount": linked["accounts"][0] if linked["accounts"] else None,
        **linked,
        "products": [],
        "sources": [],
        "tags": one.tags,
        "notes": _live_stubs(store, store.pointing("notes", ("leads", one.id))),
        "customFields": one.custom,
        **told,
    }


def lead_name(one: Lead) -> str:
    return f"Lead-{one.id}"


def _activity(store: Store, one: Activity) -> dict[str, Any]:
    type_name = store.activity_types.get(one.type or 0)
    note = {"id": one.id, "entityType": "Notes", "rev": str(one.rev), "note": one.log_note, "files": []}
    return {
        **_head(one),
        "name": one.name,
        "description": one.description,
        "activityType": activity_type(one.type, type_name) if one.type and type_name else None,
        "lead": None,
        "leads": [],
        "startTime": rfc3339(one.start),
        "endTime": rfc3339(one.end),
        "isAllDay": one.is_all_day,
        "isTimed": not one.is_all_day,
        "isFlagged": one.is_flagged,
        "status": one.status,
        "logDescription": None,
        "logNote": note if one.log_note is not None else None,
        "loggedBy": _user(store, one.logged_by),
        "participants": [_participant(store, kind, id) for kind, id in one.participants],
        "followUp": None,
        "followUpTo": None,
    }


def _note(store: Store, one: Note) -> dict[str, Any]:
    kind, parent = one.parent
    at = rfc3339(one.created)
    return {
        "id": one.id,
        "entityType": "Notes",
        "rev": str(one.rev),
        "createdTime": at,
        "date": at,
        "note": one.body,
        "noteMarkup": one.body,
        "noteHtml": one.body,
        "user": _user(store, one.creator),
        "originId": one.id,
        kind.removesuffix("s"): {"stub": True, "id": parent, "entityType": TYPE_NAMES[kind]},
        "mentions": [],
        "deletedTime": rfc3339(one.deleted),
    }


# --- what they share --------------------------------------------------------------------------------------------


def _head(one: Party | Lead | Activity) -> dict[str, Any]:
    return {
        "id": one.id,
        "entityType": TYPE_NAMES[one.kind if isinstance(one, Party | Lead) else "activities"],
        "rev": str(one.rev),
        "modifiedTime": rfc3339(one.modified),
        "createdTime": rfc3339(one.created),
        "deletedTime": rfc3339(one.deleted),
    }


def _several(one: Party) -> dict[str, Any]:
    located = {"name": None, "location": None, "locationAccuracy": None, "timezone": None}
    addresses = [Labelled(located | entry.value, entry.label) for entry in one.addresses]
    return {
        "email": _map(one.emails),
        "phone": _map(one.phones),
        "address": _map(addresses),
        "url": _map(one.urls),
        "customFields": one.custom,
    }


def _map(entries: Sequence[Labelled]) -> dict[str, Any] | list[Any]:
    """A map whose ``--primary`` repeats one value; an empty one comes as a list (rpc-contacts, captured)."""
    if not entries:
        return []
    named = {entry.label or str(at): entry.value for at, entry in enumerate(entries)}
    return named | {PRIMARY: entries[0].value}


def _user(store: Store, id: int | None) -> dict[str, Any] | None:
    found = store.users.get(id or 0)
    return user(found) if found else None


def _assignee(store: Store, one: Lead) -> dict[str, Any] | None:
    kind, id = one.owner or ("users", 0)
    return _user(store, id) if kind == "users" else {"stub": True, "id": id, "entityType": "Teams"}


def _participant(store: Store, kind: str, id: int) -> dict[str, Any]:
    return user(store.user(id)) if kind == "users" else stub(store, store.get(kind, id))


def _live_stubs(store: Store, records: Sequence[Record]) -> list[dict[str, Any]]:
    return [stub(store, one) for one in records if one.deleted is None]


def slug(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")
