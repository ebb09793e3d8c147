"""Other people's records: how they were is kept beside the ledger, and what is not so any more is told."""

from __future__ import annotations

import stat
from contextlib import closing
from pathlib import Path

import duckdb
import pytest
from fakes import MemoryCRM
from staged import Clinic, people, stage

from shift import ledger, pulling
from shift.database import open_database
from shift.loading import Writer
from shift.undoing import baseline, prepare, undo

THEIRS = {
    "person": {
        "a": {"id": "a", "name": "Ng"},
        "b": {"id": "b", "name": "Lee", "email": "lee@example.test"},
        "c": {"id": "c", "name": "Okoye"},
    }
}


@pytest.fixture
def clinic(connection: duckdb.DuckDBPyConnection, tmp_path: Path) -> Clinic:
    stage(connection, people(2))
    records = {object: {id: dict(one) for id, one in held.items()} for object, held in THEIRS.items()}
    return Clinic(connection, tmp_path / "ledger.sqlite", crm=MemoryCRM(records=records))


def keep(clinic: Clinic) -> None:
    """As a load does it: after a pull, before it writes."""
    with ledger.reading(clinic.path) as book:
        ledger.mirror(book, clinic.connection)
    pulling.pull(clinic.connection, clinic.crm.pull(), [])
    pulling.pull_records(clinic.connection, clinic.crm, ["person", "task"])
    baseline.keep(clinic.connection, baseline.path_for(clinic.path))


def others(clinic: Clinic) -> set[tuple[str, str, str]] | None:
    """What a rollback of everything tells of other people's records."""
    with (
        ledger.writing(clinic.path, "crm", clinic.crm.workspace()) as book,
        closing(open_database(None)) as connection,
    ):
        writer = Writer(clinic.crm, book, clinic.patience())
        undoing = prepare(writer, connection, everything=True)
        proof = undo(writer, connection, undoing, baseline=baseline.path_for(clinic.path)).proof
    return None if proof.others is None else {(one.object, one.id, one.what) for one in proof.others}


def test_what_others_did_meanwhile_is_told_and_what_was_added_empty_is_not(clinic: Clinic) -> None:
    keep(clinic)
    assert clinic.load().complete
    held = clinic.crm.records["person"]
    held["a"]["added"] = None
    held["b"] |= {"name": "Lee-Ng", "email": ""}
    del held["c"]
    held["d"] = {"id": "d", "name": "Haddad"}
    assert others(clinic) == {
        ("person", "b", "was changed in name, email"),
        ("person", "c", "is not there any more"),
        ("person", "d", "was made since"),
    }


def test_without_a_baseline_nothing_is_said_of_others(clinic: Clinic) -> None:
    assert clinic.load().complete
    assert others(clinic) is None


def test_a_baseline_is_kept_only_while_nothing_of_ours_is_in_the_crm(clinic: Clinic) -> None:
    keep(clinic)
    path = baseline.path_for(clinic.path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    first = path.read_bytes()
    assert clinic.load().complete
    clinic.crm.records["person"]["a"]["name"] = "Changed"
    keep(clinic)
    assert path.read_bytes() == first
    assert others(clinic) == {("person", "a", "was changed in name")}
    keep(clinic)
    assert clinic.load().complete
    assert others(clinic) == set()
