"""The functions that SQL calls, through DuckDB as models call them."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from typing import Any

import duckdb
import pytest

from shift import functions
from shift.database import open_database


@pytest.fixture(scope="module")
def database() -> Iterator[duckdb.DuckDBPyConnection]:
    connection = open_database(None)
    functions.register(connection)
    yield connection
    connection.close()


def call(connection: duckdb.DuckDBPyConnection, expression: str, *arguments: Any) -> Any:
    row = connection.execute(f"select {expression}", list(arguments)).fetchone()
    assert row is not None
    return row[0]


@pytest.mark.parametrize(
    ("text", "country", "expected"),
    [
        ("0412 345 678", "AU", ("412345678", "AU", "+61")),
        ("(03) 9999 9999", "AU", ("399999999", "AU", "+61")),
        ("+61 412-345-678", "NZ", ("412345678", "AU", "+61")),
        ("021 123 4567", "NZ", ("211234567", "NZ", "+64")),
        ("0061 3 9999 9999", "NZ", ("399999999", "AU", "+61")),
        ("0412 345 678 ext 5", "AU", ("412345678", "AU", "+61")),
        ("+39 02 1234 5678", "AU", ("0212345678", "IT", "+39")),
        ("1300 555 012", "au", ("1300555012", "AU", "+61")),
    ],
)
def test_phone_parts(
    database: duckdb.DuckDBPyConnection, text: str, country: str, expected: tuple[str, str, str]
) -> None:
    found = call(database, "phone_parts(?, ?)", text, country)
    assert (found["number"], found["country_code"], found["calling_code"]) == expected
    assert call(database, "phone_e164(?, ?)", text, country) == expected[2] + expected[0]


@pytest.mark.parametrize("text", [None, "", "12", "ask the daughter", "0412", "+999 1234 5678", "0412 345 678 999 999"])
def test_what_is_no_phone_is_null(database: duckdb.DuckDBPyConnection, text: str | None) -> None:
    assert call(database, "phone_parts(?, 'AU')", text) is None
    assert call(database, "phone_e164(?, 'AU')", text) is None


def test_nobody_is_asked_about_an_address(database: duckdb.DuckDBPyConnection, monkeypatch: pytest.MonkeyPatch) -> None:
    """A look-up would tell a name server of the patients' providers."""
    asked: list[object] = []

    def ask(*arguments: object, **_: object) -> None:
        asked.append(arguments)
        raise OSError

    monkeypatch.setattr(socket, "socket", ask)
    assert call(database, "email_normal('ada@clinic-of-ada.com.au')") == "ada@clinic-of-ada.com.au"
    assert asked == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (" Peter.Patientman@Example.COM ", "peter.patientman@example.com"),
        ("o'brien+clinic@example.com", "o'brien+clinic@example.com"),
        ("jürgen@example.com", "jürgen@example.com"),
        ("info@bücher.example", "info@xn--bcher-kva.example"),
        ("reception@clinic.test", "reception@clinic.test"),
        ("peter@", None),
        ("peter at example.com", None),
        ("peter @example.com", None),
        ("a@b..com", None),
        ("", None),
        (None, None),
    ],
)
def test_email_normal(database: duckdb.DuckDBPyConnection, text: str | None, expected: str | None) -> None:
    assert call(database, "email_normal(?)", text) == expected


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ("<div>First<br>second</div><div>third</div>", "First\nsecond\n\nthird"),
        ("<p>a &lt; b &amp; c</p>", "a < b & c"),
        ("<ul><li>one</li><li>two</li></ul>", "- one\n- two"),
        ("<ol><li>one</li><li>two</li></ol>", "1. one\n2. two"),
        ("<h1>Plan</h1><p>rest</p>", "# Plan\n\nrest"),
        ("<b>bold</b> and <i>slanted</i>", "**bold** and *slanted*"),
        ("<blockquote>said</blockquote>", "> said"),
        ('<a href="https://example.com">here</a>', "[here](https://example.com)"),
        ("snake_case * star", "snake_case * star"),
        ("two\n\nlines", "two\n\nlines"),
        ("5 < 6", "5 < 6"),
        ("痛み 🦵 <br>ок", "痛み 🦵\nок"),
        (None, None),
    ],
)
def test_html_to_markdown(database: duckdb.DuckDBPyConnection, html: str | None, expected: str | None) -> None:
    assert call(database, "html_to_markdown(?)", html) == expected


def test_only_what_the_statements_name_is_registered() -> None:
    connection = open_database(None)
    functions.register(connection, ["select email_normal(email) from people"])
    functions.register(connection, ["select email_normal(email) from people"])
    known = {name for (name,) in connection.execute("select function_name from duckdb_functions()").fetchall()}
    connection.close()
    assert "email_normal" in known
    assert known.isdisjoint({"phone_parts", "phone_e164", "html_to_markdown"})
