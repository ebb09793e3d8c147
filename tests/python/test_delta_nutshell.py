"""A small clinic in Nutshell exports anew: what is told to an account that takes few changes, and what it keeps."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest.mock import patch

import duckdb
import pytest
from clinics import Rows, write_exports
from moved import ACCEPTED
from nutshell_clinic import PATIENTS, visit
from nutshell_moved import KEY, PROJECT, USER, MovedToNutshell
from support import write_files

from shift.ledger import store
from shift.sandbox.nutshell import start
from shift.starter import new_project

RANDY = "randy@clinic.example"
A_WEEK_AGO = (datetime.now(UTC) - timedelta(days=7)).isoformat(timespec="milliseconds")
SETTINGS: dict[str, Any] = {
    "as_of": "2026-08-01 12:00:00 +1000",
    "existing_people": "link",
    "future": "hold",
    "locations": "companies",
}
LINKED = {"Patient ID": "3", "First Name": "Zoë", "Last Name": "Low", "Email": "zoe@example.com"}
# A label as a path within JSON begins.
DIET = "custom_fields: [{custom_field: $Diet, type: choice, confirmed: true}]"
NOTE = {"Patient ID": "1", "Practitioner ID": "9", "Author": "Randy Savage", "Draft": "false", "Title": "Initial"}
WRITTEN = {"Created At": "2026-07-01 09:40:00 +1000", "Updated At": "2026-07-01 09:40:00 +1000"}
CLINIC: dict[str, Rows] = {
    "Patients-Cliniko-20260801.csv": [
        {**PATIENTS[0], "$Diet": "Fish", "Invoice To": "Northside Medical"},
        {**PATIENTS[1], "$Diet": "Vegan"},
        LINKED,
    ],
    "Contacts-Cliniko-20260801.csv": [
        {"ID": "80", "Company Name": "Northside Medical", "Email": "front@northside.example"}
    ],
    "Practitioners-Cliniko-20260801.csv": [{"ID": "9", "First Name": "Randy", "Last Name": "Savage", "Email": RANDY}],
    "Businesses-Cliniko-20260801.csv": [{"ID": "4", "Business Name": "Main St"}],
    "Appointments-Cliniko-20260801.csv": [
        visit("11", "2026-07-01 09:00", **{"PatientID(s)": "3"}),
        visit("12", "2026-08-03 09:00"),
    ],
    "Treatment notes-Cliniko-20260801.csv": [
        {**NOTE, **WRITTEN, "ID": "71", "Content Text": "The left knee"},
        {**NOTE, **WRITTEN, "ID": "72", "Content Text": "Rest"},
    ],
    "attachments/Patient attachments-Cliniko-20260801.csv": [
        {"id": "501", "patient_id": "1", "file": "1/knee.pdf", "created_at": "2026-07-01T00:00:00Z"}
    ],
}
# Somebody marries, eats what nobody did before, and was treated on the other side.
NEWER: dict[str, Rows] = {
    "Patients-Cliniko-20260810.csv": [
        {**PATIENTS[0], "Last Name": "Married", "$Diet": "Fish", "Invoice To": "Northside Medical"},
        {**PATIENTS[1], "$Diet": "Keto"},
        LINKED,
    ],
    "Treatment notes-Cliniko-20260810.csv": [
        {**NOTE, **WRITTEN, "ID": "71", "Content Text": "The right knee", "Updated At": "2036-08-08 10:00:00 +1000"},
        {**NOTE, **WRITTEN, "ID": "72", "Content Text": "Rest"},
    ],
}


@pytest.fixture(scope="module")
def clinic(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MovedToNutshell]:
    folder = tmp_path_factory.mktemp("nutshell") / "clinic"
    new_project(folder)
    write_files(folder, {"project.yml": PROJECT, "models/custom_fields.yml": DIET})
    (folder / "exports" / "attachments" / "1").mkdir(parents=True)
    (folder / "exports" / "attachments" / "1" / "knee.pdf").write_bytes(b"%PDF")
    write_exports(folder / "exports", CLINIC)
    types = ["Initial Consultation", "Treatment note"]
    with (
        duckdb.connect() as nothing,
        start(api_key=KEY, user=USER, members=[RANDY, "front.desk@clinic.example"], activity_types=types) as url,
    ):
        clinic = MovedToNutshell(nothing, url, folder, json.dumps(SETTINGS))
        account = {"name": "Northside MEDICAL", "email": ["info@northside.example"]}
        clinic.rpc("newAccount", account=account)
        clinic.rpc("newContact", contact={"name": "Zoë Low", "email": [LINKED["Email"]]})
        clinic.must("build")
        with patch.object(store, "_now", lambda: A_WEEK_AGO):
            clinic.must("load", "--yes", *ACCEPTED)
        clinic.must("diff")
        yield clinic


def findings(clinic: MovedToNutshell) -> dict[str, Any]:
    plan = json.loads(clinic.shift("plan", "--output", "json", *ACCEPTED).out)
    return {one["name"]: one for one in plan["findings"]}


def with_what_is_to_come(clinic: MovedToNutshell) -> MovedToNutshell:
    return replace(clinic, settings=json.dumps(SETTINGS | {"future": "load"}))


def test_a_visit_is_its_clinic_site_s_too_and_who_was_there_before_is_linked(clinic: MovedToNutshell) -> None:
    companies = {one["name"]: one for one in clinic.every("findAccounts")}
    assert companies.keys() == {"Northside MEDICAL", "Main St"}
    site = companies["Main St"]
    assert site["customFields"]["Kind"] == "Clinic site"
    people = {one["name"]["givenName"]: one for one in clinic.every("findContacts")}
    payers = {name: [account["name"] for account in one["accounts"]] for name, one in people.items()}
    assert payers == {"Zoë": [], "Peter": ["Northside MEDICAL"], "Ada": []}
    [activity] = clinic.activities()
    there = {(one["entityType"], one["id"]) for one in activity["participants"]}
    assert there >= {("Accounts", site["id"]), ("Contacts", people["Zoë"]["id"])}


def test_visits_to_come_wait_until_they_may_go(clinic: MovedToNutshell) -> None:
    held = findings(clinic)
    assert "12-1" in held["future_visits_held_back"]["examples"][0]
    assert "future_visits_may_invite_people" not in held
    going = with_what_is_to_come(clinic)
    inviting = findings(going)["future_visits_may_invite_people"]
    assert "`future: hold`" in inviting["message"]
    assert "12-1" in inviting["examples"][0]
    going.must("load", "--yes", *ACCEPTED)
    assert {one["startTime"][:10]: one["status"] for one in clinic.activities()} == {"2026-06-30": 1, "2026-08-02": 0}
    assert "future_visits_may_invite_people" not in findings(going)


def test_a_newer_export_changes_what_may_be_changed_and_keeps_the_rest(clinic: MovedToNutshell) -> None:
    """One story, since each step stands on the one before."""
    clinic = with_what_is_to_come(clinic)
    before = {one["id"]: one["body"] for one in clinic.notes()}
    write_exports(clinic.folder / "exports", NEWER)
    clinic.must("build")
    foreseen = findings(clinic)
    assert foreseen["choices_that_came_late"]["examples"] == ["field: $Diet, value: Keto, patient_id: 2"]
    assert "71-amended-" in foreseen["notes_that_were_amended"]["examples"][0]
    assert foreseen.keys().isdisjoint({"notes_that_nobody_may_edit", "loaded_before_and_left_out_now"})

    # A name changes, a choice that its field does not have stays out, and a closed note gets another beside it.
    clinic.must("load", "--yes", *ACCEPTED)
    people = clinic.people()
    assert people["1"]["name"]["familyName"] == "Married"
    assert people["2"]["customFields"]["$Diet"] == "Vegan"
    after = {one["id"]: one["body"] for one in clinic.notes()}
    assert {id: after[id] for id in before} == before
    [amended] = [body for id, body in after.items() if id not in before]
    assert "amended 8 August 2036, [cliniko note=71-amended-" in amended.splitlines()[0]
    assert amended.endswith("\n\nThe right knee")
    clinic.must("diff")

    foreseen = findings(clinic)
    assert "choices_that_came_late" in foreseen
    assert foreseen.keys().isdisjoint({"notes_that_were_amended", "loaded_before_and_left_out_now"})
    assert "nothing to send" in clinic.must("load", "--yes", *ACCEPTED).out

    # Whatever somebody is called, their files lie in one place.
    assert [path.name for path in (clinic.folder / "handover" / "files").iterdir()] == ["1"]

    clinic.must("rollback", "--all", "--yes")
    assert clinic.notes() == clinic.activities() == []
    assert [len(clinic.every(method)) for method in ("findContacts", "findAccounts")] == [1, 1]
