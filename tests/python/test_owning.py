"""Who takes over from each practitioner, as the command tells it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from clinics import write_exports
from moved import KEY, PROJECT
from support import Answer, shift, shift_process, write_files

from shift.sandbox.twenty import start
from shift.starter import new_project

PATIENTS = [{"Patient ID": "1", "First Name": "Peter", "Last Name": "Patientman"}]
PRACTITIONERS = [
    {"ID": "8", "First Name": "Randy", "Last Name": "Savage", "Email": " Randy@Example.com"},
    {"ID": "9", "First Name": "Ada", "Last Name": "Ng", "Email": "ada@example.com"},
    {"ID": "10", "First Name": "Zoe", "Last Name": "Hall", "Email": "zoe@example.com"},
]
VISITS = [
    {
        "Appointment ID": str(at),
        "PatientID(s)": "1",
        "Appointment Type": "Consultation",
        "Maximum Number of Patients": "1",
        "Practitioner": "",
        "Practitioner ID": practitioner,
        "Start Time": f"2026-07-0{at} 09:00:00 +1000",
        "End Time": f"2026-07-0{at} 09:30:00 +1000",
    }
    for at, practitioner in enumerate(["8", "8", "9"], start=1)
]


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with start(api_key=KEY, members=["randy@example.com", "front.desk@example.com"]) as running:
        yield running


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, url: str) -> Path:
    root = tmp_path_factory.mktemp("owners") / "clinic"
    new_project(root)
    write_files(root, {"project.yml": PROJECT.replace("  fallback_owner: front.desk@clinic.example\n", "")})
    files = {
        "Patients-Cliniko-20260801.csv": PATIENTS,
        "Practitioners-Cliniko-20260801.csv": PRACTITIONERS,
        "Appointments-Cliniko-20260801.csv": VISITS,
    }
    write_exports(root / "exports", files)
    built = shift(root, "build")
    assert built.code == 0, built.out + built.err
    return root


def owners(folder: Path, url: str, *words: str) -> Answer:
    return shift(folder, "owners", *words, TWENTY_URL=url, TWENTY_API_KEY=KEY)


def found(answer: Answer) -> dict[str, tuple[str, str | None, int]]:
    assert answer.code == 0, answer.err
    return {
        one["practitioner_id"]: (one["found_by"], one["member_email"], one["records"]) for one in json.loads(answer.out)
    }


def test_who_is_no_member_yet_is_missing(folder: Path, url: str) -> None:
    assert found(owners(folder, url, "--output", "json")) == {
        "8": ("email", "randy@example.com", 2),
        "9": ("missing", None, 1),
        "10": ("missing", None, 0),
    }
    told = owners(folder, url)
    assert "Practitioners with records whom nobody takes over from: 1." in told.out


def test_the_settings_name_who_takes_over(folder: Path, url: str) -> None:
    settings = "{owners: {Ada Ng: randy@example.com}, fallback_owner: Front.Desk@example.com}"
    assert found(owners(folder, url, "--output", "json", "--vars", settings)) == {
        "8": ("email", "randy@example.com", 2),
        "9": ("owners", "randy@example.com", 1),
        "10": ("fallback", "front.desk@example.com", 0),
    }


def test_an_entry_that_matches_nobody_is_told_before_a_load(folder: Path, url: str) -> None:
    settings = "{owners: {Ada Ngo: randy@example.com, Zoe Hall: zoe@example.com}}"
    plan = shift(folder, "plan", "--output", "json", "--vars", settings, TWENTY_URL=url, TWENTY_API_KEY=KEY)
    [finding] = [one for one in json.loads(plan.out)["findings"] if one["name"] == "owners_that_match_nobody"]
    assert finding["examples"] == [
        "practitioner: Ada Ngo, email: randy@example.com, reason: no practitioner is called this",
        "practitioner: Zoe Hall, email: zoe@example.com, reason: no member has this address",
    ]


def test_without_a_pull_the_last_one_serves(folder: Path, url: str) -> None:
    assert found(owners(folder, url, "--output", "json"))["8"][0] == "email"
    assert found(owners(folder, "http://127.0.0.1:9", "--no-pull", "--output", "json"))["8"][0] == "email"


def test_a_project_without_the_model_is_one_message(folder: Path, url: str, tmp_path: Path) -> None:
    write_files(
        tmp_path,
        {
            "project.yml": PROJECT,
            "sources/twenty.yml": """
                sources:
                  - name: twenty
                    schema: destination
                    tables: [{name: members, columns: [{name: id}]}]
            """,
            "sources/cliniko.yml": """
                sources:
                  - name: cliniko
                    schema: raw
                    tables:
                      - {name: patients, files: ["patients*.csv"], columns: [{name: id, type: id}]}
            """,
            "models/vars.yml": """
                vars: [{name: source_account}, {name: clinical_notes}, {name: fallback_owner}]
            """,
            "models/clinic/people.sql": "select id from {{ source('cliniko', 'patients') }}",
            "exports/patients.csv": "id\n1\n",
        },
    )
    assert shift(tmp_path, "build").code == 0
    answer = shift_process(tmp_path, "owners", TWENTY_URL=url, TWENTY_API_KEY=KEY)
    assert answer.code == 1
    assert "the project has no model twenty__owners" in answer.err
    assert "Traceback" not in answer.err
