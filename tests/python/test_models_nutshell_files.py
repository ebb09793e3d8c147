"""Files of patients on their way to the handover folder, and the notes that tell of them in Nutshell."""

from __future__ import annotations

import json
from pathlib import Path
from re import fullmatch
from typing import Any

import pytest
from clinics import Built, Rows, copy_project, graph_of
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


def files(project: Path, exports: Path, *chosen: str, index: Rows = INDEX, **options: Any) -> Built:
    for row in index:
        path = exports / "attachments" / row["file"]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x" * 2_000_000 if row.get("id") == "501" else b"x")
    named: dict[str, Rows] = {
        "attachments/Patient attachments-Cliniko-20260801.csv": [
            {"created_at": "2026-07-01T00:00:00Z", **row} for row in index
        ],
        "Patients-Cliniko-20260801.csv": [PATIENTS[0], {**PATIENTS[1], "Last Name": "Low/High."}],
    }
    return staged(project, exports, named, *(chosen or ("+nutshell__attachment", "+handover__files")), **options)


def test_each_lies_in_its_person_s_folder_under_a_name_that_every_disk_takes(project: Path, tmp_path: Path) -> None:
    built = files(project, tmp_path)
    assert built.rows("select source_file, path from nutshell.files order by attachment_id") == [
        {"source_file": "attachments/1/knee.pdf", "path": "files/1/knee (501).pdf"},
        {"source_file": "attachments/1/other/KNEE.pdf", "path": "files/1/KNEE (502).pdf"},
        {"source_file": "attachments/1/odd.pdf", "path": "files/1/a_b_ _c_ (503).pdf"},
        {"source_file": "attachments/2/nobody.pdf", "path": "files/2/nobody (504).pdf"},
    ]


def test_each_stays_in_its_place_whatever_else_comes_or_goes(project: Path, tmp_path: Path) -> None:
    """A note says the place, and nobody may edit it later."""
    older = {"id": "499", "patient_id": "1", "file": "1/older/knee.pdf", "created_at": "2026-06-01T00:00:00Z"}
    newer: Rows = [older, {**INDEX[0], "archived_at": "2026-08-01T00:00:00Z"}, *INDEX[1:]]
    places = "select attachment_id, path from nutshell.files"
    [first, second] = (
        {row["attachment_id"]: row["path"] for row in files(project, tmp_path / at, index=index).rows(places)}
        for at, index in (("first", INDEX), ("second", newer))
    )
    assert second == {"499": "files/1/knee (499).pdf"} | {id: path for id, path in first.items() if id != "501"}


def test_files_without_an_id_in_the_index_have_places_of_their_own(project: Path, tmp_path: Path) -> None:
    index = [{"patient_id": "1", "file": row["file"], "filename": "scan.pdf"} for row in INDEX[:3]]
    places = files(project, tmp_path, index=index).values("select path from nutshell.files")
    assert len(set(places)) == 3
    assert all(fullmatch(r"files/1/scan \([0-9a-f]{12}\)\.pdf", place) for place in places)


def test_a_note_tells_of_each(project: Path, tmp_path: Path) -> None:
    built = files(project, tmp_path, attachment_limit_mb=1, source_prefix="north-")
    [note] = built.rows("select * from nutshell.attachment where _attachment_id = '501'")
    assert note["parent"] == {"$ref": "person:north-1"}
    assert note["_key"] == "north-file-501"
    assert note["body"].splitlines() == [
        "1 July 2026, File: knee.pdf, [cliniko file=north-501]",
        "It lies in the handover folder: files/north-1/knee (501).pdf",
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
    settings: dict[str, Any] = {"attachments": "lead_upload", "attachment_limit_mb": 1, "source_prefix": "north-"}
    chosen = ("+nutshell__lead", "nutshell__lead_file", "+nutshell__losses", "+handover__files")
    built = files(project, tmp_path, *chosen, **settings)
    first, second = built.rows("select * from nutshell.lead order by _key")
    assert (first["description"], first["Cliniko Patient ID"]) == ("Files of Peter Patientman", "north-1")
    assert first["contacts"] == [{"id": {"$ref": "person:north-1"}, "relationship": "Patient"}]
    assert second["description"] == "Files of Ada Low/High."
    held = built.rows("select lead, name, mime, size, _key from nutshell.lead_file order by _key")
    assert [(one["lead"]["$ref"], one["name"], one["size"], one["_key"]) for one in held] == [
        ("lead:north-1", "KNEE (502).pdf", 1, "north-502"),
        ("lead:north-1", "a_b_ _c_ (503).pdf", 1, "north-503"),
        ("lead:north-2", "nobody (504).pdf", 1, "north-504"),
    ]
    assert built.values("select file_name from handover.files") == ["knee.pdf"]
    lost = "select key, what from nutshell.losses where field = 'files'"
    assert built.rows(lost) == [
        {
            "key": "north-file-501",
            "what": "files above `attachment_limit_mb`, told by a note and put into the handover folder",
        }
    ]
    places = "select str_split(body, chr(10))[2] from nutshell.attachment order by _attachment_id"
    assert [place.partition(":")[0] for place in built.values(places)] == [
        "It lies in the handover folder",
        *["It lies on the lead of this person's files"] * 3,
    ]


@pytest.mark.parametrize(("ids", "holds"), [((8, 9), True), ((8, 8), False)])
def test_two_files_of_the_clinic_are_never_one_on_a_lead(
    project: Path, tmp_path: Path, ids: tuple[int, int], holds: bool
) -> None:
    settings: dict[str, Any] = {"attachments": "lead_upload", "attachment_limit_mb": 1}
    chosen = ("+nutshell__lead", "nutshell__lead_file")
    built = files(project, tmp_path, *chosen, index=INDEX[1:3], **settings)
    built.connection.execute("insert into ledger.runs by name select 1 as run, 'load' as command")
    for key, id in zip(("502", "503"), ids, strict=True):
        sent = f"select 'file' as object, '{key}' as key, '7-leads/{id}-files' as id"
        built.connection.execute(f"insert into ledger.records by name {sent}")
        built.connection.execute(f"insert into readback.sent by name {sent}")
    variables = json.dumps({"as_of": "2026-08-01 12:00:00 +1000"} | settings)
    [sums] = built.rows(graph_of(project, variables, "nutshell").tests["files_on_leads_add_up"].sql)
    assert (sums["loaded"], sums["on_leads"], sums["_holds"]) == (2, len(set(ids)), holds)


def test_nobody_has_a_lead_whose_files_are_all_too_large(project: Path, tmp_path: Path) -> None:
    settings: dict[str, Any] = {"attachments": "lead_upload", "attachment_limit_mb": 0.0000005}
    built = files(project, tmp_path, "+nutshell__lead", "nutshell__lead_file", **settings)
    assert built.values("select count(*) from nutshell.lead") == [0]
    assert built.values("select count(*) from nutshell.lead_file") == [0]
