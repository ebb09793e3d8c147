"""How a rollback is printed: what it would do, and what it did."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import click

from shift.commands.common import print_table, print_wrapped, wrapped
from shift.commands.moving import print_schema
from shift.destination import AddedOptions, FieldDefinition, ObjectDefinition, SchemaChange
from shift.invocation import command
from shift.provisioning import describe
from shift.undoing import Difference, Left, ObjectUndoing, Undoing, Undone
from shift.wording import counted

_SHOWN = 10


@dataclass(frozen=True, slots=True)
class SchemaUndone:
    """What became of what loads had made of the data model; ``held`` says why the CRM would not let go, in words."""

    removed: Sequence[SchemaChange] = ()
    held: Sequence[str] = ()
    by_hand: Sequence[SchemaChange] = ()


def print_undoing(undoing: Undoing) -> None:
    """What a rollback would do with records."""
    if not undoing.runs:
        click.echo("There is nothing to take back.")
        return
    click.echo(f"Rollback of run {', '.join(map(str, reversed(undoing.runs)))}")
    if not undoing.steps:
        click.echo("Nothing of it stands; what was taken back before is looked up once more.")
        return
    _print_objects(undoing.objects, ("to delete", "to restore", "left"))
    _print_left(undoing.left)


def print_made(made: Sequence[SchemaChange], nothing: bool) -> None:
    """What of the data model goes; ``nothing``: nothing was made of it, or all of that has gone."""
    if made:
        click.echo("\nTo be removed from the data model, where no record needs it:")
        print_schema(made, "-")
    elif nothing:
        click.echo("This ledger made nothing of the data model that is there still.")


def print_undone(
    undone: Undone | None,
    schema: SchemaUndone,
    stays: Sequence[SchemaChange],
    removes: Callable[[SchemaChange], bool],
    handed_over: str,
) -> None:
    """What a rollback did; what of the data model ``stays`` unasked, and what became of the handover folder.

    ``removes`` tells whether an API of the CRM removes a change.
    """
    if undone is not None:
        if undone.objects:
            click.echo()
            _print_objects(undone.objects, ("deleted", "restored", "left"))
        _print_left(undone.left)
        if undone.left:
            click.echo("\nTo take these back too, with what others made of them:")
            click.echo(f"  {command('rollback', '--all', '--force')}")
        if handed_over:
            click.echo("\n" + wrapped(handed_over))
        _print_stays([change for change in stays if removes(change)], "To remove that too:")
        by_hand = [change for change in stays if not removes(change)]
        _print_stays(by_hand, "No API of the CRM removes that. To list it, for you to remove:")
        _print_proof(undone)
    if schema.removed:
        print_wrapped(f"Removed from the data model: {_number(schema.removed)}.", first="", then="  ")
    for line in schema.held:
        print_wrapped(f"not removed: {line}", first="", then="  ")
    if schema.by_hand:
        click.echo("\nNo API removes these; remove them in the CRM's settings:")
        print_schema(schema.by_hand, "-")


def _print_stays(changes: Sequence[SchemaChange], then: str) -> None:
    if changes:
        click.echo("\n" + wrapped(f"What was made of the data model stays: {_number(changes)}. {then}"))
        click.echo(f"  {command('rollback', '--schema')}")


def _number(changes: Sequence[SchemaChange]) -> str:
    """How many objects, fields and sets of choices these are."""
    kinds = Counter(map(type, changes))
    named = ((ObjectDefinition, "object"), (FieldDefinition, "field"), (AddedOptions, "choice list"))
    return ", ".join(counted(kinds[kind], word) for kind, word in named if kinds[kind])


def _print_proof(undone: Undone) -> None:
    proof = undone.proof
    for failure in proof.failures:
        click.secho(wrapped(f"{failure.object} {failure.id} {failure.what}", then="  "), fg="red")
    if proof.holds:
        told = "Looked up once more: what was deleted is not there, and what was restored is as it was."
        click.echo("\n" + wrapped(told))
    if proof.others is None:
        told = "Other people's records were not compared: nothing was kept of how they were before the first load."
        click.echo(wrapped(told))
        return
    if proof.others:
        click.echo(f"\nNot as before the first load, and none of it ours ({len(proof.others):,}):")
        _print_some([f"{one.object} {one.id} {one.what}" for one in proof.others])
    else:
        click.echo("Other people's records are as they were before the first load.")


def _print_objects(objects: Sequence[ObjectUndoing], headings: tuple[str, ...]) -> None:
    rows = [(one.object, f"{one.delete:,}", f"{one.restore:,}", f"{one.left:,}") for one in objects]
    print_table(["object", *headings], rows, right=frozenset(headings))


def _print_left(left: Sequence[Left]) -> None:
    _print_some([f"{one.object} {one.key} is left: {one.reason}" for one in left])


def _print_some(lines: Sequence[str]) -> None:
    for line in lines[:_SHOWN]:
        print_wrapped(line, then="    ")
    if len(lines) > _SHOWN:
        click.echo(f"  … and {len(lines) - _SHOWN:,} more: `--output json` names all")


def undone_as_json(undoing: Undoing, undone: Undone | None, schema: SchemaUndone, handed_over: str) -> dict[str, Any]:
    """The same for programs, with every record that is left."""
    objects = undone.objects if undone else ()
    left = undone.left if undone else ()
    others = undone.proof.others if undone else None
    return {
        "runs": list(undoing.runs),
        "objects": [
            {"object": one.object, "deleted": one.delete, "restored": one.restore, "left": one.left} for one in objects
        ],
        "left": [{"object": one.object, "key": one.key, "id": one.id, "reason": one.reason} for one in left],
        "failures": _differences(undone.proof.failures) if undone else [],
        "others": None if others is None else _differences(others),
        "schema_removed": [describe(change) for change in schema.removed],
        "schema_left": list(schema.held),
        "schema_by_hand": [describe(change) for change in schema.by_hand],
        "handover": handed_over or None,
    }


def _differences(differences: Sequence[Difference]) -> list[dict[str, str]]:
    return [{"object": one.object, "id": one.id, "what": one.what} for one in differences]
