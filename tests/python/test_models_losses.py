"""What the plan says is lost or shortened."""

from __future__ import annotations

from pathlib import Path

from clinics import build, copy_project, write_exports

PATIENTS = [
    {
        "Patient ID": "1",
        "First Name": "Ada",
        "Last Name": "Ng",
        "Email": "home@example.com",
        "Date of Birth": "31/02/1999",
    },
    {
        "Patient ID": "2",
        "First Name": "Bea",
        "Last Name": "Ng",
        "Email": "home@example.com",
        "PhoneMobile": "12, ring twice",
    },
    {"Patient ID": "3", "First Name": "Cy", "Last Name": "Ng", "Email": "cy@example.com", "Date of Birth": "1/02/1999"},
]


def test_each_value_that_goes_along_in_another_form_is_told(tmp_path: Path) -> None:
    project = copy_project(tmp_path / "project")
    exports = write_exports(tmp_path / "exports", {"Patients-Cliniko-20260801.csv": PATIENTS})
    clinic = build(project, exports, "+twenty__losses")
    assert clinic.broken == []
    told = clinic.rows("select object, key, field from twenty.losses order by all")
    assert [tuple(row.values()) for row in told] == [
        ("person", "1", "dateOfBirth"),
        ("person", "2", "emails"),
        ("person", "2", "phones"),
    ]
