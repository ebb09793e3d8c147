"""Visits and notes as Nutshell takes them: activities without custom fields, notes without date and author."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from hashlib import md5
from pathlib import Path
from typing import Any

import pytest
from clinics import Built, Rows, copy_project
from nutshell_clinic import staged, visit

DAY = "2026-07-01 09:00"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return copy_project(tmp_path_factory.mktemp("project"))


def activities(project: Path, exports: Path, visits: Rows, **options: Any) -> list[dict[str, Any]]:
    files = {"Appointments-Cliniko-20260801.csv": visits, **options.pop("files", {})}
    built = staged(project, exports, files, "+nutshell__activity", **options)
    return built.rows("select * from nutshell.activity order by startTime, _key")


def test_a_visit(project: Path, tmp_path: Path) -> None:
    told = visit("11", DAY, **{"Notes": "Bring scans ", "Patient Arrived": "true"})
    [found] = activities(project, tmp_path, [told], clinical_notes="include", source_prefix="north-")
    assert found == {
        "name": "Initial Consultation",
        "activityType": "1-activityTypes",
        "startTime": "2026-06-30T23:00:00.000Z",
        "endTime": "2026-06-30T23:30:00.000Z",
        "contacts": [{"$ref": "person:north-1"}],
        "users": ["3-users"],
        "location": "Main St",
        "description": "[cliniko appt=north-11-1 status=attended (Completed) type=Initial Consultation place=Main St"
        " practitioner=Randy Savage created=2026-06-01T00:00:00.000Z]\nBring scans",
        "status": "logged",
        "_key": "north-11-1",
        "_person_key": "north-1",
        "_attendance_id": "11-1",
        "_practitioner_id": "9",
        "_is_to_come": False,
    }


STATUSES = {
    "came": ({"Patient Arrived": "true"}, "attended (Completed)", "logged"),
    "nobody noted": ({}, "attended (Completed, arrival not recorded)", "logged"),
    "did not come": ({"Did Not Arrive": "true"}, "no-show (No Show)", "logged"),
    "cancelled": ({"Cancelled At": "2026-06-30 10:00:00 +1000"}, "cancelled (Cancelled)", "cancelled"),
    "to come": ({"Start Time": "2026-08-02 09:00:00 +1000", "End Time": ""}, "booked (Awaiting)", "scheduled"),
    "now": (
        {
            "Start Time": "2026-08-01 11:45:00 +1000",
            "End Time": "2026-08-01 12:15:00 +1000",
            "Patient Arrived": "true",
        },
        "attended (In Progress)",
        "logged",
    ),
}


def test_the_status_begins_with_one_word(project: Path, tmp_path: Path) -> None:
    visits = [visit(str(at), DAY, **told) for at, (told, _, _) in enumerate(STATUSES.values(), start=1)]
    found = {row["_attendance_id"]: row for row in activities(project, tmp_path, visits)}
    for at, (case, (_, told, status)) in enumerate(STATUSES.items(), start=1):
        activity = found[f"{at}-1"]
        assert f" status={told} type=" in activity["description"], case
        assert activity["status"] == status, case


def test_the_first_line_stays_one_line(project: Path, tmp_path: Path) -> None:
    told = visit("11", DAY, **{"Business": "Main\nSt", "Appointment Type": ""})
    [found] = activities(project, tmp_path, [told])
    assert found["name"] == "Appointment"
    assert found["description"] == (
        "[cliniko appt=11-1 status=attended (Completed, arrival not recorded) place=Main St"
        " practitioner=Randy Savage created=2026-06-01T00:00:00.000Z]"
    )


def test_notes_of_visits_stay_where_clinical_text_is_not_wanted(project: Path, tmp_path: Path) -> None:
    [found] = activities(project, tmp_path, [visit("11", DAY, Notes="Private")], clinical_notes="exclude")
    assert "Private" not in found["description"]


def test_each_patient_of_a_class_has_an_activity(project: Path, tmp_path: Path) -> None:
    told = visit("11", DAY, **{"PatientID(s)": "1, 2", "Maximum Number of Patients": "5"})
    found = activities(project, tmp_path, [told])
    assert [row["contacts"] for row in found] == [[{"$ref": "person:1"}], [{"$ref": "person:2"}]]


@pytest.mark.parametrize(
    ("listed", "activity_type"),
    [({}, None), ({"INITIAL consultation": "meeting"}, "2-activityTypes"), ({"Initial Consultation": "None"}, None)],
)
def test_activity_types_by_the_setting(
    project: Path, tmp_path: Path, listed: dict[str, str], activity_type: str | None
) -> None:
    types = ["insert into destination.activity_types by name select '2-activityTypes' as id, 'Meeting' as name"]
    [found] = activities(project, tmp_path, [visit("11", DAY)], before=types, activity_types=listed)
    assert found["activityType"] == activity_type


def test_what_is_to_come_is_held_back_by_name(project: Path, tmp_path: Path) -> None:
    visits = [visit("11", DAY), visit("12", "2026-08-02 09:00")]
    files: dict[str, Rows] = {"Appointments-Cliniko-20260801.csv": visits}
    built = staged(project, tmp_path, files, "+nutshell__activity", future="hold")
    assert built.values("select _key from nutshell.activity") == ["11-1"]
    assert built.values("select attendance_id from nutshell.visits where excluded_by = 'future'") == ["12-1"]


CONTENT = json.dumps(
    {"sections": [{"name": "Plan", "questions": [{"name": "Next", "type": "text", "answer": "Rest"}]}]}
)
NOTE = {
    "ID": "71",
    "Patient ID": "1",
    "Practitioner ID": "9",
    "Author": "Randy Savage",
    "Title": "Initial assessment",
    "Content": CONTENT,
    "Created At": "2026-07-01 09:40:00 +1000",
}
FIRST_LINE = "1 July 2026, Randy Savage, Initial assessment, [cliniko note=71]"
BODY = "## Plan\n\n**Next:** Rest"


def noted(project: Path, exports: Path, note: Mapping[str, str] | None = None, **variables: Any) -> Built:
    files: dict[str, Rows] = {"Treatment notes-Cliniko-20260801.csv": [{**NOTE, **(note or {})}]}
    return staged(project, exports, files, clinical_notes="include", **variables)


def test_treatment_notes_as_notes(project: Path, tmp_path: Path) -> None:
    built = noted(project, tmp_path, treatment_notes="notes")
    assert built.rows("select parent, body, _key, _person_key from nutshell.note") == [
        {"parent": {"$ref": "person:1"}, "body": f"{FIRST_LINE}\n\n{BODY}", "_key": "71", "_person_key": "1"}
    ]


def written(day: str, hash: str) -> list[str]:
    """Statements by which note 71 was written on this day, as a payload of this hash."""
    return [
        "insert into ledger.intents by name select 1 as intent, 'note' as object, '71' as key",
        f"insert into ledger.outcomes by name select 1 as intent, '{day}' as noted_at, 'created' as status",
        "insert into ledger.records by name select"
        f" 'note' as object, '71' as key, '5-notes' as id, '{hash}' as hash, '{day}' as noted_at",
    ]


def as_sent(**author: str) -> str:
    """The hash of note 71's payload."""
    payload = author | {"body": f"{FIRST_LINE}\n\n{BODY}", "parent": {"$ref": "person:1"}}
    return md5(json.dumps(payload, separators=(",", ":")).encode(), usedforsecurity=False).hexdigest()


AMENDED = "71-amended-1596247800"  # 1 August 2020, ten past twelve
# When it was written and as what; when Cliniko says that it was updated; and what becomes of it: its key, whether it
# is amended, and whether nobody may edit it.
EDITED: dict[str, tuple[str, str, str, tuple[str, bool, bool]]] = {
    "as it was sent": ("2020-07-20", as_sent(), "2020-08-01 12:10:00 +1000", ("71", False, False)),
    "as its author": ("2020-07-20", as_sent(author="3-users"), "2020-08-01 12:10:00 +1000", ("71", False, False)),
    "updated since": ("2020-07-20", "another", "2020-08-01 12:10:00 +1000", (AMENDED, True, False)),
    "updated before the load": ("2020-08-20", "another", "2020-08-01 12:10:00 +1000", (AMENDED, True, False)),
    "its author was renamed": ("2020-07-20", "another", "2020-01-01 12:00:00 +1000", ("71", False, True)),
    "nobody says when": ("2020-07-20", "another", "", ("71", False, True)),
    "there for less than a day": ("{lately}", "another", "2020-08-01 12:10:00 +1000", ("71", False, False)),
}


@pytest.mark.parametrize("case", EDITED)
def test_a_note_that_nobody_may_edit_any_more(project: Path, tmp_path: Path, case: str) -> None:
    day, hash, updated_at, becomes = EDITED[case]
    also = written(day.format(lately=(datetime.now(UTC) - timedelta(hours=22)).isoformat()), hash)
    built = noted(project, tmp_path, also=also, note={"Updated At": updated_at})
    [found] = built.rows("select * from nutshell.note")
    assert (found["_key"], found["_is_amended"], found["_is_closed"]) == becomes
    heading, _, mark = FIRST_LINE.rpartition(", ")
    first_line = f"{heading}, amended 1 August 2020, {mark.replace('71', AMENDED)}" if becomes[1] else FIRST_LINE
    assert found["body"] == f"{first_line}\n\n{BODY}"


def test_treatment_notes_in_their_author_s_name(project: Path, tmp_path: Path) -> None:
    assert noted(project, tmp_path, impersonate=True).values("select author from nutshell.note") == ["3-users"]


def test_treatment_notes_as_activities_have_their_own_time(project: Path, tmp_path: Path) -> None:
    also = ["insert into destination.activity_types by name select '5-activityTypes' as id, 'Treatment note' as name"]
    built = noted(project, tmp_path, treatment_notes="activities", also=also)
    assert built.values("select _key from nutshell.note") == []
    [found] = built.rows("select * from nutshell.note_activity")
    assert (found["startTime"], found["activityType"]) == ("2026-06-30T23:40:00.000Z", "5-activityTypes")
    assert found["note"] == f"{FIRST_LINE}\n\n{BODY}"
    assert found["description"].startswith("[cliniko appt=note-71 ")
    assert found["status"] == "logged"


def test_treatment_notes_as_files(project: Path, tmp_path: Path) -> None:
    built = noted(project, tmp_path, treatment_notes="files")
    assert built.values("select _key from nutshell.note") == []
    [found] = built.rows("select path, text from handover.treatment_notes")
    assert found == {
        "path": "files/1/notes/2026-07-01 (71).md",
        "text": f"{FIRST_LINE}\n\n{BODY}",
    }
