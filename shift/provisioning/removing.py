"""Removing what this ledger made of the CRM's data model: newest first, and nothing that still holds anything.

What no API of the CRM removes is a person's: it is listed for as long as the CRM has it.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from shift.destination import AddedOptions, ObjectDefinition, SchemaChange
from shift.errors import Refused
from shift.ledger import Ledger, SchemaNote
from shift.provisioning.changes import change_of, describe, named
from shift.provisioning.making import data_model

if TYPE_CHECKING:
    from shift.loading import Writer


def made(ledger: Ledger) -> list[SchemaChange]:
    """The objects, fields and choices that this ledger made and has not removed, oldest first."""
    return [change_of(note) for note in ledger.made_schema()]


def left_by_hand(writer: Writer) -> tuple[list[SchemaChange], list[str]]:
    """What a person alone can remove, and has not removed yet; and, in words, what nobody should, as records hold it.

    What has gone is noted, under the ledger's open run.
    """
    by_hand = [note for note in writer.ledger.made_schema() if not writer.destination.removes(change_of(note))]
    if not by_hand:
        return [], []
    there = writer.patience.read(data_model, writer)
    for note in by_hand:
        if not there.has(change_of(note)):
            writer.ledger.note_schema(SchemaNote(note.object, note.field, "removed", note.id, note.details))
    stand = [change for change in map(change_of, by_hand) if there.has(change)]
    holders = _holders(writer, stand)
    held = [_kept(change, holders[change]) for change in stand if holders[change]]
    return [change for change in stand if not holders[change]], held


def remove(writer: Writer) -> list[str]:
    """Remove the choices, fields and objects that this ledger made, where the CRM can; what is left, in words, and why.

    Left is what records hold still, live or soft-deleted, whoever made them: so the records are rolled back first. Each
    step is noted before and after; called again, it goes on where it stopped.
    """
    notes = [note for note in writer.ledger.made_schema()[::-1] if writer.destination.removes(change_of(note))]
    holders = _holders(writer, [change_of(note) for note in notes])
    left: list[str] = []
    for note in notes:
        change = change_of(note)
        if count := holders[change]:
            left.append(_kept(change, count))
            continue
        writer.ledger.note_schema(SchemaNote(note.object, note.field, "removing", note.id, note.details))
        try:
            writer.patience.read(writer.destination.unprovision, change, note.id)
        except Refused as error:
            left.append(f"{describe(change)}: {error.message}")
        else:
            writer.ledger.note_schema(SchemaNote(note.object, note.field, "removed", note.id, note.details))
    return left


def _holders(writer: Writer, changes: Sequence[SchemaChange]) -> Counter[SchemaChange]:
    """How many records stand in the way of removing each."""
    there = writer.patience.read(data_model, writer).objects if changes else ()
    objects = dict.fromkeys(object for object, _ in map(named, changes) if object in there)
    held: Counter[SchemaChange] = Counter()
    for object in objects:
        concerned = [change for change in changes if named(change)[0] == object]
        held += writer.patience.read(_count, writer, object, concerned)
    return held


def _count(writer: Writer, object: str, changes: Sequence[SchemaChange]) -> Counter[SchemaChange]:
    held: Counter[SchemaChange] = Counter()
    for record in writer.destination.every(object):
        body = json.loads(record.body)
        held.update(change for change in changes if _holds(body, change))
    return held


def _holds(record: Mapping[str, Any], change: SchemaChange) -> bool:
    if isinstance(change, ObjectDefinition):
        return True
    value = record.get(change.name)
    if isinstance(change, AddedOptions):
        values = value if isinstance(value, list) else [value]
        return any(option.value in values for option in change.options)
    # A relation's value stands beside its name, in the column that holds the other's id.
    return not _empty(value) or not _empty(record.get(f"{change.name}Id"))


def _empty(value: Any) -> bool:
    if isinstance(value, dict):
        return all(_empty(member) for member in value.values())
    return value is None or value in ("", [])


def _kept(change: SchemaChange, records: int) -> str:
    if isinstance(change, ObjectDefinition):
        hold = "are there"
    else:
        hold = "have one of them" if isinstance(change, AddedOptions) else "have a value there"
    return f"{describe(change)}: {records:,} records {hold}"
