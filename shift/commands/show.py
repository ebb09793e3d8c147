"""`show`: rows of a model or of a failed test; of a staging model, the payloads that will go out."""

from __future__ import annotations

import json
from typing import Any

import click

from shift.commands.common import output_option, print_json, print_table, with_project
from shift.commands.opening import opened
from shift.project import Project


@click.command()
@click.argument("name")
@with_project
@click.option("--limit", type=click.IntRange(min=1), default=5, show_default=True, help="How many rows.")
@click.option("--where", "condition", metavar="SQL", help="Only rows that meet this: \"_patient_id = '42'\".")
@click.option("--table", "as_table", is_flag=True, help="A staging model's columns, those that stay at home too.")
@output_option
def command(project: Project, name: str, limit: int, condition: str | None, as_table: bool, output: str) -> None:
    """Show rows of the model NAME, or the failing rows of the test NAME, as the last build left them.

    For a staging model that is the JSON that will be sent, a record each.

    \b
    Examples:
      shift-etl show twenty__person
      shift-etl show cliniko__patients --where "last_name = 'Ng'"
      shift-etl show unique_cliniko__patients_id
    """
    import duckdb

    from shift.database import quoted, records
    from shift.errors import ConfigurationError, ShiftError
    from shift.graph import read_graph, staging_model
    from shift.invocation import command as words
    from shift.payloads import payload_expression
    from shift.strict_yaml import nearest

    graph = read_graph(project)
    model = graph.models.get(name)
    if model is None and name not in graph.tests:
        raise ConfigurationError(
            f"there is no model and no test '{name}'",
            hint=nearest(name, [*graph.models, *graph.tests]) or f"See them: {words('ls')}",
        )
    if not project.database.exists():
        raise ShiftError("nothing was built yet", hint=f"Run `{words('build')}` first.")
    relation = model.relation if model else f"failures.{quoted(name)}"
    suffix = f" where ({condition})" if condition else ""
    with opened(project, read_only=True) as connection:
        try:
            if model is not None and model.load is not None and not as_table:
                payload = payload_expression(connection, staging_model(graph, model, connection))
                query = f"select {payload} from {relation}{suffix} limit {limit}"
                payloads = [json.loads(payload) for (payload,) in connection.execute(query).fetchall()]
                _print_payloads(payloads, output)
                return
            query = f"select columns(*)::varchar from (select * from {relation}{suffix} limit {limit})"
            rows = records(connection, query)
        except duckdb.CatalogException:
            if model is None:
                told, hint = f"the test '{name}' passed, or has not run", f"Run it: {words('test', '--select', name)}"
            else:
                told, hint = f"'{name}' was not built yet", f"Run `{words('build')}` first."
            raise ShiftError(told, hint=hint) from None
        except duckdb.Error as error:
            told, _, _ = str(error).partition("\n\nLINE")  # what comes then is a query of ours
            raise ConfigurationError(told, where="--where") from None
    _print_rows(rows, output)


def _print_payloads(payloads: list[dict[str, Any]], output: str) -> None:
    if output == "json":
        print_json(payloads)
        return
    for payload in payloads:
        click.echo(json.dumps(payload, indent=2, ensure_ascii=False))


def _print_rows(rows: list[dict[str, Any]], output: str) -> None:
    if output == "json":
        print_json(rows)
    elif not rows:
        click.echo("No rows.")
    elif len(rows[0]) <= 5:
        print_table(list(rows[0]), [tuple(row.values()) for row in rows])
    else:  # too wide for a terminal: one field a line
        width = max(map(len, rows[0]))
        for row in rows:
            for column, value in row.items():
                if value is not None:
                    click.echo(f"{column:<{width}}  {value}")
            click.echo()
