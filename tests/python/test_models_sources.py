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
from clinics import ROOT, build, copy_project, write_exports

from shift.graph import read_graph
from shift.landing import land
from shift.project import SourceTable, open_project

SOURCES = open_project(ROOT).sources
EXPORTS = [table for source, table in SOURCES.values() if source.name == "cliniko"]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return copy_project(tmp_path_factory.mktemp("project"))


@cache
def compiled() -> list[tuple[str, str]]:
    """Each model as it is written, and the SQL that it becomes."""
    graph = read_graph(open_project(ROOT, variables={"source_account": "test"}))
    return [(model.text, model.sql) for model in graph.models.values()]


@pytest.fixture(scope="module")
def api_exports(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_api_examples(tmp_path_factory.mktemp("api"))


@pytest.mark.parametrize("table", EXPORTS, ids=lambda table: table.name)
def test_every_column_has_a_fate(table: SourceTable) -> None:
    """A column is read by a model that reads its table, or says why it is left out."""
    if table.left_out:
        assert [column.name for column in table.columns if column.left_out] == []
        return
    reads = re.compile(rf"source\(\s*'cliniko',\s*'{table.name}'\s*\)")
    words = {word for text, sql in compiled() if reads.search(text) for word in re.findall(r"\w+", sql)}
    assert {column.name for column in table.columns if not column.left_out} - words == set()


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
