"""REST's operations on leads."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, cast

from shift.sandbox.nutshell import leads, rest_parties
from shift.sandbox.nutshell.records import PARTIES, FieldKind, Lead, Record
from shift.sandbox.nutshell.rest_calls import Answer, Asked, envelope, id_of, page_of, read_ids, single
from shift.sandbox.nutshell.store import Store

KIND: FieldKind = "leads"


def _list(store: Store, caller: int, asked: Asked, parts: dict[str, str]) -> Answer:
    found: Iterable[Record] = store.records[KIND].values()
    for name, given in asked.filters().items():
        found = rest_parties.filtered(store, KIND, found, name, given[0])
    if asked.one("q"):
        words = asked.one("q").casefold()
        found = (one for one in found if words in (cast(Lead, one).description or "").casefold())
    shown = list(store.shown(found))
    page = page_of(shown, asked)
    return Answer(200, envelope(store, KIND, page, {"count": len(page), "total": len(shown)}))


def _create(store: Store, caller: int, asked: Asked, parts: dict[str, str]) -> Answer:
    made = leads.new_lead(store, caller, _from_rest(single(asked.body, KIND)), rest=True)
    return Answer(201, envelope(store, KIND, [made]))


def _patch(store: Store, caller: int, asked: Asked, parts: dict[str, str]) -> Answer:
    [found] = read_ids(store, KIND, parts["id"])
    lead = cast(Lead, found)
    leads.edit_lead(store, caller, lead, rest_parties.patched(store, lead, asked), rest=True)
    return Answer(204)


def _from_rest(given: dict[str, Any]) -> dict[str, Any]:
    """A create's body in RPC's words."""
    links = given.get("links") or {}
    body: dict[str, Any] = {key: given[key] for key in ("description", "customFields") if key in given}
    if links.get("owner"):
        body["owner"] = {"entityType": "Users", "id": id_of(links["owner"], "users")}
    return body | {kind: [{"id": id_of(one, kind)} for one in links[kind]] for kind in PARTIES if kind in links}


OPERATIONS = rest_parties.operations(KIND, _list, _create, _patch)
