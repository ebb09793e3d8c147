"""What the sources declare: every column has a fate, and what Cliniko writes finds its way in."""

from __future__ import annotations

import csv
import re
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import duckdb
import pytest
from api_examples import API_COLUMNS, CONTRACTS, write_api_examples
from clinics import ROOT, build, graph_of, write_exports

from shift.graph import read_graph
from shift.landing import land
from shift.project import SourceTable, open_project

SOURCES = open_project(ROOT).sources
EXPORTS = [table for source, table in SOURCES.values() if source.name == "cliniko"]


@cache
def compiled(to: str) -> list[tuple[str, str]]:
    """Each model on the way to a destination as it is written, and the SQL that it becomes."""
    graph = read_graph(open_project(ROOT, to=to, variables={"source_account": "test"}))
    return [(model.text, model.sql) for model in graph.models.values()]


@pytest.fixture(scope="module")
def api_exports(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_api_examples(tmp_path_factory.mktemp("api"))


@pytest.mark.parametrize("to", ["twenty", "nutshell"])
@pytest.mark.parametrize("table", EXPORTS, ids=lambda table: table.name)
def test_every_column_has_a_fate(table: SourceTable, to: str) -> None:
    """A column is read by a model that reads its table, or says why it is left out."""
    if table.left_out:
        assert [column.name for column in table.columns if column.left_out] == []
        return
    reads = re.compile(rf"source\(\s*'cliniko',\s*'{table.name}'\s*\)")
    words = {word for text, sql in compiled(to) if reads.search(text) for word in re.findall(r"\w+", sql)}
    assert {column.name for column in table.columns if not column.left_out} - words == set()


# What a cleaned table tells of how it was made: of use to who looks at it, and to no model.
FOR_THE_READER = {
    "cliniko__companies": {"contact_ids"},
    "cliniko__contacts": {"company_name"},
    "cliniko__exports": {"is_complete", "is_newest"},
    "cliniko__patients": {"merged_into"},
    "cliniko__products": {"origin"},
}


def test_what_is_cleaned_goes_on(project: Path, tmp_path: Path) -> None:
    """A column that a cleaned table has and nobody reads would be lost, though it was read from its export."""
    patient = {"Patient ID": "1", "First Name": "Ada", "Last Name": "Ng"}
    exports = write_exports(tmp_path, {"Patients-Cliniko-20260801.csv": [patient]})
    built = build(project, exports, "cliniko")
    graph = graph_of(project, "{}")
    of_tests = [path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("*.sql")]
    of_others = [path.read_text(encoding="utf-8") for path in (ROOT / "models" / "nutshell").rglob("*.sql")]
    anywhere = set(re.findall(r"\w+", " ".join([*of_tests, *of_others])))
    unread = {}
    for name in filter(lambda name: name.startswith("cliniko__"), graph.models):
        described = built.connection.execute(f"select * from {graph.models[name].relation} limit 0").description
        readers = [model.sql for model in graph.models.values() if name in model.refs and model.name != name]
        read = anywhere | set(re.findall(r"\w+", " ".join(readers)))
        if columns := {column for column, *_ in described if column[0] != "_"} - read:
            unread[name] = columns
    assert unread == FOR_THE_READER


def test_the_exact_patients_header_lands_unchanged(connection: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    header = (CONTRACTS / "patients_header.csv").read_text(encoding="utf-8")
    names = next(csv.reader([header]))
    assert len(names) == 65
    values = [str(at) for at in range(65)]
    path = tmp_path / "Patients-Cliniko-20250624.csv"
    path.write_text(header + ",".join(values) + "\n", encoding="utf-8")
    land(connection, EXPORTS, tmp_path, landed_at=datetime(2026, 8, 2, tzinfo=UTC))
    landed = connection.execute("select * exclude (_landed_at) from raw.patients")
    row = dict(zip([column[0] for column in landed.description], landed.fetchall()[0], strict=True))
    declared = {column.header or column.name: column.name for column in SOURCES["cliniko", "patients"][1].columns}
    assert [row[declared[name]] for name in names] == values
    assert not row["_extra"]


def test_the_api_examples_land_in_their_tables(connection: duckdb.DuckDBPyConnection, api_exports: Path) -> None:
    landing = land(connection, EXPORTS, api_exports, landed_at=datetime(2026, 8, 2, tzinfo=UTC))
    assert {file.file: file.kind for file in landing.files} == {f"{kind}.csv": kind for kind in API_COLUMNS}
    assert {file.file: [column.header for column in file.unknown] for file in landing.files if file.unknown} == {}


def test_the_api_examples_go_the_whole_path_to_staging(project: Path, api_exports: Path) -> None:
    built = build(project, api_exports)
    assert built.broken == []
    people = built.rows(
        "select sourceSystemId, concessionType, medicalAlerts, pronouns, relatedPeople from twenty.person"
    )
    assert {row["sourceSystemId"] for row in people} == {"479516700664923158", "372481449527346255"}
    peter = next(row for row in people if row["sourceSystemId"] == "479516700664923158")
    assert (peter["concessionType"], peter["medicalAlerts"], peter["pronouns"], peter["relatedPeople"]) == (
        "Students",
        "a medical alert",
        "he/him",
        "Parent: Ada Cummerata",
    )
    assert built.values("select clinikoAppointmentStatus from twenty.task order by sourceSystemId") == [
        "COMPLETED",
        "NO_SHOW",
        "CANCELLED",
        "COMPLETED",
        "COMPLETED",
    ]
    (body,) = built.values("select bodyV2.markdown from twenty.note")
    assert "**Choose one or more:** Choice 1, Choice 2, Free text" in body


def test_with_patients_alone_everything_builds(project: Path, tmp_path: Path) -> None:
    rows = [{"Patient ID": "1", "First Name": "Peter", "Last Name": "Patientman"}]
    built = build(project, write_exports(tmp_path, {"Patients-Cliniko-20260801.csv": rows}))
    assert built.broken == []
    assert built.values("select count(*) from twenty.task") == [0]


WHOLE = "Patient ID,First Name,Last Name\n1,Ada,Ng\n"
WEB_PAGE = "<!DOCTYPE html>\n<html><body>Sign in</body></html>\n"


@pytest.mark.parametrize(
    ("patients", "recalls", "found"),
    [
        (WHOLE, None, {}),
        (WHOLE, WEB_PAGE, {"files_not_landed": 1}),
        (WHOLE.splitlines()[0] + "\n", None, {"required_exports_without_rows": 1}),
        (WHOLE + "2,Bo,Li,one,cell,too,many\n", None, {"records_that_could_not_be_read": 1}),
    ],
)
def test_a_file_that_does_not_land_whole_is_told_by_build_and_plan(
    project: Path, tmp_path: Path, patients: str, recalls: str | None, found: dict[str, int]
) -> None:
    (tmp_path / "Patients-Cliniko-20260801.csv").write_text(patients, encoding="utf-8")
    if recalls:
        (tmp_path / "Recalls.csv").write_text(recalls, encoding="utf-8")
    built = build(project, tmp_path, "cliniko__as_of")
    told = {"every_file_is_landed_whole": 1} if found else {}
    assert {one.node: one.failures for one in built.results if one.status == "warn"} == told
    plan = ("files_not_landed", "required_exports_without_rows", "records_that_could_not_be_read")
    rows = {name: len(built.rows(graph_of(project, "{}").tests[name].sql)) for name in plan}
    assert {name: count for name, count in rows.items() if count} == found
