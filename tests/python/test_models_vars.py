"""Settings that change what is told of a record: each of their values, over one small clinic.

Those that choose objects are in test_models_settings, who is linked in test_models_existing, who takes over in
test_owning.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from clinics import Built, build, copy_project, graph_of, write_exports
from support import write_files

CLINICAL = "penicillin"
EXPORTS = {
    "Patients-Cliniko-20260801.csv": [
        {
            "Patient ID": "1",
            "First Name": "Ada",
            "Last Name": "Ng",
            "PhoneMobile": "021 123 4567",
            "Medical Alerts": CLINICAL,
            "Extra Information": CLINICAL,
            "Appointment Notes": CLINICAL,
            "Allergies": CLINICAL,
            "Shoe size": "9",
            "Fund": "Harbour Health",
            "Policy": "P-1",
            "Group": "G-2",
        }
    ],
    "Appointments-Cliniko-20260801.csv": [
        {
            "Appointment ID": str(at),
            "PatientID(s)": "1",
            "Appointment Type": "Consultation",
            "Maximum Number of Patients": "1",
            "Practitioner": "Randy Savage",
            "Start Time": start,
            "End Time": end,
            "Notes": CLINICAL,
            "Did not arrive": arrived,
        }
        for at, (start, end, arrived) in enumerate(
            [
                ("2026-07-01 09:00:00", "2026-07-01 09:30:00", ""),
                ("2026-08-05 09:00:00", "2026-08-05 09:30:00", ""),
            ],
            start=1,
        )
    ],
    "Treatment notes-Cliniko-20260801.csv": [
        {"ID": "5", "Patient ID": "1", "Title": "Consultation", "Content": CLINICAL, "Draft": "false"}
    ],
    "Invoices-Cliniko-20260801.csv": [
        {
            "Invoice ID": "31",
            "Invoice Number": "101",
            "Issue Date": "2026-07-01",
            "Patient ID": "1",
            "Invoice Amount": "90.0",
        }
    ],
    "Invoice items-Cliniko-20260801.csv": [
        {"Invoice Item ID": "1", "Invoice ID": "31", "Item": "Consultation", "Quantity": "1", "Total": "90.0"}
    ],
    "Payments-Cliniko-20260801.csv": [
        {"Payment ID": "7", "Patient ID": "1", "Payment Date": "2026-07-01", "Amount": "90.0", "Cash": "90.0"}
    ],
}
ENTRIES = """
    custom_fields:
      - {of: patient, custom_field: Allergies, type: text, clinical: true, confirmed: true}
      - {of: patient, custom_field: Shoe size, type: number, confirmed: false}
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = copy_project(tmp_path_factory.mktemp("project"))
    write_files(folder, {"models/custom_fields.yml": ENTRIES})
    return folder


@pytest.fixture(scope="module")
def exports(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = write_exports(tmp_path_factory.mktemp("exports"), EXPORTS)
    for name in ("attachments/1/letter.txt", "charts/1/back.png"):
        write_files(folder, {name: CLINICAL})
    return folder


def staged(project: Path, exports: Path, **variables: Any) -> Built:
    return _staged(project, exports, json.dumps(variables))


@cache
def _staged(project: Path, exports: Path, variables: str) -> Built:
    written = ("+twenty__attachment", "+twenty__note_target", "+twenty__task_target", "+twenty__payment")
    models = (*written, "+twenty__invoice_line_item", "twenty__members")
    member = "insert into destination.members by name select 'm' as id, 'ann@example.com' as email, 'Ann' as first_name"
    built = build(project, exports, *models, variables=json.loads(variables), before=[member])
    assert [broken for broken in built.broken if broken[1] != "warn"] == []
    return built


def clinical_in(built: Built) -> set[str]:
    """The staging tables that tell of anybody's health."""
    tables = built.values("select table_name from duckdb_tables() where schema_name = 'twenty'")
    rows = {table: str(built.rows(f"select * from twenty.{table}")) for table in tables}
    return {table for table in tables if CLINICAL in rows[table] and not table.startswith("custom_field")}


def test_clinical_notes_are_included(project: Path, exports: Path) -> None:
    built = staged(project, exports, clinical_notes="include")
    assert clinical_in(built) == {"person", "task", "note"}
    [person] = built.rows("select * from twenty.person")
    named = {"medicalAlerts", "extraInformation", "appointmentNotes", "allergies"}
    assert {column for column, value in person.items() if CLINICAL in str(value)} == named
    assert built.values("select name from twenty.attachment order by all") == ["back.png", "letter.txt"]


def test_clinical_notes_are_excluded_wherever_they_stand(project: Path, exports: Path) -> None:
    built = staged(project, exports, clinical_notes="exclude")
    assert clinical_in(built) == set()
    assert built.values("select excluded_by from cliniko.treatment_notes") == ["clinical_notes"]
    assert built.values("select name from twenty.attachment") == ["letter.txt"]


@pytest.mark.parametrize(("clinical_notes", "asked"), [(None, True), ("include", False), ("exclude", False)])
def test_clinical_notes_have_no_default(project: Path, exports: Path, clinical_notes: str | None, asked: bool) -> None:
    variables = {"clinical_notes": clinical_notes} if clinical_notes else {}
    built = staged(project, exports, **variables)
    graph = graph_of(project, json.dumps(variables))
    found = {row["what"]: row["records"] for row in built.rows(graph.tests["clinical_notes_undecided"].sql)}
    everything = {
        "treatment notes": 1,
        "medical alerts": 1,
        "extra information": 1,
        "notes for all appointments": 1,
        "appointment notes": 2,
        "custom fields marked clinical": 1,
        "charts": 1,
    }
    assert found == (everything if asked else {})
    files = built.rows(graph.tests["files_of_unknown_content"].sql)
    assert files == ([{"files": 1, "patients": 1}] if clinical_notes == "exclude" else [])
    readers = built.rows(graph.tests["who_reads_clinical_notes"].sql)
    assert readers == ([{"member": "Ann", "email": "ann@example.com"}] if clinical_notes == "include" else [])


def test_the_accounts_country_money_and_zone(project: Path, exports: Path) -> None:
    """What a number without a country is, what an amount is in, and when a time without an offset was."""
    homes = [
        ({}, "+61", "AUD", "2026-06-30T23:00:00.000Z"),
        (
            {"country": "NZ", "currency": "NZD", "timezone": "Pacific/Auckland"},
            "+64",
            "NZD",
            "2026-06-30T21:00:00.000Z",
        ),
    ]
    for variables, calling_code, currency, start in homes:
        built = staged(project, exports, **variables)
        [person] = built.rows("select phones, totalInvoiced from twenty.person")
        assert person["phones"]["primaryPhoneCallingCode"] == calling_code
        for amounts in ("totalAmount from twenty.invoice", "amount from twenty.payment"):
            assert built.values(f"select {amounts}") == [{"amountMicros": 90_000_000, "currencyCode": currency}]
        assert person["totalInvoiced"]["currencyCode"] == currency
        assert built.values("select min(startAt) from twenty.task") == [start]


@pytest.mark.parametrize(
    ("as_of", "statuses"),
    [
        (None, ["COMPLETED", "AWAITING"]),
        ("2026-06-01 12:00:00 +1000", ["AWAITING", "AWAITING"]),
        ("2026-09-01 12:00:00 +1000", ["COMPLETED", "COMPLETED"]),
    ],
)
def test_what_counts_as_now(project: Path, exports: Path, as_of: str | None, statuses: list[str]) -> None:
    built = staged(project, exports, **({"as_of": as_of} if as_of else {}))
    assert built.values("select clinikoAppointmentStatus from twenty.task order by startAt") == statuses


def test_a_tasks_status_is_as_the_settings_map_it(project: Path, exports: Path) -> None:
    by_default = staged(project, exports)
    mapped = staged(project, exports, task_status={"Completed": "IN_PROGRESS", "Awaiting": "DONE"})
    shown = "select status from twenty.task order by startAt"
    assert by_default.values(shown) == ["DONE", "TODO"]
    assert mapped.values(shown) == ["IN_PROGRESS", "DONE"]


@pytest.mark.parametrize(
    ("custom_fields", "fields"),
    [("confirmed", ["allergies"]), ("all", ["allergies", "fund", "group", "policy", "shoeSize"])],
)
def test_which_custom_fields_go(project: Path, exports: Path, custom_fields: str, fields: list[str]) -> None:
    built = staged(project, exports, custom_fields=custom_fields)
    assert built.values("select name from twenty.custom_fields order by name") == fields
    assert set(fields) <= set(built.rows("select * from twenty.person")[0])


def test_a_field_that_is_there_is_not_guessed_anew(project: Path, tmp_path: Path) -> None:
    """An answer that it does not take is left out and told, and the rest of the person goes."""
    rows = [
        {"Patient ID": str(number), "First Name": "Ada", "Last Name": "C", "Smokes": smokes}
        for number, smokes in enumerate(("yes", "no", "Perhaps"))
    ]
    there = "insert into destination.fields by name select 'person' as object, 'smokes' as name, 'BOOLEAN' as type"
    exports = write_exports(tmp_path, {"Patients-Cliniko-20260801.csv": rows})
    built = build(project, exports, "+twenty__person", variables={"custom_fields": "all"}, before=[there])
    assert built.values("select type from twenty.custom_fields") == ["BOOLEAN"]
    assert built.values("select smokes::varchar from twenty.person order by _patient_id") == ["true", "false", None]
    assert built.values("select owner_id from twenty.custom_field_values where value is null") == ["2"]


def test_the_columns_of_insurance_are_no_fields_of_their_own(project: Path, exports: Path) -> None:
    named = {"provider": "Fund", "policy": "Policy", "group": "Group"}
    built = staged(project, exports, insurance=named, custom_fields="all")
    assert built.rows("select insuranceProvider, policyNumber from twenty.person") == [
        {"insuranceProvider": "Harbour Health", "policyNumber": "P-1 / G-2"}
    ]
    assert built.values("select name from twenty.custom_fields order by name") == ["allergies", "shoeSize"]


def test_what_hangs_on_a_patient_stays_behind_with_them(project: Path, exports: Path) -> None:
    built = staged(project, exports, scope=[{"test_patients": "last_name = 'Ng'"}])
    empty = ("person", "task", "task_target", "note", "note_target", "invoice", "invoice_line_item", "payment")
    for table in (*empty, "attachment"):
        assert built.values(f"select count(*) from twenty.{table}") == [0], table
    for table in ("attendances", "treatment_notes", "invoices", "payments", "attachments"):
        assert set(built.values(f"select excluded_by from cliniko.{table}")) == {"patient_test_patients"}, table
