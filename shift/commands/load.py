"""`load`: the plan, carried out."""

from __future__ import annotations

import sys

import click

from shift.commands.common import accept_option, opened, with_project
from shift.project import Project


@click.command()
@with_project
@click.option("-y", "--yes", is_flag=True, help="Do not ask; for scripts.")
@click.option("--retry-rejected", is_flag=True, help="Send what the CRM refused before once more.")
@accept_option
def command(project: Project, yes: bool, retry_rejected: bool, accepted: tuple[str, ...]) -> None:
    """Show the plan, ask, and write to the CRM. Every step is in the ledger before and after it.

    A load that was interrupted, at any point and by whatever, goes on where it stopped when it is called again.
    Exits with 3 where the load ended and some records were rejected or held back.

    \b
    Examples:
      shift-etl load
      shift-etl load --yes --accept deleted_in_crm
    """
    from shift.commands.moving import choices_of, print_plan, print_result, progress_of
    from shift.errors import Again
    from shift.graph import read_graph
    from shift.invocation import command as words
    from shift.moving import DATA_MODEL, carry_out, prepare, writing_session
    from shift.planning import require_clear

    graph = read_graph(project)
    choices = choices_of(accepted, retry_rejected=retry_rejected)
    with opened(project) as connection, writing_session(graph, connection, _say) as session:
        prepared = prepare(graph, connection, session.destination, session.ledger, choices)
        print_plan(prepared.plan, accepted)
        require_clear(prepared.plan, accepted)
        if prepared.plan.writes and not yes:
            click.confirm("\nWrite this to the CRM?", abort=True)
        totals = {DATA_MODEL: len(prepared.plan.schema)}
        totals |= {one.object: one.counts["create"] + one.counts["update"] for one in prepared.plan.objects}
        try:
            with progress_of(totals) as report:
                result = carry_out(session, prepared, choices, report)
        except KeyboardInterrupt:
            click.echo(f"\nInterrupted; all that was sent is noted. Go on with: {words('load')}", err=True)
            sys.exit(130)
        except Again as error:
            error.hint = f"All that was sent is noted. Go on later with: {words('load')}"
            raise
    if prepared.plan.writes or not result.complete:
        click.echo()
        print_result(result)
    if not result.complete:
        click.echo(f"\nSome records are not in. See them: {words('rejects')}")
    click.echo(f"\nCheck it field by field:\n  {words('diff')}")
    sys.exit(result.exit_code)


def _say(text: str) -> None:
    """A long wait is told of, beside the results."""
    click.echo(text, err=True)
