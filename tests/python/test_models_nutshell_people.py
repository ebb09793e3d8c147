"""People, companies and users of Nutshell's: who they are, how they are reached, and whose they are."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from clinics import Built, Rows, copy_project, graph_of
from nutshell_clinic import PATIENTS, field_of_choices, staged, users, visit

from shift.graph import staging_models


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return copy_project(tmp_path_factory.mktemp("project"))


def people(project: Path, exports: Path, rows: Rows = PATIENTS, **options: Any) -> dict[str, dict[str, Any]]:
    files = {"Patients-Cliniko-20260801.csv": [{"First Name": "Ada", "Last Name": "Low", **row} for row in rows]}
    built = staged(project, exports, {**files, **options.pop("files", {})}, "+nutshell__person", **options)
    return {row["_patient_id"]: row for row in built.rows("select * from nutshell.person")}


def test_who_they_are(project: Path, tmp_path: Path) -> None:
    files: dict[str, Rows] = {"Appointments-Cliniko-20260801.csv": [visit("11", "2026-07-01 09:00")]}
    found = people(project, tmp_path, files=files, source_prefix="north-", fallback_owner="RANDY@home.example")
    peter, ada = found["1"], found["2"]
    assert peter["name"] == {"salutation": "Mr", "givenName": "Peter", "familyName": "Patientman"}
    assert (peter["Cliniko Patient ID"], peter["_key"]) == ("north-1", "north-1")
    assert (str(peter["Date of Birth"]), str(peter["Original Create Date"])) == ("2001-05-26", "2019-12-31")
    assert (peter["owner"], ada["owner"]) == ("3-users", "3-users")
    assert (peter["Last Appointment Status"], str(peter["Last Appointment"])) == ("Completed", "2026-07-01")
    assert ada["Last Appointment Status"] is None


def test_nobody_is_without_a_name(project: Path, tmp_path: Path) -> None:
    found = people(project, tmp_path, [{"Patient ID": "7", "First Name": "", "Last Name": ""}])
    assert found["7"]["name"]["familyName"] == "Patient 7"


def test_how_they_are_reached(project: Path, tmp_path: Path) -> None:
    row = {
        "Patient ID": "1",
        "First Name": "Ada",
        "Email": "Ada@Example.com; ada.two@example.com, not an address",
        "PhoneMobile": "0412 345 678",
        "Mobile Phones": "0412 345 678, +64 21 123 4567",
        "PhoneWork": "03 9999 9999 ext 5",
        "Address 1": "1 High St",
        "City": "Kew",
        "Country": "Australia",
    }
    further = [{"Patient ID": "1", "Address Type": "Street", "Address 1": "2 Low St", "Country": "Utopia"}]
    files: dict[str, Rows] = {"Patient addresses-Cliniko-20260801.csv": further}
    ada = people(project, tmp_path, [row], files=files)["1"]
    assert ada["emails"] == [
        {"name": "email", "value": "ada@example.com"},
        {"name": "email 2", "value": "ada.two@example.com"},
    ]
    assert ada["phones"] == [
        {"name": "mobile", "value": "+61412345678"},
        {"name": "mobile 2", "value": "+64211234567"},
        {"name": "work", "value": "+61399999999"},
    ]
    assert ada["Contact as Written"] == "email: not an address; work: 03 9999 9999 ext 5"
    assert [(entry["name"], entry["value"]["address_1"], entry["value"]["country"]) for entry in ada["addresses"]] == [
        ("street", "1 High St", "AU"),
        ("street 2", "2 Low St", "Utopia"),
    ]


def test_nobody_is_written_to_who_did_not_agree(project: Path, tmp_path: Path) -> None:
    rows = [
        {"Patient ID": "nothing", "First Name": "Ada"},
        {"Patient ID": "agreed", "Accepts email marketing": "true", "Unsubscribed SMS marketing": "false"},
    ]
    found = people(project, tmp_path, rows)
    assert {key: (one["Email Marketing"], one["SMS Marketing"]) for key, one in found.items()} == {
        "nothing": ("No", "No"),
        "agreed": ("Yes", "Yes"),
    }


def test_insurance_is_where_the_setting_says(project: Path, tmp_path: Path) -> None:
    rows = [{"Patient ID": "1", "Health Fund": "Bay Mutual", "Policy": "0012", "Policy group": "G-7"}]
    insurance = {"provider": "Health Fund", "policy": "policy", "group": "Policy Group"}
    ada = people(project, tmp_path, rows, insurance=insurance)["1"]
    told = (ada["Insurance Carrier"], ada["Insurance Policy Number"], ada["Insurance Group Number"])
    assert told == ("Bay Mutual", "0012", "G-7")


def test_the_payer_is_a_company_that_comes_first(project: Path, tmp_path: Path) -> None:
    contacts = [
        {
            "ID": "80",
            "Company Name": "Harbour Health Fund",
            "Type": "Third party payer",
            "Email": "a@fund.example, b@fund.example",
        }
    ]
    rows = [{"Patient ID": "1", "First Name": "Ada", "Last Name": "Low", "Invoice To": "Harbour Health FUND\nLevel 2"}]
    files: dict[str, Rows] = {"Patients-Cliniko-20260801.csv": rows, "Contacts-Cliniko-20260801.csv": contacts}
    built = staged(project, tmp_path, files)
    assert built.values("select accounts from nutshell.person") == [
        [{"id": {"$ref": "company:80"}, "relationship": "Payer"}]
    ]
    [fund] = built.rows("select * from nutshell.company")
    assert (fund["name"], fund["Cliniko Contact ID"]) == ("Harbour Health Fund", "80")
    graph = graph_of(project, json.dumps({"as_of": "2026-08-01 12:00:00 +1000"}), "nutshell")
    order = [model.object for model in staging_models(graph, built.connection) if model.mode == "write"]
    assert order.index("company") < order.index("person") < min(order.index("activity"), order.index("note"))


def test_clinic_sites_become_companies_where_they_are_wanted(project: Path, tmp_path: Path) -> None:
    files: dict[str, Rows] = {"Businesses-Cliniko-20260801.csv": [{"ID": "4", "Business Name": "Main St"}]}
    kinds = "select name, Kind, _key from nutshell.company"
    assert staged(project, tmp_path / "text", files).rows(kinds) == []
    assert staged(project, tmp_path / "companies", files, locations="companies").rows(kinds) == [
        {"name": "Main St", "Kind": "Clinic site", "_key": "site-4"}
    ]


OWNERS: dict[str, tuple[dict[str, Any], str | None, str]] = {
    "by e-mail": ({}, "3-users", "email"),
    "as owners says": ({"owners": {"Randy Savage": "Zoe@clinic.example"}}, "4-users", "owners"),
    "nobody": ({"before": users({"5-users": ("Randy", ["randy@clinic.example"], False)})}, None, "missing"),
    "the fallback": ({"before": users({"4-users": ("Zoe", ["zoe@clinic.example"], True)})}, "4-users", "fallback"),
}


@pytest.mark.parametrize("case", OWNERS)
def test_who_takes_over(project: Path, tmp_path: Path, case: str) -> None:
    options, member, found_by = OWNERS[case]
    if case != "nobody":
        options = {"fallback_owner": "zoe@clinic.example", "also": [], **options}
        options["also"] = users({"4-users": ("Zoe", ["zoe@clinic.example"], True)}) if "before" not in options else []
    files: dict[str, Rows] = {"Appointments-Cliniko-20260801.csv": [visit("11", "2026-07-01 09:00")]}
    built = staged(project, tmp_path, files, "+nutshell__owners", **options)
    assert built.rows("select member_id, found_by, records from nutshell.owners") == [
        {"member_id": member, "found_by": found_by, "records": 1}
    ]


CUSTOM: Rows = [
    {"Patient ID": "1", "Shoe Size": "042", "Sex ": "", "Diet": "Fish", "Smokes": "yes", "Since": "26/05/2001"},
    {"Patient ID": "2", "Shoe Size": "43", "Sex ": "", "Diet": "Vegan", "Smokes": "no", "Since": "2002-01-01"},
]
ENTRIES = """
custom_fields:
  - {custom_field: Shoe Size, type: number}
  - {custom_field: Diet, type: choice}
  - {custom_field: Smokes, type: yes_no}
  - {custom_field: Since, type: date}
"""


def custom(folder: Path, exports: Path, files: Mapping[str, Rows] | None = None, **options: Any) -> Built:
    project = copy_project(folder)
    (project / "models" / "custom_fields.yml").write_text(ENTRIES, encoding="utf-8")
    rows = [{"First Name": "Ada", "Last Name": "Low", **row} for row in CUSTOM]
    chosen = ("+nutshell__person", "+nutshell__late_choices")
    return staged(project, exports, {"Patients-Cliniko-20260801.csv": rows, **(files or {})}, *chosen, **options)


def test_one_field_for_each_custom_field(tmp_path_factory: pytest.TempPathFactory, tmp_path: Path) -> None:
    built = custom(tmp_path_factory.mktemp("project"), tmp_path)
    told = (
        'select "Shoe Size" as size, Diet as diet, Smokes as smokes, Since as since from nutshell.person order by _key'
    )
    assert built.rows(told) == [
        {"size": "042", "diet": "Fish", "smokes": "Yes", "since": "2001-05-26"},
        {"size": "43", "diet": "Vegan", "smokes": "No", "since": "2002-01-01"},
    ]
    defined = built.rows(
        "select name, type, list_transform(options, lambda o: o.value) as choices from"
        " nutshell.field_definitions order by name"
    )
    assert [tuple(row.values()) for row in defined] == [
        ("Diet", "Decision", ["Fish", "Vegan"]),
        ("Shoe Size", "Text", None),
        ("Since", "Date", None),
        ("Smokes", "Decision", ["Yes", "No"]),
    ]


def test_a_late_choice_of_a_custom_field_is_held_back(tmp_path_factory: pytest.TempPathFactory, tmp_path: Path) -> None:
    built = custom(tmp_path_factory.mktemp("project"), tmp_path, also=[field_of_choices("Diet", "Fish")])
    assert built.values("select Diet from nutshell.person order by _key") == ["Fish", None]
    late = built.rows("select field, value, owner_id, kept from nutshell.late_choices")
    assert late == [{"field": "Diet", "value": "Vegan", "owner_id": "2", "kept": None}]


def test_a_field_keeps_what_it_says_where_its_new_choice_came_late(
    tmp_path_factory: pytest.TempPathFactory, tmp_path: Path
) -> None:
    loaded = [
        "insert into ledger.records by name select 'person' as object, '2' as key, '8-contacts' as id",
        "insert into destination.people by name select '8-contacts' as id, false as deleted,"
        """ '{"Diet": "Fish", "Last Appointment Status": "Booked"}' as choices""",
    ]
    fields = [field_of_choices("Diet", "Fish"), field_of_choices("Last Appointment Status", "Booked")]
    visited = visit("11", "2026-07-01 09:00", **{"PatientID(s)": "1, 2", "Maximum Number of Patients": "5"})
    files: dict[str, Rows] = {"Appointments-Cliniko-20260801.csv": [visited]}
    built = custom(tmp_path_factory.mktemp("project"), tmp_path, also=loaded + fields, files=files)
    said = 'select Diet as diet, "Last Appointment Status" as status from nutshell.person order by _key'
    assert built.rows(said) == [{"diet": "Fish", "status": None}, {"diet": "Fish", "status": "Booked"}]
    assert built.rows("select field, value, owner_id, kept from nutshell.late_choices order by all") == [
        {"field": "Diet", "value": "Vegan", "owner_id": "2", "kept": "Fish"},
        {"field": "Last Appointment Status", "value": "Completed", "owner_id": "1", "kept": None},
        {"field": "Last Appointment Status", "value": "Completed", "owner_id": "2", "kept": "Booked"},
    ]


def test_a_field_that_is_there_is_not_guessed_anew(project: Path, tmp_path: Path) -> None:
    """A new answer would make another type of it: it is held back or does not fit, and the rest of the person goes."""
    answers = {"Pregnant": "y", "Diet": "Fish", "Since": "2001-05-26", "Told": "true"}
    rows = [{"Patient ID": str(number), "First Name": "Ada", "Last Name": "Low", **answers} for number in range(1, 3)]
    rows += [{**rows[0], "Patient ID": "3", "Pregnant": "Perhaps", "Diet": "Keto", "Since": "then"}]
    there = [
        field_of_choices("Pregnant", "Yes", "No"),
        field_of_choices("Diet", "Fish"),
        *(
            f"insert into destination.fields by name select 'person' as object, '{name}' as name, '{type}' as type"
            for name, type in (("Since", "Date"), ("Told", "Text"))
        ),
    ]
    files: dict[str, Rows] = {"Patients-Cliniko-20260801.csv": rows}
    chosen = ("+nutshell__person", "+nutshell__late_choices", "+nutshell__field_definitions")
    built = staged(project, tmp_path, files, *chosen, also=there, custom_fields="all")
    assert built.rows("select name, type from nutshell.field_definitions order by name") == [
        {"name": "Diet", "type": "Decision"},
        {"name": "Pregnant", "type": "Decision"},
        {"name": "Since", "type": "Date"},
        {"name": "Told", "type": "Text"},
    ]
    said = "select Pregnant as pregnant, Diet as diet, Since::varchar as since, Told as told from nutshell.person"
    known = {"pregnant": "Yes", "diet": "Fish", "since": "2001-05-26", "told": "true"}
    assert built.rows(f"{said} order by _key") == [known, known, {**dict.fromkeys(known), "told": "true"}]
    assert built.rows("select field, value, owner_id from nutshell.late_choices order by field") == [
        {"field": "Diet", "value": "Keto", "owner_id": "3"},
        {"field": "Pregnant", "value": "Perhaps", "owner_id": "3"},
    ]
    assert built.values("select name from nutshell.custom_field_values where value is null") == ["Since"]


def test_the_labels_that_are_taken_are_those_of_the_models(project: Path) -> None:
    graph = graph_of(project, '{"clinical_notes": "include"}', "nutshell")
    taken = {name.strip() for name in graph.templates.render("{{ nutshell_names() }}", name="names").sql.split(",")}
    labels = {column.field.label.lower() for column in graph.models["nutshell__person"].columns if column.field}
    assert labels - taken == set()


def test_clinical_text_stays_where_it_is_not_wanted(project: Path, tmp_path: Path) -> None:
    rows = [{"Patient ID": "1", "Medical Alerts": "Latex", "Extra Information": "x", "Appointment Notes": "y"}]
    clinical = {"Medical Alerts", "Extra Information", "Appointment Notes"}
    without = people(project, tmp_path / "without", rows, clinical_notes="exclude")["1"]
    assert clinical.isdisjoint(without)
    ada = people(project, tmp_path / "with", rows, clinical_notes="include")["1"]
    assert [ada[name] for name in ("Medical Alerts", "Extra Information", "Appointment Notes")] == ["Latex", "x", "y"]


def test_who_is_there_already_is_linked_where_the_setting_says(project: Path, tmp_path: Path) -> None:
    rows = [
        {"Patient ID": "1", "First Name": "Ada", "Last Name": "Low", "Email": "ada@example.com"},
        {"Patient ID": "2", "First Name": "Bea", "Last Name": "Low", "Email": "ada@example.com"},
    ]
    there = [
        "insert into destination.people by name select '7-contacts' as id, false as deleted, 'ADA low' as name, "
        """'["Ada@Example.com"]' as emails""",
    ]
    loaded = [
        "insert into ledger.runs by name select 1 as run, 'load' as command",
        "insert into ledger.records by name select 'person' as object, '2' as key, '8-contacts' as id",
    ]
    files = {"Patients-Cliniko-20260801.csv": rows}
    built = staged(project, tmp_path, files, "+nutshell__person", also=there + loaded, existing_people="link")
    linked = built.rows("select _patient_id, _linked_id from nutshell.person order by all")
    assert [tuple(row.values()) for row in linked] == [("1", "7-contacts"), ("2", None)]

    variables = json.dumps({"as_of": "2026-08-01 12:00:00 +1000", "existing_people": "link"})
    [sums] = built.rows(graph_of(project, variables, "nutshell").tests["people_add_up"].sql)
    assert {name: sums[name] for name in ("linked", "loaded", "without_a_fate", "_holds")} == {
        "linked": 1,
        "loaded": 1,
        "without_a_fate": 0,
        "_holds": True,
    }


def test_a_company_that_is_there_stands_for_one_of_ours_and_is_none_of_ours(project: Path, tmp_path: Path) -> None:
    contacts = [
        {"ID": id, "Company Name": name, "City": city, "Email": f"front@{name.lower()}.example"}
        for id, name, city in (("80", "Bay", "Kew"), ("81", "Bay", "Richmond"), ("82", "Cove", "Kew"))
    ]
    there = [
        f"insert into destination.companies by name select '{id}' as id, false as deleted, '{name}' as name,"
        f""" '["{name.lower()}.example"]' as domains, {ours} as cliniko_contact_id"""
        for id, name, ours in (("7-accounts", "Bay", "null"), ("8-accounts", "Cove", "'60'"))
    ]
    files: dict[str, Rows] = {"Contacts-Cliniko-20260801.csv": contacts}
    built = staged(project, tmp_path, files, "+nutshell__company", also=there, existing_people="link")
    assert built.rows("select _key, _linked_id from nutshell.company order by _key") == [
        {"_key": "80", "_linked_id": "7-accounts"},
        {"_key": "81", "_linked_id": None},
        {"_key": "82", "_linked_id": None},
    ]
