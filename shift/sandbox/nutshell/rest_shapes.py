"""Records as REST answers them (rest-contacts, rest-accounts, rest-activities, rest-notes, rest-reference …).

Ids bear their type, times are Unix seconds (but those of leads), and custom field values are not among what a record
tells of itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from shift.sandbox.nutshell.records import (
    CANCELLED,
    LEAD_STATUSES,
    LOGGED,
    PARTIES,
    SCHEDULED,
    Activity,
    Definition,
    Labelled,
    Lead,
    Note,
    Party,
    Record,
    User,
)
from shift.sandbox.nutshell.rpc_shapes import lead_name, slug
from shift.sandbox.nutshell.store import SITE, Store

_LABELS = {"emails": "email", "phones": "phone", "addresses": "address", "urls": "url"}
_PERMISSIONS = ("canImport", "canExport", "canDeleteEntities", "canMergeEntities", "canBulkEdit", "canAssignEntities")
_FURTHER_LINES = ("address_2", "address_3")
_NO_PLACE = {"location": {"longitude": 0.0, "latitude": 0.0}, "locationAccuracy": "0"}


def record(store: Store, one: Record) -> dict[str, Any]:
    if isinstance(one, Party):
        return _party(store, one)
    if isinstance(one, Lead):
        return _lead(store, one)
    return _activity(store, one) if isinstance(one, Activity) else _note(one)


def user(one: User) -> dict[str, Any]:
    return {
        "id": f"{one.id}-users",
        "type": "users",
        "name": one.name,
        "firstName": one.first_name,
        "modifiedTime": one.modified,
        "isEnabled": one.is_enabled,
        "hasSetPassword": True,
        "isAdministrator": one.is_administrator,
        "isViewingRestricted": False,
        "isHiddenFromFilters": False,
        "canAccessEmailMarketing": False,
        "permissions": dict.fromkeys(_PERMISSIONS, True),
        "emails": [one.email],
        "phonecallerType": None,
    }


def activity_type(id: int, name: str) -> dict[str, Any]:
    named = {"id": f"{id}-activityTypes", "type": "activityTypes", "name": name}
    return named | {"modifiedTime": 0, "isBenchmarkable": True}


def definition(kind: str, one: Definition) -> dict[str, Any]:
    body = {"id": f"{one.id}-{kind}CustomFields", "type": one.type, "title": one.title}
    return body | ({"enum": one.choices} if one.type == "Decision" else {})


def custom_values(store: Store, one: Party | Lead) -> list[dict[str, Any]]:
    definitions = store.definitions[one.kind]
    return [
        definition(one.kind, definitions[title]) | {"value": _as_text(value)} for title, value in one.custom.items()
    ]


def deletion(number: int, kind: str, id: int, at: int, user: int) -> dict[str, Any]:
    return {
        "id": f"{number}-events",
        "type": "events",
        "createdTime": at,
        "actorType": "users",
        "payloadType": kind,
        "action": "delete",
        "changes": [],
        "count": None,
        "links": {"comments": [], "actor": f"{user}-users", "payloads": [f"{id}-{kind}"]},
    }


# --- one kind each ----------------------------------------------------------------------------------------------


def _party(store: Store, one: Party) -> dict[str, Any]:
    name = one.name.plain
    kind = "person" if one.kind == "contacts" else "company"
    path = f"/{kind}/{one.id}-{slug(name)}"
    body = {
        **_head(one.kind, one),
        "name": name,
        "description": one.description,
        **{key: _several(getattr(one, key), label) for key, label in _LABELS.items()},
        "avatarUrl": f"{SITE}/avatar/{one.id}?signature=not-for-logs",
        "initials": "".join(word[0] for word in name.split()[:2]).upper(),
        "htmlUrl": SITE + path,
        "htmlUrlPath": path,
        "deletedTime": one.deleted,
    }
    links: dict[str, Any] = {
        "creator": f"{one.creator}-users",
        "owner": f"{one.owner}-users" if one.owner else None,
        "territory": None,
        "tags": [],
        "files": [],
        "relatedFiles": [],
        "followup": None,
        "recurringTask": None,
    }
    if one.kind == "accounts":
        people = store.pointing("contacts", ("accounts", one.id))
        links |= {"contacts": _ids("contacts", people), "accountType": "1-accountTypes", "industry": None}
        return body | {"revenue": None, "employeeCount": None, "links": links}
    links |= {"accounts": [f"{link.account}-accounts" for link in one.memberships], "emAudiences": []}
    named = {"jobTitle": None, "firstName": one.name.given, "lastName": one.name.family, "mcfxContactId": None}
    return body | named | {"links": links}


def _lead(store: Store, one: Lead) -> dict[str, Any]:
    path = f"/lead/{one.id}-{slug(one.description or '')}"
    linked = {kind: [f"{link.id}-{kind}" for link in one.linked if link.kind == kind] for kind in PARTIES}
    owner, owner_id = one.owner or ("users", None)
    return {
        **_head("leads", one),
        "name": lead_name(one),
        "number": one.number,
        "description": one.description or "",
        "status": LEAD_STATUSES[one.status],
        "value": {"amount": "0.00", "currency": "USD", "formatted": "$0.00"},
        "confidence": one.confidence,
        "priority": 0,
        "isOverdue": False,
        "isCurrentUserWatching": False,
        "createdTime": _moment(one.created),
        "closedTime": None,
        "deletedTime": _moment(one.deleted) if one.deleted else None,
        "htmlUrl": SITE + path,
        **({"dueTime": _moment(one.due)} if one.due else {}),
        "links": {
            "owner": f"{owner_id}-{owner}" if owner_id else None,
            "creator": f"{one.creator}-users",
            "files": [f"{id}-files" for id in one.files],
            "tags": [],
            "sources": [],
            **linked,
        },
    }


def _moment(at: int) -> dict[str, Any]:
    """Leads alone tell times in this form."""
    then = datetime.fromtimestamp(at, UTC)
    value = then.strftime("%Y-%m-%dT%H:%M:%S+0000")
    return {"timestamp": at, "value": value, "absoluteLocalizedString": f"{then:%b} {then.day}, {then.year}"}


def _activity(store: Store, one: Activity) -> dict[str, Any]:
    path = f"/activity/open-modal/{one.id}"
    by_kind = {
        kind: [f"{id}-{kind}" for held, id in one.participants if held == kind]
        for kind in ("accounts", "contacts", "leads", "users")
    }
    return {
        **_head("activities", one),
        "agenda": one.description or "",
        "createdTime": one.created,
        "startTime": one.start or 0,
        "endTime": one.end or 0,
        "deletedTime": None,
        "isAllDay": one.is_all_day,
        "isEditable": True,
        "isCancelled": one.status == CANCELLED,
        "isFlagged": one.is_flagged,
        "isLogged": one.status == LOGGED,
        "isOverdue": one.status == SCHEDULED and (one.end or 0) < store.now(),
        "loggedTime": one.logged,
        "modifiedTime": one.modified,
        "name": one.name,
        "isMediaLogged": False,
        "transcription": None,
        "showTranscribeLoggingFlow": False,
        "externalMeetingServiceType": None,
        "htmlUrl": SITE + path,
        "htmlUrlPath": path,
        "links": {
            "comments": [],
            "activityType": f"{one.type}-activityTypes" if one.type else "",
            "creator": f"{one.creator}-users",
            "logger": f"{one.logged_by}-users" if one.logged_by else None,
            "logNote": f"{one.id}-notes" if one.log_note is not None else None,
            **by_kind,
        },
    }


def _note(one: Note) -> dict[str, Any]:
    kind, id = one.parent
    lists: dict[str, Any] = {key: [] for key in ("comments", "accounts", "contacts", "leads", "users", "teams")}
    return {
        **_head("notes", one),
        "createdTime": one.created,
        "deletedTime": one.deleted,
        "body": one.body,
        "bodyHtml": one.body,
        "bodyMarkup": one.body,
        "isEditable": True,
        "parentType": kind,
        "htmlUrl": f"{SITE}/note/{one.id}",
        "htmlUrlPath": f"/note/{one.id}",
        "links": lists | {"parent": f"{id}-{kind}"},
    }


def _head(kind: str, one: Record) -> dict[str, Any]:
    return {"id": f"{one.id}-{kind}", "type": kind, "href": f"{SITE}/rest/{kind}/{one.id}-{kind}"}


def _several(entries: Sequence[Labelled], label: str) -> list[dict[str, Any]]:
    return [
        {"isPrimary": at == 0, "name": entry.label or label, "value": _value(entry.value)}
        for at, entry in enumerate(entries)
    ]


def _value(value: Any) -> Any:
    """An address has texts where it has nothing, but for its further lines."""
    if not isinstance(value, dict) or "city" not in value:
        return value
    parts = {part: text if part in _FURTHER_LINES else text or "" for part, text in value.items()}
    return _NO_PLACE | parts | {"timezone": None}


def _as_text(value: Any) -> str:
    if isinstance(value, dict):
        return str(value["amount"])
    return ", ".join(value) if isinstance(value, list) else str(value)


def _ids(kind: str, records: Sequence[Record]) -> list[str]:
    return [f"{one.id}-{kind}" for one in records if one.deleted is None]
