"""Landing, from a folder of files to the tables of `raw`."""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import zipfile
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest
from landing_support import NOW, PEOPLE, TABLES, VISITS, LandFolder, the_file, write_exports

from shift.database import open_database
from shift.errors import ExportError
from shift.landing import Landing, land
from shift.project import SourceColumn, SourceTable, open_project

ROOT = Path(__file__).parents[2]

# Header and order of a real export of June 2025: contracts/cliniko/exports.yml, patients.
PATIENTS_HEADER = (
    "Patient ID,Title,First Name,Last Name,Preferred First Name,Date of Birth,Sex,Email,PhoneMobile,PhoneHome,"
    "PhoneWork,PhoneFax,PhoneOther,Address1,Address2,Address3,Time Zone,City,State,Post code,Country,Occupation,"
    "Emergency Contact,Medicare Number,Referral Type,Referral Type Subcategory,Referral Extra Information,"
    "Referring Doctor,Reference Number,Created At,Updated At,Next Appointment,Last Appointment,Birth Month,"
    "Last Practitioner Seen,Last Business Visited,Business Id,Unapplied Account Credit,Medical Alerts,"
    "Extra Information,Reminder Type,Invoice To,Invoice Email,Invoice Extra Info,Concession Type,"
    "Unsubscribed SMS marketing,First Appointment,First Practitioner Seen,Accepted Privacy Policy,Gender Identity,"
    "Pronouns,Gender (this field has been replaced),Appointment Notes,Medicare Reference Number,"
    "Accepts email marketing,Opening balance,Account Balance,Mobile Phones,Home Phones,Work Phones,Fax Phones,"
    "Other Phones,Receives Confirmation Emails,DVA card number,Follow-up Messages"
)


@pytest.fixture
def land_folder(connection: duckdb.DuckDBPyConnection, tmp_path: Path) -> LandFolder:
    """A function that adds files to a folder of exports and lands it."""
    return lambda files: land(connection, TABLES, write_exports(tmp_path / "exports", files), landed_at=NOW)


def rows(connection: duckdb.DuckDBPyConnection, query: str) -> list[tuple[Any, ...]]:
    return connection.execute(query).fetchall()


# --- tables -----------------------------------------------------------------------------------------------------


def test_a_table_holds_every_value_as_text_beside_its_place(
    connection: duckdb.DuckDBPyConnection, land_folder: LandFolder
) -> None:
    land_folder({"new/People.csv": 'Note,Person ID\n"a, ""b""\nc",007\n"",8\n'})
    assert rows(connection, "select * exclude (_landed_at) from raw.people order by _row") == [
        ("new/People.csv", 2, {}, "007", None, 'a, "b"\nc'),
        ("new/People.csv", 3, {}, "8", None, None),
    ]
    landed_at = "select distinct strftime(_landed_at, '%Y-%m-%d %H:%M') from raw.people"
    assert rows(connection, landed_at) == [("2026-08-01 09:30",)]


def test_a_missing_file_gives_an_empty_table_with_the_same_columns(
    connection: duckdb.DuckDBPyConnection, land_folder: LandFolder
) -> None:
    landing = land_folder({"People.csv": "Person ID,Note\n1,x\n"})
    assert landing.missing == ("visits", "wait_list")
    assert [name for name, *_ in rows(connection, "describe raw.visits")] == [
        *("_file", "_row", "_landed_at", "_extra", "person_ids", "starts_at", "kind")
    ]
    assert rows(connection, "select * from raw.visits") == []


def test_several_files_of_one_kind_are_one_table(
    connection: duckdb.DuckDBPyConnection, land_folder: LandFolder
) -> None:
    land_folder({"People 1.csv": "Person ID,Note\n1,x\n", "People 2.csv": "Note;Person ID\ny;1\n"})
    assert rows(connection, "select _file, _row, person_id, note from raw.people order by all") == [
        ("People 1.csv", 2, "1", "x"),
        ("People 2.csv", 2, "1", "y"),
    ]


def test_the_project_knows_every_column_of_a_real_header(connection: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    cells = ",".join(str(place) for place in range(65))
    name = "Patients-Cliniko-20250624-From20250301-To20250630.csv"
    exports = write_exports(tmp_path, {name: f"{PATIENTS_HEADER}\n{cells}\n"})
    project = open_project(ROOT)
    tables = [table for source, table in project.sources.values() if source.schema == "raw"]
    (file,) = land(connection, tables, exports, landed_at=NOW).files
    assert (file.kind, file.rows, len(file.columns), file.unknown) == ("patients", 1, 65, ())
    assert (file.dates.run, file.dates.first, file.dates.last) == (
        date(2025, 6, 24),
        date(2025, 3, 1),
        date(2025, 6, 30),
    )
    assert rows(connection, "select patient_id, first_name, last_name from raw.patients") == [("0", "2", "3")]


def test_the_files_their_columns_and_what_is_unreadable_are_tables_too(
    connection: duckdb.DuckDBPyConnection, land_folder: LandFolder
) -> None:
    land_folder({"People-20250101.csv": "Person ID,Shoe Size,Note\n1,44,x\n2,,\n\n3\n", "picture.csv": b"\x89PNG\r\n"})
    assert rows(
        connection, "select file, kind, run_date, rows, landed, unreadable, blank_lines, reason from raw._files"
    ) == [
        ("People-20250101.csv", "people", date(2025, 1, 1), 3, 2, 1, 1, None),
        ("picture.csv", None, None, 0, 0, 0, 0, "a picture, not a CSV"),
    ]
    assert rows(connection, "select header, position, column_name, filled from raw._columns order by position") == [
        ("Person ID", 1, "person_id", 2),
        ("Shoe Size", 2, None, 1),
        ("Note", 3, "note", 1),
    ]
    assert rows(connection, "from raw._unreadable") == [
        ("People-20250101.csv", "people", 4, 5, "3", "1 cell, where the header has 3")
    ]


def test_the_project_declares_no_other_tables_than_these(
    connection: duckdb.DuckDBPyConnection, land_folder: LandFolder
) -> None:
    land_folder({"People.csv": "Person ID,Note\n1,x\n"})
    declared = {
        (table.name, column.name)
        for source, table in open_project(ROOT).sources.values()
        if source.schema == "raw" and table.name.startswith("_")
        for column in table.columns
    }
    there = "select table_name, column_name from duckdb_columns() where schema_name = 'raw'"
    assert declared
    assert declared <= set(rows(connection, there))


# --- headers ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "header",
    ["Person ID", "person_id", "PERSON-ID", " Person Id ", "PersonID", "id", "ID"],
)
def test_spelling_of_a_header_does_not_matter(
    connection: duckdb.DuckDBPyConnection, land_folder: LandFolder, header: str
) -> None:
    land_folder({"export.csv": f"Note,First Name,{header}\nx,y,5\n"})
    assert rows(connection, "select person_id, first_name, note, _extra from raw.people") == [("5", "y", "x", {})]


def test_client_is_a_word_for_patient(connection: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    table = SourceTable(name="patients", columns=[SourceColumn(name="patient_id", header="Patient ID", type="id")])
    exports = write_exports(tmp_path, {"x.csv": "Client ID,Note\n1,x\n", "y.csv": "ClientID\n2\n"})
    land(connection, [table, PEOPLE], exports, landed_at=NOW)
    assert rows(connection, "select patient_id from raw.patients order by all") == [("2",)]


@pytest.mark.parametrize(
    ("header", "note", "extra"),
    [
        ("Person ID,Note,Notes", "a", {"Notes": "b"}),
        ("Person ID,Notes,Note", "b", {"Notes": "a"}),
        ("Person ID,Remark,Notes", "b", {"Remark": "a"}),
        ("Person ID,note,Note", "b", {"note": "a"}),
        ("Person ID,Remark,Other", "a", {"Other": "b"}),
    ],
)
def test_the_exact_header_wins_then_the_earlier_alias(
    connection: duckdb.DuckDBPyConnection, land_folder: LandFolder, header: str, note: str, extra: dict[str, str]
) -> None:
    land_folder({"People.csv": f"{header}\n1,a,b\n"})
    assert rows(connection, "select note, _extra from raw.people") == [(note, extra)]


def test_an_id_column_of_another_kind_does_not_make_a_file_of_it(land_folder: LandFolder) -> None:
    landing = land_folder({"anything.csv": "Person ID,Start Time,Kind\n1,2026-01-01,x\n"})
    assert landing.files[0].kind == "visits"


@pytest.mark.parametrize(
    ("name", "header", "kind"),
    [
        ("Visits-2026.csv", "Person ID,First Name,Note", "people"),
        ("People.csv", "Person ID,x,y", "people"),
        ("Wait list.csv", "Who,When,Why,Whither", "wait_list"),
        ("wait_list-20260101 (1).csv", "Person ID,a,b", "wait_list"),
        ("Visits.csv", "Person ID", "visits"),
    ],
)
def test_headers_say_the_kind_and_else_the_name_does(
    land_folder: LandFolder, name: str, header: str, kind: str
) -> None:
    assert land_folder({name: f"{header}\n" + "1," * header.count(",") + "1\n"}).files[0].kind == kind


def test_a_file_of_unknown_columns_lands_whole(connection: duckdb.DuckDBPyConnection, land_folder: LandFolder) -> None:
    landing = land_folder({"Wait list.csv": "Who,When,\nAda,,\nBob,May,x\n"})
    assert rows(connection, "select _row, _extra from raw.wait_list order by _row") == [
        (2, {"Who": "Ada"}),
        (3, {"Who": "Bob", "When": "May", "(column 3)": "x"}),
    ]
    assert [(column.header, column.filled) for column in landing.files[0].unknown] == [
        ("Who", 2),
        ("When", 1),
        ("(column 3)", 1),
    ]


# --- ids --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "landed"),
    [
        ('="1558354464010667075"', "1558354464010667075"),
        ('"=""1558354464010667075"""', "1558354464010667075"),
        ("=123", "123"),
        ("1558354464010667075", "1558354464010667075"),
        ("000123", "000123"),
        ('="A-1"', "A-1"),
        ("=SUM(A1)", "=SUM(A1)"),
        ("1e5", "1e5"),
    ],
)
def test_ids_are_text_and_lose_their_guard(
    connection: duckdb.DuckDBPyConnection, land_folder: LandFolder, written: str, landed: str
) -> None:
    land_folder({"People.csv": f'Person ID,Note\n{written},="5"\n', "Visits.csv": f"PersonID(s),Kind\n{written},x\n"})
    assert rows(connection, "select person_id, note from raw.people") == [(landed, '="5"')]
    assert rows(connection, "select person_ids from raw.visits") == [(landed,)]


@pytest.mark.parametrize("number", ["1.55835E+18", "1,55835E+18", "1.55835e+18", "1E+18", "5, 1.5E+17"])
@pytest.mark.parametrize(
    ("name", "header", "column"),
    [("People.csv", "Person ID", "person_id"), ("Visits.csv", "PersonID(s)", "person_ids")],
)
def test_a_shortened_id_refuses_the_file(
    connection: duckdb.DuckDBPyConnection, land_folder: LandFolder, number: str, name: str, header: str, column: str
) -> None:
    good = {"People of yesterday.csv": "Person ID,Note\n1,1E+5\n"}
    landing = land_folder({**good, name: f'{header},Note,Kind\n1,,\n"{number}",x,\n9\n'})
    refused = the_file(landing, name)
    assert refused.kind is None
    assert refused.reason == (
        f"it holds {name.removesuffix('.csv').lower()}, but a spreadsheet has shortened numbers in '{column}'"
        f" to the like of {number} (1 rows): export it again, and do not save it from a spreadsheet"
    )
    assert (refused.rows, refused.landed, refused.unreadable) == (0, 0, 0)
    landed = (
        "select _file from raw.people union all select _file from raw.visits union all select file from raw._unreadable"
    )
    assert rows(connection, landed) == [("People of yesterday.csv",)]


# --- files ------------------------------------------------------------------------------------------------------


def test_the_same_exports_twice_give_the_same_tables(
    connection: duckdb.DuckDBPyConnection, land_folder: LandFolder
) -> None:
    files = {"People.csv": "Person ID,Note\n1,x\n2\n", "Visits.csv": "PersonID(s),Kind\n1,x\n"}
    tables = ["people", "visits", "_files", "_unreadable", "_columns"]
    land_folder(files)
    once = [rows(connection, f"select columns(*)::varchar from raw.{table} order by all") for table in tables]
    land_folder(files)
    assert [rows(connection, f"select columns(*)::varchar from raw.{table} order by all") for table in tables] == once


def test_the_same_file_under_two_names_lands_once(
    connection: duckdb.DuckDBPyConnection, land_folder: LandFolder
) -> None:
    content = "Person ID,Note\n1,x\n"
    landing = land_folder(
        {"People.csv": content, "People (1).csv": content, "People.csv.gz": gzip.compress(content.encode())}
    )
    assert [file.reason for file in landing.files] == [
        None,
        "the same file as People (1).csv, byte for byte",
        "the same file as People (1).csv, byte for byte",
    ]
    assert rows(connection, "select person_id from raw.people") == [("1",)]


def test_a_copy_lands_where_the_first_of_that_content_could_not(
    connection: duckdb.DuckDBPyConnection, land_folder: LandFolder
) -> None:
    content = "Person ID\n1\n"
    landing = land_folder({"A nameless one.csv": content, "People.csv": content})
    assert [file.kind for file in landing.files] == [None, "people"]


def zipped(members: dict[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return packed.getvalue()


def test_zip_and_gzip_are_unpacked(connection: duckdb.DuckDBPyConnection, land_folder: LandFolder) -> None:
    landing = land_folder(
        {
            "all.zip": zipped(
                {
                    "in/People-20260101.csv": b"Person ID,Note\n1,x\n",
                    "__MACOSX/._People.csv": b"\x00\x05",
                    "page.csv": b"<!DOCTYPE html><html>",
                }
            ),
            "Visits.csv.gz": gzip.compress(b"PersonID(s),Kind\n1,x\n"),
        }
    )
    assert [(file.file, file.kind, file.reason) for file in landing.files] == [
        ("Visits.csv.gz", "visits", None),
        ("all.zip/in/People-20260101.csv", "people", None),
        ("all.zip/page.csv", None, "a web page, perhaps a login page, not a CSV"),
    ]
    assert landing.files[1].dates.run == date(2026, 1, 1)
    assert rows(connection, "select _file, person_id from raw.people") == [("all.zip/in/People-20260101.csv", "1")]


def test_only_the_list_of_patients_files_is_an_export(connection: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    index = SourceTable(
        name="patient_attachments",
        files=["Patient?attachments*"],
        columns=[SourceColumn(name="patient_id", type="id"), SourceColumn(name="file")],
    )
    exports = write_exports(
        tmp_path,
        {
            "People.csv": "Person ID,Note\n1,x\n",
            ".DS_Store": b"\x00",
            "~$People.xlsx": b"\x00",
            "attachments/index.csv": "patient_id,file\n1,results.csv\n",
            "attachments/results.csv": "Person ID,Note\n5,secret\n",
            "attachments/7/People.csv": "Person ID,Note\n6,secret\n",
            "charts/Patient attachments.csv": "patient_id,file\n1,chart.png\n",
            "charts/chart.png": b"\x89PNG",
        },
    )
    landing = land(connection, [PEOPLE, index], exports, landed_at=NOW)
    assert [(file.file, file.kind) for file in landing.files] == [
        ("People.csv", "people"),
        ("attachments/index.csv", "patient_attachments"),
        ("charts/Patient attachments.csv", "patient_attachments"),
    ]
    assert rows(connection, "select folder, path, size_bytes from raw._attachments order by all") == [
        ("attachments", "7/People.csv", 24),
        ("attachments", "results.csv", 24),
        ("charts", "chart.png", 4),
    ]


def test_a_file_of_a_patient_is_hashed_again_when_it_changes(
    connection: duckdb.DuckDBPyConnection, land_folder: LandFolder
) -> None:
    hashes = "select sha256 from raw._attachments"
    found = []
    for content in ("one", "one", "three"):
        land_folder({"People.csv": "Person ID,Note\n1,x\n", "attachments/a.txt": content})
        found += rows(connection, hashes)
    digests = [(hashlib.sha256(text).hexdigest(),) for text in (b"one", b"one", b"three")]
    assert found == digests


@pytest.mark.skipif(os.name == "nt", reason="Windows makes such names and links seldom")
def test_a_file_that_cannot_be_reached_is_told(land_folder: LandFolder, tmp_path: Path) -> None:
    land_folder({"People.csv": "Person ID,Note\n1,x\n"})
    (tmp_path / "exports" / "Visits.csv").symlink_to(tmp_path / "gone.csv")
    (tmp_path / "exports" / os.fsdecode(b"Visits \xff.csv")).write_text("Kind\nx\n")
    assert [(file.file, file.reason) for file in land_folder({}).refused] == [
        ("Visits ?.csv", "its name is not in UTF-8: rename it"),
        ("Visits.csv", "it cannot be read: No such file or directory"),
    ]


@pytest.mark.skipif(os.name == "nt", reason="Windows allows none of these in a name")
def test_a_name_may_hold_what_a_pattern_holds(connection: duckdb.DuckDBPyConnection, land_folder: LandFolder) -> None:
    land_folder({"People [a]*?'.csv": "Person ID,Note\n1,x\n", "People b.csv": "Person ID,Note\n2,x\n"})
    assert rows(connection, "select _file, person_id from raw.people order by person_id") == [
        ("People [a]*?'.csv", "1"),
        ("People b.csv", "2"),
    ]


def test_a_long_file_keeps_its_order(connection: duckdb.DuckDBPyConnection, land_folder: LandFolder) -> None:
    count = 400_000
    connection.execute("set preserve_insertion_order = false")
    body = "".join(f'{number},"line\n{number}"\n' for number in range(2, count + 2))
    landing = land_folder({"People.csv": f"Person ID,Note\n{body}"})
    assert landing.files[0].landed == count
    misplaced = "select count(*) from raw.people where person_id::bigint != _row or note != 'line' || chr(10) || _row"
    assert rows(connection, misplaced) == [(0,)]
    assert rows(connection, "select current_setting('preserve_insertion_order')") == [(False,)]


# --- what goes wrong --------------------------------------------------------------------------------------------

REQUIRED = SourceTable(name="people", files=PEOPLE.files, key=PEOPLE.key, required=True, columns=PEOPLE.columns)


@pytest.mark.parametrize(
    ("files", "message", "hint"),
    [
        ({}, "there are no exports in this folder", "Put the CSV files there."),
        (
            {"Visits.csv": "PersonID(s),Kind\n1,x\n"},
            "none of the files holds the required 'people'",
            "Export it too, and put the file there.",
        ),
        (
            {"People.csv": "<html>", "Visits.csv": "PersonID(s),Kind\n1,x\n"},
            "none of the files holds the required 'people'",
            "Not landed:\nPeople.csv: a web page, perhaps a login page, not a CSV.",
        ),
        (
            {"People.csv": "Person,Note\n1,x\n"},
            "the required column 'Person ID' is missing",
            "Nearest headers found: Person.",
        ),
        (
            {"People.csv": "Shoe,Note,First Name\n1,x,y\n"},
            "the required column 'Person ID' is missing",
            "Headers found that are no column's: Shoe.",
        ),
        (
            {"People.csv": "Person ID,Note,Note\n1,x,y\n"},
            "the column 'Note' stands in the header 2 times",
            "Rename or remove one of them, or export the file again.",
        ),
    ],
)
def test_what_the_user_must_mend_is_an_error(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path, files: dict[str, str], message: str, hint: str
) -> None:
    with pytest.raises(ExportError) as raised:
        land(connection, [REQUIRED, VISITS], write_exports(tmp_path, files), landed_at=NOW)
    assert (raised.value.message, raised.value.hint, raised.value.exit_code) == (message, hint, 2)


def test_a_missing_folder_is_an_error(connection: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    with pytest.raises(ExportError, match="there is no such folder"):
        land(connection, TABLES, tmp_path / "none", landed_at=NOW)
    assert rows(connection, "select table_name from duckdb_tables()") == []


def test_a_folder_without_any_export_says_what_is_there(land_folder: LandFolder) -> None:
    with pytest.raises(ExportError, match="none of the files is an export") as raised:
        land_folder({"a.csv": b"%PDF-1.7", "b.csv": "x,y\n1,2\n"})
    assert raised.value.hint == (
        "a.csv: a PDF, not a CSV.\nb.csv: neither its headers (x, y) nor its name are those of a known export."
    )


def test_a_failed_landing_leaves_raw_as_it_was(tmp_path: Path) -> None:
    def landed(files: dict[str, str]) -> Landing:
        return land(connection, TABLES, write_exports(tmp_path / "exports", files), landed_at=NOW)

    with open_database(tmp_path / "x.duckdb") as connection:
        landed({"People.csv": "Person ID,Note\n1,x\n"})
        with pytest.raises(ExportError):
            landed({"People.csv": "Person ID,Note\n2,y\n", "Visits.csv": "Kind,Start Time,Kind\n1,2,3\n"})
        assert rows(connection, "select person_id, note from raw.people") == [("1", "x")]
        assert rows(connection, "select file, landed from raw._files") == [("People.csv", 1)]
        names = "select table_name from duckdb_tables() order by all"
        assert rows(connection, names) == [
            (name,)
            for name in (
                "_attachments",
                "_columns",
                "_files",
                "_kind_columns",
                "_kinds",
                "_unreadable",
                "people",
                "visits",
                "wait_list",
            )
        ]


def test_what_a_killed_landing_left_is_cleared_away(
    connection: duckdb.DuckDBPyConnection, land_folder: LandFolder
) -> None:
    connection.execute(
        "create schema raw; create table raw.people__landing as select 1; create table raw.old as select 1"
    )
    land_folder({"People.csv": "Person ID,Note\n1,x\n"})
    assert rows(connection, "select person_id from raw.people") == [("1",)]
    left = "select table_name from duckdb_tables() where table_name in ('old', 'people__landing')"
    assert rows(connection, left) == []
