"""`purge`: forget a migration."""

from __future__ import annotations

from pathlib import Path

import click

from shift.commands.common import confirm, with_project
from shift.project import Project


@click.command()
@with_project
@click.option("-y", "--yes", is_flag=True, help="Do not ask; for scripts.")
def command(project: Project, yes: bool) -> None:
    """Delete all that is kept of this migration on this machine: state/, with the ledgers, and target/.

    For when the migration is done with. Nothing in the CRM changes; but without its ledger nothing can be rolled back,
    and a later load takes every record that it finds for somebody else's. The exports stay.

    \b
    Example:
      shift-etl purge
    """
    import shutil

    from shift.invocation import command as words

    state, target = project.ledger.parent, project.database.parent
    folders = [folder for folder in (state, target) if folder.is_dir()]
    if not folders:
        click.echo("There is nothing to delete.")
        return
    _refuse_while_written(state)
    for ledger in sorted(state.glob("*.sqlite")):
        click.echo(_told(project, ledger))
    shown = " and ".join(f"{project.shown(folder)}/" for folder in folders)
    if not yes:
        confirm(f"Delete {shown} for good?", doing=f"delete {shown}", again=words("purge", "--yes"))
    for folder in folders:
        shutil.rmtree(folder)
    click.echo(f"Deleted {shown}.")


def _refuse_while_written(state: Path) -> None:
    from shift.errors import LedgerError
    from shift.ledger import holder

    for ledger in state.glob("*.sqlite"):
        if writing := holder(ledger):
            raise LedgerError(
                f"process {writing.pid} writes the ledger", where=str(ledger), hint="Wait until it is done, or end it."
            )


def _told(project: Project, ledger: Path) -> str:
    """What would be forgotten: how much of it is in the CRM still."""
    from contextlib import closing

    from shift.database import open_database
    from shift.ledger import mirror, reading

    with reading(ledger) as book, closing(open_database(None)) as connection:
        assert book is not None, "it was found a moment ago"
        bound = book.workspace()
        mirror(book, connection)
        [(count,)] = connection.execute("select count(*) from ledger.records where id is not null").fetchall()
    if bound is None:
        return f"{project.shown(ledger)} knows of no record: nothing was loaded."
    destination, workspace = bound
    return (
        f"{project.shown(ledger)} knows of {count:,} records in the workspace '{workspace.name}' of {destination}. "
        "Without it they cannot be rolled back."
    )
