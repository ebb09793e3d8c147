"""`rollback`: what was loaded, taken back."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from shift.commands.common import aside, confirm, output_option, print_json, with_project
from shift.project import Project

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shift.commands.undoing import SchemaUndone
    from shift.destination import SchemaChange
    from shift.loading import Writer
    from shift.undoing import Undoing


@click.command()
@with_project
@click.argument("run", type=int, required=False)
@click.option("--all", "everything", is_flag=True, help="Undo every run of this ledger, the newest first.")
@click.option(
    "--schema",
    is_flag=True,
    help="Remove the objects and fields that were made, too, if no record needs them; list those that only you can.",
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

    Objects and fields stay without --schema. Those that no API of the CRM removes stay with it, too: they are listed,
    for you to remove, until they are gone; those that records hold are not.

    Afterwards every record is looked up once more. Exits with 1 where something is not as it should be, and with 3
    where records were left, or objects or fields that records hold.

    \b
    Examples:
      shift-etl rollback
      shift-etl rollback 3 --yes
      shift-etl rollback --all --schema
    """
    from contextlib import closing

    from shift import asking, provisioning
    from shift.commands.moving import progress_over
    from shift.commands.undoing import SchemaUndone, print_made, print_undoing, print_undone, undone_as_json
    from shift.database import open_database
    from shift.errors import Again
    from shift.invocation import command as words
    from shift.moving import reached
    from shift.pausing import paused
    from shift.undoing import baseline, prepare, undo

    if everything and run is not None:
        raise click.UsageError("Give a run or --all, not both.")
    given = {str(run): run is not None, "--all": everything, "--schema": schema, "--force": force}
    asked = [word for word, wanted in given.items() if wanted]
    again = words("rollback", *asked)
    text = output == "text"
    with reached(project, aside) as writer, closing(open_database(None)) as connection:
        order = _load_order(project)
        undoing = prepare(writer, connection, run, everything=everything, force=force, load_order=order)
        every_change = provisioning.made(writer.ledger)
        removable = [change for change in every_change if writer.destination.removes(change)]
        made = removable if schema else []
        if text:
            print_undoing(undoing)
            print_made(made, schema and not every_change)
        asking.require_rights_to_undo(writer.destination, writer.patience, undoing.objects, made)
        if (undoing.steps or made) and not yes:
            _ask(text, undoing, made, words("rollback", *asked, "--yes"))
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
            done = _remove_schema(writer, made) if schema and every_change else SchemaUndone()
            handed_over = _hand_over(project, writer) if undone else ""
        except KeyboardInterrupt:
            click.echo(f"\nInterrupted; all that was sent is noted. Go on with: {again}", err=True)
            sys.exit(130)
        except Again as error:
            error.hint = f"All that was sent is noted. Go on later with: {again}"
            raise
    if text:
        stays = () if schema else every_change
        print_undone(undone, done, stays, writer.destination.removes, handed_over)
    else:
        print_json(undone_as_json(undoing, undone, done, handed_over))
    failed = undone is not None and not undone.proof.holds
    sys.exit(1 if failed else 3 if done.held or (undone and undone.left) else 0)


def _load_order(project: Project) -> Sequence[str]:
    """As the models have it. A rollback must go even where they do not read any more: the ledger knows an order too."""
    from shift.errors import ShiftError
    from shift.graph import objects_in_load_order, read_graph

    try:
        return objects_in_load_order(read_graph(project))
    except ShiftError as error:
        aside(f"The models do not tell the order of the objects, so the ledger does: {error.message}")
        return ()


def _ask(text: bool, undoing: Undoing, made: Sequence[SchemaChange], again: str) -> None:
    from shift.wording import counted

    records = sum(one.delete + one.restore for one in undoing.objects)
    also = f", and {counted(len(made), 'change')} of the data model" if made else ""
    question = f"\nTake this back ({counted(records, 'record')}{also})?"
    confirm(question, doing="roll this back", again=again, asked=text)


def _remove_schema(writer: Writer, made: Sequence[SchemaChange]) -> SchemaUndone:
    """Remove what provisioning made, where an API does."""
    from shift import provisioning
    from shift.commands.undoing import SchemaUndone

    with writer.ledger.run("rollback --schema"):
        held = provisioning.remove(writer)
        by_hand, needed = provisioning.left_by_hand(writer)
    kept = provisioning.made(writer.ledger)
    return SchemaUndone([change for change in made if change not in kept], [*held, *needed], by_hand)


def _hand_over(project: Project, writer: Writer) -> str:
    """Make the handover folder true again; what became of it, for a person. A rollback must go even where it cannot."""
    from shift import handover
    from shift.errors import ShiftError
    from shift.moving import hand_over_what_stands

    try:
        if not handover.written(project):
            return ""
        shared = handover.shared(project)
        files = hand_over_what_stands(project, writer.ledger)
    except ShiftError as error:
        told = f"{handover.FOLDER}/ may tell still of what is not in the CRM any more: {error.message}."
        return f"{told} {error.hint}" if error.hint else told
    if not files and shared:
        return (
            f"What only these loads had written to {handover.FOLDER}/ is removed: nothing of theirs is in the CRM. "
            f"What loads into another destination wrote too stays ({shared[0]} for one), and may tell still of what "
            "was taken back: the next load there writes it anew."
        )
    if not files:
        return f"What the loads had written to {handover.FOLDER}/ is removed: nothing of theirs is in the CRM."
    return f"{handover.FOLDER}/ is written anew, for those who are still in the CRM."
