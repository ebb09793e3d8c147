"""`plan`: what a load would do, and what stands in its way."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from shift.commands.common import accept_option, aside, output_option, print_json, sample_option, with_project
from shift.commands.opening import reading_all
from shift.project import Project


@click.command()
@with_project
@sample_option
@click.option("--no-pull", is_flag=True, help="Do not ask the CRM: plan over what the last pull found.")
@click.option("--retry-rejected", is_flag=True, help="Count what the CRM refused before as to be tried again.")
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Save the plan, for `load FILE` to carry out if nothing has changed by then. It holds no record.",
)
@accept_option
@output_option
def command(
    project: Project,
    sample: int | None,
    no_pull: bool,
    retry_rejected: bool,
    out: Path | None,
    accepted: tuple[str, ...],
    output: str,
) -> None:
    """Say what a load would create, update and leave alone, object by object. Nothing is written to the CRM.

    Exits with 1 while a blocking finding stands.

    \b
    Examples:
      shift-etl plan --sample 200
      shift-etl plan --output json
      shift-etl plan --out plan.json
    """
    from shift import saved_plan
    from shift.commands.moving import choices_of, plan_as_json, print_plan
    from shift.errors import Again
    from shift.graph import read_graph
    from shift.invocation import command as words
    from shift.moving import prepare

    if out and no_pull:
        raise click.UsageError("A plan that is saved must know what the CRM holds: leave out --no-pull.")
    graph = read_graph(project)
    choices = choices_of(accepted, retry_rejected=retry_rejected, sample=sample)
    try:
        with reading_all(project, pull=not no_pull) as there:
            prepared = prepare(graph, there.connection, there.destination, there.ledger, choices, say=aside)
            if out and there.workspace:
                made_of = saved_plan.taken(there.connection, project, there.workspace, there.ledger, prepared, choices)
                saved_plan.write(out, made_of)
    except Again as error:
        error.hint = f"To plan without the CRM, over what the last pull found: {words('plan', '--no-pull')}"
        raise
    plan = prepared.plan
    if output == "json":
        print_json(plan_as_json(plan, prepared.sample))
    else:
        print_plan(plan, choices.accepted, prepared.sample)
        if out:
            click.echo(f"\nSaved. Carry it out: {words('load', str(out))}")
    if plan.blocking(accepted):
        sys.exit(1)
