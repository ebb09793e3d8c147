"""Files of patients on their way to the handover folder, and the notes that tell of them in Nutshell."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from clinics import Built, Rows, copy_project
from nutshell_clinic import PATIENTS, staged

INDEX: Rows = [
    {"id": "501", "patient_id": "1", "file": "1/knee.pdf", "filename": "knee.pdf", "description": "Left knee"},
    {"id": "502", "patient_id": "1", "file": "1/other/KNEE.pdf", "filename": "KNEE.pdf"},
    {"id": "503", "patient_id": "1", "file": "1/odd.pdf", "filename": 'a/b: "c"?.pdf'},
    {"id": "504", "patient_id": "2", "file": "2/nobody.pdf", "filename": "nobody.pdf"},
]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return copy_project(tmp_path_factory.mktemp("project"))


def files(project: Path, exports: Path, *chosen: str, **options: Any) -> Built:
    for row in INDEX:
        path = exports / "attachments" / row["file"]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x" * 2_000_000 if row["id"] == "501" else b"x")
    named: dict[str, Rows] = {
        "attachments/Patient attachments-Cliniko-20260801.csv": [
            {"created_at": "2026-07-01T00:00:00Z", **row} for row in INDEX
        ],
        "Patients-Cliniko-20260801.csv": [PATIENTS[0], {**PATIENTS[1], "Last Name": "Low/High."}],
    }
    return staged(project, exports, named, *(chosen or ("+nutshell__attachment", "+handover__files")), **options)


def test_each_lies_in_its_person_s_folder_under_a_name_that_every_disk_takes(project: Path, tmp_path: Path) -> None:
    built = files(project, tmp_path)
    assert built.rows("select source_file, path from nutshell.files order by attachment_id") == [
        {"source_file": "attachments/1/knee.pdf", "path": "files/1/knee.pdf"},
        {"source_file": "attachments/1/other/KNEE.pdf", "path": "files/1/2 KNEE.pdf"},
        {"source_file": "attachments/1/odd.pdf", "path": "files/1/a_b_ _c_.pdf"},
        {"source_file": "attachments/2/nobody.pdf", "path": "files/2/nobody.pdf"},
    ]


def test_a_note_tells_of_each(project: Path, tmp_path: Path) -> None:
    built = files(project, tmp_path, attachment_limit_mb=1, source_prefix="north-")
    [note] = built.rows("select * from nutshell.attachment where _attachment_id = '501'")
    assert note["parent"] == {"$ref": "person:north-1"}
    assert note["_key"] == "north-file-501"
    assert note["body"].splitlines() == [
        "1 July 2026, File: knee.pdf, [cliniko file=north-501]",
        "It lies in the handover folder: files/north-1/knee.pdf",
        "Description: Left knee",
        "It is larger than 1 MB.",
    ]


@pytest.mark.parametrize(("limit", "flagged"), [(1, ["501"]), (2, []), (0.0000005, ["501", "502", "503", "504"])])
def test_files_above_the_limit_are_flagged(project: Path, tmp_path: Path, limit: float, flagged: list[str]) -> None:
    built = files(project, tmp_path, attachment_limit_mb=limit)
    listed = "select attachment_id from nutshell.files where is_over_the_limit order by attachment_id"
    assert built.values(listed) == flagged
    in_the_index = "select count(*) from handover.files where is_over_the_limit"
    assert built.values(in_the_index) == [len(flagged)]


def test_a_lead_holds_the_files_of_its_person_that_are_not_too_large(project: Path, tmp_path: Path) -> None:
    settings = {"attachments": "lead_upload", "attachment_limit_mb": 1, "source_prefix": "north-"}
    chosen = ("+nutshell__lead", "nutshell__lead_file", "+nutshell__attachment", "+handover__files")
    built = files(project, tmp_path, *chosen, **settings)
    first, second = built.rows("select * from nutshell.lead order by _key")
    assert (first["description"], first["Cliniko Patient ID"]) == ("Files of Peter Patientman", "north-1")
    assert first["contacts"] == [{"id": {"$ref": "person:north-1"}, "relationship": "Patient"}]
    assert second["description"] == "Files of Ada Low/High."
    held = built.rows("select lead, name, mime, size, _key from nutshell.lead_file order by _key")
    assert [(one["lead"]["$ref"], one["name"], one["size"], one["_key"]) for one in held] == [
        ("lead:north-1", "KNEE.pdf", 1, "north-502"),
        ("lead:north-1", "a_b_ _c_.pdf", 1, "north-503"),
        ("lead:north-2", "nobody.pdf", 1, "north-504"),
    ]
    assert built.values("select file_name from handover.files") == ["knee.pdf"]
    places = "select str_split(body, chr(10))[2] from nutshell.attachment order by _attachment_id"
    assert [place.partition(":")[0] for place in built.values(places)] == [
        "It lies in the handover folder",
        *["It lies on the lead of this person's files"] * 3,
    ]


def test_nobody_has_a_lead_whose_files_are_all_too_large(project: Path, tmp_path: Path) -> None:
    settings = {"attachments": "lead_upload", "attachment_limit_mb": 0.0000005}
    built = files(project, tmp_path, "+nutshell__lead", "nutshell__lead_file", **settings)
    assert built.values("select count(*) from nutshell.lead") == [0]
    assert built.values("select count(*) from nutshell.lead_file") == [0]
