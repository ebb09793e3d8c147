"""What the CRM lacks, and what stands in the way of making it: the models against the last pull."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from shift.destination import AddedOptions, Destination, FieldDefinition, ObjectDefinition, SchemaChange
from shift.findings import Finding
from shift.provisioning.changes import describe, instruction
from shift.staging import StagingModel

if TYPE_CHECKING:
    import duckdb

BY_HAND = "to_be_made_by_hand"
FINDING_NAMES = frozenset(
    (
        BY_HAND,
        "workspace_not_read",
        "unknown_object",
        "field_type_clash",
        "deactivated",
        "missing_choices",
        "name_not_allowed",
    )
)


@dataclass(frozen=True, slots=True)
class Needs:
    """What is to be made, objects before fields, and what is in the way."""

    changes: tuple[SchemaChange, ...]
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class Present:
    """The objects, and whether each is active, and the fields that the CRM has, as the last pull showed them.

    What is not active takes values still, and is shown to nobody.
    """

    objects: Mapping[str, bool]
    fields: Mapping[tuple[str, str], PresentField]

    def has(self, change: SchemaChange) -> bool:
        """Whether this was made already."""
        if isinstance(change, ObjectDefinition):
            return change.name in self.objects
        there = self.fields.get((change.object, change.name))
        if isinstance(change, FieldDefinition) or there is None:
            return there is not None
        return {option.value for option in change.options} <= there.choices


@dataclass(frozen=True, slots=True)
class PresentField:
    """A field that the CRM has."""

    type: str
    choices: frozenset[str]
    target: str | None
    active: bool


def compare(connection: duckdb.DuckDBPyConnection, staging: Sequence[StagingModel]) -> Needs:
    """What the staging models need, against ``destination.objects`` and ``destination.fields`` of the last pull."""
    present = last_pulled(connection)
    if not present.objects:
        message = "the workspace has not been read, so its objects and fields could not be checked"
        return Needs((), (Finding("workspace_not_read", message, blocking=False),))
    defined = {model.object: model.define for model in staging if model.define and model.object not in present.objects}
    wanted = {(one.object, one.name): one for model in staging for one in model.fields}
    there = [(one, present.fields[at]) for at, one in wanted.items() if at in present.fields]
    missing = [one for at, one in wanted.items() if at not in present.fields]
    known = {*present.objects, *defined}
    unknown = dict.fromkeys(model.object for model in staging if model.object not in known)
    clashes = [clash for one, field in there if (clash := _clash(one, field)) is not None]
    hidden = [model.object for model in staging if present.objects.get(model.object) is False]
    hidden += [f"{one.object}.{one.name}" for one, field in there if not field.active]
    choices = [added for one, field in there if (added := _lacking(one, field)).options]
    found = _findings(
        ("unknown_object", "objects that the workspace lacks and no model defines", [*unknown]),
        ("field_type_clash", "fields that the workspace has with another type", clashes),
        ("deactivated", "objects or fields are deactivated, so that nobody sees what they hold", hidden),
    )
    return Needs((*defined.values(), *missing, *choices), found)


def judged(destination: Destination, needs: Needs) -> Needs:
    """What is needed, after the CRM's rules of names. Choices that nobody may add are left out; no call is made."""
    changes: list[SchemaChange] = []
    names: list[str] = []
    choices: list[str] = []
    for change in needs.changes:
        objections = destination.objections(change)
        told = f"{describe(change)}: {'; '.join(objections)}"
        if not objections or not isinstance(change, AddedOptions):
            changes.append(change)
        if objections:
            (choices if isinstance(change, AddedOptions) else names).append(told)
    found = _findings(
        ("name_not_allowed", "objects or fields that the CRM would not make", names),
        ("missing_choices", "select fields that lack choices, which cannot be added", choices),
    )
    return Needs(tuple(changes), needs.findings + found)


def left_to_a_person(needs: Needs) -> Needs:
    """What is needed where nothing may be made by API: a finding tells each with all that making it takes."""
    if not needs.changes:
        return needs
    message = f"{len(needs.changes)} objects, fields or choices that the workspace lacks are to be made there by hand"
    return replace(needs, findings=(*needs.findings, Finding(BY_HAND, message, tuple(map(instruction, needs.changes)))))


def last_pulled(connection: duckdb.DuckDBPyConnection) -> Present:
    """The data model as ``destination.objects`` and ``destination.fields`` tell it."""
    objects = connection.execute("select name, is_active from destination.objects").fetchall()
    fields = connection.execute(
        "select object, name, type, options, relation_target, is_active from destination.fields"
    ).fetchall()
    return Present(
        {name: active is not False for name, active in objects},
        {
            (object, name): PresentField(type, choices_of(options), target, active is not False)
            for object, name, type, options, target, active in fields
        },
    )


def choices_of(options: str | None) -> frozenset[str]:
    """The values of a select field's choices, from the JSON of a pull."""
    return frozenset(one["value"] for one in json.loads(options or "[]"))


def _lacking(wanted: FieldDefinition, there: PresentField) -> AddedOptions:
    options = tuple(option for option in wanted.options if option.value not in there.choices)
    return AddedOptions(wanted.object, wanted.name, options if wanted.type == there.type else ())


def _clash(wanted: FieldDefinition, there: PresentField) -> str | None:
    if wanted.type != there.type:
        return f"{wanted.object}.{wanted.name} is {there.type}, not {wanted.type}"
    if wanted.to and there.target and wanted.to != there.target:
        return f"{wanted.object}.{wanted.name} points to {there.target}, not to {wanted.to}"
    return None


def _findings(*stated: tuple[str, str, Sequence[str]]) -> tuple[Finding, ...]:
    """Of (name, what, examples) those that have any."""
    return tuple(
        Finding(name, f"{len(examples)} {what}: {'; '.join(examples[:5])}", tuple(examples))
        for name, what, examples in stated
        if examples
    )
