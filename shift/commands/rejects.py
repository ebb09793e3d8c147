"""`rejects`: what is not in the CRM, or not as it was meant to be, and why."""

from __future__ import annotations

from dataclasses import asdict

import click

from shift.commands.common import output_option, print_json, print_wrapped, with_project
from shift.commands.opening import opened
from shift.project import Project

_ADVICE = {
    "rejected": "Rejected: mend it where it comes from or in the models and build again; or send it as it is once "
    "more, with --retry-rejected.",
    "conflict": "Conflict: somebody edited it in the CRM. Decide there, or have `load: on_conflict:` in project.yml "
    "say `theirs` or `ours`.",
    "gone": "Gone: somebody deleted it in the CRM, and it stays deleted.",
    "foreign": "Foreign: it was in the CRM before, and this ledger did not make it. To take it over, load with "
    "--accept foreign_records.",
    "held back": "Held back: it goes with the next load once the record that it needs is in.",
    "kept": "Kept: a deletion or a rollback left it in the CRM, for the reason that is told. Settle that in the CRM, "
    "and the same command takes it away; or delete it there.",
}
# What a load makes good once the reason is gone; the others it leaves as they are.
_TRIED_AGAIN = frozenset(("rejected", "conflict", "foreign", "held back"))


@click.command()
@with_project
@output_option
def command(project: Project, output: str) -> None:
    """List the records that are not in the CRM, or not as they were meant to be, each with the reason.

    These are rejected (refused, in the CRM's words), conflict (somebody edited these fields), gone (somebody deleted
    it), foreign (there, and not by us), held back (what it needs is not in), and kept (left alone by a deletion or a
    rollback).

    \b
    Examples:
      shift-etl rejects
      shift-etl load --retry-rejected
    """
    from shift.database import open_database
    from shift.errors import ShiftError
    from shift.ledger import mirror, reading
    from shift.standing import seen_by_plan, standing

    with reading(project.ledger) as ledger, open_database(None) as connection:
        mirror(ledger, connection)
        found = standing(connection)
    if project.database.exists():
        known = {(one.object, one.key) for one in found}
        try:
            with opened(project, read_only=True) as connection:
                found += [one for one in seen_by_plan(connection) if (one.object, one.key) not in known]
        except ShiftError as error:
            click.echo(f"What the last plan saw in the CRM is left out: {error.message}", err=True)
    if output == "json":
        print_json([asdict(one) for one in found])
        return
    if not found:
        click.echo("Nothing was rejected or held back, and nobody's edit is in the way.")
        return
    for one in found:
        print_wrapped(f"{one.status}  {one.object} {one.key}: {one.message}", first="", then="    ")
    click.echo()
    statuses = {one.status for one in found}
    for status, advice in _ADVICE.items():
        if status in statuses:
            print_wrapped(advice, first="", then="  ")
    if steps := next_steps(statuses):
        click.echo("\nTo go on:")
    for step in steps:
        click.echo(f"  {step}")


def next_steps(statuses: set[str]) -> list[str]:
    """The commands that may bring in what is not in, or take away what was kept."""
    from shift.invocation import command as words

    steps = [words("build"), words("load")] if statuses & _TRIED_AGAIN else []
    if "rejected" in statuses:
        steps.append(words("load", "--retry-rejected"))
    if "kept" in statuses:
        steps += [step for step in (words("load"), words("rollback")) if step not in steps]
    return steps
