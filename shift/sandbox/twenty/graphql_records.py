"""GraphQL on records: look-ups, and the writes of one object (contracts/twenty/graphql)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from shift.sandbox.twenty import listing, records
from shift.sandbox.twenty.errors import Forbidden, Refusal, not_found
from shift.sandbox.twenty.faults import Mischief
from shift.sandbox.twenty.filters import from_json, matching
from shift.sandbox.twenty.graphql_door import Resolve, Selected
from shift.sandbox.twenty.keys import Key
from shift.sandbox.twenty.listing import Order
from shift.sandbox.twenty.records import Actor
from shift.sandbox.twenty.schema import SUBFIELDS, Object
from shift.sandbox.twenty.table import Row
from shift.sandbox.twenty.workspace import Workspace

DEFAULT_FIRST = 60
_ONLY_USERS = ("activateWorkflowVersion", "deactivateWorkflowVersion")
_VERBS = ("create", "update", "delete", "destroy", "restore")


def resolver(workspace: Workspace, key: Key, mischief: Mischief) -> Resolve:
    """What answers a root field of /graphql."""

    def resolve(root: Selected) -> Callable[[], Any]:
        if root.name in _ONLY_USERS:
            return _forbidden
        of = workspace.plural(root.name)
        if of is not None:
            nested = _check_connection(workspace, of, root)
            return lambda: _list(workspace, key, of, root, nested)
        verb = next((verb for verb in _VERBS if root.name.startswith(verb)), None)
        target = root.name[len(verb or "") :]
        name = target[:1].lower() + target[1:]
        one, many = workspace.singular(name), workspace.plural(name)
        if verb is None or (one is None and many is None):
            raise root.unknown("Mutation" if verb else "Query", [])
        written = many or one
        assert written is not None
        _check(workspace, written, root.fields)
        return lambda: _write(workspace, key, mischief, verb, written, root, single=many is None)

    return resolve


def _forbidden() -> None:
    raise Forbidden("Forbidden resource")


def _list(workspace: Workspace, key: Key, of: Object, root: Selected, nested: int) -> dict[str, Any]:
    key.require("read")
    if nested > 1:
        raise Refusal(
            "Query complexity is too high. One-to-Many relation cannot be nested in another One-to-Many relation.",
            code="TOO_COMPLEX_QUERY",
        )
    asked = root.arguments
    page = listing.page(
        workspace,
        of,
        from_json(asked.get("filter")),
        limit=int(asked.get("first") or asked.get("limit") or DEFAULT_FIRST),
        order=list(_orders(asked.get("orderBy"))),
        after=asked.get("after"),
        before=asked.get("before"),
    )
    answer: dict[str, Any] = {}
    for field in root.fields:
        if field.name == "totalCount":
            answer[field.alias] = page.total
        elif field.name == "pageInfo":
            info = page.info()
            answer[field.alias] = {part.alias: info.get(part.name) for part in field.fields}
        else:
            pairs = zip(page.rows, page.cursors, strict=True)
            answer[field.alias] = [_edge(workspace, of, row, cursor, field) for row, cursor in pairs]
    return answer


def _orders(asked: Any) -> Iterator[Order]:
    for entry in asked if isinstance(asked, list) else [asked] if asked else []:
        for name, value in entry.items():
            if isinstance(value, dict):
                part, direction = next(iter(value.items()))
                yield Order((name, part), direction)
            else:
                yield Order((name,), value)


def _edge(workspace: Workspace, of: Object, row: Row, cursor: str | None, edges: Selected) -> dict[str, Any]:
    answer: dict[str, Any] = {}
    for field in edges.fields:
        answer[field.alias] = cursor if field.name == "cursor" else _project(workspace, of, row, field.fields)
    return answer


def _write(
    workspace: Workspace, key: Key, mischief: Mischief, verb: str, of: Object, root: Selected, *, single: bool
) -> Any:
    key.require("write" if verb in ("create", "update") else "delete")
    asked, by = root.arguments, Actor(key.name)
    data = asked.get("data")
    if verb == "create":
        bodies = data if isinstance(data, list) else [data or {}]
        mischief.check(bodies)
        write = records.upsert if asked.get("upsert") else records.create
        rows = write(workspace, of, bodies, by)
    elif verb == "update" and single:
        rows = [records.update(workspace, of, str(asked.get("id")), data or {}, by)]
    else:
        found = _meant(workspace, of, asked, deleted=verb in ("destroy", "restore"))
        if verb == "update":
            rows = records.update_many(workspace, of, found, data or {}, by)
        else:
            act = {"delete": records.soft_delete, "destroy": records.destroy, "restore": records.restore}[verb]
            rows = act(workspace, of, found)
    if single and not rows:
        raise not_found()
    answers = [_project(workspace, of, row, root.fields) for row in rows]
    return answers[0] if single else answers


def _meant(workspace: Workspace, of: Object, asked: dict[str, Any], *, deleted: bool) -> list[Row]:
    """The rows that a bulk write means, by its filter or its id."""
    wanted = {"id": {"eq": asked["id"]}} if "id" in asked else asked.get("filter")
    if not wanted:
        raise Refusal("Filters are mandatory for bulk operations.", code="INVALID_QUERY_INPUT")
    return matching(workspace, of, from_json(wanted), deleted=deleted)


# --- selections ---------------------------------------------------------------------------------------------------


def _project(workspace: Workspace, of: Object, row: Row, fields: tuple[Selected, ...]) -> dict[str, Any]:
    """A record cut down to what was asked for."""
    record = workspace.present(of, row)
    answer: dict[str, Any] = {}
    for chosen in fields:
        field = of.fields.get(chosen.name)
        if field is None or field.relation is None:
            value = record.get(chosen.name, of.label if chosen.name == "__typename" else None)
            if chosen.fields and isinstance(value, dict):
                value = {part.alias: value.get(part.name) for part in chosen.fields}
            answer[chosen.alias] = value
            continue
        other = workspace.objects[field.relation.target_object]
        table = workspace.table(other)
        if field.column:
            target = table.rows.get(row.get(field.column, ""))
            answer[chosen.alias] = _project(workspace, other, target, chosen.fields) if target else None
        else:
            column = str(other.fields[field.relation.target_field].column)
            live = sorted(table.pointing_at(column, row["id"]) - table.deleted)[:DEFAULT_FIRST]
            answer[chosen.alias] = {
                part.alias: [_edge(workspace, other, table.rows[found], None, part) for found in live]
                for part in chosen.fields
            }
    return answer


def _check_connection(workspace: Workspace, of: Object, connection: Selected) -> int:
    """As ``_check``, for a list of records."""
    nested = 0
    for part in connection.fields:
        if part.name not in ("totalCount", "pageInfo", "edges"):
            raise part.unknown(f"{_type(of)}Connection", ["totalCount", "pageInfo", "edges"])
        for inner in part.fields if part.name == "edges" else ():
            if inner.name == "node":
                nested = max(nested, _check(workspace, of, inner.fields))
    return nested


def _check(workspace: Workspace, of: Object, fields: tuple[Selected, ...]) -> int:
    """How deep lists stand within the fields; each of these must be one of the object's, or of its composites'."""
    nested = 0
    known = [*of.fields, *(field.column for field in of.fields.values() if field.column), "__typename"]
    for chosen in fields:
        if chosen.name not in known:
            raise chosen.unknown(_type(of), known)
        field = of.fields.get(chosen.name)
        if field is not None and field.relation is not None:
            other = workspace.objects[field.relation.target_object]
            inner = (
                _check(workspace, other, chosen.fields)
                if field.column
                else 1 + _check_connection(workspace, other, chosen)
            )
            nested = max(nested, inner)
        elif field is not None and field.type in SUBFIELDS:
            for part in chosen.fields:
                if part.name not in SUBFIELDS[field.type]:
                    raise part.unknown(field.type, list(SUBFIELDS[field.type]))
    return nested


def _type(of: Object) -> str:
    return of.singular[0].upper() + of.singular[1:]
