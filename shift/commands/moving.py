"""How a plan, the progress of a load, and its result are printed; what `plan`, `load` and `diff` share."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import asdict
from typing import Any

import click

from shift.commands.common import print_table, print_wrapped, wrapped
from shift.destination import AddedOptions, FieldDefinition, ObjectDefinition, SchemaChange
from shift.ledger import DATA_MODEL
from shift.loading import LoadResult, ObjectResult, Progress
from shift.owning import MISSING
from shift.planning import ACTIONS, Action, Choices, ObjectPlan, Plan
from shift.provisioning import BY_HAND, describe
from shift.sampling import Sample
from shift.wording import counted

_HEADINGS = {"held_back": "held back"}
_SHOWN = 3


def choices_of(accepted: Collection[str], *, retry_rejected: bool = False, sample: int | None = None) -> Choices:
    """The command line's choices."""
    return Choices(accepted=frozenset(accepted), retry_rejected=retry_rejected, sample=sample)


def print_plan(plan: Plan, accepted: Collection[str], sample: Sample | None = None) -> None:
    """The plan as a person reads it: what happens to each object, what is made first, what stands in the way."""
    if sample:
        print_wrapped(f"A sample around {sample.chosen:,} of {sample.object}.{_unseen(sample)}", first="")
    shown = [action for action in ACTIONS if any(one.counts[action] for one in plan.objects)] or ["create"]
    named = _titles(plan.objects)
    rows = [(named[one.model], *(f"{one.counts[action]:,}" for action in shown)) for one in plan.objects]
    headings = [_HEADINGS.get(action, action) for action in shown]
    print_table(["object", *headings], rows, right=frozenset(headings))
    for one in plan.objects:
        for reason in one.reasons[:_SHOWN]:
            word = _HEADINGS.get(reason.action, reason.action)
            examples = _some(reason.examples, reason.rows)
            print_wrapped(f"{named[one.model]}: {reason.rows:,} {word}, {reason.text} ({examples})")
    for loss in plan.losses:
        examples = _some(loss.examples, loss.rows)
        print_wrapped(f"{loss.object}.{loss.field}: {loss.rows:,} {loss.what} ({examples})")
    if plan.schema and not any(finding.name == BY_HAND for finding in plan.findings):
        click.echo("To be made in the CRM first (`--output json` tells more of each):")
        print_schema(plan.schema, "+")
    _print_owners(plan)
    _print_findings(plan, {finding.name for finding in plan.blocking(accepted)})
    click.echo()
    print_wrapped(f"Plan: {_summary(plan)}", first="")
    if plan.calls:
        _print_costs(plan)


def _print_findings(plan: Plan, standing: Collection[str]) -> None:
    """What blocks, then what is good to know. What a person is to make by hand is told whole."""
    for finding in sorted(plan.findings, key=lambda finding: finding.name not in standing):
        mark, colour = ("blocks", "red") if finding.name in standing else ("note", "yellow")
        told = wrapped(f"{mark}  {finding.name}: {finding.message}", then="      ")
        click.echo("\n" + told.replace(mark, click.style(mark, fg=colour, bold=True), 1))
        for example in finding.examples if finding.name == BY_HAND else finding.examples[:_SHOWN]:
            print_wrapped(example, first="      - ", then="        ")


def _summary(plan: Plan) -> str:
    """All that the plan would do, and all that it cannot, in one sentence."""
    words: dict[Action, str] = {"create": "to create", "update": "to update", "adopt": "to adopt"}
    words |= {"delete": "to delete", "unchanged": "unchanged", "held_back": "held back", "blocked": "blocked"}
    always = ("create", "update", "unchanged")
    counts = [
        f"{count:,} {word}" for action, word in words.items() if (count := _total(plan, action)) or action in always
    ]
    sent = f"{counted(plan.calls, 'call')}, about {_duration(plan.minutes)}" if plan.calls else "no record to send"
    made = f"; {counted(len(plan.schema), 'change')} of the data model first" if plan.schema else ""
    nothing = not (plan.calls or plan.schema)
    return f"{', '.join(counts)}; {'nothing to send' if nothing else sent}{made}."


def print_schema(changes: Sequence[SchemaChange], sign: str) -> None:
    """Changes of the data model: objects a line each, the fields of each object by name, and choices."""
    fields: dict[str, list[str]] = {}
    for change in changes:
        if isinstance(change, FieldDefinition):
            fields.setdefault(change.object, []).append(change.name)
        elif isinstance(change, ObjectDefinition):
            print_wrapped(f"{sign} {describe(change)}")
    for object, names in fields.items():
        one = f"{object}.{names[0]}"
        several = f"{len(names)} fields on {object}: {', '.join(names)}"
        print_wrapped(f"{sign} {several if len(names) > 1 else one}")
    for change in changes:
        if isinstance(change, AddedOptions):
            print_wrapped(f"{sign} {describe(change)}")


def _print_owners(plan: Plan) -> None:
    """How practitioners found who takes over from them, by the number of each way."""
    ways = Counter(owner.found_by for owner in plan.owners)
    if ways:
        told = ", ".join(f"{count} by {way}" if way != MISSING else f"{count} missing" for way, count in ways.items())
        print_wrapped(f"Who takes over from {len(plan.owners)} practitioners: {told}.", first="", then="  ")


def _print_costs(plan: Plan) -> None:
    """What other settings would cost, where a person would notice; a line for each setting."""
    here = _cost(plan.calls, plan.minutes)
    others: dict[str, list[str]] = {}
    for cost in plan.costs:
        told = _cost(cost.calls, cost.minutes)
        if told != here:
            others.setdefault(cost.setting, []).append(f"{cost.value}: {told}")
    for setting, told_of in others.items():
        print_wrapped(f"with {setting} {'; '.join(told_of)}")
    print_wrapped(f"to read all of it back: {plan.read_back:,} calls")


def _cost(calls: int, minutes: float) -> str:
    return f"{calls:,} calls, {_duration(minutes)}"


def _unseen(sample: Sample) -> str:
    if not sample.unseen:
        return " Every kind of thing is seen in it."
    unseen = len(sample.unseen)
    kinds = "kinds" if unseen > 1 else "kind"
    return f" More would be needed to see {unseen:,} {kinds} of thing: {_some(sample.unseen, unseen)}."


def plan_as_json(plan: Plan, sample: Sample | None = None) -> dict[str, Any]:
    """The plan for programs."""
    return {
        "sample": {"object": sample.object, "chosen": sample.chosen, "unseen": list(sample.unseen)} if sample else None,
        "objects": [
            {
                "object": one.object,
                "model": one.model,
                **one.counts,
                "calls": one.calls,
                "uploads": one.uploads,
                "freed": one.freed,
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
        "owners": [asdict(owner) for owner in plan.owners],
        "losses": [asdict(loss) for loss in plan.losses],
        "calls": plan.calls,
        "minutes": round(plan.minutes, 2),
        "read_back": plan.read_back,
        "costs": [asdict(cost) for cost in plan.costs],
    }


def print_result(result: LoadResult) -> None:
    """What became of the rows of each model that the load touched."""
    touched = [one for one in result.objects if one.held_back or any(one.counts.values())]
    if not touched:
        return
    named = _titles(result.objects)
    statuses = sorted({status for one in touched for status in one.counts})
    rows: list[tuple[Any, ...]] = [
        (named[one.model], *(f"{one.counts.get(status, 0):,}" for status in statuses), f"{one.held_back:,}")
        for one in touched
    ]
    headings = [*statuses, "held back"]
    print_table(["object", *headings], rows, right=frozenset(headings))


def result_as_json(result: LoadResult, *, complete: bool) -> dict[str, Any]:
    """What a load did, for programs; ``complete`` also speaks of what stood in the way before."""
    return {
        "objects": [
            {"object": one.object, "model": one.model, **one.counts, "held_back": one.held_back}
            for one in result.objects
        ],
        "complete": complete,
    }


def progress_of(plan: Plan) -> AbstractContextManager[Callable[[Progress], None]]:
    """Bars for a load: one for the data model, and one for each object."""
    return progress_over({DATA_MODEL: len(plan.schema), **plan.rows_to_write})


@contextmanager
def progress_over(totals: Mapping[str, int]) -> Iterator[Callable[[Progress], None]]:
    """A bar for each of these on a terminal; elsewhere nothing, since the result says it all."""
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
            if progress.object not in tasks:
                tasks[progress.object] = bars.add_task(progress.object, total=progress.total)
            bars.update(tasks[progress.object], completed=progress.done)

        yield report


def _titles(objects: Sequence[ObjectPlan | ObjectResult]) -> dict[str, str]:
    """What tables call each model's rows: their object, and the model too where another writes that object."""
    several = Counter(one.object for one in objects)
    names = {one.model: one.model.rpartition("__")[2] for one in objects}
    return {
        one.model: one.object
        if names[one.model] == one.object or several[one.object] == 1
        else f"{one.object} ({names[one.model]})"
        for one in objects
    }


def _total(plan: Plan, action: Action) -> int:
    return sum(one.counts[action] for one in plan.objects)


def _some(examples: tuple[str, ...], rows: int) -> str:
    more = ", …" if rows > _SHOWN else ""
    return ", ".join(examples[:_SHOWN]) + more


def _duration(minutes: float) -> str:
    if minutes < 1.5:
        return "a minute"
    return f"{minutes:.0f} minutes" if minutes < 90 else f"{minutes / 60:.1f} hours"
