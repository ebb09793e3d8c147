"""A clinic that is loaded by exports without ids, and comes again by the API: the CRM holds nothing twice."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator

import duckdb
import pytest
from moved import ACCEPTED, KEY, PROJECT, Moved
from support import write_files

from shift.sandbox.clinic import Form, make
from shift.sandbox.twenty import start
from shift.starter import new_project

PLURALS = (
    "people",
    "companies",
    "tasks",
    "notes",
    "appointmentTypes",
    "products",
    "invoices",
    "payments",
    "attachments",
)


def run(clinic: Moved, *words: str) -> str:
    """What a command that must go well prints."""
    accepted = ACCEPTED if words[0] in ("plan", "load") else ()
    answer = clinic.shift(*words, *accepted)
    assert answer.code == 0, answer.out + answer.err
    return answer.out


def land(clinic: Moved, form: Form) -> None:
    """Put the same clinic in another form into the place of its exports."""
    exports = clinic.folder / "exports"
    shutil.rmtree(exports)
    make(exports, 12, seed=5, form=form, own_ids=False).database.unlink()
    run(clinic, "build")


def ids(clinic: Moved) -> dict[str, set[str]]:
    """The records of the CRM, by its API."""
    return {plural: {one["id"] for one in clinic.records(plural)} for plural in PLURALS}


def planned(clinic: Moved, *actions: str) -> dict[str, int]:
    """How many records of each object a load would create, update …: those actions together, where there are any."""
    objects = json.loads(run(clinic, "plan", "--output", "json"))["objects"]
    return {one["object"]: count for one in objects if (count := sum(one[action] for action in actions))}


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Moved]:
    """The clinic, loaded by its exports alone."""
    folder = tmp_path_factory.mktemp("identity") / "clinic"
    new_project(folder)
    write_files(folder, {"project.yml": PROJECT})
    database = make(folder / "exports", 12, seed=5, own_ids=False).database.rename(folder / "truth.duckdb")
    with (
        duckdb.connect(database, read_only=True) as truth,
        start(api_key=KEY, members=["front.desk@clinic.example"], automations=False) as url,
    ):
        clinic = Moved(truth, url, folder, "{}")
        run(clinic, "build")
        run(clinic, "load", "--yes")
        yield clinic


def test_the_api_brings_nothing_new(loaded: Moved) -> None:
    before = ids(loaded)
    told = loaded.told("select object, records from objects")
    counts = {row["object"]: row["records"] for row in told}
    assert len(loaded.ours("people")) == counts["patients"]
    assert len(loaded.ours("tasks")) == counts["attendances"]
    assert not any(note["appointmentId"] for note in loaded.records("notes"))

    land(loaded, "both")
    assert planned(loaded, "create") == {}
    run(loaded, "load", "--yes")
    assert ids(loaded) == before
    # What the API alone knows has arrived: which visit a note is of.
    assert all(note["appointmentId"] for note in loaded.records("notes"))

    assert planned(loaded, "create", "update") == {}
    land(loaded, "api")
    assert planned(loaded, "create") == {}
