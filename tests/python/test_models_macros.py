"""The macros on which the models stand, value by value."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from typing import Any

import duckdb
import pytest
from clinics import ROOT

from shift.database import literal, open_database
from shift.project import open_project
from shift.templating import Names, Templates

NAMESPACE = uuid.UUID("7b0f6a1c94d25e3b8a6f1d2c3b4a5968")

Evaluate = Callable[..., Any]


@pytest.fixture(params=["UTC", "Australia/Sydney"])
def evaluate(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A function that calls a macro on texts, on a machine in this zone."""
    monkeypatch.setenv("TZ", request.param)
    if hasattr(time, "tzset"):
        time.tzset()
    templates = Templates(
        open_project(ROOT, variables={"source_account": "harbour", "timezone": "Australia/Melbourne"}), Names({}, {})
    )
    connection: duckdb.DuckDBPyConnection = open_database(None)

    def call(macro: str, text: str | None, *before: str) -> Any:
        arguments = ", ".join(repr(argument) for argument in (*before, "null" if text is None else literal(text)))
        sql = templates.render("select ({{ " + f"{macro}({arguments})" + " }})::varchar", name="test").sql
        row = connection.execute(sql).fetchone()
        assert row is not None
        return row[0]

    yield call
    connection.close()
    monkeypatch.undo()
    if hasattr(time, "tzset"):
        time.tzset()


def test_instant(evaluate: Evaluate) -> None:
    cases = {
        "2013-03-27 01:00:00 +1100": "2013-03-26 14:00:00+00",
        "2026-08-01 09:30:15 +1000": "2026-07-31 23:30:15+00",
        "2026-08-01 09:30:15 +0000": "2026-08-01 09:30:15+00",
        "2026-08-01 09:30:15 UTC": "2026-08-01 09:30:15+00",
        "2013-03-26T14:00:00Z": "2013-03-26 14:00:00+00",
        "2013-03-26T14:00:00.123Z": "2013-03-26 14:00:00.123+00",
        "2013-03-26T14:00:00+05:30": "2013-03-26 08:30:00+00",
        "27/03/2013 01:00": "2013-03-26 14:00:00+00",
        "2013-03-27 01:00:00": "2013-03-26 14:00:00+00",
        "2013-07-27": "2013-07-26 14:00:00+00",
        "epoch": None,
        "infinity": None,
        "n/a": None,
        "32/13/2013 01:00": None,
        "27/03/13 01:00": None,
        None: None,
    }
    assert {text: evaluate("instant", text) for text in cases} == cases


def test_day(evaluate: Evaluate) -> None:
    cases = {
        "2001-05-26": "2001-05-26",
        "26/05/2001": "2001-05-26",
        "6/5/2001": "2001-05-06",
        "2013-03-27 01:00:00 +1100": "2013-03-27",
        "2013-03-26T14:00:00Z": "2013-03-27",
        "29/02/2001": None,
        "13/13/2001": None,
        "20010526": None,
        "26/05/01": None,
        None: None,
    }
    assert {text: evaluate("day", text) for text in cases} == cases


def test_amount(evaluate: Evaluate) -> None:
    cases = {
        "90.0": "90.000000",
        "-12.5": "-12.500000",
        "0": "0.000000",
        "81.818": "81.818000",
        "1e3": None,
        "1_000": None,
        "1,000.00": None,
        "$5": None,
        "NaN": None,
        None: None,
    }
    assert {text: evaluate("amount", text) for text in cases} == cases


def test_flag(evaluate: Evaluate) -> None:
    spoken = {True: ["true", "TRUE", " Yes ", "1", "t"], False: ["false", "No", "0", "f"], None: ["", "?", "maybe"]}
    for meant, words in spoken.items():
        expected = None if meant is None else str(meant).lower()
        assert [evaluate("flag", word) for word in words] == [expected] * len(words)


def test_trimmed_takes_blanks_and_nothing_else(evaluate: Evaluate) -> None:
    cases = {"  x ": "x", "\t a0u\r\n": "a0u", "\u00a000 0400\u00a0": "00 0400", "   ": None, "": None}
    assert {text: evaluate("trimmed", text) for text in cases} == cases


def test_folded(evaluate: Evaluate) -> None:
    assert evaluate("folded", " Siobhán  Ó BRIAIN\n") == "siobhan o briain"


def test_option_value(evaluate: Evaluate) -> None:
    cases = {
        "No Show": "NO_SHOW",
        "Follow-up": "FOLLOW_UP",
        "3rd visit": "T_3RD_VISIT",
        "Físio (60 min)": "FISIO_60_MIN",
    }
    assert {text: evaluate("option_value", text) for text in cases} == cases


@pytest.mark.parametrize("key", ["1", "479516700664923158", "543342507031791275-1", "ключ 'é'"])
def test_ids_are_uuids_of_version_five(evaluate: Evaluate, key: str) -> None:
    expected = uuid.uuid5(NAMESPACE, f"harbour:person:{key}")
    assert uuid.UUID(evaluate("record_id", key, "person")) == expected


def test_an_id_of_nothing_is_null(evaluate: Evaluate) -> None:
    assert evaluate("record_id", None, "person") is None
