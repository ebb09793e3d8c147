"""Changing the data model: objects, fields, relations and choices (contracts/twenty/metadata-*).

A new object or field can be used at once. What is refused names its cause; nothing is left behind.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal, NamedTuple

from shift.sandbox.twenty import metadata_checks as checks
from shift.sandbox.twenty.errors import Refusal, TextRefusal
from shift.sandbox.twenty.schema import Field, Object, Relation
from shift.sandbox.twenty.standard import ACTOR_DEFAULT, COMPANIONS, SHARED_FIELDS
from shift.sandbox.twenty.table import Row
from shift.sandbox.twenty.workspace import Workspace

Body = Mapping[str, Any]

# --- objects ------------------------------------------------------------------------------------------------------


def create_object(workspace: Workspace, body: Body) -> Object:
    """A custom object, with the fields and the four companions that each one has."""
    checks.check_texts(body, ("nameSingular", "namePlural", "labelSingular", "labelPlural"))
    checks.check_object(body, [name for of in workspace.objects.values() for name in (of.singular, of.plural)])
    singular, plural = body["nameSingular"], body["namePlural"]
    now = workspace.now()
    new = Object(
        id=workspace.new_id(),
        singular=singular,
        plural=plural,
        label=body["labelSingular"],
        label_plural=body["labelPlural"],
        description=body.get("description"),
        icon=body.get("icon"),
        custom=True,
        label_synced=bool(body.get("isLabelSyncedWithName")),
        created_at=now,
        updated_at=now,
        fields={},
    )
    if not body.get("skipNameField"):
        add_field(workspace, new, "name", "TEXT", "Name")
    add_shared_fields(workspace, new)
    new.label_field = "id" if body.get("skipNameField") else "name"
    workspace.add_object(new)
    for companion, far_name, label in COMPANIONS:
        near = Side(workspace.standard(companion), checks.near_name(singular), new.label)
        relate(workspace, near, Side(new, far_name, label), on_delete="CASCADE", system=True)
    return new


def update_object(workspace: Workspace, identifier: str, body: Body) -> Object:
    found = _object(workspace, identifier)
    found.label = body.get("labelSingular", found.label)
    found.label_plural = body.get("labelPlural", found.label_plural)
    found.description = body.get("description", found.description)
    found.icon = body.get("icon", found.icon)
    found.active = body.get("isActive", found.active)
    found.updated_at = workspace.now()
    return found


def delete_object(workspace: Workspace, identifier: str) -> Object:
    """Remove a custom object with its records, and the far sides of its relations."""
    found = _object(workspace, identifier)
    if not found.custom:
        cause = checks.cause("Standard objects cannot be deleted", None, "INVALID_OBJECT_INPUT")
        raise checks.refused_object("delete", found.singular, found.plural, [cause])
    for field in list(found.fields.values()):
        if field.relation:
            _drop_field(workspace, found, field)
    workspace.drop_object(found)
    return found


def _object(workspace: Workspace, identifier: str) -> Object:
    found = workspace.objects.get(identifier)
    if found is None:
        raise Refusal("Could not find flat entity in maps", status=404, error="Error", code="ENTITY_NOT_FOUND")
    return found


def add_shared_fields(workspace: Workspace, of: Object) -> None:
    for name, type_, label, nullable, default in SHARED_FIELDS:
        field = add_field(workspace, of, name, type_, label)
        field.system, field.nullable, field.default = True, nullable, default


# --- fields -------------------------------------------------------------------------------------------------------


def create_field(workspace: Workspace, body: Body) -> Field:
    """A custom field on any object; a relation gets its far side at once."""
    checks.check_texts(body, ("label",))
    type_ = body.get("type")
    checks.check_type(type_)
    of = workspace.objects.get(str(body.get("objectMetadataId")))
    if of is None:
        raise checks.refused_early("Provided object metadata id does not exist", "OBJECT_METADATA_NOT_FOUND")
    name = str(body.get("name"))
    if type_ == "RELATION":
        return _create_relation(workspace, of, name, body)
    options = _options(workspace, body.get("options"))
    causes = [*checks.name_causes(of, name, body), *checks.type_causes(str(type_), name, body, options)]
    checks.check_fields("creating fields", name, causes)
    nullable, unique, default = body.get("isNullable", True), bool(body.get("isUnique")), body.get("defaultValue")
    if workspace.table(of).rows and (unique if default is not None else not nullable):
        raise _failed_migration(workspace, "fieldMetadata")
    field = add_field(workspace, of, name, str(type_), body["label"])
    field.custom, field.nullable, field.unique = True, nullable, unique
    field.description, field.icon = body.get("description"), body.get("icon")
    field.default, field.options, field.settings = default, options, body.get("settings")
    if type_ == "ACTOR" and default is None:
        field.default = ACTOR_DEFAULT
    if type_ == "RATING":
        field.options = _options(workspace, [{"label": str(n), "value": f"RATING_{n}"} for n in range(1, 6)])
    _fill_default(workspace, of, field)
    workspace.changed(of)
    return field


def update_field(workspace: Workspace, identifier: str, body: Body) -> Field:
    """Label, name, choices, default, uniqueness, activity; other properties are ignored without a word."""
    of, field = _field(workspace, identifier, "Field to update not found")
    options = _options(workspace, body["options"]) if "options" in body else field.options
    default = body.get("defaultValue", field.default)
    if field.type in checks.WITH_OPTIONS:
        checks.check_fields("updating field", field.name, checks.option_causes(default, options))
    name, unique = str(body.get("name", field.name)), body.get("isUnique", field.unique)
    if name != field.name:
        checks.check_fields("updating field", name, checks.name_causes(of, name, {}))
    if unique != field.unique:
        _set_unique(workspace, of, field, unique)
    _move_choices(workspace, of, field, options)
    field.options, field.default = options, default
    if name != field.name:
        _rename(workspace, of, field, name)
    field.label = body.get("label", field.label)
    field.description = body.get("description", field.description)
    field.icon = body.get("icon", field.icon)
    field.active = body.get("isActive", field.active)
    field.updated_at = workspace.now()
    workspace.changed(of)
    return field


def delete_field(workspace: Workspace, identifier: str) -> Field:
    of, field = _field(workspace, identifier, "Field to delete not found")
    if of.custom and field.name == of.label_field:
        message = "Cannot delete, please update the label identifier field first"
        cause = checks.cause(message, field.name, "FIELD_MUTATION_NOT_ALLOWED")
        checks.check_fields("deleting field", field.name, [cause])
    if not field.custom:
        raise Refusal(
            f'Cannot delete standard field "{field.name}"', status=403, error="Error", code="FIELD_MUTATION_NOT_ALLOWED"
        )
    _drop_field(workspace, of, field)
    return field


class Side(NamedTuple):
    """One side of a relation: an object, and the field that it gets."""

    of: Object
    name: str
    label: str


def relate(
    workspace: Workspace,
    near: Side,
    far: Side,
    *,
    on_delete: Literal["SET_NULL", "CASCADE"] = "SET_NULL",
    system: bool = False,
) -> tuple[Field, Field]:
    """The two fields of a relation; the near side holds the join column."""
    near_field = add_field(workspace, near.of, near.name, "RELATION", near.label)
    far_field = add_field(workspace, far.of, far.name, "RELATION", far.label)
    near_field.relation = Relation("MANY_TO_ONE", far.of.id, far.name, on_delete)
    far_field.relation = Relation("ONE_TO_MANY", near.of.id, near.name)
    near_field.settings = {"onDelete": on_delete, "relationType": "MANY_TO_ONE", "joinColumnName": near_field.column}
    far_field.settings = {"relationType": "ONE_TO_MANY"}
    near_field.system = far_field.system = system
    workspace.changed(near.of)
    workspace.changed(far.of)
    return near_field, far_field


def _create_relation(workspace: Workspace, of: Object, name: str, body: Body) -> Field:
    payload = body.get("relationCreationPayload")
    checks.check_relation(payload)
    assert payload is not None
    target = workspace.objects.get(payload["targetObjectMetadataId"])
    if target is None:
        message = "Object metadata relation target not found for relation creation payload"
        raise checks.malformed_relation(message, payload)
    far_name = checks.label_as_name(payload["targetFieldLabel"])
    causes = [*checks.name_causes(of, name, body), *checks.name_causes(target, far_name, {})]
    checks.check_fields("creating fields", name, causes)
    here, there = Side(of, name, body["label"]), Side(target, far_name, payload["targetFieldLabel"])
    if payload["type"] == "MANY_TO_ONE":
        made, other = relate(workspace, here, there)
    else:
        other, made = relate(workspace, there, here)
    made.custom = other.custom = True
    made.icon = body.get("icon", "IconRelationOneToMany")
    plural = of.plural[0].upper() + of.plural[1:]
    made.description = body.get("description", f"{plural} tied to the {target.label}")
    return made


def add_field(workspace: Workspace, of: Object, name: str, type_: str, label: str) -> Field:
    now = workspace.now()
    field = of.fields[name] = Field(
        id=workspace.new_id(), object_id=of.id, type=type_, name=name, label=label, created_at=now, updated_at=now
    )
    return field


def _field(workspace: Workspace, identifier: str, missing: str) -> tuple[Object, Field]:
    found = workspace.field(identifier)
    if found is None:
        raise Refusal(missing, status=404, error="Error", code="FIELD_METADATA_NOT_FOUND")
    return found


def _drop_field(workspace: Workspace, of: Object, field: Field) -> None:
    """Take a field off its object, and a relation's other side off the other."""
    sides = [(of, field)]
    if field.relation:
        other = workspace.objects[field.relation.target_object]
        sides.append((other, other.fields[field.relation.target_field]))
    for owner, side in sides:
        owner.fields.pop(side.name, None)
        if side.column:
            _rewrite(workspace, owner, _without(side.column))
        workspace.changed(owner)


def _without(column: str) -> Callable[[Row], Row]:
    return lambda row: {key: value for key, value in row.items() if key != column}


def _rewrite(workspace: Workspace, of: Object, change: Callable[[Row], Row]) -> None:
    rows: dict[str, Row] = workspace.table(of).rows
    for identifier, row in rows.items():
        rows[identifier] = change(row)


def _fill_default(workspace: Workspace, of: Object, field: Field) -> None:
    default = field.plain_default()
    if default is not None:
        full = field.empty() | default if isinstance(default, dict) else default
        _rewrite(workspace, of, lambda row: row | {field.name: full})


def _rename(workspace: Workspace, of: Object, field: Field, name: str) -> None:
    """Give a field another name, in the records and on a relation's other side too."""
    old, field.name = field.column, name
    new = field.column
    of.fields = {found.name: found for found in of.fields.values()}
    if field.relation:
        far = workspace.objects[field.relation.target_object].fields[field.relation.target_field]
        if far.relation:
            far.relation.target_field = name
        if new:
            field.settings = (field.settings or {}) | {"joinColumnName": new}
    if old and new:
        _rewrite(workspace, of, lambda row: {new if key == old else key: value for key, value in row.items()})


def _set_unique(workspace: Workspace, of: Object, field: Field, unique: bool) -> None:
    before, field.unique = field.unique, unique
    try:
        workspace.table(of).index_fields()
    except Refusal:
        field.unique = before
        raise _failed_migration(workspace, "index") from None


def _failed_migration(workspace: Workspace, what: str) -> Refusal:
    identifier = workspace.new_id()
    return TextRefusal(f"Migration action 'create' for '{what}' (universalIdentifier: {identifier}) failed")


def _move_choices(workspace: Workspace, of: Object, field: Field, options: list[dict[str, Any]] | None) -> None:
    """Records follow a choice by its id; one whose id is gone leaves its records the default, or nothing."""
    if options is field.options or field.type not in checks.WITH_OPTIONS:
        return
    new = {option["id"]: option["value"] for option in options or ()}
    moved = {option["value"]: new.get(option["id"]) for option in field.options or ()}
    fallback = field.plain_default()

    def follow(row: Row) -> Row:
        held = row.get(field.name)
        if held is None:
            return row
        value: Any = [moved[one] for one in held if moved.get(one)] if isinstance(held, list) else moved.get(held)
        value = value or fallback
        return row | {field.name: value} if value else _without(field.name)(row)

    _rewrite(workspace, of, follow)


def _options(workspace: Workspace, given: Any) -> list[dict[str, Any]] | None:
    """Choices with an id each: the one that was sent, or a new one."""
    if given is None:
        return None
    return [
        {
            "id": option.get("id") or workspace.new_id(),
            "color": option.get("color", "green"),
            "label": option.get("label"),
            "value": option.get("value"),
            "position": option.get("position", at),
        }
        for at, option in enumerate(given)
    ]
