"""`load`: the plan, carried out."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from shift.commands.common import accept_option, aside, confirm, output_option, print_json, sample_option, with_project
from shift.commands.opening import opened
from shift.project import Project

if TYPE_CHECKING:
    from shift.planning import Plan
    from shift.saved_plan import SavedPlan


@click.command()
@with_project
@click.argument("file", required=False, type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("-y", "--yes", is_flag=True, help="Do not ask; for scripts.")
@sample_option
@click.option("--no-pull", is_flag=True, help="Do not ask the CRM what it holds: plan over what the last pull found.")
@click.option("--retry-rejected", is_flag=True, help="Send what the CRM refused before once more.")
@accept_option
@output_option
def command(
    project: Project,
    file: Path | None,
    yes: bool,
    sample: int | None,
    no_pull: bool,
    retry_rejected: bool,
    accepted: tuple[str, ...],
    output: str,
) -> None:
    """Show the plan, ask, and write to the CRM. Every step is in the ledger before and after it.

    With FILE, a plan that `plan --out FILE` saved is carried out, if it is still true, and nothing is asked: all that
    was chosen when it was made counts.

    A load that was interrupted, at any point and by whatever, goes on where it stopped when it is called again.
    Exits with 3 where the load ended and some records are not in, or not as they were meant to be: rejected, held back,
    edited or deleted by somebody, or not ours; also where that was so before, and nothing was sent. Exits with 1
    where the reconciliation does not hold.

    \b
    Examples:
      shift-etl load --sample 200
      shift-etl load --yes --accept deleted_in_crm
      shift-etl load plan.json
    """
    from shift import saved_plan
    from shift.commands.moving import choices_of, plan_as_json, print_plan, print_result, progress_of, result_as_json
    from shift.commands.reconciliation import broken, print_promises, promises_as_json
    from shift.errors import Again
    from shift.graph import read_graph
    from shift.invocation import command as words
    from shift.moving import carry_out, conclude, prepare, writing_session
    from shift.planning import require_clear
    from shift.standing import count_planned

    saved = _read(file, given=bool(sample or no_pull or retry_rejected or accepted))
    graph = read_graph(project)
    choices = saved.choices if saved else choices_of(accepted, retry_rejected=retry_rejected, sample=sample)
    part = [] if choices.sample is None else ["--sample", str(choices.sample)]
    go_on = words("load", *([str(file)] if file else part))
    text = output == "text"
    with writing_session(graph, aside) as session:
        with opened(project) as connection:
            destination = None if no_pull else session.destination
            prepared = prepare(graph, connection, destination, session.ledger, choices, aside)
            if saved:
                bound = session.ledger.workspace()
                assert bound is not None, "who writes a ledger knows whose it is"
                _, workspace = bound
                now = saved_plan.taken(connection, project, workspace, session.ledger, prepared, choices)
                saved_plan.require_same(connection, saved, now)
        if text:
            print_plan(prepared.plan, choices.accepted, prepared.sample)
        require_clear(prepared.plan, choices.accepted)
        if (prepared.plan.writes or prepared.plan.schema) and not (yes or saved):
            _ask(prepared.plan, text)
        try:
            with progress_of(prepared.plan) as report:
                result = carry_out(session, prepared, choices, report)
        except KeyboardInterrupt:
            click.echo(f"\nInterrupted; all that was sent is noted. Go on with: {go_on}", err=True)
            sys.exit(130)
        except Again as error:
            error.hint = f"All that was sent is noted. Go on later with: {go_on}"
            raise
        told = prepared.plan.writes > 0 or not result.complete
        if text and told:
            click.echo()
            print_result(result)
        with opened(project) as connection:
            conclusion = conclude(session, connection, wrote=told, sampled=choices.sample is not None)
            stuck = count_planned(connection)
    complete = result.complete and not stuck
    if text:
        print_promises(conclusion.promises)
        for path in conclusion.files:
            click.echo(f"To hand over: {project.shown(path)}")
        if not complete:
            click.echo("\nSome records are not in, or not as they were meant to be. See them:")
            click.echo(f"  {words('rejects')}")
        click.echo(f"\nCheck it field by field:\n  {words('diff', *part)}")
    else:
        print_json(
            {
                "plan": plan_as_json(prepared.plan, prepared.sample),
                **result_as_json(result, complete=complete),
                "tests": promises_as_json(conclusion.promises),
                "handover": [project.shown(path) for path in conclusion.files],
            }
        )
    sys.exit(1 if broken(conclusion.promises) else 0 if complete else 3)


def _read(file: Path | None, *, given: bool) -> SavedPlan | None:
    from shift import saved_plan

    if file is None:
        return None
    if given:
        raise click.UsageError(
            "A saved plan says itself what was chosen: give no other option than --yes and --output."
        )
    return saved_plan.read(file)


def _ask(plan: Plan, text: bool) -> None:
    from shift.invocation import command as words
    from shift.wording import counted

    question = f"\nWrite this to the CRM ({counted(plan.writes, 'record')})?"
    confirm(question, doing="write this to the CRM", again=words("load", "--yes"), asked=text)
