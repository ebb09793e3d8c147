"""A patient who is in the workspace already, moved under `existing_people: link`, as the CRM's API shows it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import duckdb
import httpx
import pytest
from clinics import write_exports
from moved import ACCEPTED, KEY, PROJECT, Moved
from support import write_files

from shift.sandbox.twenty import start
from shift.starter import new_project

FILES = {
    "Patients-Cliniko-20260801.csv": [
        {"Patient ID": "1", "First Name": "Ada", "Last Name": "Ng", "Email": "ada@example.com"},
        {"Patient ID": "2", "First Name": "Ben", "Last Name": "Ng", "Email": "ben@example.com"},
        {"Patient ID": "3", "First Name": "Cy", "Last Name": "Ng", "Email": "cy@example.com", "Invoice To": "Bay Fund"},
    ],
    "Contacts-Cliniko-20260801.csv": [
        {"ID": "8", "Type": "3rd Party Payer", "Company Name": "Bay Fund", "Email": "claims@bayfund.example"}
    ],
    "Appointments-Cliniko-20260801.csv": [
        {
            "Appointment ID": f"4{patient}",
            "PatientID(s)": patient,
            "Appointment Type": "Consultation",
            "Maximum Number of Patients": "1",
            "Practitioner": "Randy Savage",
            "Start Time": "2026-07-01 09:00:00 +1000",
            "End Time": "2026-07-01 09:30:00 +1000",
        }
        for patient in ("1", "2")
    ],
}


def person(first: str, email: str) -> dict[str, Any]:
    return {"name": {"firstName": first, "lastName": "Ng"}, "emails": {"primaryEmail": email}, "jobTitle": "Barrister"}


@pytest.fixture(scope="module")
def linked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Moved, dict[str, str]]]:
    """The clinic, moved, and the ids of those who were there: Ada; somebody else with Ben's address; the fund."""
    folder = tmp_path_factory.mktemp("linked") / "clinic"
    new_project(folder)
    write_files(folder, {"project.yml": PROJECT})
    write_exports(folder / "exports", FILES)
    with (
        duckdb.connect() as nothing,
        start(api_key=KEY, members=["front.desk@clinic.example"], automations=False) as url,
    ):
        clinic = Moved(nothing, url, folder, '{"existing_people": "link"}')
        there = {
            name: make(clinic, plural, body)
            for name, plural, body in (
                ("ada", "people", person("Ada", "ada@example.com")),
                ("other", "people", person("Cleo", "ben@example.com")),
                (
                    "fund",
                    "companies",
                    {"name": "Bay Fund", "domainName": {"primaryLinkUrl": "https://www.bayfund.example"}},
                ),
            )
        }
        for step in (["build"], ["load", "--yes", *ACCEPTED], ["diff"]):
            answer = clinic.shift(*step)
            assert answer.code == 0, answer.out + answer.err
        yield clinic, there


def make(clinic: Moved, plural: str, body: dict[str, Any]) -> str:
    headers = {"Authorization": f"Bearer {KEY}"}
    answer = httpx.post(f"{clinic.url}/rest/{plural}", json=body, headers=headers, trust_env=False).json()
    [made] = answer["data"].values()
    return str(made["id"])


def test_nothing_is_written_to_who_is_there(linked: tuple[Moved, dict[str, str]]) -> None:
    clinic, there = linked
    people = {one["id"]: one for one in clinic.records("people")}
    assert set(clinic.ours("people")) == {"2", "3"}
    for name in ("ada", "other"):
        assert people[there[name]]["jobTitle"] == "Barrister"
        assert not people[there[name]]["sourceSystemId"]
    assert clinic.ours("companies") == {}


def test_what_hangs_on_the_patient_hangs_on_that_person(linked: tuple[Moved, dict[str, str]]) -> None:
    clinic, there = linked
    titles = {one["id"]: one["title"] for one in clinic.records("tasks")}
    held = {titles[one["taskId"]]: one["targetPersonId"] for one in clinic.records("taskTargets")}
    assert held["Consultation: Ada Ng"] == there["ada"]
    assert clinic.ours("people")["3"]["companyId"] == there["fund"]


def test_an_address_of_somebody_else_is_shared(linked: tuple[Moved, dict[str, str]]) -> None:
    clinic, _ = linked
    ben = clinic.ours("people")["2"]
    assert ben["emails"] == {"primaryEmail": "", "additionalEmails": ["ben@example.com"]}
    assert ben["sharedEmail"] == "ben@example.com"


def test_the_plan_counts_them_apart_and_stays_as_it_is(linked: tuple[Moved, dict[str, str]]) -> None:
    clinic, _ = linked
    plan = json.loads(clinic.shift("plan", *ACCEPTED, "--output", "json").out)
    counts = {one["object"]: one for one in plan["objects"]}
    assert (counts["person"]["linked"], counts["person"]["unchanged"], counts["company"]["linked"]) == (1, 2, 1)
    assert sum(one["create"] + one["update"] for one in plan["objects"]) == 0
