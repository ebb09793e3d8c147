"""Reading back: each field of each record against what was meant, and what counts as the same."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import duckdb
import pytest
from fakes import MemoryCRM
from msgspec.structs import replace
from staged import STAGING, Clinic, people, stage

from shift import ledger as ledger_room
from shift.commands import diff
from shift.comparing import EVERYTHING, PAGE, Scope, ensure_tables, read_back
from shift.destination import Outcome, Row
from shift.ledger import mirror
from shift.loading import OnConflict
from shift.planning import ensure_table
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
    read_back(connection, lambda object, ids: list(crm.read(object, ids)), [PERSON])
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
@pytest.mark.parametrize(
    ("rule", "sent", "found"),
    [
        ("number", "12.50::decimal(9, 2)", "12.500"),
        ("number", "1.0::decimal(9, 1)", "1"),
        ("instant", "'2020-01-01T00:00:00.000Z'", "2020-01-01T11:00:00+11:00"),
        ("date", "'2020-01-01'", "2020-01-01T00:00:00.000Z"),
        ("date", "'2020-01-01'", "2020-01-01 00:00:00"),
        ("case_of_email", "{'primaryEmail': 'Ada@Example.org'}", {"primaryEmail": "ada@example.org"}),
        ("form_of_phone", "{'primaryPhone': '0412 345 678'}", {"primaryPhone": "412345678"}),
        ("form_of_address", "'https://Example.org/'", "https://example.org"),
        ("line_ends", "'one\r\ntwo '", "one\ntwo"),
        ("empty", "{'a': 'x', 'b': ''}", {"a": "x"}),
    ],
)
def test_what_is_the_same_by_a_rule_is_told_by_its_name(
    connection: duckdb.DuckDBPyConnection, rule: str, sent: str, found: Any
) -> None:
    assert differences(connection, sent, found) == []
    [told] = connection.execute("select field, rule, records, key from readback.rules").fetchall()
    assert told == ("field", rule, 1, "1")


@pytest.mark.usefixtures("ledger")
@pytest.mark.parametrize(
    ("sent", "found"),
    [
        ("'2020-01-01'", "2020-01-01T10:00:00.000Z"),
        ("'ada@example.org'", "adb@example.org"),
        ("{'primaryPhone': '0412 345 678'}", {"primaryPhone": "412345679"}),
        ("'0412345678'", "412345678"),  # a number, but nothing says that it is a phone's
        ("'https://example.org/a'", "https://example.org/A"),
        ("'one two'", "one  two"),
        ("'Mail Ada@Example.org soon'", "mail ada@example.org soon"),
        ("'x'", ""),
    ],
)
def test_no_rule_goes_further_than_its_words(connection: duckdb.DuckDBPyConnection, sent: str, found: Any) -> None:
    assert len(differences(connection, sent, found)) == 1


@pytest.mark.usefixtures("ledger")
def test_a_reference_stands_for_the_id_that_the_crm_gave(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute(
        "insert into ledger.records (object, key, id, status) values ('company', 'c:1', '7-accounts', 'created')"
    )
    assert differences(connection, "[{'id': {'$ref': 'company:c:1'}}]", [{"id": "7-accounts"}]) == []
    assert differences(connection, "{'$ref': 'company:c:1'}", "8-accounts") == [
        ("1", "field", "7-accounts", "8-accounts")
    ]
    [(key, field, sent, _)] = differences(connection, "{'$ref': 'company:unknown'}", "7-accounts")
    assert (key, field, sent) == ("1", "field", None)
    ensure_table(connection)
    connection.execute(
        "insert into plan.rows by name select 'company' as object, 'c:2' as key, '9-accounts' as id, 'linked' as action"
    )
    assert differences(connection, "{'$ref': 'company:c:2'}", "9-accounts") == []


@pytest.mark.usefixtures("ledger")
def test_a_file_stands_for_what_its_upload_was_called(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute(
        "insert into ledger.intents (intent, run, operation, object, key) values (1, 1, 'upload', 'person', '1')"
    )
    connection.execute("insert into ledger.outcomes (intent, status, id) values (1, 'uploaded', 'file-9')")
    sent = "[{'fileId': {'$file': 'attachments/a.pdf', '$sha256': 'abc'}, 'label': 'a.pdf'}]"
    assert differences(connection, sent, [{"fileId": "file-9", "label": "a.pdf", "url": "x"}]) == []
    assert len(differences(connection, sent, [{"fileId": "file-8", "label": "a.pdf"}])) == 1


@pytest.mark.parametrize(("status", "because"), [("updated", "not_sent"), ("conflict", "conflict")])
def test_a_difference_that_is_known_says_why(connection: duckdb.DuckDBPyConnection, status: str, because: str) -> None:
    mirror(None, connection)
    connection.execute(
        "insert into ledger.records (object, key, id, status, hash) values ('person', '1', 'a', ?, 'of another row')",
        [status],
    )
    differences(connection, "'x'", "y")
    assert connection.execute("select because from readback.differences").fetchall() == [(because,)]


def test_what_a_load_left_to_others_is_what_is_meant(clinic: Clinic) -> None:
    clinic.load()
    clinic.crm.records["person"]["person-1"]["email"] = "theirs@example.test"
    stage(clinic.connection, people(2, p1={"email": "ours@example.test", "name": "Renamed"}))
    clinic.load(on_conflict="theirs")
    assert told(clinic, theirs=True) == ([], [("email", "theirs")])
    assert told(clinic, theirs=False) == ([("1", "email")], [])
    clinic.crm.records["person"]["person-1"]["email"] = "later@example.test"
    assert told(clinic, theirs=True) == ([("1", "email")], [])


def test_a_row_that_was_never_sent_was_left_to_nobody(clinic: Clinic) -> None:
    clinic.load()
    stage(clinic.connection, people(2, p1={"name": "Renamed"}))
    assert told(clinic, theirs=True) == ([("1", "name")], [])
    assert clinic.connection.execute("select because from readback.differences").fetchall() == [("not_sent",)]


@pytest.mark.parametrize("theirs", [True, False])
def test_what_somebody_edited_since_is_told_apart(clinic: Clinic, theirs: bool) -> None:
    clinic.load()
    clinic.crm.records["person"]["person-1"]["name"]["full_name"] = "Edited"
    clinic.crm.records["person"]["person-2"]["email"] = None
    told(clinic, theirs=theirs)
    because = clinic.connection.execute("select key, field, because from readback.differences order by all").fetchall()
    assert because == [("1", "name", "edited"), ("2", "email", "edited")]


@pytest.mark.parametrize("on_conflict", ["flag", "theirs", "ours"])
def test_an_edit_that_a_later_load_left_alone_is_told_as_one(clinic: Clinic, on_conflict: OnConflict) -> None:
    clinic.load()
    clinic.crm.records["person"]["person-1"]["email"] = "theirs@example.test"
    stage(clinic.connection, people(2, p1={"name": "Renamed"}))
    assert clinic.load(on_conflict=on_conflict).complete
    assert told(clinic, theirs=False) == ([("1", "email")], [])
    assert clinic.connection.execute("select because from readback.differences").fetchall() == [("edited",)]


def test_what_a_load_left_to_others_is_an_edit_once_the_policy_is_another(clinic: Clinic) -> None:
    clinic.load()
    clinic.crm.records["person"]["person-1"]["email"] = "theirs@example.test"
    stage(clinic.connection, people(2, p1={"email": "ours@example.test"}))
    clinic.load(on_conflict="theirs")
    assert told(clinic, theirs=False) == ([("1", "email")], [])
    assert clinic.connection.execute("select because from readback.differences").fetchall() == [("edited",)]


@pytest.mark.parametrize("theirs", [True, False])
def test_what_the_crm_made_of_our_write_is_nobody_s_edit(clinic: Clinic, theirs: bool) -> None:
    class Shortening(MemoryCRM):
        def create(self, object: str, rows: Sequence[Row]) -> Sequence[Outcome]:
            short = [replace(row, payload=row.payload.replace("p1@example.test", "p1@example")) for row in rows]
            return super().create(object, short)

    clinic.crm.__class__ = Shortening
    clinic.load()
    assert told(clinic, theirs=theirs) == ([("1", "email")], [])
    assert clinic.connection.execute("select because from readback.differences").fetchall() == [(None,)]


@pytest.mark.parametrize(
    ("scope", "read"),
    [
        (EVERYTHING, {"person": 3, "task": 3}),
        (Scope(object="task"), {"task": 3}),
        (Scope(run=1), {"person": 2, "task": 2}),
        (Scope(run=2), {"person": 1, "task": 1}),
        (Scope(sample=1), {"person": 1}),
    ],
)
def test_what_is_read_back(clinic: Clinic, scope: Scope, read: dict[str, int]) -> None:
    clinic.load()
    stage(clinic.connection, people(3))
    clinic.load()
    clinic.connection.execute("create schema sample")
    clinic.connection.execute(
        "create table sample.rows as select 'crm__person' as model, 'person' as object, '2' as key"
    )
    told(clinic, theirs=False, scope=scope)
    found = clinic.connection.execute("select object, count(*) from readback.records group by object").fetchall()
    assert dict(found) == read


def test_pages_bound_the_calls(clinic: Clinic) -> None:
    stage(clinic.connection, people(PAGE + 1), tasks_each=0)
    clinic.load()
    before = clinic.crm.calls["read"]
    told(clinic, theirs=False)
    assert clinic.crm.calls["read"] - before == 2


@pytest.fixture
def clinic(connection: duckdb.DuckDBPyConnection, tmp_path: Path) -> Clinic:
    stage(connection, people(2))
    return Clinic(connection, tmp_path / "ledger.sqlite")


def told(
    clinic: Clinic, *, theirs: bool, scope: Scope = EVERYTHING
) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """What a read-back finds: (key, field) that differ, and (field, rule) of what is equal by a rule."""
    with ledger_room.reading(clinic.path) as book:
        mirror(book, clinic.connection)
        read_back(
            clinic.connection,
            lambda object, ids: list(clinic.crm.read(object, ids)),
            STAGING,
            scope=scope,
            ledger=book,
            theirs=theirs,
        )
    differ = clinic.connection.execute("select key, field from readback.differences order by all").fetchall()
    rules = clinic.connection.execute("select field, rule from readback.rules order by all").fetchall()
    return differ, rules


def test_what_was_sent_is_told_beside_what_was_found_of_the_same_record(connection: duckdb.DuckDBPyConnection) -> None:
    ensure_tables(connection)
    columns = "(object, key, id, field, sent, found)"
    values = "('person', '1', 'a', 'phone', '0412', null), ('person', '2', 'b', 'phone', '0413', '0400')"
    connection.execute(f"insert into readback.differences {columns} values {values}")
    [told] = diff._found(connection)["differences"]
    assert (told["key"], told["sent"], told["found"], told["records"]) == ("1", "0412", None, 2)


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
