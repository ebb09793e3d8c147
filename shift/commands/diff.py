"""`diff`: the CRM, read back and compared with what was meant."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from shift.commands.common import output_option, print_json, print_table, print_wrapped, sample_option, with_project
from shift.commands.opening import reading_all
from shift.project import Project

if TYPE_CHECKING:
    import duckdb

    from shift.reconciling import Promise

_BECAUSE = {
    "not_sent": "the row has changed since it was written",
    "conflict": "somebody edited it in the CRM, and a load left it for you to decide",
    "edited": "somebody edited it in the CRM since",
}


@click.command()
@with_project
@sample_option
@click.option("--run", "number", type=click.IntRange(min=1), metavar="RUN", help="Only what this run wrote.")
@click.option("--object", "object", metavar="NAME", help="Only this object of the CRM.")
@click.option("-v", "--verbose", is_flag=True, help="Tell every field, those that are all equal too.")
@output_option
def command(
    project: Project, sample: int | None, number: int | None, object: str | None, verbose: bool, output: str
) -> None:
    """Read every record that was loaded back from the CRM, compare each field with what was meant, and reconcile.

    Prints equal, differing and missing for each object and field, and what counts as equal though the CRM writes it
    otherwise, by which rule. The tests of the reconciliation run where all is read, or a sample. Exits with 1 where
    something differs, is missing, or does not add up.

    \b
    Examples:
      shift-etl diff --sample 200
      shift-etl diff --object invoice
    """
    from shift.commands.moving import progress_over
    from shift.commands.reconciliation import broken, print_promises, promises_as_json
    from shift.comparing import Scope
    from shift.graph import read_graph
    from shift.moving import note_look, read_back
    from shift.reconciling import reconcile

    graph = read_graph(project)
    scope = Scope(object=object, run=number, sample=sample)
    promises: list[Promise] = []
    with reading_all(project) as there:
        assert there.destination and there.workspace, "they were asked for"
        with progress_over({}) as report:
            read_back(graph, there.connection, there.destination, there.ledger, scope=scope, on_progress=report)
        found = _found(there.connection)
        if scope.whole:
            promises = reconcile(graph, there.connection)
    if output == "json":
        print_json({**found, "tests": promises_as_json(promises)})
    elif not found["objects"]:
        click.echo("Nothing of this was loaded yet.")
    else:
        _print(found, verbose)
        print_promises(promises)
        if not scope.whole:
            click.echo("\nThe reconciliation was left out: it speaks of all records, or of a sample.")
    if scope.whole and found["objects"] and not note_look(graph, there.workspace):
        click.echo("A load is running, so it is not noted that you looked at this.", err=True)
    sys.exit(1 if found["differences"] or broken(promises) else 0)


def _found(connection: duckdb.DuckDBPyConnection) -> dict[str, Any]:
    """What `readback` tells, as it is printed for programs."""
    from shift.database import records

    return {
        "objects": records(connection, _OBJECTS),
        "fields": records(connection, "select * from readback.fields order by object, field"),
        "differences": records(connection, _DIFFERENCES),
        "rules": records(connection, "select * from readback.rules order by object, field, rule"),
    }


def _print(found: dict[str, Any], verbose: bool) -> None:
    _print_counts(["object", "records", "equal", "differing", "missing"], found["objects"])
    fields = [one for one in found["fields"] if verbose or one["differing"] or one["missing"]]
    if fields:
        _print_counts(["object", "field", "equal", "differing", "missing"], fields)
    for one in found["differences"]:
        place = f"{one['object']}.{one['field']}" if one["field"] else one["object"]
        said = f"sent {one['sent']!r}, found {one['found']!r}" if one["field"] else "it is not there"
        why = f" ({_BECAUSE[one['because']]})" if one["because"] else ""
        print_wrapped(f"{place}: {one['records']:,} differ, as in {one['key']}: {said}{why}")
    for one in found["rules"]:
        print_wrapped(
            f"{one['object']}.{one['field']}: {one['records']:,} equal by the rule {one['rule']}, "
            f"as in {one['key']}: sent {one['sent']!r}, found {one['found']!r}"
        )


def _print_counts(headings: list[str], rows: list[dict[str, Any]]) -> None:
    numbers = frozenset({"records", "equal", "differing", "missing"})
    print_table(
        headings,
        [tuple(f"{one[name]:,}" if name in numbers else one[name] for name in headings) for one in rows],
        right=numbers,
    )


_OBJECTS = """
with by_record as (
    select
        sent.object,
        sent.id,
        bool_or(differences.id is not null and differences.field is not null) as differs,
        bool_or(differences.id is not null and differences.field is null) as missing,
    from readback.sent as sent
    left join readback.differences as differences using (object, id)
    group by sent.object, sent.id
)
select
    object,
    count(*) as records,
    count(*) filter (where not differs and not missing) as equal,
    count(*) filter (where differs and not missing) as differing,
    count(*) filter (where missing) as missing,
from by_record
group by object
order by object
"""

_DIFFERENCES = """
select
    * exclude (example),
    example.sent,
    example.found,
from (
    select
        object,
        field,
        because,
        count(distinct id) as records,
        min(key) as key,
        arg_min({'sent': sent, 'found': found}, key) as example,
    from readback.differences
    group by object, field, because
)
order by object, field nulls first, because
"""
