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


def test_what_nutshell_takes_as_text_alone_is_told(tmp_path: Path) -> None:
    """Nobody knows what its API calls a field of numbers, nor how it takes several choices at once."""
    project = copy_project(tmp_path / "project")
    types = {"Shoe Size": "number", "Pets": "choices", "Diet": "choice"}
    entries = ", ".join(f"{{custom_field: {name}, type: {type}}}" for name, type in types.items())
    (project / "models" / "custom_fields.yml").write_text(f"custom_fields: [{entries}]", encoding="utf-8")
    rows = [{**PATIENTS[2], "Shoe Size": "43", "Pets": "Cat\nDog", "Diet": "Fish"}]
    exports = write_exports(tmp_path / "exports", {"Patients-Cliniko-20260801.csv": rows})
    clinic = build(project, exports, "+nutshell__losses", to="nutshell")
    told = clinic.rows("select field, what from nutshell.losses order by field")
    assert [row["field"] for row in told] == ["Pets", "Shoe Size"]
    assert all("kept" in row["what"] and "not known" in row["what"] for row in told)
