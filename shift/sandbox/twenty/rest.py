"""REST calls on records (contracts/twenty/rest-create, rest-list, rest-upsert): paths, envelopes, parameters.

``call`` takes a request apart from its transport, so that the application only carries bytes.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from shift.sandbox.twenty import listing, records
from shift.sandbox.twenty.errors import PlainRefusal, Refusal, not_found
from shift.sandbox.twenty.filters import from_query, matching
from shift.sandbox.twenty.keys import Key
from shift.sandbox.twenty.listing import DIRECTIONS, Order
from shift.sandbox.twenty.records import Actor
from shift.sandbox.twenty.schema import Object
from shift.sandbox.twenty.table import Row
from shift.sandbox.twenty.values import is_uuid
from shift.sandbox.twenty.workspace import Workspace

DEFAULT_LIMIT, MAX_LIMIT, RELATED_LIMIT = 60, 200, 60
MISSING = object()

_ORDER = re.compile(r"([\w.]+)(?:\[(\w+)\])?")


@dataclass(frozen=True, slots=True)
class Request:
    """One REST call: ``path`` below /rest, ``query`` decoded, ``body`` parsed, or MISSING."""

    method: str
    path: str
    query: Mapping[str, str]
    body: Any = MISSING


Answer = tuple[int, dict[str, Any]]


def call(workspace: Workspace, key: Key, request: Request) -> Answer:
    """Answer a call on records. Raises Refusal."""
    parts = [part for part in request.path.split("/") if part]
    if not parts:
        raise PlainRefusal(f"Cannot {request.method} /rest/{request.path}", status=404, error="Not Found")
    if parts[0] == "batch" and len(parts) == 2 and request.method == "POST":
        return _create_many(workspace, key, _object(workspace, parts[1]), request)
    if parts[0] == "restore" and len(parts) == 2 and request.method == "PATCH":
        return _restore(workspace, key, _object(workspace, parts[1]), request)
    if len(parts) == 2 and parts[1] == "duplicates" and request.method == "POST":
        return _duplicates(_object(workspace, parts[0]), request)
    if len(parts) > 2 or parts[0] in ("batch", "restore"):
        raise Refusal(
            f"Query path '/rest/{request.path}' invalid. "
            "Valid examples: /rest/companies/id or /rest/companies or /rest/batch/companies"
        )
    if len(parts) == 2 and not is_uuid(parts[1]):
        raise Refusal(f"'{parts[1]}' is not a valid UUID")
    of = _object(workspace, parts[0])
    if len(parts) == 2:
        return _one(workspace, key, of, parts[1].lower(), request)
    return _all(workspace, key, of, request)


def _object(workspace: Workspace, plural: str) -> Object:
    found = workspace.plural(plural)
    if found is None:
        other = workspace.singular(plural)
        hint = f"Did you mean '{other.plural}'?" if other else "eg: companies"
        raise Refusal(f"object '{plural}' not found. {hint}")
    return found


def _one(workspace: Workspace, key: Key, of: Object, identifier: str, request: Request) -> Answer:
    row = workspace.table(of).rows.get(identifier)
    if request.method == "GET":
        key.require("read")
        depth = _depth(request)
        if row is None or "deletedAt" in row:
            raise not_found()
        return 200, {"data": {of.singular: _present(workspace, of, row, depth)}}
    if request.method in ("PATCH", "PUT"):
        key.require("write")
        body = _body(request)
        updated = records.update(workspace, of, identifier, body, Actor(key.name))
        return 200, {"data": {f"update{_title(of.singular)}": workspace.present(of, updated)}}
    if request.method == "DELETE":
        key.require("delete")
        if row is None:
            raise not_found()
        name = f"delete{_title(of.singular)}"
        if _soft(request):
            return 200, {"data": {name: workspace.present(of, records.soft_delete(workspace, of, [row])[0])}}
        records.destroy(workspace, of, [row])
        return 200, {"data": {name: {"id": identifier}}}
    raise PlainRefusal(f"Cannot {request.method} /rest/{request.path}", status=404, error="Not Found")


def _all(workspace: Workspace, key: Key, of: Object, request: Request) -> Answer:
    if request.method == "GET":
        return _list(workspace, key, of, request)
    if request.method == "POST":
        key.require("write")
        write = records.upsert if _upsert(request) else records.create
        (row,) = write(workspace, of, [_body(request)], Actor(key.name))
        return 201, {"data": {f"create{_title(of.singular)}": workspace.present(of, row)}}
    if request.method in ("PATCH", "PUT"):
        key.require("write")
        rows = _filtered(workspace, of, request, "update")
        updated = records.update_many(workspace, of, rows, _body(request), Actor(key.name))
        return 200, {"data": {f"update{_title(of.plural)}": [workspace.present(of, row) for row in updated]}}
    if request.method == "DELETE":
        key.require("delete")
        name = f"delete{_title(of.plural)}"
        if _soft(request):
            marked = records.soft_delete(workspace, of, _filtered(workspace, of, request, "delete"))
            return 200, {"data": {name: [workspace.present(of, row) for row in marked]}}
        gone = records.destroy(workspace, of, _filtered(workspace, of, request, "destroy", deleted=True))
        return 200, {"data": {name: [{"id": row["id"]} for row in gone]}}
    raise PlainRefusal(f"Cannot {request.method} /rest/{request.path}", status=404, error="Not Found")


def _create_many(workspace: Workspace, key: Key, of: Object, request: Request) -> Answer:
    key.require("write")
    if not isinstance(request.body, list):
        raise Refusal("args.data.forEach is not a function", error="TypeError")
    write = records.upsert if _upsert(request) else records.create
    bodies = [body if isinstance(body, dict) else {} for body in request.body]
    rows = write(workspace, of, bodies, Actor(key.name))
    return 201, {"data": {f"create{_title(of.plural)}": [workspace.present(of, row) for row in rows]}}


def _restore(workspace: Workspace, key: Key, of: Object, request: Request) -> Answer:
    key.require("delete")
    rows = [row for row in _filtered(workspace, of, request, "restore", deleted=True) if "deletedAt" in row]
    restored = records.restore(workspace, of, rows)
    return 200, {"data": {f"restore{_title(of.plural)}": [workspace.present(of, row) for row in restored]}}


def _duplicates(of: Object, request: Request) -> Answer:
    """Likely doubles of the records asked about. The twin knows none."""
    asked = request.body.get("data") or [] if isinstance(request.body, dict) else []
    none = {"hasNextPage": False, "hasPreviousPage": False, "startCursor": None, "endCursor": None}
    return 200, {"data": [{f"{of.singular}Duplicates": [], "totalCount": 0, "pageInfo": none} for _ in asked]}


def _list(workspace: Workspace, key: Key, of: Object, request: Request) -> Answer:
    key.require("read")
    depth, query = _depth(request), request.query
    page = listing.page(
        workspace,
        of,
        from_query(query.get("filter", "")),
        limit=_limit(request),
        order=_order(query.get("order_by", "")),
        after=query.get("starting_after"),
        before=query.get("ending_before"),
    )
    found = [_present(workspace, of, row, depth) for row in page.rows]
    return 200, {"data": {of.plural: found}, "totalCount": page.total, "pageInfo": page.info()}


def _present(workspace: Workspace, of: Object, row: Row, depth: int) -> dict[str, Any]:
    """A record; at depth 1 with its relations: one object, or a list of at most 60."""
    record = workspace.present(of, row)
    for field in of.fields.values() if depth else ():
        if field.relation is None:
            continue
        other = workspace.objects[field.relation.target_object]
        table = workspace.table(other)
        if field.column:
            target = table.rows.get(row.get(field.column, ""))
            live = target is not None and "deletedAt" not in target
            record[field.name] = workspace.present(other, target) if live and target else None
        else:
            column = str(other.fields[field.relation.target_field].column)
            ids = sorted(table.pointing_at(column, row["id"]) - table.deleted)[:RELATED_LIMIT]
            record[field.name] = [workspace.present(other, table.rows[found]) for found in ids]
    return record


def _filtered(workspace: Workspace, of: Object, request: Request, doing: str, *, deleted: bool = False) -> list[Row]:
    """The rows that a bulk call means; one without a filter is refused."""
    wanted = from_query(request.query.get("filter", ""))
    if wanted is None:
        raise Refusal(
            f"Filters are mandatory for bulk {doing} operations. "
            "Please provide at least one filter to prevent accidental deletion of all records."
        )
    return matching(workspace, of, wanted, deleted=deleted)


def _body(request: Request) -> dict[str, Any]:
    if request.body is MISSING:
        raise Refusal("Cannot read properties of undefined (reading 'position')", error="TypeError")
    if isinstance(request.body, list):
        return {str(at): item for at, item in enumerate(request.body)}
    return request.body if isinstance(request.body, dict) else {}


def _soft(request: Request) -> bool:
    return request.query.get("soft_delete") == "true"


def _upsert(request: Request) -> bool:
    return request.query.get("upsert") == "true"


def _limit(request: Request) -> int:
    given = request.query.get("limit")
    if given is None:
        return DEFAULT_LIMIT
    if not re.fullmatch(r"\d+", given):
        raise Refusal(f"limit '{given}' is invalid. Should be an integer")
    return min(int(given), MAX_LIMIT)


def _depth(request: Request) -> int:
    given = request.query.get("depth", "0")
    if given not in ("0", "1"):
        raise Refusal(f"'depth={given}' parameter invalid. Allowed values are 0, 1")
    return int(given)


def _order(given: str) -> list[Order]:
    orders = []
    for part in filter(None, given.split(",")):
        found = _ORDER.fullmatch(part.strip())
        path, direction = (found[1], found[2]) if found else (part, None)
        if direction is not None and direction not in DIRECTIONS:
            raise Refusal(
                f"'order_by' direction '{direction}' invalid. Allowed values are 'AscNullsFirst', 'AscNullsLast', "
                "'DescNullsFirst', 'DescNullsLast'. eg: ?order_by=field_1[AscNullsFirst],field_2[DescNullsLast],field_3"
            )
        orders.append(Order(tuple(path.split(".")), direction or "AscNullsFirst"))
    return orders


def _title(name: str) -> str:
    return name[0].upper() + name[1:]
