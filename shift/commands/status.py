"""`status`: what the ledger knows; works while a load runs."""

from __future__ import annotations

from typing import Any

import click

from shift.commands.common import output_option, print_json, print_table, with_project
from shift.project import Project


@click.command()
@with_project
@output_option
def command(project: Project, output: str) -> None:
    """Say what was loaded, and whether a load is running: in this terminal or in another.

    \b
    Example:
      shift-etl status
    """
    from shift.database import open_database
    from shift.ledger import holder, mirror, reading

    with reading(project.ledger) as ledger:
        if ledger is None:
            print_json({"runs": [], "objects": []}) if output == "json" else click.echo("Nothing was loaded yet.")
            return
        destination, workspace = ledger.workspace()
        runs = ledger.runs()
        with open_database(None) as connection:
            mirror(ledger, connection)
            objects = connection.execute(_OBJECTS).fetchall()
    writing = holder(project.ledger)
    if output == "json":
        value: dict[str, Any] = {
            "destination": destination,
            "workspace": {"id": workspace.id, "name": workspace.name},
            "running": {"process": writing.pid, "since": writing.since} if writing else None,
            "runs": [
                {
                    "run": one.run,
                    "command": one.command,
                    "started_at": one.started_at,
                    "ended_at": one.ended_at,
                    "status": one.status,
                    "message": one.message,
                }
                for one in runs
            ],
            "objects": [
                {"object": object, "status": status, "records": records} for object, status, records in objects
            ],
        }
        print_json(value)
        return
    click.echo(f"Workspace '{workspace.name}' of {destination}.")
    click.echo(
        f"A load is running: process {writing.pid}, since {writing.since}." if writing else "No load is running."
    )
    ended = [
        (one.run, one.command, one.started_at[:19], one.status or ("running" if writing else "killed"))
        for one in runs[-5:]
    ]
    print_table(["run", "command", "started (UTC)", "ended"], ended)
    print_table(
        ["object", "status", "records"], [(o, s, f"{n:,}") for o, s, n in objects], right=frozenset({"records"})
    )


_OBJECTS = "select object, status, count(*) from ledger.records group by object, status order by object, status"
