"""Files of patients: each that is there goes once, to its patient; each that does not has a rule that says so."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from hashlib import sha256
from pathlib import Path

from clinics import Built, build, graph_of, write_exports

Index = Sequence[Mapping[str, str]]
PATIENTS = [{"Patient ID": key, "First Name": "Ada", "Last Name": "Ng"} for key in ("7", "8")]
INDEX = "Patient attachments-Cliniko-20260801.csv"


def built(
    project: Path, exports: Path, files: Sequence[str], indexes: Mapping[str, Index], variables: Mapping[str, str] = {}
) -> Built:
    for name in files:
        path = exports / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"" if "empty" in name else name.encode())
    for folder, rows in indexes.items():
        write_exports(exports / folder, {INDEX: rows})
    write_exports(exports, {"Patients-Cliniko-20260801.csv": PATIENTS})
    found = build(project, exports, "+twenty__attachment", variables=variables)
    assert found.broken == []
    return found


def fates(found: Built) -> dict[str, str | None]:
    rows = found.rows("select coalesce(path, file_name) as path, excluded_by from cliniko.attachments")
    return {row["path"]: row["excluded_by"] for row in rows}


def test_a_file_goes_with_its_name_and_its_hash_to_its_patient(project: Path, tmp_path: Path) -> None:
    row = {"ID": "1", "Patient ID": "7", "File": "7/knee.png", "Filename": "Knee.png", "Description": "left"}
    found = built(project, tmp_path, ["attachments/7/knee.png"], {"attachments": [row]})
    [sent] = found.rows("select * from twenty.attachment")
    digest = sha256(b"attachments/7/knee.png").hexdigest()
    assert sent["file"] == [{"fileId": {"$file": "attachments/7/knee.png", "$sha256": digest}, "label": "Knee.png"}]
    assert (sent["name"], sent["description"]) == ("Knee.png", "left")
    assert (sent["_sha256"], sent["_bytes"]) == (digest, 22)
    assert [sent["targetPersonId"]] == found.values("select id from twenty.person where _patient_id = '7'")


def test_every_line_and_every_file_has_a_fate(project: Path, tmp_path: Path) -> None:
    index = [
        {"ID": "1", "Patient ID": "7", "File": "attachments\\7\\a.txt"},
        {"ID": "2", "Patient ID": "7", "File": "lost.txt"},
        {"ID": "3", "Patient ID": "7", "Filename": "by the API.txt"},
        {"ID": "4", "Patient ID": "7", "Filename": "later.txt", "processing_completed": "false"},
        {"ID": "5", "Patient ID": "99", "File": "stranger.txt"},
        {"ID": "6", "Patient ID": "7", "File": "old.txt", "archived_at": "2020-01-01T00:00:00Z"},
        {"ID": "7", "Patient ID": "7", "File": "empty.txt"},
        {"ID": "8", "Patient ID": "7", "File": "../project.yml"},
        {"ID": "", "Patient ID": "8", "File": "no id.txt"},
    ]
    files = ["7/a.txt", "stranger.txt", "old.txt", "empty.txt", "no id.txt", "8/unlisted.txt", "99/nobody.txt", "loose"]
    found = built(project, tmp_path, [f"attachments/{name}" for name in files], {"attachments": index})
    assert fates(found) == {
        "7/a.txt": None,
        "8/unlisted.txt": None,
        "no id.txt": None,
        "lost.txt": "file_not_found",
        "../project.yml": "file_not_found",
        "by the API.txt": "no_file",
        "later.txt": "not_processed",
        "stranger.txt": "unknown_patient",
        "old.txt": "archived",
        "empty.txt": "empty_file",
        "99/nobody.txt": "not_in_an_index",
        "loose": "not_in_an_index",
    }
    asked = graph_of(project, "{}").tests["files_that_stay_behind"].sql
    assert {row["reason"]: row["files"] for row in found.rows(asked)} == {
        "file_not_found": 2,
        "no_file": 1,
        "not_in_an_index": 2,
        "not_processed": 1,
        "unknown_patient": 1,
    }
    keys = "select _attachment_id from twenty.attachment order by all"
    assert found.values(keys) == ["1", "file:attachments/8/unlisted.txt", "file:attachments/no id.txt"]


def test_charts_are_files_too_and_clinical(project: Path, tmp_path: Path) -> None:
    files = ["charts/7/back.png", "attachments/7/back.png"]
    indexes: dict[str, Index] = {
        folder: [{"ID": str(at), "Patient ID": "7", "File": "7/back.png"}]
        for at, folder in enumerate(["charts", "attachments"], start=1)
    }
    shown = "select file[1].fileId['$file'] from twenty.attachment order by all"
    both = built(project, tmp_path, files, indexes)
    assert both.values(shown) == ["attachments/7/back.png", "charts/7/back.png"]
    without = built(project, tmp_path, files, indexes, {"clinical_notes": "exclude"})
    assert without.values(shown) == ["attachments/7/back.png"]
    assert without.values("select excluded_by from cliniko.attachments where folder = 'charts'") == ["clinical_notes"]


def test_two_indexes_without_ids_tell_of_one_file(project: Path, tmp_path: Path) -> None:
    row = {"Patient ID": "7", "File": "a.txt"}
    found = built(project, tmp_path, ["attachments/a.txt"], {"attachments": [row], ".": [row | {"Description": "x"}]})
    assert found.values("select excluded_by from cliniko.attachments order by all") == ["told_twice", None]


def test_a_name_from_a_mac_is_the_same_name(project: Path, tmp_path: Path) -> None:
    row = {"ID": "1", "Patient ID": "7", "File": "Mu\u0308ller.txt"}
    found = built(project, tmp_path, ["attachments/M\u00fcller.txt"], {"attachments": [row]})
    assert fates(found) == {"M\u00fcller.txt": None}


def test_a_file_that_the_newest_index_has_no_more_is_no_other_file(project: Path, tmp_path: Path) -> None:
    older = [{"ID": key, "Patient ID": "7", "File": f"7/{key}.txt"} for key in ("1", "2")]
    write_exports(tmp_path / "attachments", {"Patient attachments-Cliniko-20260701.csv": older})
    found = built(project, tmp_path, [f"attachments/7/{key}.txt" for key in ("1", "2")], {"attachments": older[:1]})
    assert found.values("select _attachment_id from twenty.attachment") == ["1"]
