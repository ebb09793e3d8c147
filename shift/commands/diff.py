"""`diff`: the CRM, read back and compared with what was meant."""

from __future__ import annotations

import sys

import click

from shift.commands.common import opened, output_option, print_json, print_table, with_project
from shift.project import Project


@click.command()
@with_project
@click.option("-v", "--verbose", is_flag=True, help="Name the tests that pass, too.")
@output_option
def command(project: Project, verbose: bool, output: str) -> None:
    """Read every record that was loaded back from the CRM, compare each field with what was meant, and reconcile.

    Prints equal, differing and missing for each object, and runs the tests of the reconciliation. Exits with 1 where
    something differs, is missing, or does not add up.

    \b
    Example:
      shift-etl diff
    """
    from shift.building import failed, run
    from shift.commands.results import Report
    from shift.commands.running import of_stage
    from shift.connecting import connected
    from shift.graph import Selection, read_graph, select
    from shift.ledger import reading
    from shift.moving import read_back

    graph = read_graph(project)
    tests = of_stage(graph, Selection(frozenset(), select(graph).tests), "reconciliation")
    text = output == "text"
    with connected(project) as destination, reading(project.ledger) as ledger, opened(project) as connection:
        destination.workspace()
        read_back(graph, connection, destination, ledger, lambda object, records: None)
        objects = connection.execute(_OBJECTS).fetchall()
        fields = connection.execute(_FIELDS).fetchall()
        if text:
            headings = ["object", "records", "equal", "differing", "missing"]
            print_table(
                headings, [(row[0], *(f"{n:,}" for n in row[1:])) for row in objects], right=frozenset(headings[1:])
            )
            for object, field, differing, key, sent, found in fields:
                click.echo(f"  {object}.{field}: {differing:,} differ, as in {key}: sent {sent!r}, found {found!r}")
            click.echo()
        report = Report(graph, tests, verbose=verbose)
        results = run(graph, connection, tests, report=report if text else lambda _: None)
    differs = bool(fields) or any(row[4] for row in objects)
    if text:
        report.end()
    else:
        print_json(
            {
                "objects": [
                    dict(zip(("object", "records", "equal", "differing", "missing"), row, strict=True))
                    for row in objects
                ],
                "tests": [{"test": one.node, "status": one.status, "failures": one.failures} for one in results],
            }
        )
    sys.exit(1 if differs or failed(results) else 0)


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
    count(*),
    count(*) filter (where not differs and not missing),
    count(*) filter (where differs),
    count(*) filter (where missing),
from by_record
group by object
order by object
"""

_FIELDS = """
select
    object,
    field,
    count(distinct id),
    min_by(key, key),
    min_by(sent, key),
    min_by(found, key),
from readback.differences
where field is not null
group by object, field
order by object, field
"""
