"""Reading back: each field of each record against what was meant, and what counts as the same."""

from __future__ import annotations

import json
from typing import Any

import duckdb
import pytest
from fakes import MemoryCRM

from shift.comparing import ensure_tables, read_back
from shift.ledger import mirror
from shift.staging import StagingModel

PERSON = StagingModel(
    name="twenty__person", relation="twenty.person", object="person", key="sourceSystemId", columns=("id", "field")
)


@pytest.fixture
def ledger(connection: duckdb.DuckDBPyConnection) -> None:
    """A ledger that knows person `1` to be in the CRM, under the id `a`."""
    mirror(None, connection)
    connection.execute("insert into ledger.records (object, key, id, status) values ('person', '1', 'a', 'created')")


def differences(connection: duckdb.DuckDBPyConnection, sent: str, found: Any) -> list[Any]:
    """What differs where the column `field` was sent as the SQL ``sent``, and the CRM answers ``found``."""
    connection.execute("create schema if not exists twenty")
    connection.execute(
        f"""create or replace table twenty.person as select 'a' as id, {sent} as field, '1' as "sourceSystemId" """
    )
    crm = MemoryCRM()
    if found is not None:
        crm.records["person"] = {"a": {"id": "a", "field": found, "other": "the CRM's own"}}
    read_back(connection, crm, [PERSON])
    return connection.execute("select key, field, sent, found from readback.differences order by all").fetchall()


@pytest.mark.usefixtures("ledger")
@pytest.mark.parametrize(
    ("sent", "found"),
    [
        ("'x'", "x"),
        ("12.50::decimal(9, 2)", 12.5),
        ("12500000", "12500000"),
        ("'2020-01-01T00:00:00.000Z'", "2020-01-01T11:00:00+11:00"),
        ("{'a': 'x', 'b': null}", {"a": "x", "b": "", "c": "the CRM's own"}),
        ("['x', 'y']", ["x", "y"]),
        ("''", None),
        ("[]::varchar[]", []),
        ("null", "anything"),
        ("true", True),
    ],
)
def test_what_counts_as_the_same(connection: duckdb.DuckDBPyConnection, sent: str, found: Any) -> None:
    assert differences(connection, sent, "" if found is None else found) == []


@pytest.mark.usefixtures("ledger")
@pytest.mark.parametrize(
    ("sent", "found", "said"),
    [
        ("'x'", "y", ("x", "y")),
        ("'x'", "X", ("x", "X")),
        ("12.50::decimal(9, 2)", 12.51, ("12.5", "12.51")),
        (
            "'2020-01-01T00:00:00.000Z'",
            "2020-01-01T00:00:01.000Z",
            ("2020-01-01T00:00:00.000Z", "2020-01-01T00:00:01.000Z"),
        ),
        ("{'a': {'b': 'x'}}", {"a": {"b": "y"}}, ("x", "y")),
        ("['x', 'y']", ["x", "y", "z"], ("2", "3")),
        ("'0412'", 412, ("0412", "412")),
        ("true", False, ("true", "false")),
    ],
)
def test_what_counts_as_different(
    connection: duckdb.DuckDBPyConnection, sent: str, found: Any, said: tuple[str, str]
) -> None:
    assert differences(connection, sent, found) == [("1", "field", *said)]


@pytest.mark.usefixtures("ledger")
def test_a_record_that_is_gone_is_missing_whole(connection: duckdb.DuckDBPyConnection) -> None:
    assert differences(connection, "'x'", None) == [("1", None, None, None)]
    counts = connection.execute(
        "select field, equal, differing, missing from readback.fields order by field"
    ).fetchall()
    assert counts == [("field", 0, 0, 1), ("id", 0, 0, 1)]


def test_what_was_never_loaded_is_not_asked_for(connection: duckdb.DuckDBPyConnection) -> None:
    mirror(None, connection)
    assert differences(connection, "'x'", None) == []


def test_the_tables_are_there_before_the_first_read_back(connection: duckdb.DuckDBPyConnection) -> None:
    ensure_tables(connection)
    connection.execute("insert into readback.records values ('person', 'a', ?)", [json.dumps({})])
    ensure_tables(connection)
    assert connection.execute("select count(*) from readback.records").fetchone() == (1,)
