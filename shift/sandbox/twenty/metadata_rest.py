"""REST calls on the data model: /rest/metadata/objects and /rest/metadata/fields (contracts/twenty/metadata-rest).

Answers are bare objects, as a new workspace of 2.21 gives them; lists come by id, the highest first.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from shift.sandbox.twenty import metadata
from shift.sandbox.twenty.errors import PlainRefusal, Refusal
from shift.sandbox.twenty.keys import Key
from shift.sandbox.twenty.rest import Answer, Request
from shift.sandbox.twenty.schema import Field, Object
from shift.sandbox.twenty.workspace import Workspace

DEFAULT_LIMIT = 1000


def call(workspace: Workspace, key: Key, request: Request) -> Answer:
    """Answer a call on objects or fields; ``path`` is what follows /rest/metadata. Raises Refusal."""
    key.require("data_model", status=403)
    parts = [part for part in request.path.split("/") if part]
    if not parts or parts[0] not in ("objects", "fields") or len(parts) > 2:
        raise PlainRefusal(f"Cannot {request.method} /rest/metadata/{request.path}", status=404, error="Not Found")
    identifier = parts[1] if len(parts) == 2 else None
    body = request.body if isinstance(request.body, dict) else {}
    kind = parts[0]
    if request.method == "POST" and identifier is None:
        made = metadata.create_object(workspace, body) if kind == "objects" else metadata.create_field(workspace, body)
        return 201, shown(workspace, made)
    if request.method in ("PATCH", "PUT") and identifier:
        write = metadata.update_object if kind == "objects" else metadata.update_field
        return 200, shown(workspace, write(workspace, identifier, body))
    if request.method == "DELETE" and identifier:
        delete = metadata.delete_object if kind == "objects" else metadata.delete_field
        return 200, shown(workspace, delete(workspace, identifier))
    if request.method == "GET" and identifier:
        return 200, shown(workspace, _find(workspace, kind, identifier))
    if request.method == "GET":
        return 200, _list(workspace, _every(workspace, kind), request.query)
    raise PlainRefusal(f"Cannot {request.method} /rest/metadata/{request.path}", status=404, error="Not Found")


def shown(workspace: Workspace, thing: Object | Field) -> dict[str, Any]:
    return thing.shown(workspace.id, workspace.application(thing.custom))


def _every(workspace: Workspace, kind: str) -> list[Object] | list[Field]:
    if kind == "objects":
        return list(workspace.objects.values())
    return [field for of in workspace.objects.values() for field in of.fields.values()]


def _find(workspace: Workspace, kind: str, identifier: str) -> Object | Field:
    for thing in _every(workspace, kind):
        if thing.id == identifier:
            return thing
    raise Refusal("Could not find flat entity in maps", status=404, error="Error", code="ENTITY_NOT_FOUND")


def _list(workspace: Workspace, things: Sequence[Object | Field], query: Mapping[str, str]) -> dict[str, Any]:
    ordered = sorted(things, key=lambda thing: thing.id, reverse=True)
    after = query.get("starting_after")
    rest = [thing for thing in ordered if after is None or thing.id < after]
    limit = int(query["limit"]) if query.get("limit", "").isdigit() else DEFAULT_LIMIT
    chosen = rest[:limit]
    info = {
        "hasNextPage": len(rest) > len(chosen),
        "startCursor": chosen[0].id if chosen else None,
        "endCursor": chosen[-1].id if chosen else None,
    }
    return {"data": [shown(workspace, thing) for thing in chosen], "pageInfo": info, "totalCount": len(things)}
