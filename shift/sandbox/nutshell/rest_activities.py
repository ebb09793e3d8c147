"""REST's operations on activities and notes, and on what is only read."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, cast

from shift.sandbox.nutshell import rest_shapes, values, writing
from shift.sandbox.nutshell.errors import Page
from shift.sandbox.nutshell.records import CANCELLED, LOGGED, SCHEDULED, Activity, Record
from shift.sandbox.nutshell.rest_calls import (
    Answer,
    Asked,
    Operation,
    delete,
    entity,
    envelope,
    get,
    id_of,
    meta,
    object_in,
    page_of,
    read_ids,
    single,
    undelete,
)
from shift.sandbox.nutshell.store import Store

STATUSES = {"scheduled": SCHEDULED, "logged": LOGGED, "cancelled": CANCELLED}


def _list_activities(store: Store, caller: int, asked: Asked, parts: dict[str, str]) -> Answer:
    filters = asked.filters()
    found: Iterable[Record] = store.records["activities"].values()
    for participant in filters.get("participant", []):
        number, _, kind = participant.partition("-")
        found = store.pointing("activities", (kind, int(number)))
    statuses = {STATUSES[status] for status in filters.get("status", []) if status in STATUSES}
    activities = [cast(Activity, one) for one in store.shown(found)]
    if statuses:
        activities = [one for one in activities if one.status in statuses]
    limit = asked.one("limit") or asked.one("page[limit]") or "100"
    return Answer(200, envelope(store, "activities", page_of(activities, asked, limit)))


def _create_activity(store: Store, caller: int, asked: Asked, parts: dict[str, str]) -> Answer:
    made = writing.new_activity(store, caller, _activity_from_rest(single(asked.body, "activities")))
    return Answer(201, envelope(store, "activities", [made]))


def _put_activity(store: Store, caller: int, asked: Asked, parts: dict[str, str]) -> Answer:
    """Keys that are left out stay, which the specification does not say."""
    [found] = read_ids(store, "activities", parts["id"])
    activity = cast(Activity, found)
    writing.edit_activity(store, caller, activity, _activity_from_rest(single(asked.body, "activities")))
    return Answer(200, envelope(store, "activities", [activity]))


def _activity_from_rest(given: dict[str, Any]) -> dict[str, Any]:
    plain = ("name", "description", "location", "isFlagged", "isAllDay", "customFields")
    body: dict[str, Any] = {key: given[key] for key in plain if key in given}
    body |= {key: values.seconds(given[key]) for key in ("startTime", "endTime") if key in given}
    if "activityType" in given:
        body["activityTypeId"] = id_of(given["activityType"], "activityTypes")
    if "isLogged" in given:
        body["status"] = LOGGED if given["isLogged"] else SCHEDULED
    if given.get("note"):
        body["logNote"] = given["note"]
    participants = (given.get("links") or {}).get("participants")
    if participants is not None:
        body["participants"] = [entity(one) for one in participants]
    return body


def _create_note(store: Store, caller: int, asked: Asked, parts: dict[str, str]) -> Answer:
    data = object_in(object_in(asked.body).get("data"))
    made = writing.new_note(store, caller, entity((data.get("links") or {}).get("parent")), data.get("body"))
    return Answer(201, envelope(store, "notes", [made]))


def _list_notes(store: Store, caller: int, asked: Asked, parts: dict[str, str]) -> Answer:
    shown = list(store.shown(store.records["notes"].values()))
    return Answer(200, envelope(store, "notes", page_of(shown, asked)))


def _list_users(store: Store, caller: int, asked: Asked, parts: dict[str, str]) -> Answer:
    users = [rest_shapes.user(one) for one in store.users.values()]
    return Answer(200, {"meta": meta(store, total=len(users)), "users": users})


def _get_user(store: Store, caller: int, asked: Asked, parts: dict[str, str]) -> Answer:
    number = id_of(parts["id"], "users")
    if number not in store.users:
        raise Page(404, "Not Found")
    return Answer(200, {"meta": meta(store), "users": [rest_shapes.user(store.users[number])]})


def _list_activity_types(store: Store, caller: int, asked: Asked, parts: dict[str, str]) -> Answer:
    types = [rest_shapes.activity_type(id, name) for id, name in store.activity_types.items()]
    return Answer(200, {"meta": meta(store), "activityTypes": types})


def _list_deletions(store: Store, caller: int, asked: Asked, parts: dict[str, str]) -> Answer:
    wanted = set(asked.filters().get("types", []))
    events = [
        rest_shapes.deletion(number, kind, id, at, caller)
        for number, (kind, id, at) in enumerate(store.deletions, start=1)
        if not wanted or kind in wanted
    ]
    return Answer(200, {"meta": meta(store), "links": {}, "events": events[::-1], "actors": [], "payloads": []})


OPERATIONS: list[tuple[str, str, Operation]] = [
    ("GET", "/activities", _list_activities),
    ("POST", "/activities", _create_activity),
    ("GET", "/activities/{id}", get("activities")),
    ("PUT", "/activities/{id}", _put_activity),
    ("GET", "/activitytypes", _list_activity_types),
    ("GET", "/notes", _list_notes),
    ("POST", "/notes", _create_note),
    ("GET", "/notes/{id}", get("notes")),
    ("DELETE", "/notes/{id}", delete("notes")),
    ("POST", "/notes/{id}/undelete", undelete("notes")),
    ("GET", "/users", _list_users),
    ("GET", "/users/{id}", _get_user),
    ("GET", "/events/deleted", _list_deletions),
]
