"""Values that no two records may share and that move from one record of ours to another: the table ``plan.frees``.

Two patients swap their e-mails; an address that a family shares gets another first holder; another member takes over
from a practitioner. Whatever the order of the batches, the record that has the value gives it up first. Who has it is
known from the ledger's snapshots, of those records alone that this load changes or deletes: all others keep what they
have.

    plan.frees   model, object, key, id, value (the first, as it is compared), wanted_by (a key), payload (the update
                 that gives it up: the field without the value, but with all else that it holds), bytes
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from shift import payloads
from shift.database import quoted
from shift.ledger import Ledger
from shift.staging import StagingModel

if TYPE_CHECKING:
    import duckdb

_KEYS_A_LOOK = 5_000

_TABLES = """
create or replace table plan.frees (
    model varchar,
    object varchar,
    key varchar,
    id varchar,
    value varchar,
    wanted_by varchar,
    payload varchar,
    bytes bigint
);
create or replace temp table held_values (key varchar, id varchar, field varchar, value varchar, left_over varchar)
"""


class UniqueField(NamedTuple):
    """A field that no two records share: of a composite, the ``part`` that counts."""

    name: str
    part: str | None


def find(connection: duckdb.DuckDBPyConnection, staging: Sequence[StagingModel], ledger: Ledger | None) -> None:
    """Fill ``plan.frees`` from the judged rows."""
    connection.execute(_TABLES)
    if ledger is None:
        return
    for model in staging:
        if model.mode == "match":
            _note_left(connection, model)
            continue
        fields = [one for one in _unique_fields(connection, model) if one.name != model.key]
        if fields:
            _note_held(connection, model, fields, ledger)
            for field in fields:
                _note_freed(connection, model, field)
    connection.execute("drop table held_values")


def _note_left(connection: duckdb.DuckDBPyConnection, model: StagingModel) -> None:
    """A row that matches another record than before: what was written to the one that it leaves is emptied there."""
    emptied = json.dumps(dict.fromkeys(model.when_matched))
    connection.execute(
        """
        insert into plan.frees
        select
            rows.model,
            rows.object,
            rows.key,
            records.id,
            rows.key,
            rows.key,
            $emptied,
            strlen($emptied),
        from plan.rows as rows
        join ledger.records as records on records.object = rows.object and records.key = rows.key
        where rows.model = $model and rows.action = 'update' and records.id <> rows.id
        """,
        {"model": model.name, "emptied": emptied},
    )


def _unique_fields(connection: duckdb.DuckDBPyConnection, model: StagingModel) -> list[UniqueField]:
    """As the last pull found them; a destination that says nothing of them has none."""
    columns = connection.table("destination.fields").columns
    if "is_unique" not in columns:
        return []
    part = "unique_part" if "unique_part" in columns else "null"
    rows = connection.execute(
        f"select name, {part} from destination.fields where object = ? and is_unique::boolean order by name",
        [model.object],
    ).fetchall()
    return [UniqueField(name, part) for name, part in rows if name in model.columns and name != "id"]


def _note_held(
    connection: duckdb.DuckDBPyConnection, model: StagingModel, fields: Sequence[UniqueField], ledger: Ledger
) -> None:
    """What the records that change have at present."""
    connection.execute("delete from held_values")
    cursor = connection.execute(
        "select key, id from plan.rows where object = ? and model = ? and action in ('update', 'delete') order by key",
        [model.object, model.name],
    )
    ids = dict(cursor.fetchall())
    keys = list(ids)
    for start in range(0, len(keys), _KEYS_A_LOOK):
        snapshots = ledger.last_snapshots(model.object, keys[start : start + _KEYS_A_LOOK])
        held = [(key, ids[key], *one) for key, body in snapshots.items() for one in _held(json.loads(body), fields)]
        if held:
            columns = [list(column) for column in zip(*held, strict=True)]
            connection.execute(f"insert into held_values select {', '.join(['unnest(?::varchar[])'] * 5)}", columns)


def _held(record: dict[str, Any], fields: Sequence[UniqueField]) -> Iterator[tuple[str, str, str]]:
    """(field, value, the field without the value as JSON) of each unique value that a record has."""
    for name, part in fields:
        whole = record.get(name)
        value = whole.get(part) if part and isinstance(whole, dict) else whole
        if value not in (None, "") and not isinstance(value, (dict, list)):
            left_over = {**whole, part: None} if part and isinstance(whole, dict) else None
            yield name, str(value).lower(), json.dumps(left_over, ensure_ascii=False)


def _note_freed(connection: duckdb.DuckDBPyConnection, model: StagingModel, field: UniqueField) -> None:
    """Those of the values that another row wants, and their own row no more."""
    value = payloads.value_expression(connection, model, field.name)
    path = f"$.{field.part}" if field.part else "$"
    connection.execute(
        f"""
        insert into plan.frees
        with wanted as (
            select
                {quoted(model.key)}::varchar as key,
                lower({value} ->> ?) as value
            from {model.relation}
        ),

        moving as (
            select
                held_values.key,
                any_value(held_values.id) as id,
                any_value(held_values.value) as value,
                min(wanted.key) as wanted_by,
                any_value(json_object(held_values.field, held_values.left_over::json)::varchar) as payload,
            from held_values
            join wanted on held_values.value = wanted.value and held_values.key <> wanted.key
            join plan.rows as rows on rows.model = ? and rows.key = wanted.key
            left join wanted as own on held_values.key = own.key
            where held_values.field = ?
                and rows.action in ('create', 'update', 'adopt')
                and own.value is distinct from held_values.value
            group by held_values.key
        )

        select
            ?,
            ?,
            key,
            id,
            value,
            wanted_by,
            payload,
            strlen(payload),
        from moving
        """,
        [path, model.name, field.name, model.name, model.object],
    )
