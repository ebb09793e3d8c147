"""`rejects`: what the CRM refused, and what waits for it."""

from __future__ import annotations

import click

from shift.commands.common import output_option, print_json, with_project
from shift.project import Project


@click.command()
@with_project
@output_option
def command(project: Project, output: str) -> None:
    """List the records that the CRM refused, in its words, and those held back because of them.

    \b
    Examples:
      shift-etl rejects
      shift-etl load --retry-rejected
    """
    from shift.database import open_database
    from shift.invocation import command as words
    from shift.ledger import mirror, reading

    with reading(project.ledger) as ledger, open_database(None) as connection:
        mirror(ledger, connection)
        rows = connection.execute(_ROWS).fetchall()
    if output == "json":
        names = ("object", "key", "status", "message")
        print_json([dict(zip(names, row, strict=True)) for row in rows])
        return
    for object, key, status, message in rows:
        click.echo(f"{object} {key}  {status}: {message}")
    if not rows:
        click.echo("Nothing was rejected or held back.")
        return
    click.echo(f"\nMend them in Cliniko or in the models, then `{words('build')}` and `{words('load')}`;")
    click.echo(f"to send them as they are once more: {words('load', '--retry-rejected')}")


_ROWS = """
with held as (
    select
        object,
        key,
        reason,
    from ledger.held_back
    where run = (select max(run) from ledger.runs where command = 'load')
)
select object, key, 'rejected' as status, message from ledger.rejects
union all
select object, key, 'held back', reason from held
order by 1, 3 desc, 2
"""
