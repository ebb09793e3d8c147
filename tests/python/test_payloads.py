"""Payloads: what a row becomes on the wire, and a hash that depends on what is said alone."""

from __future__ import annotations

import json
from typing import Any

import duckdb
import pytest

from shift import payloads
from shift.errors import ModelError
from shift.staging import StagingModel


def staged(connection: duckdb.DuckDBPyConnection, select: str) -> StagingModel:
    connection.execute(f"create or replace table staged as select '1' as key, {select}")
    columns = [row[0] for row in connection.execute("describe staged").fetchall()]
    sent = tuple(column for column in columns if not column.startswith("_"))
    return StagingModel("crm__thing", "staged", "thing", "key", sent)


def payload(connection: duckdb.DuckDBPyConnection, select: str) -> str:
    model = staged(connection, select)
    [(text,)] = connection.execute(
        f"select {payloads.payload_expression(connection, model)} from {model.relation}"
    ).fetchall()
    return str(text)


def whole(connection: duckdb.DuckDBPyConnection, select: str) -> Any:
    model = staged(connection, select)
    [(text,)] = connection.execute(
        f"select {payloads.whole_row_expression(connection, model)} from {model.relation}"
    ).fetchall()
    return json.loads(text)


@pytest.mark.parametrize(
    ("select", "expected"),
    [
        ("'Ann' as name, null::varchar as phone", {"name": "Ann"}),
        ("{'firstName': 'Ann', 'lastName': null} as name", {"name": {"firstName": "Ann"}}),
        ("null::struct(city varchar) as address", {}),
        ("['a', null, 'b'] as tags", {"tags": ["a", "b"]}),
        ("[{'number': '1', 'code': null}, null] as phones", {"phones": [{"number": "1"}]}),
        ("true as yes, 12::bigint as n, date '2020-02-29' as day", {"yes": True, "n": 12, "day": "2020-02-29"}),
        ("9007199254740993::bigint as big", {"big": 9007199254740993}),
        ("'a' || chr(0) || 'b' as text", {"text": "ab"}),
        ("{'markdown': 'x' || chr(0)} as body, ['y' || chr(0)] as list", {"body": {"markdown": "x"}, "list": ["y"]}),
        ("'é 😀 \"q\" ' || chr(10) as text", {"text": 'é 😀 "q" \n'}),
        ("'{\"b\": 1}'::json as options", {"options": {"b": 1}}),
        ("'x' as _note, 'y' as shown", {"shown": "y"}),
        ('\'kept\' as "odd "" name"', {'odd " name': "kept"}),
    ],
)
def test_a_row_is_its_payload(connection: duckdb.DuckDBPyConnection, select: str, expected: dict[str, Any]) -> None:
    assert json.loads(payload(connection, select)) == {"key": "1", **expected}


def test_the_order_in_which_a_model_is_written_does_not_matter(connection: duckdb.DuckDBPyConnection) -> None:
    one = payload(connection, "{'b': 1, 'a': [{'d': 2, 'c': 3}]} as second, 'x' as first")
    other = payload(connection, "'x' as first, {'a': [{'c': 3, 'd': 2}], 'b': 1} as second")
    assert one == other == '{"first":"x","key":"1","second":{"a":[{"c":3,"d":2}],"b":1}}'


def test_a_whole_row_has_every_null_in_its_place(connection: duckdb.DuckDBPyConnection) -> None:
    select = "null::varchar as phone, null::struct(city varchar, place struct(lat integer)) as address"
    assert whole(connection, select) == {"key": "1", "phone": None, "address": {"city": None, "place": {"lat": None}}}


@pytest.mark.parametrize(
    ("select", "shown"),
    [
        ("timestamp '2020-01-01' as due", "'due' is a TIMESTAMP,"),
        ("timestamptz '2020-01-01 00:00:00+00' as due", "'due' is a TIMESTAMP WITH TIME ZONE"),
        ("1.5::double as price", "'price' is a DOUBLE"),
        ("time '10:00' as at_time", "'at_time' is a TIME"),
        ("interval 1 hour as duration", "'duration' is a INTERVAL"),
        ("'x'::blob as file", "'file' is a BLOB"),
        ("{'inner': [1.5::double]} as nested", "'nested' is a DOUBLE"),
    ],
)
def test_a_type_without_certain_json_is_an_error(
    connection: duckdb.DuckDBPyConnection, select: str, shown: str
) -> None:
    with pytest.raises(ModelError, match=shown) as caught:
        payloads.check(connection, staged(connection, select))
    assert caught.value.where == "crm__thing"
    assert caught.value.hint is not None


def test_such_a_type_may_stay_at_home(connection: duckdb.DuckDBPyConnection) -> None:
    payloads.check(connection, staged(connection, "timestamp '2020-01-01' as _seen"))


@pytest.mark.parametrize(
    ("values", "shown"),
    [
        ("('1', 'a'), ('1', 'b')", "'key' must tell rows apart, and says '1' in 2 rows"),
        ("('1', 'a'), (null, 'b')", "'key' must tell rows apart, and is null in 1 rows"),
        ("('1', 'a'), ('2', 'a')", "'id' must tell rows apart, and says 'a' in 2 rows"),
    ],
)
def test_keys_and_ids_must_tell_rows_apart(connection: duckdb.DuckDBPyConnection, values: str, shown: str) -> None:
    connection.execute(f"create table twice as select * from (values {values}) as rows(key, id)")
    with pytest.raises(ModelError, match=shown):
        payloads.check(connection, StagingModel("crm__twice", "twice", "thing", "key", ("key", "id")))
