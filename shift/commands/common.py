"""What commands share: the options that name a project, and how results are printed."""

from __future__ import annotations

import functools
import json
import textwrap
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    import duckdb

    from shift.project import Project

Function = TypeVar("Function", bound=Callable[..., Any])

exports_option = click.option(
    "--exports",
    type=click.Path(path_type=Path),
    help="Where the exports lie, in place of the folder that project.yml names.",
)
select_option = click.option(
    "-s", "--select", multiple=True, help="A model, test, folder, tag:NAME or source:NAME; + before or after for kin."
)
exclude_option = click.option("--exclude", multiple=True, help="What to leave out, in the same words.")
accept_option = click.option(
    "--accept",
    "accepted",
    multiple=True,
    metavar="FINDING",
    help="Let this blocking finding pass; `all` for every one.",
)
sample_option = click.option(
    "--sample",
    type=click.IntRange(min=1),
    metavar="N",
    help="Only so many patients, with all that hangs on them: chosen so that every kind of thing is seen.",
)
output_option = click.option(
    "--output", type=click.Choice(["text", "json"]), default="text", show_default=True, help="How to print."
)


def with_project(function: Function) -> Function:
    """Add --project-dir, --to and --vars, and hand the project over as ``project``."""

    @click.option(
        "--project-dir",
        type=click.Path(path_type=Path),
        default=Path(),
        metavar="DIR",
        help="The project's folder, if it is not this one.",
    )
    @click.option("--to", metavar="NAME", help="The destination, in place of the one that project.yml names.")
    @click.option("--vars", "variables", metavar="YAML", help="Settings over those of project.yml: '{country: NZ}'.")
    @functools.wraps(function)
    def wrapped(project_dir: Path, to: str | None, variables: str | None, **options: Any) -> Any:
        from shift import invocation
        from shift.project import open_project

        invocation.carry(project_dir=None if project_dir == Path() else str(project_dir), to=to, vars=variables)
        project = open_project(
            project_dir, to=to, variables=_variables(variables), exports=options.pop("exports", None)
        )
        _tell_of_stopped_automations(project)
        return function(project=project, **options)

    return wrapped  # type: ignore[return-value]  # the decorated function has other parameters than it was given


def _tell_of_stopped_automations(project: Project) -> None:
    """The clinic's own CRM does less than it should for as long as a load keeps them from acting."""
    if not project.ledger.exists():
        return
    from shift.invocation import command
    from shift.ledger import reading

    with reading(project.ledger) as ledger:
        names = ledger.paused_automations().values() if ledger else ()
    if names:
        told = f"Automations of the CRM are stopped for a load: {', '.join(names)}."
        click.echo(f"{told} Once it has ended, they start again with: {command('status')}", err=True)


def _variables(text: str | None) -> dict[str, Any]:
    if not text:
        return {}
    import yaml

    try:
        value = yaml.safe_load(text)
    except yaml.YAMLError:
        value = None
    if not isinstance(value, dict):
        raise click.BadParameter("give a map, as in '{country: NZ}'", param_hint="--vars")
    return value


def print_json(value: Any) -> None:
    """Print a result for programs: one JSON document."""
    click.echo(json.dumps(value, indent=2, ensure_ascii=False, default=str))


def print_wrapped(text: str, *, first: str = "  ", then: str = "      ") -> None:
    """Print a line of prose, broken at 80 columns."""
    click.echo(wrapped(text, first=first, then=then))


def wrapped(text: str, *, first: str = "", then: str = "") -> str:
    """Prose broken at 80 columns, between words only: the name of a file stays whole."""
    return textwrap.fill(
        text, 80, initial_indent=first, subsequent_indent=then, break_long_words=False, break_on_hyphens=False
    )


def print_table(columns: list[str], rows: list[tuple[Any, ...]], *, right: frozenset[str] = frozenset()) -> None:
    """Print rows under their headings, as wide as the terminal allows; ``right`` columns are numbers."""
    from rich import box
    from rich.console import Console
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for column in columns:
        table.add_column(column, justify="right" if column in right else "left", overflow="fold")
    for row in rows:
        table.add_row(*("" if value is None else str(value) for value in row))
    Console(highlight=False, markup=False).print(table)


def opened(project: Project, *, read_only: bool = False) -> AbstractContextManager[duckdb.DuckDBPyConnection]:
    """The project's DuckDB file, as a context manager that closes it."""
    from contextlib import closing

    from shift.database import open_database

    return closing(open_database(project.database, settings=project.file.duckdb, read_only=read_only))
