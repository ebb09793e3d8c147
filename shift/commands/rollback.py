"""`rollback`: what was loaded, taken back."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from shift.commands.common import output_option, print_json, print_table, print_wrapped, with_project, wrapped
from shift.project import Project

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shift.destination import SchemaChange
    from shift.loading import Writer
    from shift.undoing import Difference, Left, ObjectUndoing, Undoing, Undone

_SHOWN = 10


@click.command()
@with_project
@click.argument("run", type=int, required=False)
@click.option("--all", "everything", is_flag=True, help="Undo every run of this ledger, the newest first.")
@click.option(
    "--schema", is_flag=True, help="Remove the objects and fields that were made, too, if no record needs them."
)
@click.option("--force", is_flag=True, help="Take back also what somebody changed since, or others depend on.")
@click.option("-y", "--yes", is_flag=True, help="Do not ask; for scripts.")
@output_option
def command(
    project: Project, run: int | None, everything: bool, schema: bool, force: bool, yes: bool, output: str
) -> None:
    """Take back what a load wrote: the newest that stands, or RUN, as `status` numbers it.

    What was made is destroyed, children before parents; what was changed is as it was before. A record that somebody
    changed since, or that others depend on, is left, with what it points to. Shows what it would do, and asks. A
    rollback that was interrupted goes on when it is called again.

    Afterwards every record is looked up once more. Exits with 1 where something is not as it should be, and with 3
    where records were left.

    \b
    Examples:
      shift-etl rollback
      shift-etl rollback 3 --yes
      shift-etl rollback --all --schema
    """
    from contextlib import closing

    from shift import asking, provisioning
    from shift.commands.moving import progress_over
    from shift.database import open_database
    from shift.errors import Again
    from shift.invocation import command as words
    from shift.moving import reached
    from shift.pausing import paused
    from shift.undoing import baseline, prepare, undo

    if everything and run is not None:
        raise click.UsageError("Give a run or --all, not both.")
    given = {str(run): run is not None, "--all": everything, "--schema": schema, "--force": force}
    again = words("rollback", *(word for word, wanted in given.items() if wanted))
    text = output == "text"
    with reached(project, _say) as writer, closing(open_database(None)) as connection:
        order = _load_order(project)
        undoing = prepare(writer, connection, run, everything=everything, force=force, load_order=order)
        made = provisioning.made(writer.ledger) if schema else []
        if text:
            _print_plan(undoing)
            _print_made(made, schema)
        asking.require_rights_to_undo(writer.destination, writer.patience, undoing.objects, made)
        if (undoing.steps or made) and not yes:
            _ask(text, undoing, made)
        undone = None
        try:
            if undoing.runs:
                with (
                    paused(writer, [one.object for one in undoing.objects], project.file.load.automations),
                    progress_over({one.object: one.delete + one.restore for one in undoing.objects}) as report,
                ):
                    undone = undo(
                        writer,
                        connection,
                        undoing,
                        concurrency=project.destination.concurrency,
                        baseline=baseline.path_for(project.ledger),
                        on_progress=report,
                    )
            remains = _remove_schema(writer) if made else []
            kept = provisioning.made(writer.ledger)
            removed = [change for change in made if change not in kept]
        except KeyboardInterrupt:
            click.echo(f"\nInterrupted; all that was sent is noted. Go on with: {again}", err=True)
            sys.exit(130)
        except Again as error:
            error.hint = f"All that was sent is noted. Go on later with: {again}"
            raise
    if text:
        _print_result(undone, removed, remains)
    else:
        print_json(_as_json(undoing, undone, removed, remains))
    failed = undone is not None and not undone.proof.holds
    sys.exit(1 if failed else 3 if remains or (undone and undone.left) else 0)


def _load_order(project: Project) -> Sequence[str]:
    """As the models have it. A rollback must go even where they do not read any more: the ledger knows an order too."""
    from shift.errors import ShiftError
    from shift.graph import objects_in_load_order, read_graph

    try:
        return objects_in_load_order(read_graph(project))
    except ShiftError as error:
        _say(f"The models do not tell the order of the objects, so the ledger does: {error.message}")
        return ()


def _ask(text: bool, undoing: Undoing, made: Sequence[SchemaChange]) -> None:
    """Ask, where somebody is there to answer."""
    from shift.errors import ConfigurationError
    from shift.invocation import command as words
    from shift.wording import counted

    if not text or not sys.stdin.isatty():
        raise ConfigurationError(
            "nobody can be asked here whether to roll this back", hint=f"To do it: {words('rollback', '--yes')}"
        )
    records = sum(one.delete + one.restore for one in undoing.objects)
    also = f", and {counted(len(made), 'change')} of the data model" if made else ""
    click.confirm(f"\nTake this back ({counted(records, 'record')}{also})?", abort=True)


def _print_plan(undoing: Undoing) -> None:
    if not undoing.runs:
        click.echo("There is nothing to take back.")
        return
    click.echo(f"Rollback of run {', '.join(map(str, reversed(undoing.runs)))}")
    if not undoing.steps:
        click.echo("Nothing of it stands; what was taken back before is looked up once more.")
        return
    _print_objects(undoing.objects, ("to delete", "to restore", "left"))
    _print_left(undoing.left)


def _print_made(made: Sequence[SchemaChange], schema: bool) -> None:
    from shift.commands.moving import print_schema

    if made:
        click.echo("\nTo be removed from the data model, where no record needs it:")
        print_schema(made, "-")
    elif schema:
        click.echo("Of the data model, nothing that was made is there any more.")


def _print_result(undone: Undone | None, removed: Sequence[SchemaChange], remains: Sequence[str]) -> None:
    from shift.invocation import command as words

    if undone is not None:
        if undone.objects:
            click.echo()
            _print_objects(undone.objects, ("deleted", "restored", "left"))
        _print_left(undone.left)
        if undone.left:
            click.echo("\nTo take these back too, with what others made of them:")
            click.echo(f"  {words('rollback', '--all', '--force')}")
        _print_proof(undone)
    if removed:
        print_wrapped(f"Removed from the data model: {_number(removed)}.", first="", then="  ")
    for line in remains:
        print_wrapped(f"not removed: {line}", first="", then="  ")


def _number(changes: Sequence[SchemaChange]) -> str:
    """How many objects, fields and sets of choices these are."""
    from collections import Counter

    from shift.destination import AddedOptions, FieldDefinition, ObjectDefinition
    from shift.wording import counted

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


def _as_json(
    undoing: Undoing, undone: Undone | None, removed: Sequence[SchemaChange], remains: Sequence[str]
) -> dict[str, Any]:
    from shift.provisioning import describe

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
        "schema_removed": [describe(change) for change in removed],
        "schema_left": list(remains),
    }


def _differences(differences: Sequence[Difference]) -> list[dict[str, str]]:
    return [{"object": one.object, "id": one.id, "what": one.what} for one in differences]


def _remove_schema(writer: Writer) -> list[str]:
    """Remove what provisioning made; what remains, in words: what records hold still."""
    from shift.provisioning import remove

    with writer.ledger.run("rollback --schema"):
        return remove(writer)


def _say(text: str) -> None:
    """A long wait is told of, beside the results."""
    click.echo(text, err=True)
