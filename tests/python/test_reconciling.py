"""The reconciliation report: promises, their figures, and the exceptions; and how it is printed."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest
from support import MakeProject

from shift.commands.reconciliation import broken, print_promises, promises_as_json
from shift.comparing import ensure_tables
from shift.graph import read_graph
from shift.reconciling import Promise, reconcile

ROOT = Path(__file__).parents[2]
SOURCES = """
    sources:
      - {name: readback, schema: readback, tables: [{name: records}]}
      - {name: ledger, schema: ledger, tables: [{name: records}]}
"""
NAME = "tests/reconciliation/people_add_up.sql"


def promise(
    make_project: MakeProject, connection: duckdb.DuckDBPyConnection, sql: str, **options: Any
) -> list[Promise]:
    connection.execute("create schema readback; create table readback.records (object varchar, id varchar)")
    graph = read_graph(make_project({NAME: sql, "sources/ours.yml": SOURCES, "models/one.sql": "select 1 as id"}))
    return reconcile(graph, connection, **options)


@pytest.mark.parametrize(
    ("sql", "figures"),
    [
        ("select 40 as staged, 40 as loaded, true as _holds", {"staged": 40, "loaded": 40}),
        ("select 'a' as key, true as _holds union all select 'b', true", {"rows": 2}),
        ("select 12.50::decimal(38, 6) as in_the_crm, true as _holds", {"in_the_crm": Decimal("12.5")}),
        ("select 'a' as key, 2 as values, true as _holds union all select 'b', null, true", {"values": 2}),
        ("select 1 as staged, true as _holds where false", {"rows": 0}),
        ("select 'a' as key where false", {}),
    ],
)
def test_a_promise_that_holds_tells_its_figures(
    make_project: MakeProject, connection: duckdb.DuckDBPyConnection, sql: str, figures: dict[str, Any]
) -> None:
    assert promise(make_project, connection, sql) == [Promise("people_add_up", "pass", 0, figures, ())]


@pytest.mark.parametrize(
    ("sql", "failures", "exceptions"),
    [
        ("select 'a' as key, null as why", 1, ("key: a",)),
        ("select 'a' as key, false as _holds union all select 'b', true", 1, ("key: a",)),
        ("select 'a' as key, null::boolean as _holds", 1, ("key: a",)),
        ("select key, 'x' as why from range(9) as rows(key)", 9, tuple(f"key: {n}, why: x" for n in range(5))),
    ],
)
def test_one_that_does_not_hold_names_exceptions(
    make_project: MakeProject,
    connection: duckdb.DuckDBPyConnection,
    sql: str,
    failures: int,
    exceptions: tuple[str, ...],
) -> None:
    [found] = promise(make_project, connection, sql)
    assert (found.status, found.failures, found.exceptions) == ("fail", failures, exceptions)
    assert broken([found])


@pytest.mark.parametrize(
    ("because", "red"),
    [
        ("null", "every_field_reads_back_as_sent"),
        ("'not_sent'", "every_field_reads_back_as_sent"),
        ("'edited'", "nobody_has_edited_a_field_since"),
    ],
)
def test_what_somebody_edited_has_a_promise_of_its_own(
    make_project: MakeProject, connection: duckdb.DuckDBPyConnection, because: str, red: str
) -> None:
    names = ("every_field_reads_back_as_sent", "nobody_has_edited_a_field_since")
    files = [f"tests/reconciliation/{name}.sql" for name in names]
    project = make_project(
        {
            **{file: (ROOT / file).read_text(encoding="utf-8") for file in files},
            "sources/readback.yml": (ROOT / "sources/readback.yml").read_text(encoding="utf-8"),
            "models/one.sql": "select 1 as id",
        }
    )
    ensure_tables(connection)
    connection.execute(f"insert into readback.differences select 'person', '1', 'a', 'name', 'x', 'y', {because}")
    connection.execute("insert into readback.fields values ('person', 'name', 7, 1, 0)")
    found = reconcile(read_graph(project), connection)
    assert {one.test: one.figures["equal_values"] for one in found} == dict.fromkeys(names, 7)
    assert [one.test for one in found if one.status != "pass"] == [red]
    assert broken(found)


def test_one_that_does_not_run_says_why(make_project: MakeProject, connection: duckdb.DuckDBPyConnection) -> None:
    [found] = promise(make_project, connection, "select nothing from nowhere")
    assert found.status == "error" and broken([found])
    assert "nowhere" in found.exceptions[0]


@pytest.mark.parametrize(("source", "asked"), [("readback", 0), ("ledger", 1)])
def test_what_needs_a_read_back_is_left_out_where_there_is_none(
    make_project: MakeProject, connection: duckdb.DuckDBPyConnection, source: str, asked: int
) -> None:
    connection.execute("create schema ledger; create table ledger.records (object varchar)")
    sql = f"select * from {{{{ source('{source}', 'records') }}}}"
    assert len(promise(make_project, connection, sql, over_read_back=False)) == asked


def test_the_report_is_a_line_a_promise(capsys: pytest.CaptureFixture[str]) -> None:
    print_promises(
        [
            Promise("people_add_up", "pass", 0, {"staged": 1040, "held_back": 0}, ()),
            Promise("what_was_paid_adds_up", "fail", 1, {"in_the_crm": Decimal("12.500000")}, ("key: a",)),
            Promise("nobody_is_there", "pass", 0, {"rows": 0}, ()),
        ]
    )
    lines = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    assert "people add up holds staged 1,040" in lines
    assert "what was paid adds up BROKEN in the crm 12.50" in lines
    assert "nobody is there not asked" in lines
    assert lines[-2:] == ["what was paid adds up: 1 exception, such as", "- key: a"]


def test_the_report_for_programs_has_every_figure() -> None:
    [told] = promises_as_json([Promise("people_add_up", "pass", 0, {"staged": 4, "held_back": 0}, ())])
    assert told == {
        "test": "people_add_up",
        "status": "pass",
        "failures": 0,
        "figures": {"staged": 4, "held_back": 0},
        "exceptions": [],
    }
