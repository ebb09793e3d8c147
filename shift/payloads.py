"""A staging table's rows as JSON payloads, and their hashes: all of it SQL that DuckDB runs.

A payload has its keys in name order at every depth and leaves nulls out, so that its hash depends on what is said and
not on how the model is written. The whole row, nulls in place, is what an update takes its fields from.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING

from shift.database import literal, quoted
from shift.errors import ModelError
from shift.staging import StagingModel

if TYPE_CHECKING:
    import duckdb
    from duckdb.sqltypes import DuckDBPyType

_UNSENDABLE = {
    "timestamp": "write it as text with the macro `iso`",
    "timestamp_s": "write it as text with the macro `iso`",
    "timestamp_ms": "write it as text with the macro `iso`",
    "timestamp_ns": "write it as text with the macro `iso`",
    "timestamp with time zone": "write it as text with the macro `iso`",
    "time": "write it as text with strftime",
    "time with time zone": "write it as text with strftime",
    "interval": "write it as a number of minutes, or as text",
    "float": "cast it to a decimal or a bigint",
    "double": "cast it to a decimal or a bigint",
    "blob": "write it as text, for instance with base64",
}


def check(connection: duckdb.DuckDBPyConnection, model: StagingModel) -> None:
    """Raise ModelError where a column's type has no certain JSON, or where keys or ids are null or repeated."""
    for column, column_type in _types(connection, model, model.written):
        found = _unsendable(column_type)
        if found:
            raise ModelError(
                f"the column '{column}' is a {found}, which no CRM is known to read",
                where=model.name,
                hint=f"In the model, {_UNSENDABLE[found.lower()]}.",
            )
    for column in dict.fromkeys([model.key, *(["id"] if _writes_ids(model) else [])]):
        _check_unique(connection, model, column)


def payload_expression(
    connection: duckdb.DuckDBPyConnection, model: StagingModel, *, without: Collection[str] = ()
) -> str:
    """The payload as one SQL expression over the columns of the model's table: JSON text without nulls."""
    return f"json_merge_patch('{{}}', to_json({_row(connection, model, without, whole=False)}))::varchar"


def whole_row_expression(connection: duckdb.DuckDBPyConnection, model: StagingModel) -> str:
    """As ``payload_expression``, with every null in place: a STRUCT that is null has all its members, null each.

    Twenty takes null for the whole of a composite as "leave it alone" (contracts/twenty/emptying.json).
    """
    return f"to_json({_row(connection, model, whole=True)})::varchar"


def value_expression(connection: duckdb.DuckDBPyConnection, model: StagingModel, column: str) -> str:
    """One sent column's value as JSON, as it stands in the payload."""
    [(_, column_type)] = _types(connection, model, [column])
    return f"to_json({_value(quoted(column), column_type, whole=False, depth=0)})"


def id_expression(model: StagingModel) -> str:
    """The record's id where the model makes it, else null: then the CRM gives one."""
    return f"{quoted('id')}::varchar" if "id" in model.columns else "null::varchar"


def _writes_ids(model: StagingModel) -> bool:
    return model.mode == "write" and "id" in model.columns


def _check_unique(connection: duckdb.DuckDBPyConnection, model: StagingModel, column: str) -> None:
    name = quoted(column)
    repeated = connection.execute(
        f"select {name}::varchar, count(*) from {model.relation} group by {name} "
        f"having count(*) > 1 or {name} is null order by 1 nulls first limit 3"
    ).fetchall()
    if repeated:
        value, count = repeated[0]
        fault = f"is null in {count} rows" if value is None else f"says '{value}' in {count} rows"
        raise ModelError(
            f"the column '{column}' must tell rows apart, and {fault}",
            where=model.name,
            hint="Add the tests not_null and unique to it, and see which rows they show.",
        )


def _types(
    connection: duckdb.DuckDBPyConnection, model: StagingModel, columns: Collection[str]
) -> list[tuple[str, DuckDBPyType]]:
    """Those columns of the model's table with their types, in name order."""
    relation = connection.sql(f"select * from {model.relation} limit 0")
    return sorted(
        (column, column_type)
        for column, column_type in zip(relation.columns, relation.types, strict=True)
        if column in columns
    )


def _unsendable(column_type: DuckDBPyType) -> str | None:
    if column_type.id in ("struct", "list", "array", "map"):
        inner = (found for _, child in _children(column_type) if (found := _unsendable(child)))
        return next(inner, None)
    shown = str(column_type)
    return shown if shown.lower() in _UNSENDABLE else None


def _children(column_type: DuckDBPyType) -> Iterable[tuple[str, DuckDBPyType]]:
    return [(name, child) for name, child in column_type.children if not isinstance(child, (int, list))]


def _row(
    connection: duckdb.DuckDBPyConnection, model: StagingModel, without: Collection[str] = (), *, whole: bool
) -> str:
    members = (
        f"{quoted(column)} := {_value(quoted(column), column_type, whole, depth=0)}"
        for column, column_type in _types(connection, model, set(model.written).difference(without))
    )
    packed = ", ".join(members)
    return f"struct_pack({packed})" if packed else "'{}'::json"


def _value(expression: str, column_type: DuckDBPyType, whole: bool, depth: int) -> str:
    """The value with its struct keys in name order, and without NUL (a 500 in contracts/twenty/rest-errors)."""
    if str(column_type) == "JSON":
        return expression
    if column_type.id == "varchar":
        return f"replace({expression}, chr(0), '')"
    if column_type.id == "struct":
        members = ", ".join(
            f"{quoted(name)} := {_value(f'struct_extract({expression}, {literal(name)})', child, whole, depth)}"
            for name, child in sorted(_children(column_type), key=lambda item: item[0])
        )
        packed = f"struct_pack({members})"
        return packed if whole else f"case when {expression} is not null then {packed} end"
    if column_type.id == "list":
        item = f"item_{depth}"
        child = dict(_children(column_type))["child"]
        inner = _value(item, child, whole, depth + 1)
        if child.id == "struct":
            inner = f"json_merge_patch('{{}}', to_json({inner}))"
        return f"list_transform(list_filter({expression}, lambda {item}: {item} is not null), lambda {item}: {inner})"
    return expression
