"""Appointments and visits: who, when, with what status, and the same visit told in several ways."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from clinics import Built, build, write_exports

AS_OF = "2026-08-01 12:00:00 +1000"
PATIENTS = [
    {
        "Patient ID": str(number),
        "First Name": name,
        "Last Name": "Patientman",
        "Created At": "2020-01-01 10:00:00 +1100",
    }
    for number, name in ((1, "Peter"), (2, "Ada"), (3, "Grace"))
]
PAST = {"Start Time": "2026-07-01 09:00:00 +1000", "End Time": "2026-07-01 09:30:00 +1000"}
NOW = {"Start Time": "2026-08-01 11:45:00 +1000", "End Time": "2026-08-01 12:15:00 +1000"}
AHEAD = {"Start Time": "2026-09-01 09:00:00 +1000", "End Time": "2026-09-01 09:30:00 +1000"}
USUAL = {
    "Practitioner": "Randy Savage",
    "Practitioner ID": "9",
    "Appointment Type": "Initial Consultation",
    "Maximum Number of Patients": "1",
    "Updated At": "2026-06-01 10:00:00 +1000",
}


def visits(
    project: Path, exports: Path, rows: Sequence[Mapping[str, str]], *chosen: str, **options: Any
) -> tuple[Built, list[dict[str, Any]]]:
    """Build the visits of an appointments export of these rows; those that are not excluded, by key."""
    files = {"Patients-Cliniko-20260801.csv": PATIENTS, **options.pop("files", {})}
    if rows:
        files["Appointments-Cliniko-20260801.csv"] = [{**USUAL, **row} for row in rows]
    variables = {"as_of": AS_OF, **options.pop("variables", {})}
    built = build(
        project, write_exports(exports, files), *(chosen or ["+cliniko__attendances"]), variables=variables, **options
    )
    assert built.broken == []
    columns = "attendance_id, appointment_id, patient_id, status, is_arrival_recorded, notes, location"
    return built, built.rows(
        f"select {columns} from cliniko.attendances where excluded_by is null order by attendance_id"
    )


def test_status_in_the_order_of_its_rules(project: Path, tmp_path: Path) -> None:
    cancelled = {"Cancellation Time": "2026-06-30 10:00:00 +1000"}
    missed, came = {"Did Not Arrive": "true"}, {"Patient Arrived": "true"}
    cases: list[tuple[dict[str, str], str, bool]] = [
        ({**PAST, **cancelled, **missed}, "Cancelled", True),
        ({**PAST, **cancelled}, "Cancelled", False),
        ({**PAST, **missed}, "No Show", True),
        ({**AHEAD, **missed}, "No Show", True),
        ({**PAST, **came}, "Completed", True),
        ({**PAST, "Cancellation Time": "n/a"}, "Completed", False),
        ({**NOW, **came}, "In Progress", True),
        (NOW, "Awaiting", False),
        ({**AHEAD, **came}, "Arrived", True),
        (AHEAD, "Awaiting", False),
        ({**AHEAD, "Status": "Rebooked"}, "Rebooked", False),
        ({**AHEAD, "Status": "rebooked"}, "Rebooked", False),
        ({**AHEAD, "Status": "NO SHOW"}, "No Show", False),
    ]
    rows = [{"Appointment ID": str(100 + at), "PatientID(s)": "1", **row} for at, (row, *_) in enumerate(cases)]
    built, found = visits(project, tmp_path, rows, "+cliniko__appointment_status")
    assert [(row["status"], row["is_arrival_recorded"]) for row in found] == [tuple(case[1:]) for case in cases]
    labels = built.values("select label from cliniko.appointment_status")
    assert labels == ["Awaiting", "Arrived", "In Progress", "Completed", "No Show", "Cancelled", "Rebooked"]


def test_now_is_the_newest_change_on_the_day_of_the_export(project: Path, tmp_path: Path) -> None:
    rows = [
        {"Appointment ID": "1", "PatientID(s)": "1", **AHEAD, "Updated At": "2026-08-01 16:20:00 +1000"},
        {"Appointment ID": "2", "PatientID(s)": "1", **AHEAD, "Updated At": "2026-08-02 08:00:00 +1000"},
    ]
    built, _ = visits(project, tmp_path, rows, variables={"as_of": None})
    assert built.values("select as_of::varchar from cliniko.as_of") == ["2026-08-01 06:20:00+00"]


def test_without_a_change_on_that_day_now_is_its_beginning(project: Path, tmp_path: Path) -> None:
    built, _ = visits(project, tmp_path, [{"PatientID(s)": "1", **AHEAD}], variables={"as_of": None})
    assert built.values("select as_of::varchar from cliniko.as_of") == ["2026-07-31 14:00:00+00"]


def test_a_class_is_split_and_unavailable_time_left_out(project: Path, tmp_path: Path) -> None:
    rows = [
        {"Appointment ID": "7", "PatientID(s)": "1, 2;3", "Maximum Number of Patients": "12", **PAST},
        {"Appointment ID": "8", "Maximum Number of Patients": "0", **PAST},
        {"Appointment ID": "9", "Maximum Number of Patients": "12", **PAST},
    ]
    built, found = visits(project, tmp_path, rows)
    assert [row["attendance_id"] for row in found] == ["7-1", "7-2", "7-3"]
    assert built.rows("select appointment_id, excluded_by from cliniko.appointments order by appointment_id") == [
        {"appointment_id": "7", "excluded_by": None},
        {"appointment_id": "8", "excluded_by": "unavailable_time"},
        {"appointment_id": "9", "excluded_by": "no_patient"},
    ]


def test_a_patient_who_is_told_twice_is_one_visit(project: Path, tmp_path: Path) -> None:
    rows = [{"Appointment ID": "7", "PatientID(s)": "1, 2, 1", "Maximum Number of Patients": "12", **PAST}]
    _, found = visits(project, tmp_path, rows)
    assert [row["attendance_id"] for row in found] == ["7-1", "7-2"]


def test_two_who_were_merged_were_in_one_class(project: Path, tmp_path: Path) -> None:
    files = {
        "merged-patients.csv": [{"id": "2", "first_name": "Ada", "last_name": "Ng", "merged_with_patient_id": "1"}],
        "Appointment custom fields-Cliniko-20260801.csv": [
            {"Appointment ID": "7", "Patient ID": "2", "Field": "Pain", "Value": "high"}
        ],
        "Treatment notes-Cliniko-20260801.csv": [
            {"ID": "6", "Patient ID": "1", "Appointment ID": "7", "Content": "Sore."}
        ],
    }
    rows = [{"Appointment ID": "7", "PatientID(s)": "1, 2", "Maximum Number of Patients": "12", **PAST}]
    built, found = visits(project, tmp_path, rows, "+twenty__note", files=files)
    assert [(row["attendance_id"], row["patient_id"]) for row in found] == [("7-1", "1"), ("7-2", "1")]
    assert built.values("select distinct value from cliniko.appointment_custom_fields") == ["high"]
    assert built.values('select "sourceSystemId" from twenty.note') == ["6"]


def test_an_answer_that_a_newer_export_has_no_more_is_none(project: Path, tmp_path: Path) -> None:
    def answers(**written: str) -> list[dict[str, str]]:
        return [{"Appointment ID": "7", "Field": field, "Value": value} for field, value in written.items()]

    files = {
        "Appointment custom fields-Cliniko-20260715.csv": answers(Pain="high", Mood="low"),
        "Appointment custom fields-Cliniko-20260801.csv": answers(Pain="", Sleep="good"),
    }
    rows = [{"Appointment ID": "7", "PatientID(s)": "1", **PAST}]
    built, _ = visits(project, tmp_path, rows, "+cliniko__appointment_custom_fields", files=files)
    assert built.values("select label from cliniko.appointment_custom_fields") == ["Sleep"]


def test_a_visit_of_nobody_known_is_excluded_by_name(project: Path, tmp_path: Path) -> None:
    rows = [{"Appointment ID": "7", "PatientID(s)": "1", **PAST}, {"Appointment ID": "8", "PatientID(s)": "77", **PAST}]
    built, found = visits(project, tmp_path, rows)
    assert [row["attendance_id"] for row in found] == ["7-1"]
    assert built.values("select excluded_by from cliniko.attendances where patient_id = '77'") == ["unknown_patient"]


def test_overlapping_exports_hold_one_visit(project: Path, tmp_path: Path) -> None:
    older = {**USUAL, "Updated At": "2026-05-01 10:00:00 +1000"}
    earlier_file = "Appointments-Cliniko-20260715-From20260601-To20260930.csv"
    rows = [
        {"Appointment ID": "7", "PatientID(s)": "1", "Appointment Notes": "new", **PAST},
        {"Appointment ID": "", "PatientID(s)": "2", "Appointment Notes": "new", **PAST},
    ]
    copies = [{**older, **row, "Appointment Notes": "old"} for row in rows]
    _, found = visits(project, tmp_path, rows, files={earlier_file: copies})
    assert [(row["patient_id"], row["notes"]) for row in found] == [("1", "new"), ("2", "new")]


def api_form(tmp_path: Path) -> dict[str, list[dict[str, str]]]:
    """The visit of patient 1, and a class of 1 and 2, as the API tells them."""
    shared = {"practitioner_id": "9", "business_id": "5", "updated_at": "2026-06-02T00:00:00Z"}
    return {
        "individual_appointments.csv": [
            {
                "id": "543342507031791275",
                "starts_at": "2026-06-30T23:00:00Z",
                "ends_at": "2026-06-30T23:30:00Z",
                "patient_id": "1",
                "appointment_type_id": "4",
                "did_not_arrive": "false",
                "telehealth_url": "https://example.com",
                "patient_name": "Peter Patientman",
                **shared,
            }
        ],
        "group_appointments.csv": [
            {
                "id": "543342507031791300",
                "starts_at": "2026-07-05T23:00:00Z",
                "ends_at": "2026-07-05T23:30:00Z",
                "patient_ids": json.dumps(["1", "2"]),
                "max_attendees": "12",
                "appointment_type_id": "4",
                "repeat_rule": "{}",
                **shared,
            }
        ],
        "attendees.csv": [
            {
                "id": "61",
                "booking_id": "543342507031791300",
                "patient_id": "1",
                "arrived": "true",
                "cancellation_url": "",
            },
            {
                "id": "62",
                "booking_id": "543342507031791300",
                "patient_id": "2",
                "arrived": "false",
                "cancellation_url": "",
            },
        ],
        "appointment_types.csv": [{"id": "4", "name": "Initial Consultation", "duration_in_minutes": "30"}],
        "businesses.csv": [{"id": "5", "business_name": "Healthy Times", "display_name": "", "label": "Healthy Times"}],
    }


def test_the_api_tells_of_each_patient_of_a_class(project: Path, tmp_path: Path) -> None:
    _, found = visits(project, tmp_path, [], files=api_form(tmp_path))
    assert [(row["attendance_id"], row["status"], row["location"]) for row in found] == [
        ("543342507031791275-1", "Completed", "Healthy Times"),
        ("543342507031791300-1", "Completed", "Healthy Times"),
        ("543342507031791300-2", "No Show", "Healthy Times"),
    ]


def test_a_visit_by_export_and_by_api_is_one(project: Path, tmp_path: Path) -> None:
    exported = [
        {"PatientID(s)": "1", **PAST},
        {
            "PatientID(s)": "1 2",
            "Maximum Number of Patients": "12",
            "Start Time": "2026-07-06 09:00:00 +1000",
            "End Time": "2026-07-06 09:30:00 +1000",
        },
    ]
    _, by_export = visits(project, tmp_path / "export", exported)
    assert all(row["attendance_id"].startswith("mark-") for row in by_export)

    _, by_both = visits(project, tmp_path / "both", exported, files=api_form(tmp_path))
    assert [row["attendance_id"] for row in by_both] == [
        "543342507031791275-1",
        "543342507031791300-1",
        "543342507031791300-2",
    ]

    # Once a visit was loaded under its mark, it keeps it: a later delta by API brings nothing new.
    remembered = [
        "insert into ledger.records by name select 'task' as object, "
        f"'{row['attendance_id']}' as key, 'x' as id, 'created' as status"
        for row in by_export
    ]
    _, by_api = visits(project, tmp_path / "api", [], files=api_form(tmp_path), before=remembered)
    assert {row["attendance_id"] for row in by_api} == {row["attendance_id"] for row in by_export}


def test_types_that_only_the_calendar_knows(project: Path, tmp_path: Path) -> None:
    rows = [
        {"Appointment ID": "7", "PatientID(s)": "1", "Appointment Type": "Massage", **PAST},
        {"Appointment ID": "8", "PatientID(s)": "1", "Appointment Type": "massage ", **AHEAD},
        {"Appointment ID": "9", "PatientID(s)": "1", "Appointment Type": "Initial Consultation", **AHEAD},
    ]
    files = {"Appointment types-Cliniko-20260801.csv": [{"ID": "4", "Name": "Initial Consultation", "Duration": "45"}]}
    built, _ = visits(project, tmp_path, rows, "+twenty__task", files=files)
    types = built.rows("select sourceSystemId, name, durationMinutes from twenty.appointment_type order by name")
    assert types == [
        {"sourceSystemId": "4", "name": "Initial Consultation", "durationMinutes": 45},
        {"sourceSystemId": "name:massage", "name": "Massage", "durationMinutes": 30},
    ]
    linked = (
        "select name from twenty.appointment_type where id in (select appointmentTypeId from twenty.task) order by 1"
    )
    assert built.values(linked) == ["Initial Consultation", "Massage"]


def test_a_task_is_what_the_crm_takes(project: Path, tmp_path: Path) -> None:
    row = {
        "Appointment ID": "7",
        "PatientID(s)": "1",
        "Appointment Notes": "Bring scans",
        "Business": "Healthy Times",
        "Cancellation Time": "2026-06-30 10:00:00 +1000",
        "Cancellation Reason": "Sick",
        "Cancellation Note": "called",
        **PAST,
    }
    members = "insert into destination.members by name select 'm1' as id, 'Randy@Example.com' as email"
    files = {
        "Practitioners-Cliniko-20260801.csv": [
            {"ID": "9", "First Name": "Randy", "Last Name": "Savage", "Email": "randy@example.com"}
        ]
    }
    built, _ = visits(project, tmp_path, [row], "+twenty__task_target", files=files, before=[members])
    (task,) = built.rows("select * from twenty.task")
    assert {key: task[key] for key in ("title", "dueAt", "startAt", "endAt", "status", "clinikoAppointmentStatus")} == {
        "title": "Initial Consultation: Peter Patientman",
        "dueAt": "2026-06-30T23:00:00.000Z",
        "startAt": "2026-06-30T23:00:00.000Z",
        "endAt": "2026-06-30T23:30:00.000Z",
        "status": "DONE",
        "clinikoAppointmentStatus": "CANCELLED",
    }
    assert (task["bodyV2"], task["clinicLocation"]) == ({"markdown": "Bring scans"}, "Healthy Times")
    assert (task["cancellationReason"], task["practitionerName"], task["assigneeId"]) == (
        "Sick: called",
        "Randy Savage",
        "m1",
    )
    (target,) = built.rows("select * from twenty.task_target")
    assert (target["taskId"], target["targetPersonId"]) == (task["id"], task["_person_id"])


@pytest.mark.parametrize(
    ("variables", "members", "expected"),
    [
        ({}, ["randy@example.com"], ("randy@example.com", "email")),
        (
            {"owners": {"Randy Savage": "boss@example.com"}},
            ["randy@example.com", "boss@example.com"],
            ("boss@example.com", "owners"),
        ),
        ({"owners": {"9": "boss@example.com"}}, ["boss@example.com"], ("boss@example.com", "owners")),
        ({"owners": {"RANDY@example.com": "Boss@example.com"}}, ["boss@example.com"], ("boss@example.com", "owners")),
        ({"fallback_owner": "boss@example.com"}, ["boss@example.com"], ("boss@example.com", "fallback")),
        ({"owners": {"Randy Savage": "gone@example.com"}}, ["randy@example.com"], ("randy@example.com", "email")),
        ({"fallback_owner": "gone@example.com"}, [], (None, None)),
    ],
)
def test_who_takes_over(
    project: Path,
    tmp_path: Path,
    variables: dict[str, Any],
    members: list[str],
    expected: tuple[str | None, str | None],
) -> None:
    files = {
        "Patients-Cliniko-20260801.csv": PATIENTS,
        "Practitioners-Cliniko-20260801.csv": [
            {"ID": "9", "First Name": "Randy", "Last Name": "Savage", "Email": " Randy@Example.com"}
        ],
    }
    before = [
        f"insert into destination.members by name select '{email}' as id, '{email}' as email" for email in members
    ]
    built = build(
        project, write_exports(tmp_path, files), "+twenty__workspace_member", variables=variables, before=before
    )
    assert built.broken == []
    assert built.rows("select id, _found_by from twenty.workspace_member") == [
        {"id": expected[0], "_found_by": expected[1]}
    ]
