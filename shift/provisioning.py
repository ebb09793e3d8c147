"""Objects and fields that the models need: which the workspace lacks, and making them, noted so as to be undone."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from shift.destination import FieldDefinition, ObjectDefinition, SchemaChange
from shift.errors import Again, BlockedError, Refused
from shift.findings import Finding
from shift.invocation import command
from shift.ledger import SchemaNote
from shift.staging import StagingModel

if TYPE_CHECKING:
    import duckdb

    from shift.loading import Writer


FINDING_NAMES = frozenset(("workspace_not_read", "unknown_object", "field_type_clash", "missing_choices"))


@dataclass(frozen=True, slots=True)
class Needs:
    """What is to be made, objects before fields, and what is in the way."""

    changes: tuple[SchemaChange, ...]
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class _Field:
    """A field that the workspace has, as the last pull showed it."""

    type: str
    choices: frozenset[str]
    target: str | None


def compare(connection: duckdb.DuckDBPyConnection, staging: Sequence[StagingModel]) -> Needs:
    """What the staging models need, against ``destination.objects`` and ``destination.fields`` of the last pull."""
    objects, fields = _present(connection)
    if not objects:
        message = "the workspace has not been read, so its objects and fields could not be checked"
        return Needs((), (Finding("workspace_not_read", message, blocking=False),))
    defined = {model.object: model.define for model in staging if model.define and model.object not in objects}
    wanted = [one for model in staging for one in model.fields]
    missing = [one for one in wanted if (one.object, one.name) not in fields]
    unknown = {model.object: model.name for model in staging if model.object not in objects | defined.keys()}
    clashes = [
        clash
        for one in wanted
        if (there := fields.get((one.object, one.name))) and (clash := _clash(one, there)) is not None
    ]
    choices = [
        f"{one.object}.{one.name}: {', '.join(lacking)}"
        for one in wanted
        if (there := fields.get((one.object, one.name)))
        and (lacking := sorted({option.value for option in one.options} - there.choices))
    ]
    found = (
        _finding("unknown_object", "objects that the workspace lacks and no model defines", [*unknown]),
        _finding("field_type_clash", "fields that the workspace has with another type", clashes),
        _finding("missing_choices", "select fields that lack choices; add them in the CRM", choices),
    )
    return Needs((*defined.values(), *missing), tuple(one for one in found if one))


def provision(
    writer: Writer,
    connection: duckdb.DuckDBPyConnection,
    changes: Sequence[SchemaChange],
    *,
    by_hand: bool = False,
    on_made: Callable[[int], None] = lambda made: None,
) -> None:
    """Make the objects and fields one after the other, each noted before and after; ``on_made`` is told how many stand.

    ``by_hand`` makes nothing: BlockedError then lists what a person is to make. Raises Refused, with the field's name,
    where the CRM will not have one, and Stop where the key may not change the data model.
    """
    _note_made_by_killed_run(writer, connection)
    if by_hand and changes:
        lines = "\n".join(f"  {describe(change)}" for change in changes)
        raise BlockedError(
            f"the workspace lacks {len(changes)} objects or fields, and they are to be made by hand:\n{lines}",
            hint=f"Make them in the CRM, then {command('load')} checks that they are there.",
        )
    for number, change in enumerate(changes, start=1):
        object, field = _named(change)
        details = json.dumps(asdict(change), ensure_ascii=False)
        writer.ledger.note_schema(SchemaNote(object, field, "intended", details=details))
        id, made = _make(writer, change)
        writer.ledger.note_schema(SchemaNote(object, field, "made", id, made))
        on_made(number)


def describe(change: SchemaChange) -> str:
    """One line for a person: what is made."""
    if isinstance(change, ObjectDefinition):
        return f"object {change.name} ({change.label})"
    target = f" to {change.to}" if change.to else ""
    unique = ", unique" if change.unique else ""
    return f"field {change.object}.{change.name} ({change.label}): {change.type}{target}{unique}"


def _make(writer: Writer, change: SchemaChange) -> tuple[str | None, str]:
    """The new object's or field's id, where the CRM told it, and the details that undoing needs."""
    for attempt in range(1, writer.patience.attempts + 1):
        try:
            receipt = writer.patience.write(writer.destination.provision, change)
        except Refused as error:
            raise Refused(error.message, where=describe(change), status=error.status, hint=error.hint) from None
        except Again as error:
            if not error.arrived:
                raise
            writer.patience.pause(attempt, error)
            if _named(change) in writer.patience.read(lambda: set(_pulled_names(writer))):
                return None, "{}"
            lost = error
        else:
            return receipt.id, json.dumps(dict(receipt.details), ensure_ascii=False)
    raise lost


def _note_made_by_killed_run(writer: Writer, connection: duckdb.DuckDBPyConnection) -> None:
    """What a killed run was about to make, and the last pull shows, was made by it."""
    objects, fields = _present(connection)
    for note in writer.ledger.unfinished_schema():
        if note.object in objects if note.field is None else (note.object, note.field) in fields:
            writer.ledger.note_schema(SchemaNote(note.object, note.field, "made", details=note.details))


def _pulled_names(writer: Writer) -> Iterator[tuple[str, str | None]]:
    """(object, field) of all that the workspace has now; field is null for an object itself."""
    for table in writer.destination.pull():
        at = {column: index for index, column in enumerate(table.columns)}
        if table.name == "objects":
            yield from ((row[at["name"]], None) for row in table.rows)
        if table.name == "fields":
            yield from ((row[at["object"]], row[at["name"]]) for row in table.rows)
            return


def _present(connection: duckdb.DuckDBPyConnection) -> tuple[set[str], Mapping[tuple[str, str], _Field]]:
    objects = {name for (name,) in connection.execute("select name from destination.objects").fetchall()}
    rows = connection.execute("select object, name, type, options, relation_target from destination.fields").fetchall()
    fields = {
        (object, name): _Field(type, frozenset(one["value"] for one in json.loads(options or "[]")), target)
        for object, name, type, options, target in rows
    }
    return objects, fields


def _clash(wanted: FieldDefinition, there: _Field) -> str | None:
    if wanted.type != there.type:
        return f"{wanted.object}.{wanted.name} is {there.type}, not {wanted.type}"
    if wanted.to and there.target and wanted.to != there.target:
        return f"{wanted.object}.{wanted.name} points to {there.target}, not to {wanted.to}"
    return None


def _finding(name: str, what: str, examples: Sequence[str]) -> Finding | None:
    if not examples:
        return None
    return Finding(name, f"{len(examples)} {what}: {'; '.join(examples[:5])}", tuple(examples))


def _named(change: SchemaChange) -> tuple[str, str | None]:
    return (change.name, None) if isinstance(change, ObjectDefinition) else (change.object, change.name)
