"""The audit of a clinic that goes to Nutshell: every thing has a home, and appointment types propose theirs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from clinics import copy_project, graph_of, write_exports
from nutshell_clinic import PATIENTS, staged, visit
from support import shift

from shift.project import open_project

HOMES: dict[str, dict[str, str]] = {
    "as it comes": {},
    "notes as files": {"treatment_notes": "files"},
    "notes as activities": {"treatment_notes": "activities"},
    "clinic sites as companies": {"locations": "companies"},
}


@pytest.mark.parametrize("case", HOMES)
def test_every_object_that_is_loaded_is_somethings_home(project: Path, tmp_path: Path, case: str) -> None:
    settings = HOMES[case]
    graph = graph_of(project, json.dumps({"as_of": "2026-08-01 12:00:00 +1000", **settings}), "nutshell")
    loaded = {model.load.object for model in graph.models.values() if model.load}
    built = staged(project, tmp_path, {}, "nutshell__homes", **settings)
    homes = set(built.values("select home from nutshell.homes where fate in ('loaded', 'matched')"))
    assert homes == loaded


def test_nothing_of_the_clinic_is_without_a_home(project: Path, tmp_path: Path) -> None:
    built = staged(project, tmp_path, {"Appointments-Cliniko-20260801.csv": [visit("11", "2026-07-01 09:00")]})
    assert built.values("select thing from audit.objects where fate = 'no home yet'") == []


def test_appointment_types_are_proposed_and_then_mapped(tmp_path: Path) -> None:
    folder = tmp_path / "clinic"
    folder.mkdir()
    copy_project(folder)
    types = [{"ID": "1", "Name": 'Initial "long": visit'}, {"ID": "2", "Name": "Massage"}]
    files = {"Patients-Cliniko-20260801.csv": PATIENTS, "Appointment types-Cliniko-20260801.csv": types}
    write_exports(folder / "exports", files)

    def audit() -> str:
        answer = shift(folder, "audit", "--propose", "--to", "nutshell", "--vars", "{source_account: test}")
        assert answer.code == 0, answer.out + answer.err
        return answer.out

    file = folder / "models" / "activity_types.yml"
    assert "Wrote 2 activity types to models/activity_types.yml." in audit()
    proposed = file.read_text(encoding="utf-8")
    variables = open_project(folder, variables={"source_account": "test"}).variables
    assert variables["activity_types"] == {name["Name"]: name["Name"] for name in types}
    assert "All activity types have an entry already." in audit()
    assert file.read_text(encoding="utf-8") == proposed
