"""Writing records: create, upsert, update, delete, restore, destroy (contracts/twenty/rest-create, rest-upsert).

A plain create is all or nothing. An upsert matches on the id and on every unique field at once, soft-deleted records
too: it updates first, and those updates stay when the inserts after them are refused.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from shift.sandbox.twenty import files
from shift.sandbox.twenty.composites import read_composite
from shift.sandbox.twenty.errors import Refusal, bad_value, inspect, no_permission, not_found, not_null
from shift.sandbox.twenty.schema import SUBFIELDS, UNIQUE_SUBFIELD, Field, Object
from shift.sandbox.twenty.table import Row, foreign_key, unique_value
from shift.sandbox.twenty.values import READERS, is_uuid
from shift.sandbox.twenty.workspace import Workspace, unknown_field

BATCH_LIMIT = 200
Body = Mapping[str, Any]

_TOO_MANY = "TOO_MANY_RECORDS_TO_UPDATE"
_NO_BY_HAND = {
    ("workflow", "statuses"): "Statuses cannot be set manually.",
    ("workflowVersion", "status"): "Workflow version is not in draft status",
}


@dataclass(frozen=True, slots=True)
class Actor:
    """Who writes: an API key by its name, or the server itself."""

    name: str
    source: str = "API"

    def stamp(self) -> dict[str, Any]:
        return {"source": self.source, "workspaceMemberId": None, "name": self.name, "context": {}}


def create(workspace: Workspace, of: Object, bodies: Sequence[Body], by: Actor) -> list[Row]:
    """Create all records or none; the rows come in the order asked."""
    _check_size(bodies)
    if of.singular == "workspaceMember":
        raise no_permission()
    now = workspace.now()
    rows = [_new_row(workspace, of, body, by, now) for body in bodies]
    workspace.table(of).insert(rows)
    _use_files(workspace, of, rows)
    workspace.tell("created", of, rows, frozenset(key for row in rows for key in row))
    return rows


def upsert(workspace: Workspace, of: Object, bodies: Sequence[Body], by: Actor) -> list[Row]:
    """Update the records that match, then create the others: that is the order of the rows too."""
    _check_size(bodies)
    matches = [_match(workspace, of, body) for body in bodies]
    updated: dict[str, Row] = {}
    for body, found in zip(bodies, matches, strict=True):
        if found is not None:
            # A match is revived, and keeps its id and its maker whatever is sent.
            kept = {key: value for key, value in body.items() if key not in ("id", "createdBy")}
            updated[found] = _update_one(workspace, of, found, {"deletedAt": None, **kept}, by)
    created = create(workspace, of, [body for body, found in zip(bodies, matches, strict=True) if found is None], by)
    return [*updated.values(), *created]


def update(workspace: Workspace, of: Object, identifier: str, body: Body, by: Actor) -> Row:
    """Write over one record, soft-deleted or not."""
    if identifier not in workspace.table(of).rows:
        raise not_found()
    return _update_one(workspace, of, identifier, body, by)


def update_many(workspace: Workspace, of: Object, rows: Sequence[Row], body: Body, by: Actor) -> list[Row]:
    """Write the same over many records, all or none."""
    if len(rows) > BATCH_LIMIT:
        raise Refusal(f"Cannot update more than {BATCH_LIMIT} records at once", error="Error", code=_TOO_MANY)
    new = [_written_over(workspace, of, row, body, by) for row in rows]
    workspace.table(of).update(new)
    for before, after in zip(rows, new, strict=True):
        workspace.tell("updated", of, [after], _changed(before, after))
    return new


def soft_delete(workspace: Workspace, of: Object, rows: Sequence[Row]) -> list[Row]:
    """Mark records as deleted, and what belongs to them."""
    return _mark(workspace, of, rows, workspace.now())


def restore(workspace: Workspace, of: Object, rows: Sequence[Row]) -> list[Row]:
    """Take the mark away again, from what belongs to them too."""
    return _mark(workspace, of, rows, None)


def destroy(workspace: Workspace, of: Object, rows: Sequence[Row]) -> list[Row]:
    """Remove records for good, and what belongs to them; other records lose their link."""
    if of.singular == "workspaceMember":
        raise no_permission()
    for row in rows:
        for table, field in workspace.referrers(of):
            pointing = [table.rows[found] for found in table.pointing_at(str(field.column), row["id"])]
            if field.relation and field.relation.on_delete == "CASCADE":
                destroy(workspace, table.of, pointing)
            else:
                table.update([{key: value for key, value in far.items() if key != field.column} for far in pointing])
    workspace.table(of).remove([row["id"] for row in rows if row["id"] in workspace.table(of).rows])
    return list(rows)


def _mark(workspace: Workspace, of: Object, rows: Sequence[Row], at: str | None) -> list[Row]:
    marked = []
    for row in rows:
        new = {key: value for key, value in row.items() if key != "deletedAt"}
        if at is not None:
            new |= {"deletedAt": at, "updatedAt": at}
        if of.singular == "workflow" and at is not None:
            new["statuses"] = ["DEACTIVATED"]
        marked.append(new)
        for table, field in workspace.referrers(of):
            if field.relation and field.relation.on_delete == "CASCADE":
                pointing = [table.rows[found] for found in table.pointing_at(str(field.column), row["id"])]
                _mark(workspace, table.of, [far for far in pointing if ("deletedAt" in far) != (at is not None)], at)
    workspace.table(of).update(marked)
    return marked


def _check_size(bodies: Sequence[Body]) -> None:
    if len(bodies) > BATCH_LIMIT:
        raise Refusal(f"Maximum number of records to upsert is {BATCH_LIMIT}.", code=_TOO_MANY)


def _update_one(workspace: Workspace, of: Object, identifier: str, body: Body, by: Actor) -> Row:
    table = workspace.table(of)
    for name in body:
        if (of.singular, name) in _NO_BY_HAND:
            raise Refusal(_NO_BY_HAND[of.singular, name], error="Error", code="FORBIDDEN")
    if body.get("id", identifier) != identifier:
        # Every written record has timeline entries that point at it.
        raise Refusal(
            f'update or delete on table "{of.table}" violates foreign key constraint '
            f'"{foreign_key("timelineActivity", of.singular)}" on table "timelineActivity"'
        )
    before = table.rows[identifier]
    new = _written_over(workspace, of, before, body, by)
    table.update([new])
    _use_files(workspace, of, [new])
    workspace.tell("updated", of, [new], _changed(before, new))
    return new


def _changed(before: Row, after: Row) -> frozenset[str]:
    return frozenset(key for key in before.keys() | after.keys() if before.get(key) != after.get(key))


def _new_row(workspace: Workspace, of: Object, body: Body, by: Actor, now: str) -> Row:
    shape = workspace.shape(of)
    values = _read(workspace, of, body, {})
    made_by = values.pop("createdBy", None) or by.stamp()
    if not made_by["name"]:
        made_by |= {"name": by.name, "context": {}}
    if values.get("position") in ("first", "last", None):
        values["position"] = workspace.table(of).take_position()
    row = {"createdAt": now, "updatedAt": now, "createdBy": made_by} | shape.defaults | values
    row |= {"id": values.get("id") or workspace.new_id(), "updatedBy": by.stamp()}
    for field in shape.required:
        if row.get(str(field.column)) is None:
            raise not_null(str(field.column), of.table)
    return {key: value for key, value in row.items() if value is not None}


def _written_over(workspace: Workspace, of: Object, row: Row, body: Body, by: Actor) -> Row:
    values = _read(workspace, of, body, row)
    if values.get("position") in ("first", "last"):
        values["position"] = workspace.table(of).take_position()
    new = row | {"updatedAt": workspace.now()} | values | {"updatedBy": by.stamp()}
    return {key: value for key, value in new.items() if value is not None}


def _read(workspace: Workspace, of: Object, body: Body, before: Row) -> Row:
    """What is sent, as it is stored: a value by column, None for one that is emptied."""
    shape = workspace.shape(of)
    values: Row = {}
    for key, value in body.items():
        relation = shape.relations.get(key)
        if relation is not None:
            values[str(relation.column)] = _connected(workspace, relation, value)
            continue
        field = shape.columns.get(key)
        if field is None:
            raise unknown_field(of, key)
        values[key] = _read_field(workspace, of, field, value, before)
    return values


def _read_field(workspace: Workspace, of: Object, field: Field, value: Any, before: Row) -> Any:
    if field.name == "id":
        return _own_id(of, value)
    if value is None and field.name in ("createdAt", "updatedAt"):
        raise not_null(field.name, of.table)
    if value is None and not field.nullable and not field.system:
        raise bad_value(f"Field {field.name} is not nullable and has no default value.")
    if field.type == "FILES":
        return files.read(workspace, field, value, before.get(field.name))
    if field.type in SUBFIELDS:
        return read_composite(field, value, before.get(field.name))
    return READERS[field.type](field, value)


def _own_id(of: Object, value: Any) -> str:
    if value is None:
        raise not_null("id", of.table)
    if not is_uuid(value):
        shown = value if isinstance(value, str) else inspect(value)
        raise Refusal(f'Value "{shown}" is not a valid UUID', error="Error", code="INVALID_QUERY_INPUT")
    return str(value).lower()


def _connected(workspace: Workspace, relation: Field, value: Any) -> str | None:
    """The id that ``{"connect": {"where": {unique field: value}}}`` means; None for ``{"disconnect": true}``."""
    if relation.relation is None or relation.column is None:
        raise bad_value(f"One-to-many relation {relation.name} field does not support write operations.")
    if isinstance(value, dict) and value.get("disconnect") is True:
        return None
    connect = value.get("connect") if isinstance(value, dict) else None
    where = connect.get("where") if isinstance(connect, dict) else None
    if not isinstance(where, dict) or not where:
        raise bad_value(f'Relation "{relation.name}" requires connect or disconnect operation')
    target = workspace.objects[relation.relation.target_object]
    table = workspace.table(target)
    name, wanted = next(iter(where.items()))
    shown = f"{name} = {wanted}"
    if isinstance(wanted, dict):
        part, wanted = next(iter(wanted.items()))
        shown = f"{name}.{part} = {wanted}"
    found = table.rows.get(wanted, {}).get("id") if name == "id" else table.unique.get(name, {}).get(wanted)
    if found is None:
        friendly = f"Can't connect to {relation.name}. No unique record found with condition: {shown}"
        raise Refusal(
            f"Expected 1 record to connect to {relation.name}, but found 0 for {shown}",
            extensions={"userFriendlyMessage": friendly},
        )
    return str(found)


def _match(workspace: Workspace, of: Object, body: Body) -> str | None:
    """The id of the record that an upsert means. Raises Refusal where unique values point at different ones."""
    table = workspace.table(of)
    found: dict[str, str] = {}
    if body.get("id") is not None and _own_id(of, body["id"]) in table.rows:
        found[f"id (id: {body['id']})"] = str(body["id"]).lower()
    for name, holders in table.unique.items():
        field = of.fields[name]
        if body.get(name) is None:
            continue
        value = unique_value(field, {name: _read_field(workspace, of, field, body[name], {})})
        if value in holders:
            part = UNIQUE_SUBFIELD.get(field.type)
            found[f"{name} ({name}{f'.{part}' if part else ''}: {value})"] = holders[value]
    if len(set(found.values())) > 1:
        raise Refusal(
            f"Multiple records found with the same unique field values for {'; '.join(found)}. "
            "Cannot determine which record to update."
        )
    return next(iter(found.values()), None)


def _use_files(workspace: Workspace, of: Object, rows: Sequence[Row]) -> None:
    for column in workspace.shape(of).files:
        for row in rows:
            for item in row.get(column) or ():
                workspace.files[item["fileId"]].used = True
