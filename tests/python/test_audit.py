"""The audit: what the exports hold and lack, what becomes of it, and custom fields from proposal to the CRM."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import httpx
import pytest
from clinics import ROOT, Rows, build, copy_project, graph_of, write_exports
from support import Answer, shift, shift_process, write_files

from shift.auditing import audit, propose
from shift.building import run
from shift.database import open_database
from shift.errors import BlockedError, ConfigurationError
from shift.graph import Graph, Selection
from shift.preconditions import require_built
from shift.project import open_project
from shift.sandbox.clinic import make
from shift.sandbox.twenty import fresh, start
from shift.sandbox.twenty.standard import RESERVED

Sections = dict[str, list[dict[str, Any]]]

DAY = "20260801"
PATIENTS = f"Patients-Cliniko-{DAY}.csv"
APPOINTMENTS = f"Appointments-Cliniko-{DAY}.csv"
ADA = {
    "Patient ID": "1",
    "First Name": "Ada",
    "Last Name": "Ng",
    "Date of Birth": "1980-01-01",
    "Email": "home@example.com",
    "Created At": "2020-01-05 10:00:00 +1100",
}
BO = {**ADA, "Patient ID": "2", "First Name": "Bo"}
VISIT = {
    "Appointment ID": "7",
    "Start Time": "2020-02-01 10:00:00 +1100",
    "End Time": "2020-02-01 11:00:00 +1100",
    "Practitioner": "Priya Raman",
    "PatientID(s)": "1",
    "Maximum Number of Patients": "1",
}


def read(project: Path, exports: Path, connection: duckdb.DuckDBPyConnection) -> tuple[Graph, Sections]:
    """The audit of these exports: every section's rows, by the names of its columns."""
    graph = graph_of(project, "{}")
    graph = replace(graph, project=replace(graph.project, given_exports=exports))
    sections = audit(graph, connection)
    return graph, {one.name: [dict(zip(one.columns, row, strict=True)) for row in one.rows] for one in sections}


def audited(project: Path, folder: Path, exports: Mapping[str, Rows]) -> Sections:
    with closing(open_database(None)) as connection:
        return read(project, write_exports(folder, exports), connection)[1]


@pytest.fixture(scope="module")
def synthetic(project: Path, tmp_path_factory: pytest.TempPathFactory) -> Sections:
    """The audit of a synthetic clinic."""
    exports = tmp_path_factory.mktemp("exports")
    make(exports, patients=60, seed=1).database.unlink()
    with closing(open_database(None)) as connection:
        return read(project, exports, connection)[1]


# --- what is there ------------------------------------------------------------------------------------------------


def test_every_record_is_current_superseded_or_unreadable(synthetic: Sections) -> None:
    rows = {row["kind"]: row for row in synthetic["rows"]}
    assert all(row["rows"] == row["unreadable"] + row["superseded"] + row["current"] for row in rows.values())
    assert rows["patients"]["current"] == 60
    assert rows["patients"]["superseded"] > 0 and rows["appointments"]["superseded"] > 0
    assert sum(row["rows"] for row in rows.values()) == sum(row["rows"] for row in synthetic["files"])


def test_every_current_record_has_a_fate(synthetic: Sections) -> None:
    rows = {row["kind"]: row["current"] for row in synthetic["rows"]}
    fates: dict[str, int] = {}
    for row in synthetic["objects"]:
        fates[row["thing"]] = fates.get(row["thing"], 0) + row["rows"]
        assert (row["becomes"] is None) == (row["fate"] in ("excluded", "no home yet"))
        assert (row["rule"] is not None) == (row["fate"] == "excluded")
    assert fates["patient"] == rows["patients"]
    assert fates["calendar entry"] == rows["appointments"]
    assert fates["treatment note"] == rows["treatment_notes"]
    assert fates["invoice"] == rows["invoices"]
    assert fates["file of a patient"] == rows["patient_attachments"]
    assert fates["contact of a company"] + fates["contact without a company"] == rows["contacts"]


def test_of_a_whole_clinic_nothing_but_the_charts_is_missed(synthetic: Sections) -> None:
    assert [row["finding"] for row in synthetic["completeness"]] == ["no_charts"]
    assert synthetic["missing"] == []


def test_notes_are_counted_by_their_template(synthetic: Sections) -> None:
    notes = sum(row["rows"] for row in synthetic["objects"] if row["thing"] == "treatment note")
    drafts = sum(row["rows"] for row in synthetic["objects"] if row["rule"] == "draft")
    assert sum(row["notes"] for row in synthetic["note_templates"]) == notes
    assert sum(row["stay_behind"] for row in synthetic["note_templates"]) == drafts > 0


def test_custom_fields_are_found_with_a_type(synthetic: Sections) -> None:
    found = {row["label"]: row for row in synthetic["custom_fields"]}
    assert {label: row["type"] for label, row in found.items() if row["of"] == "patient"} == {
        "Consent Form Signed": "yes_no",
        "Health Fund": "choice",
        "Member Number": "text",
        "Shoe Size": "number",
    }
    assert found["Shoe Size"]["percent"] == round(100 * found["Shoe Size"]["filled"] / 60)


def test_what_is_unusual_is_told(project: Path, tmp_path: Path) -> None:
    files = {
        PATIENTS: [{**ADA, "Loves": "cats"}, {**BO, "Loves": ""}, {**ADA, "Patient ID": "3"}],
        APPOINTMENTS: [VISIT],
        "Wait list-Cliniko-20260801.csv": [{"Preferred Days": "any", "Urgent": "no"}],
    }
    write_exports(tmp_path, files)
    (tmp_path / "notes.csv").write_text("<html>log in</html>\n", encoding="utf-8")
    with (tmp_path / PATIENTS).open("a", encoding="utf-8") as file:
        file.write("4,too few\n")
    with closing(open_database(None)) as connection:
        _, sections = read(project, tmp_path, connection)
    assert [row["file"] for row in sections["files"] if (row["note"] or "").startswith("not landed")] == ["notes.csv"]
    assert [(row["file"], row["row"]) for row in sections["unreadable"]] == [(PATIENTS, 5)]
    assert sections["unknown_columns"] == [{"kind": "patients", "header": "Loves", "filled": 1, "percent": 33}]
    assert "Medical Alerts" in next(row["columns"] for row in sections["missing_columns"] if row["kind"] == "patients")
    assert sections["shared_contacts"] == [{"kind": "e-mail", "patients": 3, "patient_ids": ["1", "2", "3"]}]
    assert sections["duplicates"] == [{"same": "name and birth date, name and e-mail", "patient_ids": ["1", "3"]}]
    assert [(row["name"], row["visits"]) for row in sections["practitioners"]] == [("Priya Raman", 1)]
    assert ("wait_list", 1) in [(row["what"], row["rows"]) for row in sections["left_behind"]]


# --- what is missing ----------------------------------------------------------------------------------------------


def test_each_export_that_may_be_missing_says_what_that_costs(project: Path, tmp_path: Path) -> None:
    sections = audited(project, tmp_path, {PATIENTS: [ADA]})
    exports = {
        table.name
        for source, table in open_project(ROOT).sources.values()
        if source.name == "cliniko" and not (table.from_api or table.left_out or table.required)
    }
    assert {row["without"] for row in sections["missing"]} == exports
    assert all(row["cost"] for row in sections["missing"])
    added = {row["kind"]: row["adds"] for row in sections["api_key"]}
    assert {"communications", "treatment_notes", "users"} <= set(added) and "payments" not in added
    assert all(added.values()) and "archived_at" in added["patients"]


def test_what_the_api_gives_in_another_form_is_not_missing(project: Path, tmp_path: Path) -> None:
    visit = {"id": "7", "starts_at": "2020-02-01T10:00:00Z", "patient_id": "1", "has_patient_appointment_notes": ""}
    sections = audited(project, tmp_path, {PATIENTS: [ADA], "individual_appointments.csv": [visit]})
    assert "appointments" not in {row["without"] for row in sections["missing"]}
    added = {row["kind"]: row["adds"] for row in sections["api_key"]}
    assert "appointments" not in added and added["individual_appointments"].startswith("Of each of them: ")


def test_every_kind_with_a_key_has_its_copies_counted(project: Path) -> None:
    sql = graph_of(project, "{}").models["audit__rows"].sql
    for source, table in open_project(ROOT).sources.values():
        if source.name == "cliniko" and table.key and not table.left_out:
            assert f"'{table.name}' as kind" in sql


BEFORE = "Patients-Cliniko-20260715-From{}-To{}.csv"
COMPLETENESS: dict[str, tuple[dict[str, Rows], set[tuple[str, str]]]] = {
    "all time": ({PATIENTS: [ADA]}, set()),
    "a range that begins where its records do": (
        {BEFORE.format("20200101", "20260715"): [ADA]},
        {("range_taken_for_all", "patients")},
    ),
    "a range from long before the clinic": ({BEFORE.format("20000101", "20260715"): [ADA]}, set()),
    "a range that is younger than other files": (
        {
            BEFORE.format("20190101", "20260801"): [ADA],
            "Appointments-Cliniko-20260715.csv": [{**VISIT, "Start Time": "2018-02-01 10:00:00 +1100"}],
        },
        {("range_taken_for_all", "patients")},
    ),
    "a range that ends before its day": (
        {BEFORE.format("20000101", "20251231"): [ADA]},
        {("range_taken_for_all", "patients")},
    ),
    "a range of appointments": (
        {PATIENTS: [ADA], f"Appointments-Cliniko-{DAY}-From20200115-To20260801.csv": [VISIT]},
        {("range_taken_for_all", "appointments")},
    ),
    "ranges with a gap": (
        {BEFORE.format("20000101", "20201231"): [ADA], BEFORE.format("20210301", "20260715"): [BO]},
        {("gap_between_ranges", "patients")},
    ),
    "ranges that meet": (
        {BEFORE.format("20000101", "20201231"): [ADA], BEFORE.format("20210101", "20260715"): [BO]},
        set(),
    ),
    "all time, and a range that begins after that day": (
        {"Patients-Cliniko-20250101.csv": [ADA], BEFORE.format("20250601", "20260715"): [BO]},
        {("gap_between_ranges", "patients")},
    ),
    "files of different days": (
        {PATIENTS: [ADA], "Appointments-Cliniko-20260715.csv": [VISIT]},
        {("files_of_different_days", "appointments")},
    ),
}
# The test in tests/plan/ that asks, and whether the plan stops.
ASKED = {
    ("range_taken_for_all", "patients"): ("patients_of_a_range", "fail"),
    ("range_taken_for_all", "appointments"): ("exports_of_a_range", "warn"),
    ("gap_between_ranges", "patients"): ("gap_between_exports", "fail"),
    ("files_of_different_days", "appointments"): ("exports_of_different_days", "warn"),
}


@pytest.mark.parametrize("case", COMPLETENESS)
def test_what_the_files_do_not_cover_is_a_finding_of_audit_and_plan(project: Path, tmp_path: Path, case: str) -> None:
    files, expected = COMPLETENESS[case]
    built = build(project, write_exports(tmp_path, files), "+audit__completeness")
    names = frozenset(name for name, _ in ASKED.values())
    asked = run(graph_of(project, "{}"), built.connection, Selection(frozenset(), names))
    sections = built.rows("select * from audit.completeness")
    found = {(row["finding"], row["kind"]) for row in sections if row["finding"] != "no_charts"}
    assert found == expected
    assert {(one.node, one.status) for one in asked if one.status != "pass"} == {ASKED[each] for each in expected}


# --- what becomes of it -------------------------------------------------------------------------------------------


def test_every_object_that_is_loaded_is_somethings_home(project: Path, tmp_path: Path) -> None:
    graph = graph_of(project, "{}")
    loaded = {model.load.object for model in graph.models.values() if model.load}
    built = build(project, write_exports(tmp_path, {PATIENTS: [ADA]}), "twenty__homes")
    homes = set(built.values("select home from twenty.homes where fate in ('loaded', 'matched')"))
    # A target is the link of a note or a task to its person.
    assert homes == {object for object in loaded if not object.endswith("Target")}


def test_an_audit_makes_no_build_of_other_exports_pass_for_one_of_these(project: Path, tmp_path: Path) -> None:
    with closing(open_database(None)) as connection:
        graph, _ = read(project, write_exports(tmp_path, {PATIENTS: [ADA]}), connection)
        with pytest.raises(BlockedError, match="was not built yet"):
            require_built(graph, connection)


# --- custom fields ------------------------------------------------------------------------------------------------

SECTIONS = json.dumps(
    {
        "sections": [
            {
                "name": name,
                "token": name,
                "fields": [{"name": "Size", "token": "size", "type": "text", "value": f"{name} 9"}],
            }
            for name in ("Feet", "Hands")
        ]
    }
)
DIET = json.dumps(
    {
        "sections": [
            {
                "name": "Diet",
                "token": "diet",
                "fields": [
                    {
                        "name": "Eats",
                        "token": "eats",
                        "type": "checkboxes",
                        "options": [{"name": "Fish", "selected": True}, {"name": "Ei, roh", "selected": False}],
                    }
                ],
            }
        ]
    }
)


def people_with(
    project: Path, exports: Path, rows: Rows, **variables: Any
) -> tuple[dict[str, dict[str, Any]], dict[str, str]]:
    """The people of a patients export, by patient; and the types of their custom fields, by name."""
    options = {"custom_fields": "all", **variables}
    built = build(project, write_exports(exports, {PATIENTS: rows}), "+twenty__person", variables=options)
    assert built.broken == []
    types = built.rows("select name, type from twenty.custom_fields")
    people = built.rows("select * from twenty.person")
    return {row["_patient_id"]: row for row in people}, {row["name"]: row["type"] for row in types}


def test_values_go_as_their_type(project: Path, tmp_path: Path) -> None:
    rows = [
        {**ADA, "Shoe size": "9.5", "Consent": "yes", "Seen on": "2020-02-01", "Locker": "007", "Team": "Blue"},
        {**BO, "Shoe size": "12", "Consent": "no", "Seen on": "31/12/2019", "Locker": "12", "Team": "Red, light"},
    ]
    rows += [{**ADA, "Patient ID": str(key), "Team": ("Blue", "Red, light")[key % 2]} for key in range(3, 9)]
    people, types = people_with(project, tmp_path, rows)
    assert types == {"shoeSize": "NUMBER", "consent": "BOOLEAN", "seenOn": "DATE", "locker": "TEXT", "team": "SELECT"}
    values = {name: [json.loads(people[key][name]) for key in ("1", "2")] for name in types}
    assert values == {
        "shoeSize": [9.5, 12],
        "consent": [True, False],
        "seenOn": ["2020-02-01", "2019-12-31"],
        "locker": ["007", "12"],
        "team": ["BLUE", "RED_LIGHT"],
    }
    assert people["3"]["shoeSize"] is None


def test_a_name_that_is_taken_gets_another(project: Path, tmp_path: Path) -> None:
    headers = {
        "Type": "typeCustom",
        "Jobtitle": "jobtitleCustom",
        "Sex (other)": "sexOther",
        "Invoices": "invoicesCustom",
        "3rd party": "field3rdParty",
    }
    people, types = people_with(project, tmp_path, [{**ADA, **dict.fromkeys(headers, "some text")}])
    assert set(types) == set(headers.values())
    assert {json.loads(people["1"][name]) for name in types} == {"some text"}


def test_one_label_in_two_sections_is_two_fields(project: Path, tmp_path: Path) -> None:
    people, types = people_with(project, tmp_path, [{**ADA, "custom_fields": SECTIONS}])
    assert {name: json.loads(people["1"][name]) for name in types} == {"feetSize": "Feet 9", "handsSize": "Hands 9"}


def test_several_choices_stay_several(project: Path, tmp_path: Path) -> None:
    people, types = people_with(project, tmp_path, [{**ADA, "custom_fields": DIET}])
    assert types == {"eats": "MULTI_SELECT"}
    assert json.loads(people["1"]["eats"]) == ["FISH"]


def test_without_custom_fields_there_are_no_columns_of_them(project: Path, tmp_path: Path) -> None:
    people, types = people_with(project, tmp_path, [{**ADA, "Shoe size": "9"}], custom_fields="confirmed")
    assert types == {} and "shoeSize" not in people["1"]


def test_what_holds_the_insurance_is_no_field_of_its_own(project: Path, tmp_path: Path) -> None:
    people, types = people_with(
        project, tmp_path, [{**ADA, "Health fund": "Bay Mutual"}], insurance={"provider": "Health Fund"}
    )
    assert types == {} and people["1"]["insuranceProvider"] == "Bay Mutual"


def test_no_name_that_the_crm_or_a_model_has_is_free(project: Path) -> None:
    graph = graph_of(project, "{}")
    taken = set(graph.templates.render("{{ twenty_names() }}", name="names").sql.split())
    workspace = fresh.workspace(1, [])
    needed = set(RESERVED)
    for object in ("person", "task"):
        fields = workspace.standard(object).fields.values()
        needed |= {name for field in fields for name in (field.name, field.column) if name}
        needed |= {column.name for column in graph.models[f"twenty__{object}"].columns if column.name[0] != "_"}
    for model in graph.models.values():
        for column in model.columns:
            if column.field and column.field.to in ("person", "task"):
                words = (column.field.inverse or "").split()
                needed.add(words[0].lower() + "".join(words[1:]))
    assert needed - taken == set()


# --- as a person does it ------------------------------------------------------------------------------------------

KEY = "key-of-the-tests"


def small_clinic(folder: Path, rows: Rows, entries: str = "") -> Path:
    settings = copy_project(folder) / "project.yml"
    hasty = settings.read_text(encoding="utf-8").replace("requests_per_minute: 90", "requests_per_minute: 60000")
    settings.write_text(hasty, encoding="utf-8")
    write_exports(folder / "exports", {PATIENTS: rows})
    if entries:
        write_files(folder, {"models/custom_fields.yml": entries})
    return folder


def test_a_field_goes_from_found_to_proposed_to_confirmed_to_the_crm(tmp_path: Path) -> None:
    folder = small_clinic(tmp_path, [{**ADA, "Shoe size": "9.5", "Likes: yes?": "cats"}])
    file = folder / "models" / "custom_fields.yml"
    with start(api_key=KEY, automations=False) as url:

        def do(*words: str) -> Answer:
            answer = shift(folder, *words, TWENTY_URL=url, TWENTY_API_KEY=KEY)
            assert answer.code == 0, answer.out + answer.err
            return answer

        assert "Wrote 2 custom fields" in do("audit", "--propose").out
        proposed = file.read_text(encoding="utf-8")
        assert "All custom fields have an entry already." in do("audit", "--propose").out
        assert file.read_text(encoding="utf-8") == proposed

        file.write_text(proposed.replace("confirmed: false", "confirmed: true"), encoding="utf-8")
        do("build")
        do("load", "--yes", "--accept", "unconfirmed_mapping", "--vars", "{clinical_notes: include}")
        do("diff", "--vars", "{clinical_notes: include}")
        response = httpx.get(f"{url}/rest/people", headers={"Authorization": f"Bearer {KEY}"}, trust_env=False)
    person = next(one for one in response.json()["data"]["people"] if one.get("sourceSystemId") == "1")
    assert (person["shoeSize"], person["likesYes"]) == (9.5, "cats")


def test_an_entry_decides_on_name_and_type(tmp_path: Path) -> None:
    entries = """
        custom_fields:
          - {custom_field: shoe size, type: text, name: footwear}
          - {custom_field: Mood, clinical: true}
          - {custom_field: Lucky number, type: number}
          - {custom_field: Hobby, confirmed: false}
    """
    row = {**ADA, "Shoe Size": "9", "Mood": "fine", "Lucky Number": "none", "Hobby": "chess", "Star Sign": "Leo"}
    folder = small_clinic(tmp_path, [row], entries)
    built = build(folder, folder / "exports", "+twenty__person", variables={"clinical_notes": "exclude"})
    assert built.rows("select name, type from twenty.custom_fields order by name") == [
        {"name": "footwear", "type": "TEXT"},
        {"name": "luckyNumber", "type": "NUMBER"},
    ]
    assert built.values("select footwear from twenty.person") == ['"9"']
    graph = graph_of(folder, json.dumps({"clinical_notes": "exclude"}))
    tests = frozenset(("custom_field_values_that_do_not_fit", "custom_fields_that_stay_behind"))
    assert {
        (one.node, one.status, one.failures) for one in run(graph, built.connection, Selection(frozenset(), tests))
    } == {
        ("custom_field_values_that_do_not_fit", "fail", 1),
        ("custom_fields_that_stay_behind", "warn", 2),
    }


def test_two_entries_for_one_field_are_a_mistake(tmp_path: Path) -> None:
    entries = """
        custom_fields:
          - custom_field: Mood
          - custom_field: Mood
    """
    folder = small_clinic(tmp_path, [ADA], entries)
    with pytest.raises(ConfigurationError, match="'Mood' has two entries") as error:
        _ = open_project(folder).custom_fields
    assert error.value.where == "models/custom_fields.yml:3"


def test_proposals_leave_what_stands_in_the_file(tmp_path: Path) -> None:
    path = tmp_path / "custom_fields.yml"
    path.write_text("custom_fields:\n  # ours\n  - custom_field: Mood\n", encoding="utf-8")
    propose(path, ["  - custom_field: Hobby"], shown_as="custom_fields.yml")
    assert path.read_text(encoding="utf-8").splitlines() == [
        "custom_fields:",
        "  # ours",
        "  - custom_field: Mood",
        "  - custom_field: Hobby",
    ]


@pytest.mark.parametrize("text", ["custom_fields: []\n", "custom_fields:\n- custom_field: Mood\n", "vars: []\n"])
def test_a_file_that_takes_no_proposals_stays_as_it_was(tmp_path: Path, text: str) -> None:
    path = tmp_path / "custom_fields.yml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigurationError, match="do not fit at its end"):
        propose(path, ["  - custom_field: Hobby"], shown_as="custom_fields.yml")
    assert path.read_text(encoding="utf-8") == text


def test_it_prints_every_section_in_the_order_of_its_file(tmp_path: Path) -> None:
    folder = small_clinic(tmp_path, [{**ADA, "Patient ID": str(key), "Shoe size": "9"} for key in range(1, 30)])
    write_files(
        folder, {"models/audit/audit__ours.sql": "with final as (select 'mine' as whose)\n\nselect * from final\n"}
    )
    here = graph_of(folder, "{}").models
    described = [name for name in open_project(folder).described if name.startswith("audit__") and name in here]
    told = shift(folder, "audit", "--output", "json")
    assert list(json.loads(told.out)) == [name.removeprefix("audit__") for name in [*described, "audit__ours"]]
    shown = shift(folder, "audit", COLUMNS="80")
    assert (told.code, shown.code, told.err + shown.err) == (0, 0, "")
    assert "Records that could not be read: none." in shown.out and "mine" in shown.out
    assert [
        line for line in shown.out.splitlines() if len(line) > 80 and " show " not in line and "propose" not in line
    ] == []
    assert "Custom fields without an entry: 1" in shown.out and "_entry" not in shown.out
    assert not (folder / "models" / "custom_fields.yml").exists()


def test_without_exports_it_says_where_they_go(tmp_path: Path) -> None:
    answer = shift_process(copy_project(tmp_path), "audit")
    assert answer.code == 2
    assert "there is no such folder" in answer.err and "Traceback" not in answer.err
