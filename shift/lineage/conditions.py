"""What a condition says of constants: which parts of a union meet it, and whether any row can."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from sqlglot import exp

from shift.lineage.origins import NOTHING, unmarked
from shift.lineage.relation import Relation


def narrowed(table: Relation, condition: exp.Expr, alias: str, *, bare: bool) -> Relation:
    """The table without the parts that do not meet a condition; a ``bare`` name in it is a column of the table."""
    for column, values, are_meant in _tests(condition):
        if column.table.lower() == alias.lower() or (bare and not column.table):
            table = table.where(column.name, values, are_meant=are_meant)
    return table


def is_met_by_none(condition: exp.Expr, tables: Mapping[str, Relation]) -> bool:
    """Whether it asks of a column, named with its table, to be another constant than it is."""
    for column, values, are_meant in _tests(condition):
        table = tables.get(column.table.lower())
        value = ((table and table.column(column.name)) or NOTHING).value
        if value is not None and (value in values) != are_meant:
            return True
    return False


def keep_apart(keys: list[exp.Expr], parts: tuple[Relation, ...]) -> bool:
    """Whether rows of two parts never fall into one group: a key is another constant in each of them."""
    names = [key.name for key in keys if isinstance(key, exp.Column)]
    values = [{(part.column(name) or NOTHING).value for part in parts} for name in names]
    return any(None not in each and len(each) == len(parts) for each in values)


def _tests(condition: exp.Expr) -> Iterator[tuple[exp.Column, set[str], bool]]:
    """Each `column = 'x'`, `!= 'x'` or `in ('x', 'y')`: the column, the values, whether it is to be one of these."""
    for each in condition.flatten() if isinstance(condition, exp.And) else [condition]:
        if isinstance(each, (exp.EQ, exp.NEQ, exp.In)) and isinstance(each.this, exp.Column):
            values = each.expressions if isinstance(each, exp.In) else [each.expression]
            if values and all(isinstance(value, exp.Literal) for value in values):
                yield each.this, {unmarked(value.sql("duckdb")) for value in values}, not isinstance(each, exp.NEQ)
