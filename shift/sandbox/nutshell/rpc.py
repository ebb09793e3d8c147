"""JSON-RPC: the envelope, and the methods that a loader, a test or a person who checks needs (rpc-methods).

Other methods of the real server are answered as unknown ones are.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any, cast

from shift.sandbox.nutshell import leads, rpc_shapes, writing
from shift.sandbox.nutshell.errors import Refusal, stale
from shift.sandbox.nutshell.records import Activity, FieldKind, Lead, PartyKind, Record
from shift.sandbox.nutshell.store import Store
from shift.sandbox.nutshell.values import moment

REV_IGNORE = "REV_IGNORE"
MOST_STUBS, MOST_FULL = 10_000, 100


@dataclass(frozen=True, slots=True)
class Asked:
    """One call, read from its envelope; ``id`` is echoed."""

    method: str
    params: dict[str, Any]
    id: Any

    @property
    def writes(self) -> bool:
        return self.method.startswith(("new", "edit", "delete"))

    @property
    def new_records(self) -> list[Any]:
        return [self.params] if self.method.startswith("new") else []


def read(body: Any) -> Asked:
    """The call in a parsed body. Positional parameters take the names that the method gives them."""
    if not isinstance(body, dict) or not isinstance(body.get("method"), str):
        raise Refusal("Invalid Request", code=-32600)
    method, params = body["method"], body.get("params") or {}
    if isinstance(params, list):
        params = dict(zip(_POSITIONS.get(method, ()), params, strict=False))
    if not isinstance(params, dict):
        raise Refusal("Invalid params", code=-32602)
    return Asked(method, params, body.get("id"))


def call(store: Store, caller: int, asked: Asked) -> Any:
    """The result. Raises Refusal."""
    method = _METHODS.get(asked.method)
    if method is None:
        raise Refusal("Method not found", status=404, code=-32601)
    try:
        return method(store, caller, asked.params)
    except KeyError as missing:
        raise Refusal(f"Missing required parameter {missing}", code=-32602) from None


def offered() -> frozenset[str]:
    return frozenset(_METHODS)


def error(refusal: Refusal, id: Any) -> dict[str, Any]:
    return {"error": {"code": refusal.code, "message": refusal.message, "data": None}, "id": id, "jsonrpc": "2.0"}


# --- people and companies, leads, activities, notes -------------------------------------------------------------


def _new(kind: str) -> Method:
    def new(store: Store, caller: int, params: dict[str, Any]) -> Any:
        if kind == "notes":
            made: Record = writing.new_note(store, caller, params["entity"], params["note"])
        elif kind == "activities":
            made = writing.new_activity(store, caller, _object(params["activity"]))
        elif kind == "leads":
            made = leads.new_lead(store, caller, _object(params["lead"]))
        else:
            made = writing.new_party(store, caller, cast(PartyKind, kind), _object(params[_SINGULAR[kind]]))
        return rpc_shapes.full(store, made)

    return new


def _edit(kind: str) -> Method:
    def edit(store: Store, caller: int, params: dict[str, Any]) -> Any:
        record = store.get(kind, _whole(params[f"{_SINGULAR[kind]}Id"]))
        _check_rev(record, params["rev"])
        if kind == "notes":
            writing.edit_note(store, caller, store.note(record.id), params["note"])
        elif kind == "activities":
            writing.edit_activity(store, caller, store.activity(record.id), _object(params["activity"]))
        elif kind == "leads":
            leads.edit_lead(store, caller, store.lead(record.id), _object(params["lead"]))
        else:
            party = store.party(cast(PartyKind, kind), record.id)
            writing.edit_party(store, caller, party, _object(params[_SINGULAR[kind]]))
        return rpc_shapes.full(store, record)

    return edit


def _get(kind: str) -> Method:
    def get(store: Store, caller: int, params: dict[str, Any]) -> Any:
        record = store.get(kind, _whole(params[f"{_SINGULAR[kind]}Id"]))
        if params.get("rev") == str(record.rev):
            return {"_notModified": True}
        return rpc_shapes.full(store, record)

    return get


def _delete(kind: str) -> Method:
    def delete(store: Store, caller: int, params: dict[str, Any]) -> Any:
        record = store.get(kind, _whole(params[f"{_SINGULAR[kind]}Id"]))
        _check_rev(record, params["rev"])
        store.delete(kind, record)
        return True

    return delete


def _check_rev(record: Record, rev: Any) -> None:
    if rev not in (str(record.rev), REV_IGNORE):
        raise stale()


# --- looking ----------------------------------------------------------------------------------------------------


def _find_parties(kind: PartyKind) -> Method:
    def find(store: Store, caller: int, params: dict[str, Any]) -> Any:
        query = _query(params, ("accountId", "tag"))
        if "accountId" in query:
            found: Iterable[Record] = store.pointing(kind, ("accounts", _whole(query["accountId"])))
        else:
            found = store.records[kind].values()
        if "tag" in query:
            wanted = set(query["tag"])
            found = (one for one in found if wanted & set(getattr(one, "tags", ())))
        return _listed(store, found, params)

    return find


def _find_leads(store: Store, caller: int, params: dict[str, Any]) -> Any:
    query = _query(params, ("contact", "accountId", "status", "number"))
    found: Iterable[Record] = store.records["leads"].values()
    for key, kind in (("contact", "contacts"), ("accountId", "accounts")):
        if key in query:
            pointing = store.pointing("leads", (kind, _whole(query[key])))
            found = [one for one in found if one in pointing]

    def wanted(one: Lead) -> bool:
        return query.get("status") in (None, one.status) and query.get("number") in (None, one.number)

    return _listed(store, (one for one in found if wanted(cast(Lead, one))), params)


def _find_activities(store: Store, caller: int, params: dict[str, Any]) -> Any:
    """``startTime`` and ``endTime`` are taken for the bounds within which an activity begins."""
    query = _query(
        params, ("contactId", "accountId", "userId", "status", "activityTypeId", "isFlagged", "startTime", "endTime")
    )
    found: Iterable[Record] = store.records["activities"].values()
    for key, kind in (("contactId", "contacts"), ("accountId", "accounts"), ("userId", "users")):
        if key in query:
            ids = {one.id for to in query[key] for one in store.pointing("activities", (kind, _whole(to)))}
            found = (
                [store.activity(id) for id in sorted(ids)]
                if not isinstance(found, list)
                else [one for one in found if one.id in ids]
            )
    low, high = moment(query.get("startTime")), moment(query.get("endTime"))

    def wanted(one: Activity) -> bool:
        return (
            query.get("status") in (None, one.status)
            and ("activityTypeId" not in query or one.type in query["activityTypeId"])
            and query.get("isFlagged") in (None, one.is_flagged)
            and (low is None or (one.start or 0) >= low)
            and (high is None or (one.start or 0) <= high)
        )

    return _listed(store, (one for one in found if wanted(cast(Activity, one))), params)


def _find_timeline(store: Store, caller: int, params: dict[str, Any]) -> Any:
    query = _object(params["query"])
    to = (rpc_shapes.KINDS[query["entityType"]], _whole(query["id"]))
    found = [*store.pointing("activities", to), *store.pointing("notes", to)]
    return [rpc_shapes.full(store, one) for one in _page(list(store.shown(found)), params, MOST_FULL)]


def _search_by_email(store: Store, caller: int, params: dict[str, Any]) -> Any:
    address = params["emailAddressString"]

    def stubs(kind: PartyKind) -> list[dict[str, Any]]:
        return [rpc_shapes.stub(store, one) for one in store.shown(store.with_email(kind, address))]

    return {
        "contacts": [one | {"jobTitle": ""} for one in stubs("contacts")],
        "accounts": stubs("accounts"),
    }


def _find_users(store: Store, caller: int, params: dict[str, Any]) -> Any:
    in_order = sorted(store.users.values(), key=lambda one: one.last_name)
    return [rpc_shapes.user(one) for one in _page(in_order, params, MOST_FULL)]


def _get_user(store: Store, caller: int, params: dict[str, Any]) -> Any:
    return rpc_shapes.user(store.user(params.get("userId") or caller), stub=False)


def _find_activity_types(store: Store, caller: int, params: dict[str, Any]) -> Any:
    in_order = sorted(store.activity_types.items(), key=lambda one: one[1])
    return [rpc_shapes.activity_type(id, name) for id, name in _page(in_order, params, MOST_FULL)]


def _find_custom_fields(store: Store, caller: int, params: dict[str, Any]) -> Any:
    found = {kind: [rpc_shapes.definition(one) for one in known.values()] for kind, known in store.definitions.items()}
    return {name: found[kind] for name, kind in _TAGGED}


def _find_tags(store: Store, caller: int, params: dict[str, Any]) -> Any:
    return {name: sorted(writing.tags(store, kind)) for name, kind in _TAGGED}


def _instance_data(store: Store, caller: int, params: dict[str, Any]) -> Any:
    return {"id": store.instance}


# --- reading parameters -----------------------------------------------------------------------------------------


def _listed(store: Store, found: Iterable[Record], params: dict[str, Any]) -> list[dict[str, Any]]:
    """A page of a find: stubs, or, where asked for, at most 100 full records. In the order of ids, or of names."""
    shown: Iterable[Record] = store.shown(found)
    order, descending = params.get("orderBy", "name"), params.get("orderDirection", "ASC") == "DESC"
    if order != "id" or descending:
        shown = sorted(shown, key=_by_name if order != "id" else _by_id, reverse=descending)
    if params.get("stubResponses", True):
        return [rpc_shapes.stub(store, one) for one in _page(shown, params, MOST_STUBS)]
    return [rpc_shapes.full(store, one) for one in _page(shown, params, MOST_FULL)]


def _by_name(record: Record) -> str:
    if isinstance(record, Lead):
        return rpc_shapes.lead_name(record)
    name = getattr(record, "name", "")
    return str(name if isinstance(name, str) else name.plain)


def _by_id(record: Record) -> int:
    return record.id


def _page(found: Iterable[Any], params: Mapping[str, Any], most: int) -> list[Any]:
    limit, page = _whole(params.get("limit", 50)), _whole(params.get("page", 1))
    if page < 1 or limit < 1:
        raise Refusal("limit and page begin at 1", code=-32602)
    limit = min(limit, most)
    return list(islice(found, (page - 1) * limit, page * limit))


def _query(params: Mapping[str, Any], known: tuple[str, ...]) -> dict[str, Any]:
    query = _object(params.get("query") or {})
    for key in query:
        if key not in known:
            raise Refusal(f"Unknown query key {key}", code=-32602)
    return query


def _object(given: Any) -> dict[str, Any]:
    if not isinstance(given, dict):
        raise Refusal("Invalid params: an object was expected", code=-32602)
    return given


def _whole(given: Any) -> int:
    if isinstance(given, bool) or not isinstance(given, int | str) or not math.isfinite(float(given)):
        raise Refusal(f"Invalid params: '{given}' is not a number", code=-32602)
    return int(given)


Method = Callable[[Store, int, dict[str, Any]], Any]

_SINGULAR = {
    "contacts": "contact",
    "accounts": "account",
    "leads": "lead",
    "activities": "activity",
    "notes": "note",
}
_TAGGED: tuple[tuple[str, FieldKind], ...] = (("Contacts", "contacts"), ("Accounts", "accounts"), ("Leads", "leads"))
_POSITIONS = {"searchByEmail": ("emailAddressString",)}
_METHODS: dict[str, Method] = {
    f"{verb}{singular.title()}": make(kind)
    for kind, singular in _SINGULAR.items()
    for verb, make in (("new", _new), ("edit", _edit), ("get", _get), ("delete", _delete))
} | {
    "findContacts": _find_parties("contacts"),
    "findAccounts": _find_parties("accounts"),
    "findLeads": _find_leads,
    "findActivities": _find_activities,
    "findTimeline": _find_timeline,
    "findUsers": _find_users,
    "getUser": _get_user,
    "findActivityTypes": _find_activity_types,
    "findCustomFields": _find_custom_fields,
    "findTags": _find_tags,
    "instanceData": _instance_data,
    "searchByEmail": _search_by_email,
}
