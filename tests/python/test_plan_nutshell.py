"""What stands before a load into Nutshell, or is told of it: each finding, by the setting or the data that makes it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from clinics import Rows, copy_project, graph_of
from nutshell_clinic import PATIENTS, field_of_choices, staged, users, visit

from shift.building import run
from shift.graph import Selection

AS_OF = "2026-08-01 12:00:00 +1000"
PATIENTS_FILE = "Patients-Cliniko-20260801.csv"
VISITS: dict[str, Rows] = {
    "Appointments-Cliniko-20260801.csv": [visit("11", "2026-07-01 09:00"), visit("12", "2026-08-02 09:00")]
}
NOTES: dict[str, Rows] = {
    "Treatment notes-Cliniko-20260801.csv": [{"ID": "71", "Patient ID": "1", "Author": "R", "Content Text": "x"}]
}
EMAILS: dict[str, Rows] = {PATIENTS_FILE: [{**PATIENTS[0], "Email": "peter@example.com"}]}
PETER = (
    "insert into destination.people by name select '7-contacts' as id, false as deleted, 'Peter Patientman' as name,"
    """ '["peter@example.com"]' as emails"""
)
CLINIC: dict[str, Rows] = {
    "Contacts-Cliniko-20260801.csv": [{"ID": "5", "Company Name": "Northside Medical"}],
    "Treatment notes-Cliniko-20260801.csv": [
        {"ID": "71", "Patient ID": "1", "Author": "R", "Content Text": "x", "Draft": "false"},
        {"ID": "72", "Patient ID": "1", "Author": "R", "Content Text": "y", "Draft": "true"},
    ],
}
LOADED = """insert into ledger.records by name
select 'note' as object, unnest(['71', '71-amended-1', '72', '73', '73-amended-1']) as key, '1-notes' as id"""
THERE = """insert into destination.people by name
select '7-contacts' as id, false as deleted, '1' as cliniko_patient_id
union all
select '8-contacts' as id, false as deleted, 'north-1' as cliniko_patient_id"""
FIRST_FIELD = "insert into destination.fields by name select 'person' as object, 'Cliniko Patient ID' as name"
ALL_BUT_KIND = """insert into destination.fields by name
select 'company' as object, 'Cliniko Contact ID' as name
union all
select 'person' as object, column_name as name
from duckdb_columns() where schema_name = 'nutshell' and table_name = 'person'"""

# The finding, the exports, what fills the account or is set; and what the finding says of it: its status.
FINDINGS: dict[str, tuple[str, dict[str, Rows], dict[str, Any], str]] = {
    "no activity type of that name": (
        "appointment_types_without_activity_type",
        VISITS,
        {"activity_types": {"Initial Consultation": "Nothing"}},
        "fail",
    ),
    "every type has one": ("appointment_types_without_activity_type", VISITS, {}, "pass"),
    "visits to come": ("future_visits_may_invite_people", VISITS, {}, "warn"),
    "visits to come are held": ("future_visits_may_invite_people", VISITS, {"future": "hold"}, "pass"),
    "and listed": ("future_visits_held_back", VISITS, {"future": "hold"}, "warn"),
    "too many people": ("contact_limit_exceeded", {}, {"contact_limit": 2, "also": [PETER]}, "fail"),
    "just as many people": ("contact_limit_exceeded", {}, {"contact_limit": 3, "also": [PETER]}, "pass"),
    "those who were loaded count once": (
        "contact_limit_exceeded",
        {},
        {
            "contact_limit": 2,
            "also": [
                PETER,
                "insert into ledger.records by name select 'person' as object, '1' as key, '7-contacts' as id",
            ],
        },
        "pass",
    ),
    "no limit": ("contact_limit_exceeded", {}, {"also": [PETER]}, "pass"),
    "notes are text": ("notes_are_searchable_text", NOTES, {"clinical_notes": "include"}, "warn"),
    "no notes go": ("notes_are_searchable_text", NOTES, {"clinical_notes": "exclude"}, "pass"),
    "somebody is there already": ("people_who_are_there_already", EMAILS, {"also": [PETER]}, "warn"),
    "a late choice": (
        "choices_that_came_late",
        VISITS,
        {"also": [field_of_choices("Last Appointment Status", "Cancelled")]},
        "warn",
    ),
    "an owner who is no user": (
        "owners_that_match_no_user",
        {},
        {"owners": {"Randy Savage": "nobody@clinic.example"}},
        "warn",
    ),
    "a practitioner without a user": ("practitioner_without_owner", VISITS, {"before": users({})}, "fail"),
    "a practitioner with a user": ("practitioner_without_owner", VISITS, {}, "pass"),
}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return copy_project(tmp_path_factory.mktemp("project"))


@pytest.mark.parametrize("case", FINDINGS)
def test_a_finding(project: Path, tmp_path: Path, case: str) -> None:
    finding, files, options, status = FINDINGS[case]
    variables = {name: value for name, value in options.items() if name not in ("also", "before")}
    graph = graph_of(project, json.dumps({"as_of": AS_OF, **variables}), "nutshell")
    needed = [f"+{name}" for name in graph.tests[finding].refs] or ["nutshell__homes"]
    built = staged(project, tmp_path, files, *needed, **options)
    [result] = run(graph, built.connection, Selection(frozenset(), frozenset({finding})))
    assert (result.status, result.message) == (status, None)


def test_what_the_account_holds_is_weighed_against_what_would_come(project: Path, tmp_path: Path) -> None:
    """One clinic, over an account that fills up; each answer is the rows of a finding."""
    findings = (
        "records_of_another_ledger",
        "loaded_before_and_left_out_now",
        "fields_are_made_for_good",
        "fields_that_were_refused",
        "caps_of_the_plan",
    )
    settings: dict[str, Any] = {"contact_limit": 4, "clinical_notes": "include"}
    tests = graph_of(project, json.dumps({"as_of": AS_OF, **settings}), "nutshell").tests
    needed = {f"+{name}" for finding in findings for name in tests[finding].refs}
    built = staged(project, tmp_path, CLINIC, *sorted(needed), also=[LOADED], **settings)

    def found(finding: str) -> list[tuple[Any, ...]]:
        return built.connection.execute(tests[finding].sql).fetchall()

    # 71 is staged, 73 is in no export any more: the one goes on as it is, of the other the plan tells elsewhere. What
    # came of a note when it was amended goes with it.
    assert found("loaded_before_and_left_out_now") == [("note", 1, "72")]
    assert built.values("select key from nutshell.gone order by key") == ["73", "73-amended-1"]

    [(company, of_company), (person, of_person)] = found("fields_are_made_for_good")
    assert (company, of_company, person) == ("company", 2, "person")
    assert found("caps_of_the_plan") == [
        ("people", 0, 2, "met"),
        ("custom fields of person", 0, of_person, "unknown"),
        ("custom fields of company", 0, 2, "unknown"),
    ]

    # The account took a field no more, and then it did: its last word counts.
    assert found("fields_that_were_refused") == []
    note = "insert into ledger.schema_changes by name select 'company' as object, 'Kind' as field"
    built.connection.execute(f"{note}, 'refused' as event, now() as noted_at")
    assert found("fields_that_were_refused") == [("company", "Kind")]
    assert tests["fields_that_were_refused"].severity == "error"
    built.connection.execute(f"{note}, 'made' as event, now() + interval 1 minute as noted_at")
    assert found("fields_that_were_refused") == []

    built.connection.execute(FIRST_FIELD)
    assert found("fields_are_made_for_good") == [("company", 2), ("person", of_person - 1)]
    built.connection.execute(ALL_BUT_KIND)
    assert found("fields_are_made_for_good") == [("company", 1)]

    assert found("records_of_another_ledger") == []
    built.connection.execute(THERE)
    assert found("records_of_another_ledger") == [("person", "1", "7-contacts")]
    built.connection.execute("insert into ledger.intents by name select 'person' as object, '1' as key")
    assert found("records_of_another_ledger") == []


def test_an_upload_that_was_never_tried_is_told_of_where_it_is_asked_for(project: Path) -> None:
    assert "lead_upload_was_never_tried" not in graph_of(project, "{}", "nutshell").tests
    assert "lead_upload_was_never_tried" in graph_of(project, '{"attachments": "lead_upload"}', "nutshell").tests
