"""`lineage`: which column of the exports feeds which field of the CRM, and the other way."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, repeat
from typing import TYPE_CHECKING

import click

from shift.commands.common import output_option, print_json, print_table, print_wrapped, with_project
from shift.project import Project

if TYPE_CHECKING:
    from shift.lineage import Ends, Lineage, TracedColumn

_SOURCE = "source:"
_FEW = 10


@click.command()
@click.argument("what", required=False, metavar="[WHAT]")
@with_project
@click.option("-v", "--verbose", is_flag=True, help="Also what only decides about a value, and the models on the way.")
@output_option
def command(project: Project, what: str | None, verbose: bool, output: str) -> None:
    """Say which columns of the exports feed which field of the CRM. Nothing needs to be built for it.

    WHAT is a model or one column of it, MODEL.COLUMN; without it, every model that goes to the CRM. The other way round
    it is source:TABLE or source:TABLE.COLUMN: where does it end, or why does it stay behind?

    A column feeds a field when its value goes into it. It decides when it only chooses which value or which row: what
    filters and joins look at, and what a condition between two values asks. What decides whether a row is there at all,
    and how many there are, is told once for the whole model, as MODEL.*, and not again at each of its columns. What a
    value was looked up by in a map is told with what feeds it.

    \b
    Examples:
      shift-etl lineage twenty__person
      shift-etl lineage twenty__person.emails
      shift-etl lineage "twenty__person.*"
      shift-etl lineage source:patients.occupation
      shift-etl lineage --output json
    """
    from dataclasses import asdict

    from shift.lineage import trace

    lineage = trace(project)
    if what and what.startswith(_SOURCE):
        ends = _ends(lineage, what.removeprefix(_SOURCE))
        if output == "json":
            print_json([asdict(end) for end in ends])
        else:
            _print_ends(ends, verbose)
        return
    columns = _columns(lineage, what)
    if output == "json":
        print_json([asdict(column) for column in columns])
    elif verbose or (what and "." in what):
        for column in columns:
            _print_whole(column)
    else:
        _print_columns(columns)


def _columns(lineage: Lineage, what: str | None) -> list[TracedColumn]:
    from shift.errors import ConfigurationError
    from shift.lineage.tracing import FURTHER, ROWS
    from shift.strict_yaml import nearest

    if what is None:
        return [column for model in lineage.staging for column in lineage.columns(model)]
    model, _, wanted = what.partition(".")
    if model not in lineage.relations:
        raise ConfigurationError(f"there is no model '{model}'", hint=nearest(model, lineage.relations))
    columns = lineage.columns(model)
    chosen = [column for column in columns if not wanted or column.column.lower() == wanted.lower()]
    if not chosen:
        known = [column.column for column in columns if column.column not in (ROWS, FURTHER)]
        raise ConfigurationError(f"'{wanted}' is no column of {model}", hint=_near(wanted, known, model))
    return chosen


def _ends(lineage: Lineage, wanted: str) -> list[Ends]:
    from shift.errors import ConfigurationError
    from shift.strict_yaml import nearest

    ends = lineage.ends(wanted)
    if ends:
        return ends
    table, _, column = wanted.rpartition(".")
    hint: str | None
    if of_table := lineage.ends(table):
        hint = _near(column, [end.source.rpartition(".")[2] for end in of_table], f"{_SOURCE}{table}")
    else:
        tables = {name for _, name in lineage.graph.project.sources}
        hint = nearest(table.rpartition(".")[2] or wanted, tables)
    raise ConfigurationError(f"'{wanted}' is in no source", hint=hint or f"Known: {', '.join(sorted(tables))}.")


def _near(wanted: str, names: Sequence[str], of: str) -> str:
    """The nearest name, or all where they are few, or how to see them."""
    from shift.invocation import command as words
    from shift.strict_yaml import close, nearest

    near = nearest(wanted, names) if len(names) <= _FEW or close(wanted, names) else None
    return near or f"See its columns: {words('lineage', of)}"


def _print_columns(columns: Sequence[TracedColumn]) -> None:
    """A table for each model; the columns that stay at home, and its rows, are told one by one."""
    for model in dict.fromkeys(column.model for column in columns):
        told = [column for column in columns if column.model == model and column.column != "*"]
        name = told[0].object
        click.echo(click.style(f"{model}: {name}" if name else model, bold=True))
        fields = [column for column in told if not (name and column.column.startswith("_"))]
        print_table(["field", "fed by"], [(column.column, "\n".join(_fed_by(column))) for column in fields])


def _print_whole(column: TracedColumn) -> None:
    click.echo(click.style(f"{column.model}.{column.column}", bold=True))
    _print_part("fed by", _fed_by(column))
    _print_part("decided by", _by_table(column.decides))
    _print_part("by way of", [", ".join(column.through)] if column.through else [])
    if column.column != "*":
        _print_part("its rows", [f"see {column.model}.*"])
    click.echo()


def _print_part(what: str, lines: Iterable[str]) -> None:
    for first, line in zip(chain([what], repeat("")), lines, strict=False):
        print_wrapped(line, first=f"  {first:<12}", then=" " * 16)


def _fed_by(column: TracedColumn) -> Iterator[str]:
    """The columns of a table on a line each; what else there is, behind them."""
    yield from _by_table(column.feeds)
    yield from (f"unknown: {text}" for text in column.unknown)
    yield from (f"setting: {name}" for name in column.settings)
    if column.constants:
        yield f"always {', '.join(column.constants)}"


def _print_ends(ends: Sequence[Ends], verbose: bool) -> None:
    """A table for each table of the source."""
    for table in dict.fromkeys(end.source.rpartition(".")[0] for end in ends):
        click.echo(click.style(table, bold=True))
        columns = [end for end in ends if end.source.rpartition(".")[0] == table]
        rows = [(end.source.rpartition(".")[2], "\n".join(_told(end, verbose)) or "nothing") for end in columns]
        print_table(["column", "ends in"], rows)


def _told(end: Ends, verbose: bool) -> Iterator[str]:
    yield from _by_table([*end.feeds, *end.handover])
    if verbose:
        yield from (f"only decides {line}" for line in _by_table(end.decides))
    elif end.decides and not (end.feeds or end.handover or end.left_out):
        yield f"only decides: {', '.join(dict.fromkeys(name.partition('.')[0] for name in end.decides))}"
    if end.left_out:
        yield f"left out: {end.left_out}"


def _by_table(names: Iterable[str]) -> Iterator[str]:
    """`cliniko.patients: email, phone` for each table or model."""
    tables: dict[str, list[str]] = {}
    for name in names:
        table, _, column = name.rpartition(".")
        tables.setdefault(table, []).append("its rows" if column == "*" else column)
    return (f"{table}: {', '.join(columns)}" for table, columns in tables.items())
