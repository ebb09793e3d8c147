"""The ledger: durable, append-only, bound to one workspace, written by one, readable by all."""

from __future__ import annotations

import os
import sqlite3
import stat
import subprocess
import sys
import textwrap
from pathlib import Path

import duckdb
import pytest

from shift import ledger
from shift.destination import Workspace
from shift.errors import LedgerError
from shift.http import Call
from shift.ledger import Intent, SchemaNote, Settled

HARBOUR = Workspace("w-1", "Harbour Clinic")
CREATE = Intent("create", "person", "42", "id-42", "hash-42")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "ledger.sqlite"


def rows(path: Path, query: str) -> list[tuple[object, ...]]:
    with sqlite3.connect(path) as connection:
        found = connection.execute(query).fetchall()
    connection.close()
    return found


def test_an_intent_is_on_disk_before_its_outcome(path: Path) -> None:
    with ledger.writing(path, "crm", HARBOUR) as book, book.run("load"):
        [number] = book.intend([CREATE])
        assert rows(path, "select operation, object, key, id, hash from intents") == [
            ("create", "person", "42", "id-42", "hash-42")
        ]
        assert [one.intent for one in book.open_intents()] == [CREATE]
        book.settle([Settled(number, "created", "id-42", record='{"id": "id-42"}')])
        assert book.open_intents() == []
    assert rows(path, "select status, id from outcomes") == [("created", "id-42")]
    assert rows(path, "select id, body from snapshots") == [("id-42", '{"id": "id-42"}')]


def test_what_is_settled_soon_is_on_disk_with_the_next_commit(path: Path) -> None:
    with ledger.writing(path, "crm", HARBOUR) as book, book.run("load"):
        [number] = book.intend([CREATE])
        book.settle_soon([Settled(number, "created", "id-42")])
        book.intend([Intent("create", "person", "43", "id-43", "hash-43")])
        assert rows(path, "select status from outcomes") == [("created",)]


def test_its_files_are_readable_by_their_owner_alone(path: Path) -> None:
    if os.name == "nt":
        pytest.skip("Windows keeps other people out by the folder's rights")
    with ledger.writing(path, "crm", HARBOUR) as book, book.run("load"):
        book.intend([CREATE])
        modes = {file.name: stat.S_IMODE(file.stat().st_mode) & 0o077 for file in path.parent.iterdir()}
        assert set(modes.values()) == {0}, modes


@pytest.mark.parametrize("statement", ["update intents set key = '43'", "delete from intents", "delete from meta"])
def test_what_was_written_cannot_be_changed(path: Path, statement: str) -> None:
    with ledger.writing(path, "crm", HARBOUR) as book, book.run("load"):
        book.intend([CREATE])
    with pytest.raises(sqlite3.IntegrityError, match="append-only"):
        rows(path, statement)


def test_what_was_opened_and_never_loaded_into_is_bound_to_no_workspace(path: Path) -> None:
    with ledger.writing(path, "crm", Workspace("w-2", "Hill Clinic")) as book:
        assert book.workspace() == ("crm", Workspace("w-2", "Hill Clinic"))
    with ledger.reading(path) as read:
        assert read is not None and read.workspace() is None
    with ledger.writing(path, "crm", HARBOUR) as book, book.run("load"):
        pass
    with ledger.reading(path) as read:
        assert read is not None and read.workspace() == ("crm", HARBOUR)


def test_another_workspace_is_refused_and_both_are_named(path: Path) -> None:
    with ledger.writing(path, "crm", HARBOUR) as book, book.run("load"):
        pass
    other = Workspace("w-2", "Hill Clinic")
    with (
        pytest.raises(LedgerError, match=r"'Harbour Clinic' \(w-1\).*'Hill Clinic' \(w-2\)"),
        ledger.writing(path, "crm", other),
    ):
        pass


def test_a_second_writer_is_told_who_holds_it(path: Path) -> None:
    program = textwrap.dedent(
        """
        import sys
        from pathlib import Path
        from shift import ledger
        from shift.destination import Workspace
        with ledger.writing(Path(sys.argv[1]), "crm", Workspace("w-1", "Harbour Clinic")):
            print("held", flush=True)
            sys.stdin.read()
        """
    )
    other = subprocess.Popen(
        [sys.executable, "-c", program, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with other:
        assert other.stdout is not None and other.stdout.readline() == "held\n"
        holder = ledger.holder(path)
        assert holder is not None and holder.pid == other.pid
        with (
            pytest.raises(LedgerError, match=rf"process {other.pid}, since \d\d:\d\d"),
            ledger.writing(path, "crm", HARBOUR),
        ):
            pass
        other.kill()
        other.communicate()
    assert ledger.holder(path) is None, "a killed process holds nothing, whatever note it left"
    with ledger.writing(path, "crm", HARBOUR):
        pass


def test_others_read_while_a_run_writes(path: Path, connection: duckdb.DuckDBPyConnection) -> None:
    with ledger.writing(path, "crm", HARBOUR) as book, book.run("load"):
        book.intend([CREATE])
        with ledger.reading(path) as other:
            assert other is not None
            assert [(run.command, run.status) for run in other.runs()] == [("load", None)]
            ledger.mirror(other, connection)
    assert connection.execute("select object, key from ledger.intents").fetchall() == [("person", "42")]


def test_where_there_is_no_ledger_there_is_nothing_to_read(path: Path, connection: duckdb.DuckDBPyConnection) -> None:
    with ledger.reading(path) as book:
        assert book is None
        ledger.mirror(book, connection)
    assert connection.execute("select count(*) from ledger.records").fetchall() == [(0,)]


@pytest.mark.parametrize(
    ("raised", "status"), [(None, "done"), (ValueError("no"), "failed"), (KeyboardInterrupt(), "interrupted")]
)
def test_a_run_says_how_it_ended(path: Path, raised: BaseException | None, status: str) -> None:
    with ledger.writing(path, "crm", HARBOUR) as book:
        try:
            with book.run("load"):
                if raised:
                    raise raised
        except (ValueError, KeyboardInterrupt):
            pass
        assert [run.status for run in book.runs()] == [status]


def test_calls_are_written_with_the_next_durable_step(path: Path) -> None:
    with ledger.writing(path, "crm", HARBOUR) as book:
        book.note_call(Call("GET", "/rest/people", 200, 0.02))
        with book.run("load"):
            book.note_call(Call("POST", "/rest/batch/people", None, 1.5, error="ReadTimeout"))
    assert rows(path, "select run, method, path, status, error from calls order by noted_at") == [
        (None, "GET", "/rest/people", 200, None),
        (1, "POST", "/rest/batch/people", None, "ReadTimeout"),
    ]


def test_a_ledger_that_cannot_be_written_stops_before_the_call(path: Path) -> None:
    with pytest.raises(LedgerError, match="cannot be written"), ledger.writing(path, "crm", HARBOUR) as book:
        other = sqlite3.connect(path, timeout=0, isolation_level=None)
        other.execute("begin immediate")
        book._connection.execute("pragma busy_timeout = 0")
        with pytest.raises(LedgerError, match="cannot be written"):
            book.intend([CREATE])
        other.close()
        book.flush()
    assert rows(path, "select * from intents") == []


def test_a_file_that_is_no_ledger_is_named(path: Path) -> None:
    path.parent.mkdir()
    path.write_text("not a database, but long enough to be taken for one" * 100)
    with pytest.raises(LedgerError, match="not a ledger"), ledger.writing(path, "crm", HARBOUR):
        pass


@pytest.mark.parametrize(
    ("life", "expected"),
    [
        (["created"], ("id-1", "h0", "created", "h0")),
        (["refused", "created"], ("id-1", "h1", "created", "h1")),
        (["absent"], None),
        (["rejected"], (None, None, "rejected", "h0")),
        (["created", "updated"], ("id-1", "h1", "updated", "h1")),
        (["created", "rejected"], ("id-1", "h0", "rejected", "h1")),
        (["created", "conflict"], ("id-1", "h0", "conflict", "h1")),
        (["created", "gone"], (None, None, "gone", "h1")),
        (["foreign"], (None, None, "foreign", "h0")),
        (["foreign", "adopted"], ("id-1", "h1", "adopted", "h1")),
        (["gone", "created"], ("id-1", "h1", "created", "h1")),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, list) else "",
)
def test_the_mirror_knows_the_latest_state_of_a_record(
    path: Path, connection: duckdb.DuckDBPyConnection, life: list[ledger.Status], expected: tuple[object, ...] | None
) -> None:
    with ledger.writing(path, "crm", HARBOUR) as book, book.run("load"):
        for at, status in enumerate(life):
            [number] = book.intend([Intent("create", "person", "1", "id-1", f"h{at}")])
            book.settle([Settled(number, status, "id-1", message="why")])
        ledger.mirror(book, connection)
    found = connection.execute("select id, hash, status, seen_hash from ledger.records").fetchone()
    assert found == expected


def test_the_mirror_takes_nulls_times_and_many_rows(path: Path, connection: duckdb.DuckDBPyConnection) -> None:
    with ledger.writing(path, "crm", HARBOUR) as book, book.run("load"):
        numbers = book.intend([Intent("create", "person", str(key), None, "h") for key in range(25_000)])
        book.settle(Settled(number, "rejected", message="no, 'quoted'") for number in numbers[:2])
        book.note_schema(SchemaNote("person", None, "intended"))
        ledger.mirror(book, connection)
    assert connection.execute("select count(*), count(id), count(noted_at) from ledger.intents").fetchone() == (
        25_000,
        0,
        25_000,
    )
    assert connection.execute("select key, message from ledger.rejects order by key").fetchall() == [
        ("0", "no, 'quoted'"),
        ("1", "no, 'quoted'"),
    ]
    assert connection.execute("select ended_at is null, status from ledger.runs").fetchall() == [(True, None)]


def test_the_mirror_follows_its_ledger_and_no_other(path: Path, connection: duckdb.DuckDBPyConnection) -> None:
    def mirrored() -> list[tuple[object, ...]]:
        return connection.execute("select key, status from ledger.records order by key").fetchall()

    with ledger.writing(path, "crm", HARBOUR) as book, book.run("load"):
        first, second = book.intend([Intent("create", "person", key, key, "h") for key in ("1", "2")])
        book.settle([Settled(second, "created", "2")])
        ledger.mirror(book, connection)
        assert mirrored() == [("2", "created")]
        book.settle([Settled(first, "created", "1")])
        ledger.mirror(book, connection)
        assert mirrored() == [("1", "created"), ("2", "created")]
        ledger.mirror(book, connection)
        assert connection.execute("select count(*) from ledger.intents").fetchone() == (2,)
    for file in path.parent.iterdir():
        file.unlink()
    with ledger.writing(path, "crm", HARBOUR) as book:
        ledger.mirror(book, connection)
        assert mirrored() == []


def test_schema_changes_that_were_never_finished_are_known(path: Path) -> None:
    with ledger.writing(path, "crm", HARBOUR) as book, book.run("load"):
        for note in (SchemaNote("visit", None, "intended"), SchemaNote("visit", "kind", "intended")):
            book.note_schema(note)
        book.note_schema(SchemaNote("visit", None, "made", "meta-1"))
        assert [(note.object, note.field) for note in book.unfinished_schema()] == [("visit", "kind")]


def test_each_destination_of_a_project_has_a_ledger_of_its_own(tmp_path: Path) -> None:
    assert ledger.path_for(tmp_path, "twenty") == ledger.path_for(tmp_path, "nutshell") == tmp_path / "ledger.sqlite"
    with ledger.writing(ledger.path_for(tmp_path, "twenty"), "twenty", HARBOUR) as book, book.run("load"):
        pass
    assert ledger.path_for(tmp_path, "twenty") == tmp_path / "ledger.sqlite"
    assert ledger.path_for(tmp_path, "nutshell") == tmp_path / "ledger.nutshell.sqlite"
    with ledger.writing(ledger.path_for(tmp_path, "nutshell"), "nutshell", HARBOUR) as book, book.run("load"):
        pass
    assert ledger.path_for(tmp_path, "nutshell") == tmp_path / "ledger.nutshell.sqlite"


def test_a_file_that_is_no_ledger_is_left_for_who_opens_it(tmp_path: Path) -> None:
    (tmp_path / "ledger.sqlite").write_text("not a database, not even a short one")
    assert ledger.path_for(tmp_path, "twenty") == tmp_path / "ledger.sqlite"


# --- what loading asks of it ------------------------------------------------------------------------------------


def settled(book: ledger.Ledger, intent: Intent, status: ledger.Status, id: str | None = None) -> None:
    [number] = book.intend([intent])
    book.settle([Settled(number, status, id)])


def test_ids_are_those_of_records_that_are_in(path: Path) -> None:
    with ledger.writing(path, "crm", HARBOUR) as book, book.run("load"):
        fates: dict[str, tuple[ledger.Status, ...]] = {
            "in": ("rejected", "created", "updated", "conflict"),
            "gone": ("created", "gone"),
            "deleted": ("created", "deleted"),
            "again": ("created", "deleted", "created"),
            "refused": ("rejected",),
            "lost": ("absent",),
            "foreign": ("foreign",),
            "freed": ("created", "freed"),
        }
        for key, statuses in fates.items():
            for number, status in enumerate(statuses):
                intent = Intent("update" if number else "create", "person", key, None, "h")
                settled(book, intent, status, f"{key}-{number}")
        assert book.ids("person", [*fates, "unknown"]) == {"in": "in-2", "again": "again-2", "freed": "freed-1"}
        assert book.ids("task", [*fates]) == {}


def test_an_upload_waits_until_its_record_is_made_or_rejected(path: Path) -> None:
    upload = Intent("upload", "file", "1", None, "bytes")
    create = Intent("create", "file", "1", None, "row")
    with ledger.writing(path, "crm", HARBOUR) as book, book.run("load"):
        assert book.waiting_upload("file", "1", "bytes") is None
        settled(book, upload, "uploaded", "f-1")
        settled(book, create, "absent")
        settled(book, create, "refused")
        assert book.waiting_upload("file", "1", "bytes") == "f-1"
        assert book.waiting_upload("file", "1", "other bytes") is None
        assert book.waiting_upload("file", "2", "bytes") is None
        settled(book, create, "created", "r-1")
        assert book.waiting_upload("file", "1", "bytes") is None
        settled(book, upload, "uploaded", "f-2")
        settled(book, create, "rejected")
        assert book.waiting_upload("file", "1", "bytes") is None
        [noted_ahead] = book.intend([create])
        settled(book, upload, "uploaded", "f-3")
        assert book.waiting_upload("file", "1", "bytes") == "f-3"
        book.settle([Settled(noted_ahead, "created", "r-2")])
        assert book.waiting_upload("file", "1", "bytes") is None


def test_doubles_are_noted_once(path: Path, connection: duckdb.DuckDBPyConnection) -> None:
    with ledger.writing(path, "crm", HARBOUR) as book, book.run("load") as run:
        book.note_doubles("person", "42", "1", ["2"])
        book.note_doubles("person", "42", "1", ["2", "3"])
        assert book.doubles(run) == 2
        ledger.mirror(book, connection)
    assert connection.execute("select key, id, kept from ledger.doubles order by id").fetchall() == [
        ("42", "1", True),
        ("42", "2", False),
        ("42", "3", False),
    ]


def test_a_ledger_of_an_older_program_is_read_and_written(path: Path, connection: duckdb.DuckDBPyConnection) -> None:
    with ledger.writing(path, "crm", HARBOUR) as book, book.run("load"):
        settled(book, CREATE, "created", "id-42")
    with sqlite3.connect(path) as old:
        old.execute("drop table doubles")
        old.execute("alter table calls drop column attempt")
        old.execute("pragma user_version = 0")
    old.close()
    with ledger.reading(path) as read:
        assert read is not None
        ledger.mirror(read, connection)
    assert connection.execute("select key, status from ledger.records").fetchall() == [("42", "created")]
    with ledger.writing(path, "crm", HARBOUR) as book, book.run("load"):
        book.note_call(Call("GET", "/", 200, 0.1, attempt=3))
        book.note_doubles("person", "42", "1", ["2"])
    assert rows(path, "select attempt from calls") == [(3,)]


def test_a_mirror_of_other_columns_is_begun_anew(path: Path, connection: duckdb.DuckDBPyConnection) -> None:
    with ledger.writing(path, "crm", HARBOUR) as book, book.run("load"):
        book.note_call(Call("GET", "/", 200, 0.1))
        ledger.mirror(book, connection)
        connection.execute("alter table ledger.calls drop column attempt")
        connection.execute("update ledger._mirrored set ledger = split_part(ledger, ' ', 1)")
        ledger.mirror(book, connection)
    assert connection.execute("select attempt from ledger.calls").fetchall() == [(1,)]
