"""Treatment notes: every template flattened to Markdown, with nothing that was answered left out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from clinics import Built, build, write_exports

PATIENTS = [{"Patient ID": "1", "First Name": "Peter", "Last Name": "Patientman"}]


def notes(project: Path, exports: Path, rows: list[dict[str, str]], **options: Any) -> Built:
    files = {
        "Patients-Cliniko-20260801.csv": PATIENTS,
        "Treatment notes-Cliniko-20260801.csv": [{"Patient ID": "1", **row} for row in rows],
        **options.pop("files", {}),
    }
    built = build(project, write_exports(exports, files), "+twenty__note_target", **options)
    assert built.broken == []
    return built


def content(*questions: dict[str, Any], section: str | None = "Assessment") -> str:
    return json.dumps({"sections": [{"name": section, "questions": list(questions)}]})


QUESTIONS: list[tuple[dict[str, Any], str | None]] = [
    ({"name": "Pain", "type": "text", "answer": "5 < 6 & rising"}, "**Pain:** 5 < 6 & rising"),
    ({"name": "Plan", "type": "paragraph", "answer": "<p>rest</p>"}, "**Plan:** rest"),
    (
        {"name": "Plan", "type": "paragraph", "answer": "<ul><li>rest</li><li>heat &amp; ice</li></ul>"},
        "**Plan:**\n\n- rest\n- heat & ice",
    ),
    ({"name": "Review on", "type": "date", "answer": "2026-07-12"}, "**Review on:** 2026-07-12"),
    (
        {"name": "Side", "type": "radiobuttons", "answers": [{"value": "Left"}, {"value": "Right", "selected": True}]},
        "**Side:** Right",
    ),
    (
        {
            "name": "Where",
            "type": "checkboxes",
            "answers": [{"value": "Neck", "selected": True}, {"value": "Hip"}, {"value": "Knee", "selected": True}],
            "other": {"enabled": True, "selected": True, "value": "little toe"},
        },
        "**Where:** Neck, Knee, little toe",
    ),
    (
        {"name": "Where", "type": "checkboxes", "answers": [], "other": {"enabled": True, "value": "not chosen"}},
        None,
    ),
    (
        {"name": "Chart", "type": "bodycharts", "body_chart_ids": ["1", "2"]},
        "**Chart:** 2 drawing(s), which stay in Cliniko",
    ),
    ({"name": "Chart", "type": "bodycharts", "body_chart_ids": []}, None),
    (
        {"name": "Side", "type": "radiobuttons", "answers": [{"value": "Left", "selected": True}], "answer": "mostly"},
        "**Side:** Left, mostly",
    ),
    (
        {"name": "Chart", "type": "bodycharts", "body_chart_ids": ["1"], "answer": "a"},
        "**Chart:** 1 drawing(s), which stay in Cliniko, a",
    ),
    ({"name": "Gait", "type": "of tomorrow", "answers": [{"value": "Slow", "selected": True}]}, "**Gait:** Slow"),
    ({"name": "Not answered", "type": "text"}, None),
    ({"name": "Blank", "type": "paragraph", "answer": "<p><br></p>"}, None),
    ({"type": "text", "answer": "no label"}, "no label"),
    ({"name": "痛み", "type": "text", "answer": "膝 🦵"}, "**痛み:** 膝 🦵"),
]


def test_every_kind_of_question(project: Path, tmp_path: Path) -> None:
    rows = [{"ID": str(at), "Content JSON": content(question)} for at, (question, _) in enumerate(QUESTIONS)]
    built = notes(project, tmp_path, rows)
    bodies = dict(built.connection.execute("select treatment_note_id, body from cliniko.treatment_notes").fetchall())
    for at, (_, expected) in enumerate(QUESTIONS):
        assert bodies[str(at)] == (f"## Assessment\n\n{expected}" if expected else None)


def test_sections_and_questions_keep_their_order(project: Path, tmp_path: Path) -> None:
    sections = [
        {"name": name, "questions": [{"name": f"Q{n}", "type": "text", "answer": f"{name}{n}"} for n in range(12)]}
        for name in ("Subjective", "Objective", "Assessment", "Plan")
    ]
    built = notes(project, tmp_path, [{"ID": "1", "Content JSON": json.dumps({"sections": sections})}])
    (body,) = built.values("select body from cliniko.treatment_notes")
    answers = [line.split(":** ")[1] for line in body.splitlines() if ":** " in line]
    assert answers == [f"{section['name']}{n}" for section in sections for n in range(12)]
    assert [line for line in body.splitlines() if line.startswith("## ")] == [f"## {one['name']}" for one in sections]


def test_a_note_as_the_crm_takes_it(project: Path, tmp_path: Path) -> None:
    row = {
        "ID": "7",
        "Author": "Natasha Hermiston",
        "Practitioner ID": "9",
        "Appointment ID": "5",
        "Title": "Standard Consultation",
        "Template ID": "3",
        "Content JSON": content({"name": "Pain", "type": "text", "answer": "less"}),
        "Created At": "2026-07-01 09:35:00 +1000",
    }
    files = {
        "Appointments-Cliniko-20260801.csv": [
            {
                "Appointment ID": "5",
                "Start Time": "2026-07-01 09:00:00 +1000",
                "End Time": "2026-07-01 09:30:00 +1000",
                "Practitioner": "Natasha Hermiston",
                "Practitioner ID": "9",
                "PatientID(s)": "1",
                "Appointment Type": "Massage",
            }
        ],
        "treatment_note_templates.csv": [{"id": "3", "name": "SOAP", "print_settings": "{}"}],
    }
    members = [
        "insert into destination.members by name select 'm1' as id, 'boss@example.com' as email",
    ]
    built = notes(
        project, tmp_path, [row], files=files, before=members, variables={"fallback_owner": "boss@example.com"}
    )
    (note,) = built.rows("select * from twenty.note")
    (task,) = built.rows("select id from twenty.task")
    assert note["title"] == "Standard Consultation"
    assert note["bodyV2"] == {"markdown": "Natasha Hermiston, 1 July 2026, SOAP\n\n## Assessment\n\n**Pain:** less"}
    assert (note["authorId"], note["appointmentId"]) == ("m1", task["id"])
    assert note["createdAt"] == note["clinikoCreatedAt"] == "2026-06-30T23:35:00.000Z"
    assert note["createdBy"] == {"source": "IMPORT", "name": "Natasha Hermiston"}
    (target,) = built.rows("select * from twenty.note_target")
    assert (target["noteId"], target["targetPersonId"]) == (note["id"], note["_person_id"])


def test_content_that_is_no_json_is_told_as_it_stands(project: Path, tmp_path: Path) -> None:
    rows = [
        {"ID": "1", "Content JSON": "Felt better\n{", "Content Text": ""},
        {"ID": "2", "Content JSON": "", "Content Text": "Assessment: better"},
    ]
    built = notes(project, tmp_path, rows)
    bodies = built.values("select body from cliniko.treatment_notes order by treatment_note_id")
    assert bodies == ["Felt better\n{", "Assessment: better"]


def test_json_of_another_shape_ends_no_build(project: Path, tmp_path: Path) -> None:
    shapes = [
        "5",
        '"text"',
        "[]",
        "null",
        "{}",
        '{"sections": null}',
        '{"sections": 5}',
        '{"sections": [5, null]}',
        '{"sections": [{"questions": [5, null, "text"]}]}',
        '{"sections": [{"questions": [{"type": "radiobuttons", "answers": "text"}]}]}',
        '{"sections": [{"questions": [{"type": "bodycharts", "body_chart_ids": 5}]}]}',
        '{"sections": [{"name": "A", "text": "free text"}]}',
        '{"sections": [{"questions": [{"name": "Q", "value": "in place of an answer"}]}]}',
        '{"sections": [{"questions": [{"answers": [{"value": "Left", "selected": "so"}]}]}]}',
        '{"sections": [], "addendum": "more"}',
    ]
    empty = {"[]", "null", "{}", '{"sections": null}'}
    rows = [{"ID": f"{at:02}", "Content JSON": shape} for at, shape in enumerate(shapes)]
    patients = [
        {"id": str(at), "first_name": "Ada", "last_name": "C", "created_at": "2020-01-01T00:00:00Z"}
        | {"patient_phone_numbers": shape, "custom_fields": shape, "pronouns": shape}
        for at, shape in enumerate([*shapes, "{", "no JSON at all"])
    ]
    built = notes(project, tmp_path, rows, files={"patients.csv": patients})
    assert built.values("select count(*) from twenty.note") == [len(shapes)]
    bodies = built.values("select body from cliniko.treatment_notes order by treatment_note_id")
    told_as_they_stand = [None if shape in empty else shape for shape in shapes]
    assert bodies == told_as_they_stand


def test_what_the_known_shape_leaves_out_stands_behind_what_it_tells(project: Path, tmp_path: Path) -> None:
    question = {"name": "Pain", "type": "text", "answer": "less"}
    section = {"name": "Assessment", "description": "At each visit", "questions": [question]}
    contents = [json.dumps({"sections": [section | more]}) for more in ({}, {"addendum": "and no fever"})]
    built = notes(project, tmp_path, [{"ID": str(at), "Content JSON": each} for at, each in enumerate(contents)])
    text = "## Assessment\n\nAt each visit\n\n**Pain:** less"
    bodies = built.values("select body from cliniko.treatment_notes order by treatment_note_id")
    assert bodies == [text, f"{text}\n\n{contents[1]}"]


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({}, [None, "draft", "archived", "unknown_patient"]),
        ({"drafts": "include"}, [None, None, "archived", "unknown_patient"]),
        ({"clinical_notes": "exclude"}, ["clinical_notes", "draft", "archived", "unknown_patient"]),
    ],
)
def test_which_notes_stay_behind(
    project: Path, tmp_path: Path, variables: dict[str, str], expected: list[str | None]
) -> None:
    body = content({"name": "Pain", "type": "text", "answer": "less"})
    rows = [
        {"ID": "1", "Content JSON": body},
        {"ID": "2", "Content JSON": body, "Draft": "true"},
        {"ID": "3", "Content JSON": body, "Archived At": "2026-07-01T00:00:00Z"},
        {"ID": "4", "Content JSON": body, "Patient ID": "99"},
    ]
    built = notes(project, tmp_path, rows, variables=variables)
    assert built.values("select excluded_by from cliniko.treatment_notes order by treatment_note_id") == expected
    assert len(built.values("select id from twenty.note")) == expected.count(None)


def test_messages_go_where_the_settings_want_them(project: Path, tmp_path: Path) -> None:
    message = {
        "id": "543342517000000001",
        "patient_id": "1",
        "type": "Email",
        "type_code": "2",
        "direction_description": "Sent",
        "direction_code": "1",
        "to": "peter@example.com",
        "from": "",
        "category": "Appointment Reminder",
        "category_code": "1",
        "content_subject": "See you soon",
        "content": "<p>Tomorrow &amp; at nine</p>",
        "created_at": "2026-07-01T00:00:00Z",
    }
    files = {"communications.csv": [message]}
    without = notes(project, tmp_path / "without", [{"ID": "1"}], files=files)
    assert without.values("select title from twenty.note") == ["Treatment note"]
    assert without.values("select excluded_by from cliniko.communications") == ["communications"]

    found = notes(project, tmp_path / "with", [{"ID": "1"}], files=files, variables={"communications": "include"})
    (note,) = found.rows("select * from twenty.note where title = 'See you soon'")
    assert note["sourceSystemId"] == "communication-543342517000000001"
    assert note["bodyV2"] == {"markdown": "1 July 2026, Email sent to peter@example.com\n\nTomorrow & at nine"}
