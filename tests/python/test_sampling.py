"""A sample: closed under every edge, showing every trait that it can, and the same each time."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import pytest
from clinics import Built, build, copy_project, graph_of
from hypothesis import given, settings
from hypothesis import strategies as st

from shift.database import open_database
from shift.errors import ConfigurationError
from shift.graph import staging_models
from shift.sampling import Sample, draw
from shift.sandbox.clinic import make
from shift.staging import Parent, StagingModel

COMPANY = StagingModel("crm__company", "crm.company", "company", "code", ("id", "code"))
PERSON = StagingModel(
    "crm__person", "crm.person", "person", "id", ("id",), parents=(Parent("company", "company", "code"),)
)
VISIT = StagingModel(
    "crm__visit",
    "crm.visit",
    "visit",
    "id",
    ("id",),
    parents=(Parent("person", "person"), Parent("previous", "visit"), Parent("kind", "kind")),
)
KIND = StagingModel("crm__kind", "crm.kind", "kind", "id", ("id",))
NOTE = StagingModel("crm__note", "crm.note", "note", "id", ("id",), parents=(Parent("visit", "visit"),))
MEMBER = StagingModel("crm__member", "crm.member", "member", "id", ("id",), mode="match")
STAGING = (MEMBER, COMPANY, KIND, PERSON, VISIT, NOTE)

Rows = set[tuple[str, str]]


@st.composite
def clinics(pick: st.DrawFn) -> dict[str, list[tuple[Any, ...]]]:
    """A few rows of each table; some point to what is not there, and visits may follow each other in a ring."""
    people = pick(st.integers(1, 8))
    visits = pick(st.integers(0, 12))
    number = st.one_of(st.none(), st.integers(0, 9))
    trait = st.one_of(st.none(), st.sampled_from("abcdef"))
    return {
        "member": [(0,)],
        "company": [(at, f"c{at}") for at in range(3)],
        "kind": [(at,) for at in range(3)],
        "person": [(at, pick(st.sampled_from(["c0", "c1", "c2", "nowhere", None]))) for at in range(people)],
        "visit": [(at, pick(number), pick(number), pick(st.integers(0, 3))) for at in range(visits)],
        "note": [(at, pick(st.integers(0, 12))) for at in range(pick(st.integers(0, 6)))],
        "traits": [
            ("person", at, shown)
            for at in range(people)
            for shown in pick(st.lists(trait, min_size=1, max_size=3, unique=True))
        ],
    }


_COLUMNS = {
    "member": "id varchar",
    "company": "id varchar, code varchar",
    "kind": "id varchar",
    "person": "id varchar, company varchar",
    "visit": "id varchar, person varchar, previous varchar, kind varchar",
    "note": "id varchar, visit varchar",
    "traits": "object varchar, key varchar, trait varchar",
}


def stage(connection: duckdb.DuckDBPyConnection, clinic: dict[str, list[tuple[Any, ...]]]) -> None:
    connection.execute("create schema if not exists crm")
    for table, columns in _COLUMNS.items():
        connection.execute(f"create or replace table crm.{table} ({columns})")
        for row in clinic[table]:
            connection.execute(f"insert into crm.{table} values ({', '.join('?' * len(row))})", row)


def rows(connection: duckdb.DuckDBPyConnection) -> Rows:
    found = connection.execute("select object, key from sample.rows").fetchall()
    assert len(found) == len(set(found)), "a row stands in the sample once"
    return set(found)


def pointing(clinic: dict[str, list[tuple[Any, ...]]]) -> set[tuple[tuple[str, str], tuple[str, str]]]:
    """(child, parent) of all rows of which the first points to the second, worked out without SQL."""
    told = {
        *((("person", str(at)), ("company", code)) for at, code in clinic["person"]),
        *((("visit", str(row[0])), ("person", str(row[1]))) for row in clinic["visit"]),
        *((("visit", str(row[0])), ("visit", str(row[2]))) for row in clinic["visit"]),
        *((("visit", str(row[0])), ("kind", str(row[3]))) for row in clinic["visit"]),
        *((("note", str(at)), ("visit", str(visit))) for at, visit in clinic["note"]),
    }
    there = {(table, str(row[0])) for table in ("kind", "person", "visit") for row in clinic[table]}
    there |= {("company", code) for _, code in clinic["company"]}
    return {(child, parent) for child, parent in told if parent in there}


@settings(max_examples=30, deadline=None)
@given(clinic=clinics(), size=st.integers(1, 8))
def test_a_sample_is_closed_and_no_larger_than_it_must_be(clinic: dict[str, list[tuple[Any, ...]]], size: int) -> None:
    with open_database(None) as connection:
        stage(connection, clinic)
        draw(connection, STAGING, "crm.traits", size)
        sample, edges = rows(connection), pointing(clinic)
        chosen = {("person", key) for (key,) in connection.execute("select key from sample.chosen").fetchall()}
    hanging = set(chosen)
    while below := {child for child, parent in edges if parent in hanging} - hanging:
        hanging |= below
    needed = set(hanging)
    while above := {parent for child, parent in edges if child in needed} - needed:
        needed |= above
    assert sample == needed


@settings(max_examples=30, deadline=None)
@given(clinic=clinics(), size=st.integers(1, 8))
def test_every_trait_is_seen_or_named(clinic: dict[str, list[tuple[Any, ...]]], size: int) -> None:
    with open_database(None) as connection:
        stage(connection, clinic)
        sample = draw(connection, STAGING, "crm.traits", size)
        chosen = {key for (key,) in connection.execute("select key from sample.chosen").fetchall()}
    traits = {trait for _, _, trait in clinic["traits"] if trait}
    seen = {trait for _, key, trait in clinic["traits"] if str(key) in chosen and trait}
    assert len(chosen) == sample.chosen == min(size, len(clinic["person"]))
    assert set(sample.unseen) == traits - seen
    if size >= len(traits):
        assert not sample.unseen


@settings(max_examples=20, deadline=None)
@given(clinic=clinics(), size=st.integers(1, 7))
def test_a_sample_is_the_same_each_time_and_part_of_a_larger_one(
    clinic: dict[str, list[tuple[Any, ...]]], size: int
) -> None:
    with open_database(None) as connection:
        stage(connection, clinic)
        draw(connection, STAGING, "crm.traits", size)
        first = rows(connection)
        stage(connection, {table: list(reversed(listed)) for table, listed in clinic.items()})
        draw(connection, STAGING, "crm.traits", size)
        assert rows(connection) == first
        draw(connection, STAGING, "crm.traits", size + 1)
        assert rows(connection) >= first


@pytest.mark.parametrize(
    ("traits", "said"),
    [
        ([], "nobody to choose a sample from"),
        ([("visit", "1", "a"), ("person", "1", "a")], "not from person, visit"),
        ([("member", "1", "a")], "not from member"),
    ],
)
def test_traits_speak_of_one_written_object(
    connection: duckdb.DuckDBPyConnection, traits: list[tuple[str, str, str]], said: str
) -> None:
    stage(connection, {table: [] for table in _COLUMNS} | {"traits": traits})
    with pytest.raises(ConfigurationError, match=said):
        draw(connection, STAGING, "crm.traits", 1)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = tmp_path_factory.mktemp("sampled")
    make(folder / "exports", patients=80, seed=11)
    clinic: Built = build(copy_project(folder / "project"), folder / "exports")
    yield clinic, folder / "project"
    clinic.connection.close()


SEEN = {
    "practitioner": ("twenty.task", "_person_id", "practitionerName"),
    "appointment type": ("twenty.task", "_person_id", "appointmentTypeId"),
    "status of a visit": ("twenty.task", "_person_id", "clinikoAppointmentStatus"),
    "state of an invoice": ("twenty.invoice", "personId", "status"),
    "state of a payment": ("twenty.payment", "personId", "status"),
}


@pytest.mark.parametrize("what", SEEN)
def test_every_value_of_a_clinic_occurs_in_its_sample(built: tuple[Built, Path], what: str) -> None:
    clinic, project = built
    table, person, column = SEEN[what]
    sample = draw(
        clinic.connection, staging_models(graph_of(project, "{}"), clinic.connection), "twenty.sample_traits", 30
    )
    assert sample == Sample("person", 30)
    unseen = clinic.values(
        f"""
        select distinct {column} from {table} where {column} is not null and {person} is not null
        except
        select {column} from {table} where sourceSystemId in (select key from sample.rows)
        """
    )
    assert unseen == []
