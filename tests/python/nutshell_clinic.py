"""A small clinic as Nutshell's models see it: users and activity types of the account, and a few exports."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from clinics import Built, Rows, build, write_exports

PATIENTS: Rows = [
    {
        "Patient ID": "1",
        "Title": "Mr",
        "First Name": "Peter",
        "Last Name": "Patientman",
        "Date of Birth": "2001-05-26",
        "Created At": "2019-12-31 23:30:00 +1100",
    },
    {"Patient ID": "2", "First Name": "Ada", "Last Name": "Cummerata"},
]
USERS = {"3-users": ("Randy Savage", ["randy@clinic.example", "randy@home.example"], True)}
TYPES = {"1-activityTypes": "Initial consultation", "2-activityTypes": "Meeting"}


def visit(id: str, starts_at: str, **told: str) -> dict[str, str]:
    """An appointment of patient 1 with Randy, at so many o'clock of Melbourne's standard time, half an hour long."""
    day, _, hour = starts_at.partition(" ")
    return {
        "Appointment ID": id,
        "PatientID(s)": "1",
        "Appointment Type": "Initial Consultation",
        "Maximum Number of Patients": "1",
        "Practitioner": "Randy Savage",
        "Practitioner ID": "9",
        "Business": "Main St",
        "Start Time": f"{day} {hour}:00 +1000",
        "End Time": f"{day} {hour[:-2]}30:00 +1000",
        "Created At": "2026-06-01 10:00:00 +1000",
        **told,
    }


def users(listed: Mapping[str, tuple[str, Sequence[str], bool]] = USERS) -> list[str]:
    """Statements that fill the account's users: name, addresses and whether they are enabled, by id."""
    return [
        "insert into destination.users by name select "
        f"'{id}' as id, '{name}' as name, '{json.dumps(emails)}' as emails, {enabled} as enabled"
        for id, (name, emails, enabled) in listed.items()
    ]


def activity_types(listed: Mapping[str, str] = TYPES) -> list[str]:
    """Statements that fill the account's activity types: name by id."""
    return [
        f"insert into destination.activity_types by name select '{id}' as id, '{name}' as name"
        for id, name in listed.items()
    ]


def field_of_choices(name: str, *choices: str) -> str:
    """A statement that puts a field of choices on people, as an earlier run made it."""
    options = json.dumps([{"label": choice, "value": choice} for choice in choices])
    return (
        "insert into destination.fields by name select "
        f"'person' as object, '{name}' as name, 'Decision' as type, '{options}' as options"
    )


def staged(
    project: Path,
    exports: Path,
    files: Mapping[str, Rows],
    *chosen: str,
    before: Sequence[str] | None = None,
    also: Sequence[str] = (),
    **variables: Any,
) -> Built:
    """Build Nutshell's models over these exports, or those that are ``chosen``.

    ``before`` fills the account: with Randy and two types unless told, and with what ``also`` says.
    """
    written = {
        "Patients-Cliniko-20260801.csv": PATIENTS,
        "Practitioners-Cliniko-20260801.csv": [
            {"ID": "9", "First Name": "Randy", "Last Name": "Savage", "Email": "Randy@Clinic.example"}
        ],
        **files,
    }
    built = build(
        project,
        write_exports(exports, written),
        *chosen,
        variables={"as_of": "2026-08-01 12:00:00 +1000", **variables},
        before=[*(before if before is not None else [*users(), *activity_types()]), *also],
        to="nutshell",
    )
    assert [broken for broken in built.broken if broken[1] != "warn"] == []
    return built
