"""What the calls that write do, in RPC's words; REST's bodies are turned into these by ``rest``."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from shift.sandbox.nutshell import values
from shift.sandbox.nutshell.errors import Refusal
from shift.sandbox.nutshell.records import (
    CANCELLED,
    LOGGED,
    SCHEDULED,
    Activity,
    FieldKind,
    Labelled,
    Lead,
    Membership,
    Name,
    Note,
    Party,
    PartyKind,
)
from shift.sandbox.nutshell.rpc_shapes import KINDS
from shift.sandbox.nutshell.store import Store

_NOTE_IS_OPEN_SECONDS = 24 * 3600
_LISTS = {"email": "emails", "phone": "phones", "address": "addresses", "url": "urls"}
_READ: dict[str, values.Read] = {
    "email": values.email,
    "phone": values.phone,
    "address": values.address,
    "url": values.text,
}


def new_party(store: Store, caller: int, kind: PartyKind, body: dict[str, Any], *, rest: bool = False) -> Party:
    """A person or a company. A repeated call makes another one: nothing is compared with what is there."""
    if kind == "contacts" and not any(body.get(key) for key in ("name", "phone", "email")):
        raise Refusal("A contact needs a name, a phone or an email")
    now = store.now()
    fields = _party_fields(store, kind, body, rest=rest)
    if rest:
        fields.setdefault("owner", caller)
    fields = {name: value for name, value in fields.items() if value is not None}
    fields["custom"] = {name: value for name, value in fields.get("custom", {}).items() if value is not None}
    made = Party(id=store.next_id(kind), kind=kind, creator=caller, created=now, modified=now, **fields)
    store.add(kind, made)
    _append_note(store, caller, made, body)
    return made


def edit_party(store: Store, caller: int, party: Party, body: dict[str, Any], *, rest: bool = False) -> None:
    """Keys that are left out stay; a list that is sent replaces the whole list; a note is appended."""
    fields = _party_fields(store, party.kind, body, rest=rest)
    with store.changing(party.kind, party):
        cleared = fields.pop("custom", {})
        party.custom = {name: value for name, value in (party.custom | cleared).items() if value is not None}
        for name, value in fields.items():
            setattr(party, name, value)
    _append_note(store, caller, party, body)


def new_activity(store: Store, caller: int, body: dict[str, Any]) -> Activity:
    if not body.get("name"):
        raise Refusal("An activity needs a name")
    status = body.get("status", SCHEDULED)
    if status == CANCELLED and store.behaviour.create_cancelled == "refuse":
        raise Refusal("A new activity is scheduled or logged: status is 0 or 1")
    fields = _activity_fields(store, caller, body)
    now = store.now()
    made = Activity(id=store.next_id("activities"), creator=caller, created=now, modified=now, **fields)
    store.add("activities", made)
    return made


def edit_activity(store: Store, caller: int, activity: Activity, body: dict[str, Any]) -> None:
    fields = _activity_fields(store, caller, body)
    with store.changing("activities", activity):
        for name, value in fields.items():
            setattr(activity, name, value)


def new_note(store: Store, caller: int, entity: Any, note: Any) -> Note:
    parent = _ref(store, entity)
    if parent[0] not in ("contacts", "accounts", "leads"):
        raise Refusal("A note belongs to a contact, an account or a lead")
    now = store.now()
    made = Note(
        id=store.next_id("notes"), creator=caller, created=now, modified=now, body=_note_text(note), parent=parent
    )
    store.add("notes", made)
    return made


def edit_note(store: Store, caller: int, note: Note, text: Any) -> None:
    """Its author alone may, within 24 hours (rpc-notes)."""
    if note.creator != caller or time.time() - note.created > _NOTE_IS_OPEN_SECONDS:
        raise Refusal("A note can be edited by its author within 24 hours only", status=403)
    body = _note_text(text)
    with store.changing("notes", note):
        note.body = body


def tags(store: Store, kind: FieldKind) -> set[str]:
    return {tag for one in store.records[kind].values() if isinstance(one, Party | Lead) for tag in one.tags}


# --- reading bodies ---------------------------------------------------------------------------------------------


def _party_fields(store: Store, kind: PartyKind, body: Mapping[str, Any], *, rest: bool) -> dict[str, Any]:
    """The fields of a record that the body names, checked."""
    fields: dict[str, Any] = {}
    if "name" in body:
        whole = body["name"]
        fields["name"] = Name(values.text(whole)) if kind == "accounts" else values.name(whole)
    if "description" in body:
        fields["description"] = body["description"]
    for key, name in _LISTS.items():
        if key in body:
            given = body[key]
            ready = isinstance(given, list) and all(isinstance(one, Labelled) for one in given)
            fields[name] = given if ready else values.labelled(given, _READ[key])
    if body.get("owner") and (rest or store.behaviour.rpc_owner == "take"):
        fields["owner"] = _user(store, body["owner"])
    if "accounts" in body and kind == "contacts":
        fields["memberships"] = [_membership(store, one) for one in body["accounts"]]
    if "tags" in body:
        fields["tags"] = [values.text(one) for one in body["tags"]]
    given = body.get("customFields") or {}
    refuse = not rest or store.behaviour.rest_unknown_fields == "refuse"
    known = store.known_fields(kind, given, refuse=refuse)
    fields["custom"] = values.custom(known, store.definitions[kind], texts=rest)
    return fields


def _activity_fields(store: Store, caller: int, body: Mapping[str, Any]) -> dict[str, Any]:
    if body.get("customFields") and store.behaviour.activity_custom_fields == "refuse":
        raise Refusal("customFields is not a field of an activity")
    fields: dict[str, Any] = {}
    plain = {"name": "name", "description": "description", "isAllDay": "is_all_day", "isFlagged": "is_flagged"}
    fields |= {ours: body[theirs] for theirs, ours in (plain | {"location": "location"}).items() if theirs in body}
    if body.get("activityTypeId") is not None:
        if body["activityTypeId"] not in store.activity_types:
            raise Refusal(f"There is no activity type {body['activityTypeId']}")
        fields["type"] = body["activityTypeId"]
    for theirs, ours in (("startTime", "start"), ("endTime", "end")):
        if theirs in body:
            at = body[theirs]
            fields[ours] = at if isinstance(at, int) else values.moment(at)
    if fields.get("start") and fields.get("end") and fields["end"] < fields["start"]:
        raise Refusal("An activity cannot end before it starts")
    if "participants" in body:
        fields["participants"] = [_ref(store, one) for one in body["participants"]]
    if "logNote" in body:
        fields["log_note"] = _note_text(body["logNote"]) if body["logNote"] else None
    if "status" in body:
        if body["status"] not in (SCHEDULED, LOGGED, CANCELLED):
            raise Refusal(f"'{body['status']}' is not a status")
        logged = body["status"] == LOGGED
        fields |= {"status": body["status"], "logged_by": caller if logged else None}
        fields["logged"] = store.now() if logged else None
    return fields


def _append_note(store: Store, caller: int, party: Party, body: Mapping[str, Any]) -> None:
    if body.get("note"):
        now = store.now()
        text, parent = _note_text(body["note"]), (party.kind, party.id)
        store.add(
            "notes",
            Note(id=store.next_id("notes"), creator=caller, created=now, modified=now, body=text, parent=parent),
        )


def _membership(store: Store, given: Any) -> Membership:
    if not isinstance(given, dict) or not isinstance(given.get("id"), int):
        raise Refusal("accounts are objects with an id")
    store.get("accounts", given["id"])
    return Membership(given["id"], given.get("relationship"))


def _ref(store: Store, given: Any) -> tuple[str, int]:
    """The record, or the user, that ``{entityType, id}`` names."""
    if not isinstance(given, dict) or given.get("entityType") not in KINDS or not isinstance(given.get("id"), int):
        raise Refusal("an entity has an entityType and an id")
    kind, id = KINDS[given["entityType"]], given["id"]
    _ = store.user(id) if kind == "users" else store.get(kind, id)
    return kind, id


def _user(store: Store, given: Any) -> int:
    kind, id = _ref(store, given)
    if kind != "users":
        raise Refusal("an owner is a user")
    return id


def _note_text(given: Any) -> str:
    text = given.get("note") if isinstance(given, dict) else given
    if not isinstance(text, str) or not text.strip():
        raise Refusal("A note needs a text")
    return text
