"""`owners`: who takes over from each practitioner."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from shift.commands.common import output_option, print_json, print_table, with_project
from shift.commands.opening import reading_all
from shift.project import Project

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shift.owning import Owner


@click.command()
@with_project
@click.option("--no-pull", is_flag=True, help="Do not ask the CRM: take the members that the last pull found.")
@output_option
def command(project: Project, no_pull: bool, output: str) -> None:
    """Say who takes over from each practitioner, how they were found, and how many records hang on it.

    The setting `owners` goes first, then the e-mail address, then `fallback_owner`. Who was invited to the CRM and has
    not accepted yet is missing. A load waits while somebody with records is.

    \b
    Examples:
      shift-etl owners
      shift-etl owners --no-pull --output json
    """
    from dataclasses import asdict

    from shift.graph import read_graph
    from shift.moving import refresh
    from shift.owning import owners

    graph = read_graph(project)
    with reading_all(project, pull=not no_pull) as there:
        refresh(graph, there.connection, there.destination, there.ledger)
        found = owners(graph, there.connection)
    if output == "json":
        print_json([asdict(owner) for owner in found])
    else:
        _print(found)


def _print(found: Sequence[Owner]) -> None:
    from shift.owning import MISSING

    rows = [
        (
            owner.name or owner.practitioner_id,
            owner.member_name or owner.member_email or f"nobody ({owner.email or 'no e-mail'})",
            owner.found_by,
            f"{owner.records:,}",
        )
        for owner in found
    ]
    print_table(["practitioner", "taken over by", "found by", "records"], rows, right=frozenset({"records"}))
    missing = sum(owner.found_by == MISSING and owner.records > 0 for owner in found)
    if missing:
        click.echo(f"Practitioners with records whom nobody takes over from: {missing}.")
        click.echo("Invite them, name another in `owners`, or set `fallback_owner` in project.yml.")
