"""Making what the CRM lacks, one after the other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from shift.destination import SchemaChange
from shift.errors import Again, BlockedError, Refused
from shift.invocation import command
from shift.ledger import SchemaNote
from shift.provisioning.changes import as_details, change_of, describe, instruction, named
from shift.provisioning.needs import Present, PresentField, choices_of, last_pulled

if TYPE_CHECKING:
    import duckdb

    from shift.loading import Writer


def provision(
    writer: Writer,
    connection: duckdb.DuckDBPyConnection,
    changes: Sequence[SchemaChange],
    *,
    by_hand: bool = False,
    on_made: Callable[[int], None] = lambda made: None,
) -> None:
    """Make the objects, fields and choices, each noted before and after; ``on_made`` is told how many stand.

    ``by_hand`` makes nothing: BlockedError then lists what a person is to make. Raises Refused, with the field's name,
    where the CRM will not have one, and Stop where the key may not change the data model.
    """
    _note_made_by_killed_run(writer, connection)
    if by_hand and changes:
        lines = "\n".join(f"  {instruction(change)}" for change in changes)
        raise BlockedError(
            f"the workspace lacks {len(changes)} objects, fields or choices, and they are to be made by hand:\n{lines}",
            hint=f"Make them in the CRM, then {command('load')} checks that they are there.",
        )
    for number, change in enumerate(changes, start=1):
        object, field = named(change)
        writer.ledger.note_schema(SchemaNote(object, field, "intended", details=as_details(change)))
        try:
            id, made = _make(writer, change)
        except Refused as error:
            stand = f"{number - 1} of {len(changes)} changes of the data model are made, and no record was sent."
            error.hint = error.hint or f"{stand} When this is settled, {command('load')} goes on."
            raise
        writer.ledger.note_schema(SchemaNote(object, field, "made", id, made))
        on_made(number)


def _make(writer: Writer, change: SchemaChange) -> tuple[str | None, str]:
    """The new object's or field's id, where the CRM told it, and the details that undoing needs."""
    for attempt in range(1, writer.patience.attempts + 1):
        try:
            receipt = writer.patience.write(writer.destination.provision, change)
        except Refused as error:
            writer.ledger.note_schema(SchemaNote(*named(change), "refused", details=as_details(change)))
            raise Refused(error.message, where=describe(change), status=error.status, hint=error.hint) from None
        except Again as error:
            if not error.arrived:
                raise
            writer.patience.pause(attempt, error)
            if writer.patience.read(data_model, writer).has(change):
                return None, as_details(change)
            lost = error
        else:
            return receipt.id, as_details(change, receipt.details)
    raise lost


def data_model(writer: Writer) -> Present:
    """The objects and fields that the CRM has now."""
    objects: dict[str, bool] = {}
    fields: dict[tuple[str, str], PresentField] = {}
    for table in writer.destination.pull():
        rows = [dict(zip(table.columns, row, strict=True)) for row in table.rows]
        if table.name == "objects":
            objects = {row["name"]: True for row in rows}
        if table.name == "fields":
            fields = {
                (row["object"], row["name"]): PresentField(
                    row["type"], choices_of(row.get("options")), row.get("relation_target"), active=True
                )
                for row in rows
            }
        if objects and fields:
            break
    return Present(objects, fields)


def _note_made_by_killed_run(writer: Writer, connection: duckdb.DuckDBPyConnection) -> None:
    """What a killed run was about to make, and the last pull shows, was made by it."""
    present = last_pulled(connection)
    for note in writer.ledger.unfinished_schema():
        if present.has(change_of(note)):
            writer.ledger.note_schema(SchemaNote(note.object, note.field, "made", details=note.details))
