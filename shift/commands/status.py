"""`status`: what the ledger knows; works while a load runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from shift.commands.common import output_option, print_json, print_table, with_project
from shift.project import Project

if TYPE_CHECKING:
    from shift.destination import Workspace
    from shift.ledger import Holder, Ledger

_RUNS_SHOWN = 5


@click.command()
@with_project
@output_option
def command(project: Project, output: str) -> None:
    """Say what was loaded, and whether a load is running: in this terminal or in another.

    Only the ledger is read; the CRM is called where automations that a load stopped wait to be started again, and no
    load is running.

    \b
    Example:
      shift-etl status
    """
    from shift.ledger import holder, reading

    with reading(project.ledger) as ledger:
        writing = holder(project.ledger)
        bound = ledger.workspace() if ledger else None
        status = _status(ledger, *bound, writing) if ledger and bound else {"runs": [], "objects": []}
    if output == "json":
        print_json(status)
    elif bound is None:
        click.echo("Nothing was loaded yet.")
    else:
        _print(status)
    if status.get("paused_automations") and writing is None:
        _resume(project)


def _status(ledger: Ledger, destination: str, workspace: Workspace, writing: Holder | None) -> dict[str, Any]:
    from dataclasses import asdict
    from datetime import UTC, datetime, timedelta

    import msgspec

    runs = ledger.runs()
    last = runs[-1] if runs else None
    return {
        "destination": destination,
        "workspace": asdict(workspace),
        "running": {"process": writing.pid, "since": writing.since} if writing else None,
        "calls_last_minute": ledger.calls_since(datetime.now(UTC) - timedelta(minutes=1)),
        "progress": [
            {"object": object, "done": done, "planned": planned}
            for object, done, planned in (ledger.progress(last.run) if last else [])
        ],
        "open_intents": len(ledger.open_intents()),
        "paused_automations": list(ledger.paused_automations().values()),
        "runs": [msgspec.to_builtins(run) for run in runs],
        "objects": [
            {"object": object, "status": status, "records": records} for object, status, records in ledger.totals()
        ],
    }


def _print(status: dict[str, Any]) -> None:
    from shift.invocation import command as words

    running = status["running"]
    click.echo(f"Workspace '{status['workspace']['name']}' of {status['destination']}.")
    if running:
        click.echo(f"A load is running: process {running['process']}, since {running['since']}.")
        click.echo(f"Calls in the last minute: {status['calls_last_minute']:,}.")
        rows = [(one["object"], f"{one['done']:,}", f"{one['planned']:,}") for one in status["progress"]]
        print_table(["object", "done", "of"], rows, right=frozenset({"done", "of"}))
    else:
        click.echo("No load is running.")
        if status["open_intents"]:
            # A load would make anew what a rollback has deleted.
            go_on = "rollback" if status["runs"][-1]["command"].startswith("rollback") else "load"
            click.echo(f"Of {status['open_intents']:,} writes nobody knows what became. To settle them: {words(go_on)}")
    if status["paused_automations"]:
        click.echo(f"Automations stopped for a load: {', '.join(status['paused_automations'])}.")
    ended = [
        (run["run"], run["command"], run["started_at"][:19], run["status"] or ("running" if running else "killed"))
        for run in status["runs"][-_RUNS_SHOWN:]
    ]
    print_table(["run", "command", "started (UTC)", "ended"], ended)
    objects = [(one["object"], one["status"], f"{one['records']:,}") for one in status["objects"]]
    if objects:
        print_table(["object", "status", "records"], objects, right=frozenset({"records"}))


def _resume(project: Project) -> None:
    """What a load stopped and did not come to start again."""
    from shift.moving import reached
    from shift.pausing import resume

    with reached(project, lambda text: click.echo(text, err=True)) as writer:
        names = resume(writer)
    click.echo(f"Started again: {', '.join(names)}.", err=True)
