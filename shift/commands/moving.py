"""How a plan, the progress of a load, and its result are printed; what `plan`, `load` and `diff` share."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from shift.commands.common import print_table
from shift.destination import FieldDefinition, ObjectDefinition
from shift.loading import LoadResult, Progress
from shift.planning import ACTIONS, Action, Choices, Plan
from shift.provisioning import describe

if TYPE_CHECKING:
    from collections.abc import Mapping

_HEADINGS = {"held_back": "held back"}
_SHOWN = 3


def choices_of(accepted: tuple[str, ...], *, retry_rejected: bool = False) -> Choices:
    """The command line's choices."""
    return Choices(accepted=frozenset(accepted), retry_rejected=retry_rejected)


def print_plan(plan: Plan, accepted: tuple[str, ...]) -> None:
    """The plan as a person reads it: what happens to each object, what is made first, what stands in the way."""
    shown = [action for action in ACTIONS if any(one.counts[action] for one in plan.objects)] or ["create"]
    rows = [(one.object, *(f"{one.counts[action]:,}" for action in shown)) for one in plan.objects]
    headings = [_HEADINGS.get(action, action) for action in shown]
    print_table(["object", *headings], rows, right=frozenset(headings))
    for one in plan.objects:
        for reason in one.reasons[:_SHOWN]:
            word = _HEADINGS.get(reason.action, reason.action)
            click.echo(f"  {one.object}: {reason.rows:,} {word}, {reason.text} ({_some(reason.examples, reason.rows)})")
    _print_schema(plan)
    standing = {finding.name for finding in plan.blocking(accepted)}
    for finding in plan.findings:
        mark, colour = ("blocks", "red") if finding.name in standing else ("note", "yellow")
        told = click.wrap_text(f"{mark}  {finding.name}: {finding.message}", width=80, subsequent_indent="      ")
        click.echo("\n" + told.replace(mark, click.style(mark, fg=colour, bold=True), 1))
        for example in finding.examples[:_SHOWN]:
            click.echo(click.wrap_text(example, width=80, initial_indent="      - ", subsequent_indent="        "))
    click.echo(
        f"\nPlan: {_total(plan, 'create'):,} to create, {_total(plan, 'update'):,} to update, "
        f"{_total(plan, 'unchanged'):,} unchanged; "
        + (f"{plan.calls:,} calls, about {_duration(plan.minutes)}." if plan.calls else "nothing to send.")
    )


def _print_schema(plan: Plan) -> None:
    """What is made in the CRM first: objects a line each, and the fields of each object by name."""
    objects = [change for change in plan.schema if isinstance(change, ObjectDefinition)]
    fields: dict[str, list[str]] = {}
    for change in plan.schema:
        if isinstance(change, FieldDefinition):
            fields.setdefault(change.object, []).append(change.name)
    if plan.schema:
        click.echo("To be made in the CRM first (`--output json` tells more of each):")
    for made in objects:
        click.echo(f"  + object {made.name} ({made.label})")
    for object, names in fields.items():
        text = f"+ {len(names)} fields on {object}: {', '.join(names)}" if len(names) > 1 else f"+ {object}.{names[0]}"
        click.echo(click.wrap_text(text, width=80, initial_indent="  ", subsequent_indent="      "))


def plan_as_json(plan: Plan) -> dict[str, Any]:
    """The plan for programs."""
    return {
        "objects": [
            {
                "object": one.object,
                "model": one.model,
                **one.counts,
                "reasons": [
                    {"action": r.action, "reason": r.text, "rows": r.rows, "examples": list(r.examples)}
                    for r in one.reasons
                ],
            }
            for one in plan.objects
        ],
        "schema": [describe(change) for change in plan.schema],
        "findings": [
            {"name": f.name, "message": f.message, "blocking": f.blocking, "examples": list(f.examples)}
            for f in plan.findings
        ],
        "calls": plan.calls,
        "minutes": round(plan.minutes, 2),
    }


def print_result(result: LoadResult) -> None:
    """What became of each object's rows."""
    statuses = sorted({status for one in result.objects for status in one.counts})
    rows: list[tuple[Any, ...]] = [
        (one.object, *(f"{one.counts.get(status, 0):,}" for status in statuses), f"{one.held_back:,}")
        for one in result.objects
    ]
    headings = [*statuses, "held back"]
    print_table(["object", *headings], rows, right=frozenset(headings))


@contextmanager
def progress_of(totals: Mapping[str, int]) -> Iterator[Callable[[Progress], None]]:
    """A bar on a terminal; elsewhere nothing, since the result says it all."""
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bars

    columns = (TextColumn("{task.description:<14}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Bars(*columns, console=Console(stderr=True)) as bars:
        tasks = {object: bars.add_task(object, total=total) for object, total in totals.items() if total}

        def report(progress: Progress) -> None:
            task = tasks.setdefault(
                progress.object, bars.add_task(progress.object, total=progress.total, visible=False)
            )
            bars.update(task, completed=progress.done, total=progress.total, visible=True)

        yield report


def _total(plan: Plan, action: Action) -> int:
    return sum(one.counts[action] for one in plan.objects)


def _some(examples: tuple[str, ...], rows: int) -> str:
    more = ", …" if rows > _SHOWN else ""
    return ", ".join(examples[:_SHOWN]) + more


def _duration(minutes: float) -> str:
    if minutes < 1:
        return "a minute"
    return f"{minutes:.0f} minutes" if minutes < 90 else f"{minutes / 60:.1f} hours"
