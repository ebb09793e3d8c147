"""`plan`: what a load would do, and what stands in its way."""

from __future__ import annotations

import sys

import click

from shift.commands.common import accept_option, opened, output_option, print_json, with_project
from shift.project import Project


@click.command()
@with_project
@click.option("--no-pull", is_flag=True, help="Do not ask the CRM: plan over what the last pull found.")
@click.option("--retry-rejected", is_flag=True, help="Count what the CRM refused before as to be tried again.")
@accept_option
@output_option
def command(project: Project, no_pull: bool, retry_rejected: bool, accepted: tuple[str, ...], output: str) -> None:
    """Say what a load would create, update and leave alone, object by object. Nothing is written.

    Exits with 1 while a blocking finding stands.

    \b
    Examples:
      shift-etl plan
      shift-etl plan --output json
    """
    from contextlib import ExitStack

    from shift.commands.moving import choices_of, plan_as_json, print_plan
    from shift.connecting import connected
    from shift.graph import read_graph
    from shift.ledger import reading
    from shift.moving import prepare

    graph = read_graph(project)
    choices = choices_of(accepted, retry_rejected=retry_rejected)
    with ExitStack() as stack:
        destination = None if no_pull else stack.enter_context(connected(project))
        if destination is not None:
            destination.workspace()
        ledger = stack.enter_context(reading(project.ledger))
        connection = stack.enter_context(opened(project))
        plan = prepare(graph, connection, destination, ledger, choices).plan
    if output == "json":
        print_json(plan_as_json(plan))
    else:
        print_plan(plan, accepted)
    if plan.blocking(accepted):
        sys.exit(1)
