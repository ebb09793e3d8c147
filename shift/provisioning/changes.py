"""A change of the data model, for a person and for the ledger."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import msgspec

from shift.destination import AddedOptions, FieldDefinition, ObjectDefinition, Option, SchemaChange
from shift.ledger import SchemaNote

_KINDS: Mapping[str, type[SchemaChange]] = {
    "object": ObjectDefinition,
    "field": FieldDefinition,
    "options": AddedOptions,
}


def describe(change: SchemaChange) -> str:
    """One line for a person: what is made."""
    if isinstance(change, ObjectDefinition):
        return f"object {change.name} ({change.label})"
    if isinstance(change, AddedOptions):
        return f"choices of {change.object}.{change.name}: {_listed(change.options)}"
    target = f" to {change.to}" if change.to else ""
    unique = ", unique" if change.unique else ""
    options = f" of {_listed(change.options)}" if change.options else ""
    return f"field {change.object}.{change.name} ({change.label}): {change.type}{target}{unique}{options}"


def instruction(change: SchemaChange) -> str:
    """As ``describe``, with the names that a person who makes it by hand has to type."""
    if isinstance(change, ObjectDefinition):
        return f"object {change.name}, plural {change.plural} (labels: {change.label}, {change.label_plural})"
    reverse = change.inverse_label if isinstance(change, FieldDefinition) else None
    return describe(change) + (f", called '{reverse}' on the other side" if reverse else "")


def named(change: SchemaChange) -> tuple[str, str | None]:
    """The object, and the field; null for the object itself."""
    return (change.name, None) if isinstance(change, ObjectDefinition) else (change.object, change.name)


def as_details(change: SchemaChange, receipt: Mapping[str, Any] | None = None) -> str:
    """What the ledger keeps of a change: JSON, from which ``change_of`` makes it again."""
    kind = next(name for name, type in _KINDS.items() if isinstance(change, type))
    return json.dumps({"kind": kind, **asdict(change), "receipt": dict(receipt or {})}, ensure_ascii=False)


def change_of(note: SchemaNote) -> SchemaChange:
    """The change that a note of the ledger tells of."""
    details = json.loads(note.details)
    return msgspec.convert(details, type=_KINDS[details["kind"]])


def _listed(options: Sequence[Option]) -> str:
    return ", ".join(f"{option.label} ({option.value})" for option in options)
