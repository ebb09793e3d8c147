"""`audit`: the scope of the migration, before anything moves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from shift.commands.common import output_option, print_json, print_table, with_project
from shift.commands.opening import opened
from shift.project import Project

if TYPE_CHECKING:
    from shift.auditing import Section

_SHOWN_ROWS = 20
_SHOWN_ITEMS = 3


@click.command()
@with_project
@click.option(
    "--propose",
    "proposing",
    is_flag=True,
    help="Write an entry for each new custom field (and activity type) into the file in models/ that is called so.",
)
@output_option
def command(project: Project, proposing: bool, output: str) -> None:
    """Land the exports, and say what is there, what is missing, and what will become of it. This needs no CRM.

    Each section is a model in models/audit/, to be read, changed and added to.

    \b
    Examples:
      shift-etl audit
      shift-etl audit --propose
      shift-etl audit --output json
    """
    from shift.auditing import audit, proposals, propose
    from shift.graph import read_graph
    from shift.invocation import command as words

    graph = read_graph(project)
    with opened(project) as connection:
        sections = audit(graph, connection)
    proposed = proposals(sections)
    if output == "json":
        print_json({section.name: _records(section) for section in sections})
    else:
        for section in sections:
            _print(section)
    for one in proposed:
        if proposing and one.entries:
            propose(project.root / one.file, one.entries, shown_as=one.file)
        if output == "json":
            continue
        if one.entries and proposing:
            click.echo(f"Wrote {len(one.entries)} {one.what} to {one.file}.")
            click.echo(f"Confirm or change each there, then {words('build')}.")
        elif one.entries:
            click.echo(f"{one.what.capitalize()} without an entry: {len(one.entries)}. To have them written to")
            click.echo(f"{one.file}: {words('audit', '--propose')}")
        elif proposing:
            click.echo(f"All {one.what} have an entry already.")


def _records(section: Section) -> list[dict[str, Any]]:
    names = [column.removeprefix("_") for column in section.columns]
    return [dict(zip(names, row, strict=True)) for row in section.rows]


def _print(section: Section) -> None:
    """The section as a table; columns that begin with `_` are for programs."""
    from shift.invocation import command as words

    if not section.rows:
        click.echo(click.wrap_text(f"{section.title}: none.", width=80))
        click.echo()
        return
    click.echo(click.style(click.wrap_text(section.title, width=80), bold=True))
    places = [place for place, column in enumerate(section.columns) if not column.startswith("_")]
    numbers = {place for place in places if all(_is_number(row[place]) for row in section.rows)}
    print_table(
        [_heading(section.columns[place]) for place in places],
        [tuple(_cell(row[place]) for place in places) for row in section.rows[:_SHOWN_ROWS]],
        right=frozenset(_heading(section.columns[place]) for place in numbers),
    )
    if len(section.rows) > _SHOWN_ROWS:
        all_of_them = words("show", section.model, "--limit", str(len(section.rows)))
        click.echo(f"… and {len(section.rows) - _SHOWN_ROWS:,} more: {all_of_them}\n")


def _heading(column: str) -> str:
    return column.replace("_", " ")


def _is_number(value: Any) -> bool:
    return value is None or (isinstance(value, (int, float)) and not isinstance(value, bool))


def _cell(value: Any) -> Any:
    """A value as a person reads it; of a long list the first few items, and how many there are."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, list):
        more = f", … ({len(value):,})" if len(value) > _SHOWN_ITEMS else ""
        return ", ".join(str(item) for item in value[:_SHOWN_ITEMS]) + more
    return value
