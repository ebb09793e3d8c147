"""Nutshell's records in one form, whichever API told of them: the form that staging tables are written in.

An id bears its type (``7-contacts``), a time is UTC text, lists with labels have their primary entry first, and a
custom field stands beside the others under its own name. What the API tells beyond that is left out, but for ``rev``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from shift.errors import Refused, Stop

PRIMARY = "--primary"
ADDRESS = ("address_1", "address_2", "address_3", "city", "state", "postalCode", "country")
# rpc-activities: -1, overdue, is a scheduled one whose time is past.
STATUSES = {-1: "scheduled", 0: "scheduled", 1: "logged", 2: "cancelled"}
STATUS_NUMBERS = {"scheduled": 0, "logged": 1, "cancelled": 2}
# rpc-…: ids are whole numbers there, beside the name of their type.
SUFFIXES = {
    "Contacts": "contacts",
    "Accounts": "accounts",
    "Activities": "activities",
    "Notes": "notes",
    "Users": "users",
    "Teams": "teams",
    "Leads": "leads",
    "Activity_Types": "activityTypes",
}
# rest-activities: what takes part in an activity; REST tells them apart in its links.
PARTICIPANTS = ("contacts", "users", "accounts", "leads")
ENTITY_TYPES = {suffix: name for name, suffix in SUFFIXES.items()}
_ID = re.compile(r"(\d+)-([A-Za-z]+)")
_LISTS = {"emails": "email", "phones": "phone", "addresses": "address", "urls": "url"}
# The columns of people, companies and leads that are no custom fields.
NATIVE = frozenset({"name", "description", "owner", "accounts", "contacts", *_LISTS})


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of record: its REST name, which ids bear too, and its name in JSON-RPC's methods and parameters."""

    plural: str
    singular: str

    def params(self, id: str, **more: Any) -> dict[str, Any]:
        """JSON-RPC's parameters that name a record of this kind."""
        return {f"{self.singular}Id": number(id, self.plural), **more}

    def method(self, verb: str) -> str:
        return f"{verb}{self.singular.title()}"

    @property
    def find_method(self) -> str:
        return f"find{self.plural.title()}"


KINDS = {
    "person": Kind("contacts", "contact"),
    "company": Kind("accounts", "account"),
    "lead": Kind("leads", "lead"),
    "activity": Kind("activities", "activity"),
    "note": Kind("notes", "note"),
}


def kind_of(object: str) -> Kind:
    """Raises Stop for an object that Nutshell does not have."""
    if object not in KINDS:
        raise Stop(f"Nutshell has no object '{object}'", hint=f"It has {', '.join(KINDS)}.")
    return KINDS[object]


def number(id: str, plural: str | None = None) -> int:
    """The number in an id. Raises Refused for a text that is no id, or one of another kind."""
    found = _ID.fullmatch(id)
    if found is None or plural not in (None, found[2]):
        raise Refused(f"'{id}' is no id of {plural or 'Nutshell'}", hint="An id looks like 7-contacts.")
    return int(found[1])


def entity(id: str) -> dict[str, Any]:
    """A record as JSON-RPC refers to it."""
    return {"entityType": ENTITY_TYPES[id.partition("-")[2]], "id": number(id)}


def id_of(stub: Mapping[str, Any]) -> str:
    return f"{stub['id']}-{SUFFIXES[stub['entityType']]}"


# --- what is sent -----------------------------------------------------------------------------------------------


def party_body(payload: Mapping[str, Any]) -> dict[str, Any]:
    """A person's or company's payload as newContact, editContact and the like take it (rpc-contacts)."""
    body: dict[str, Any] = {name: payload[name] for name in ("name", "description") if name in payload}
    for ours, theirs in _LISTS.items():
        if ours in payload:
            body[theirs] = _labelled(payload[ours] or [])
    if "owner" in payload:
        body["owner"] = entity(payload["owner"]) if payload["owner"] else None
    if "accounts" in payload:
        links = payload["accounts"] or []
        body["accounts"] = [{**one, "id": number(one["id"], "accounts")} for one in links]
    return body | _custom_fields(payload)


def lead_body(payload: Mapping[str, Any]) -> dict[str, Any]:
    """A lead's payload as newLead and editLead take it: lists name the type of what they hold (rpc-leads-products)."""
    body: dict[str, Any] = {name: payload[name] for name in ("description",) if name in payload}
    for kind in ("contacts", "accounts"):
        if kind in payload:
            body[kind] = [{**one, **entity(one["id"])} for one in payload[kind] or []]
    if payload.get("owner"):
        body["assignee"] = entity(payload["owner"])
    return body | _custom_fields(payload)


def _custom_fields(payload: Mapping[str, Any]) -> dict[str, Any]:
    custom = {name: value for name, value in payload.items() if name not in NATIVE}
    return {"customFields": custom} if custom else {}


def activity_create_body(payload: Mapping[str, Any]) -> dict[str, Any]:
    """A new activity as REST takes it: location is documented there alone, and nobody can be cancelled yet."""
    plain = ("name", "description", "location", "activityType", "isAllDay", "note")
    body: dict[str, Any] = {name: payload[name] for name in plain if payload.get(name) is not None}
    body |= {name: _seconds(payload[name]) for name in ("startTime", "endTime") if payload.get(name)}
    body["isLogged"] = payload.get("status") == "logged"
    body["links"] = {"participants": [id for kind in PARTICIPANTS for id in payload.get(kind) or []]}
    return body


def activity_edit_body(payload: Mapping[str, Any], before: Mapping[str, Any]) -> dict[str, Any]:
    """Changes of an activity as editActivity takes them; no location is known there. Participants are always all."""
    plain = ("name", "description", "startTime", "endTime", "isAllDay")
    body: dict[str, Any] = {name: payload[name] for name in plain if name in payload}
    if payload.get("activityType"):
        body["activityTypeId"] = number(payload["activityType"], "activityTypes")
    if payload.get("status"):
        body["status"] = STATUS_NUMBERS[payload["status"]]
    if "note" in payload:
        body["logNote"] = {"note": payload["note"]} if payload["note"] else None
    if not payload.keys().isdisjoint(PARTICIPANTS):
        whole = {**before, **payload}
        ids = [id for kind in PARTICIPANTS for id in whole.get(kind) or []]
        body["participants"] = [entity(id) for id in ids]
    return body


def _labelled(entries: Iterable[Mapping[str, Any]]) -> dict[str, Any] | list[Any]:
    """A list of entries as a map of labels: the first is the primary one. An empty map is an empty list."""
    labels: dict[str, Any] = {}
    for at, one in enumerate(entries):
        label = str(one.get("name") or at)
        labels[label if label not in labels else f"{label} {at + 1}"] = one["value"]
    return labels or []


def _seconds(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp())


# --- what was told ----------------------------------------------------------------------------------------------


def from_rpc(object: str, told: Mapping[str, Any]) -> dict[str, Any]:
    """A full record of JSON-RPC's."""
    return _FROM_RPC[object](told)


def _party(told: Mapping[str, Any]) -> dict[str, Any]:
    name = told.get("name")
    if isinstance(name, dict):
        name = {part: name.get(part) for part in ("salutation", "givenName", "familyName")}
    record: dict[str, Any] = {
        "name": name,
        "description": told.get("description"),
        "emails": _entries(told.get("email"), lambda value: value),
        "phones": _entries(told.get("phone"), _phone),
        "addresses": _entries(told.get("address"), _address),
        "urls": _entries(told.get("url"), lambda value: value),
        "owner": id_of(told["owner"]) if told.get("owner") else None,
        "rev": told.get("rev"),
    }
    if told.get("entityType") == "Contacts":
        record["accounts"] = _linked(told.get("accounts"))
    return _told_fields(told) | record


def _lead(told: Mapping[str, Any]) -> dict[str, Any]:
    """Without its files, which come and go without anybody editing it."""
    return _told_fields(told) | {
        "description": told.get("description"),
        "contacts": _linked(told.get("contacts")),
        "accounts": _linked(told.get("accounts")),
        "owner": id_of(told["assignee"]) if told.get("assignee") else None,
        "rev": told.get("rev"),
    }


def _linked(told: Iterable[Mapping[str, Any]] | None) -> list[dict[str, Any]]:
    return [{"id": id_of(one), "relationship": one.get("relationship")} for one in told or []]


def _told_fields(told: Mapping[str, Any]) -> dict[str, Any]:
    custom = told.get("customFields") or {}  # an empty map may come as a list
    return {name: _custom(value) for name, value in custom.items()} if custom else {}


def _activity(told: Mapping[str, Any]) -> dict[str, Any]:
    participants = [id_of(one) for one in told.get("participants") or []]
    type = told.get("activityType")
    return {
        "name": told.get("name"),
        "description": told.get("description"),
        "activityType": id_of(type) if type else None,
        "startTime": _utc(told.get("startTime")),
        "endTime": _utc(told.get("endTime")),
        "isAllDay": told.get("isAllDay"),
        "status": STATUSES.get(told.get("status", 0)),
        "note": (told.get("logNote") or {}).get("note"),
        **_sorted_out(participants),
        "rev": told.get("rev"),
    }


def _note(told: Mapping[str, Any]) -> dict[str, Any]:
    parent = next((told[kind] for kind in ("contact", "account", "lead", "parent") if told.get(kind)), None)
    return {
        "parent": id_of(parent) if parent else None,
        "body": told.get("note"),
        "author": id_of(told["user"]) if told.get("user") else None,
        "rev": told.get("rev"),
    }


def activity_from_rest(told: Mapping[str, Any]) -> dict[str, Any]:
    """A new activity as REST answers it: without rev, and its log note by id alone."""
    links = told["links"]
    status = "cancelled" if told.get("isCancelled") else "logged" if told.get("isLogged") else "scheduled"
    return {
        "name": told.get("name"),
        "description": told.get("agenda"),
        "activityType": links.get("activityType"),
        "startTime": _utc(told.get("startTime")),
        "endTime": _utc(told.get("endTime")),
        "isAllDay": told.get("isAllDay"),
        "status": status,
        **_sorted_out([id for kind in PARTICIPANTS for id in links.get(kind) or []]),
    }


def note_from_rest(told: Mapping[str, Any]) -> dict[str, Any]:
    """REST tells neither rev nor author."""
    return {"parent": told["links"].get("parent"), "body": told.get("body")}


def user_from_rest(told: Mapping[str, Any]) -> dict[str, Any]:
    return {name: told.get(name) for name in ("name", "emails", "isEnabled", "isAdministrator")}


_FROM_RPC: dict[str, Callable[[Mapping[str, Any]], dict[str, Any]]] = {
    "person": _party,
    "company": _party,
    "lead": _lead,
    "activity": _activity,
    "note": _note,
}


def _sorted_out(ids: Iterable[str]) -> dict[str, list[str]]:
    held = sorted(ids, key=number)
    return {kind: [id for id in held if id.endswith(f"-{kind}")] for kind in PARTICIPANTS}


def _entries(told: Any, read: Callable[[Any], Any]) -> list[dict[str, Any]]:
    """rpc-contacts: a map whose ``--primary`` repeats one value; an empty one comes as a list."""
    return list(_primary_first(told, read)) if isinstance(told, dict) else []


def _primary_first(told: Mapping[str, Any], read: Callable[[Any], Any]) -> Iterator[dict[str, Any]]:
    named = [(label, value) for label, value in told.items() if label != PRIMARY]
    first = next((at for at, (_, value) in enumerate(named) if value == told.get(PRIMARY)), 0)
    for label, value in [*named[first : first + 1], *named[:first], *named[first + 1 :]]:
        yield {"name": None if label.isdigit() else label, "value": read(value)}


def _phone(value: Any) -> str | None:
    return (value.get("E164") or value.get("number")) if isinstance(value, dict) else value


def _address(value: Any) -> dict[str, Any]:
    return {part: value.get(part) for part in ADDRESS}


def _custom(value: Any) -> Any:
    """Money has its cents in place, so that 120.5 and 120.50 are the same."""
    if isinstance(value, dict) and "amount" in value:
        return {"currency": value.get("currency"), "amount": f"{float(value['amount']):.2f}"}
    return value


def _utc(told: str | int | None) -> str | None:
    """RFC 3339 text or Unix seconds, in the form of the macro ``iso``."""
    if told is None:
        return None
    moment = datetime.fromtimestamp(told, UTC) if isinstance(told, int) else datetime.fromisoformat(told)
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
