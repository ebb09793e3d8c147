"""What commands share: the options that name a project, how results are printed, and how a person is asked."""

from __future__ import annotations

import functools
import json
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from shift.project import Project

Function = TypeVar("Function", bound=Callable[..., Any])

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
    """Add --project-dir, --to, --vars and --exports, and hand the project over as ``project``."""

    @click.option(
        "--project-dir",
        type=click.Path(path_type=Path),
        default=Path(),
        metavar="DIR",
        help="The project's folder, if it is not this one.",
    )
    @click.option("--to", metavar="NAME", help="The destination, in place of the one that project.yml names.")
    @click.option("--vars", "variables", metavar="YAML", help="Settings over those of project.yml: '{country: NZ}'.")
    @click.option(
        "--exports",
        type=click.Path(path_type=Path, exists=True, file_okay=False),
        metavar="DIR",
        help="Where the exports lie, in place of the folder that project.yml names.",
    )
    @functools.wraps(function)
    def wrapped(project_dir: Path, to: str | None, variables: str | None, exports: Path | None, **options: Any) -> Any:
        from shift import invocation
        from shift.project import open_project

        elsewhere = project_dir if project_dir != Path() else None
        invocation.carry(project_dir=elsewhere, to=to, vars=variables, exports=exports)
        project = open_project(project_dir, to=to, variables=_variables(variables), exports=exports)
        _tell_of_stopped_automations(project)
        return function(project=project, **options)

    return wrapped  # type: ignore[return-value]  # the decorated function has other parameters than it was given


def with_selection(function: Function) -> Function:
    """As ``with_project``, with --select and --exclude: hands over the ``graph`` and the ``selection`` of it."""

    @with_project
    @click.option(
        "-s", "--select", multiple=True, help="A model, test, folder, tag:NAME, source:NAME; + before or after for kin."
    )
    @click.option("--exclude", multiple=True, help="What to leave out, in the same words.")
    @functools.wraps(function)
    def wrapped(project: Project, select: tuple[str, ...], exclude: tuple[str, ...], **options: Any) -> Any:
        from shift import graph

        read = graph.read_graph(project)
        return function(graph=read, selection=graph.select(read, select, exclude), **options)

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
        aside(f"{told} Once it has ended, they start again with: {command('status')}")


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


def aside(text: str) -> None:
    """Tell of what takes long, or is odd, beside the results: on standard error."""
    click.echo(text, err=True)


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


def confirm(question: str, *, doing: str, again: str, asked: bool = True) -> None:
    """Ask, where somebody is there to answer: on a terminal, and not ``asked`` where results are for programs.

    Raises ConfigurationError where nobody is: ``again`` is the command that asks nothing.
    """
    from shift.errors import ConfigurationError

    if not asked or not sys.stdin.isatty():
        raise ConfigurationError(f"nobody can be asked here whether to {doing}", hint=f"To do it: {again}")
    click.confirm(question, abort=True)
