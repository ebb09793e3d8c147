"""Patients: who they are, where they live, how they are reached, and what the CRM is told of them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from clinics import Built, build, write_exports

TOUCHED = {"Created At": "2020-01-01 10:00:00 +1100", "Updated At": "2026-01-01 10:00:00 +1100"}


def people(
    project: Path, exports: Path, rows: Sequence[Mapping[str, str]], **options: Any
) -> tuple[Built, dict[str, dict[str, Any]]]:
    """Build the people of a patients export of these rows, by patient id."""
    filled = [{"First Name": "Ada", "Last Name": "Cummerata", **TOUCHED, **row} for row in rows]
    files = {"Patients-Cliniko-20260801.csv": filled, **options.pop("files", {})}
    built = build(project, write_exports(exports, files), "+twenty__person", **options)
    assert built.broken == []
    return built, {row["_patient_id"]: row for row in built.rows("select * from twenty.person")}


TRUE_DAYS = {
    "2001-05-26": "2001-05-26",
    "26/05/2001": "2001-05-26",
    "5/6/2001": "2001-06-05",
    "31/02/1980": None,
    "1980-13-01": None,
    "05/26/2001": None,
    "0001-01-01": None,
    "2090-01-01": None,
    "epoch": None,
    "infinity": None,
    "spring 1980": None,
}


def test_birth_dates_are_true_or_as_written(project: Path, tmp_path: Path) -> None:
    rows = [{"Patient ID": str(key), "Date of Birth": written} for key, written in enumerate(TRUE_DAYS)]
    _, found = people(project, tmp_path, rows)
    for key, (written, day) in enumerate(TRUE_DAYS.items()):
        person = found[str(key)]
        born = str(person["dateOfBirth"]) if person["dateOfBirth"] else None
        assert (born, person["dateOfBirthAsWritten"]) == (day, None if day else written)


def test_who_is_born_on_the_last_day_of_all_is_born_by_the_clocks_of_the_clinic(project: Path, tmp_path: Path) -> None:
    morning = "2026-08-01 08:00:00 +1000"
    row = {"Patient ID": "1", "Date of Birth": "2026-08-01", "Created At": morning, "Updated At": morning}
    _, found = people(project, tmp_path, [row])
    assert str(found["1"]["dateOfBirth"]) == "2026-08-01"


def test_days_are_read_as_the_country_writes_them(project: Path, tmp_path: Path) -> None:
    _, found = people(
        project, tmp_path, [{"Patient ID": "1", "Date of Birth": "05/26/2001"}], variables={"country": "US"}
    )
    assert str(found["1"]["dateOfBirth"]) == "2001-05-26"


def test_nobody_is_written_to_who_did_not_agree(project: Path, tmp_path: Path) -> None:
    rows = [
        {"Patient ID": "nothing said"},
        {"Patient ID": "agreed", "Accepts email marketing": "true", "Unsubscribed SMS marketing": "false"},
        {"Patient ID": "refused", "Accepts email marketing": "false", "Unsubscribed SMS marketing": "true"},
        {"Patient ID": "unclear", "Accepts email marketing": "No response", "Unsubscribed SMS marketing": "?"},
        {"Patient ID": "by API", "Accepts email marketing": "TRUE", "accepted_sms_marketing": "true"},
    ]
    _, found = people(project, tmp_path, rows)
    agreed = {key for key, row in found.items() if row["emailMarketing"] and row["smsMarketing"]}
    assert agreed == {"agreed", "by API"}
    assert not any(found[key]["emailMarketing"] or found[key]["smsMarketing"] for key in set(found) - agreed)


def test_a_family_shares_an_address(project: Path, tmp_path: Path) -> None:
    rows = [
        {"Patient ID": "900", "Email": "Home@Example.com", "Created At": "2019-01-01 10:00:00 +1100"},
        {"Patient ID": "20", "Email": "home@example.com "},
        {"Patient ID": "3", "Email": "own@example.com, home@example.com"},
        {"Patient ID": "4", "Email": "not an address"},
    ]
    _, found = people(project, tmp_path, rows)
    assert found["900"]["emails"] == {"primaryEmail": "home@example.com", "additionalEmails": None}
    assert found["20"]["emails"] == {"primaryEmail": None, "additionalEmails": ["home@example.com"]}
    assert found["3"]["emails"] == {"primaryEmail": "own@example.com", "additionalEmails": ["home@example.com"]}
    assert [found[key]["sharedEmail"] for key in ("900", "20", "3")] == [None, "home@example.com", "home@example.com"]
    assert found["4"]["emails"] is None
    assert found["4"]["contactAsWritten"] == "email: not an address"


def test_an_address_is_primary_where_it_is_somebodys_first(project: Path, tmp_path: Path) -> None:
    rows = [
        {"Patient ID": "1", "Email": "own@example.com; home@example.com"},
        {"Patient ID": "2", "Email": "home@example.com"},
    ]
    _, found = people(project, tmp_path, rows)
    assert found["1"]["emails"] == {"primaryEmail": "own@example.com", "additionalEmails": ["home@example.com"]}
    assert found["2"]["emails"]["primaryEmail"] == "home@example.com"
    assert [found[key]["sharedEmail"] for key in "12"] == ["home@example.com", None]


def test_of_two_who_came_together_the_lower_number_keeps_the_address(project: Path, tmp_path: Path) -> None:
    rows = [{"Patient ID": key, "Email": "home@example.com"} for key in ("543342507031791275", "2311458")]
    _, found = people(project, tmp_path, rows)
    assert found["2311458"]["emails"]["primaryEmail"] == "home@example.com"
    assert found["543342507031791275"]["emails"]["primaryEmail"] is None


def test_an_address_that_is_held_in_the_workspace_stays_there(project: Path, tmp_path: Path) -> None:
    rows = [{"Patient ID": "1", "Email": "held@example.com"}, {"Patient ID": "2", "Email": "mine@example.com"}]
    _, before = people(project, tmp_path / "before", rows)
    holders = [
        "insert into destination.people by name select 'a' as id, true as deleted, 'Held@example.com' as primary_email",
        "insert into destination.people by name "
        f"select '{before['2']['id']}' as id, false as deleted, 'mine@example.com' as primary_email",
    ]
    _, found = people(project, tmp_path / "after", rows, before=holders)
    assert found["1"]["emails"] == {"primaryEmail": None, "additionalEmails": ["held@example.com"]}
    assert found["1"]["sharedEmail"] == "held@example.com"
    assert found["2"]["emails"]["primaryEmail"] == "mine@example.com"


def test_phones_are_stored_as_the_crm_stores_them(project: Path, tmp_path: Path) -> None:
    row = {
        "Patient ID": "1",
        "PhoneMobile": "0412 345 678",
        "Mobile Phones": "0412 345 678, +64 21 123 4567",
        "Home Phones": "(03) 9999 9999, 03 9999 9999 ext 5",
        "PhoneFax": "ask the daughter",
    }
    _, found = people(project, tmp_path, [row])
    assert found["1"]["phones"] == {
        "primaryPhoneNumber": "412345678",
        "primaryPhoneCountryCode": "AU",
        "primaryPhoneCallingCode": "+61",
        "additionalPhones": [
            {"number": "211234567", "countryCode": "NZ", "callingCode": "+64"},
            {"number": "399999999", "countryCode": "AU", "callingCode": "+61"},
        ],
    }
    assert found["1"]["contactAsWritten"] == "fax: ask the daughter"


def test_a_number_that_is_cut_is_kept_as_written(project: Path, tmp_path: Path) -> None:
    _, found = people(project, tmp_path, [{"Patient ID": "1", "PhoneWork": "03 9999 9999 ext 5"}])
    assert found["1"]["phones"]["primaryPhoneNumber"] == "399999999"
    assert found["1"]["contactAsWritten"] == "work: 03 9999 9999 ext 5"


def test_addresses_are_merged(project: Path, tmp_path: Path) -> None:
    further = [
        {"Patient ID": "1", "Address Type": "Postal", "Address1": "PO Box 5", "City": "Kew"},
        {"Patient ID": "1", "Address Type": "Street", "Address1": "1 Smith Street", "City": "Melbourne"},
        {"Patient ID": "2", "Address Type": "Postal", "Address1": "PO Box 6", "City": "Kew", "Post code": "0800"},
    ]
    rows = [
        {"Patient ID": "1", "Address1": "1 Smith Street", "City": "Melbourne"},
        {"Patient ID": "2", "Country": "Australia"},
        {"Patient ID": "3"},
    ]
    _, found = people(project, tmp_path, rows, files={"Patient addresses-Cliniko-20260801.csv": further})
    assert found["1"]["homeAddress"]["addressStreet1"] == "1 Smith Street"
    assert (found["1"]["mailingAddress2"], found["1"]["mailingAddress3"]) == ("Postal: PO Box 5, Kew", None)
    assert found["2"]["homeAddress"]["addressPostcode"] == "0800"
    assert found["2"]["mailingAddress2"] == "Street: Australia"
    assert found["3"]["homeAddress"] is None


def test_an_address_that_the_newest_export_tells_of_no_more_is_none(project: Path, tmp_path: Path) -> None:
    def postal(street: str) -> list[dict[str, str]]:
        return [{"Patient ID": "1", "Address Type": "Postal", "Address1": street}]

    files = {
        "Patient addresses-Cliniko-20260715.csv": postal("Box 1"),
        "Patient addresses-Cliniko-20260801.csv": postal("Box 2"),
    }
    _, found = people(project, tmp_path, [{"Patient ID": "1", "Address1": "1 Home St"}], files=files)
    assert (found["1"]["mailingAddress2"], found["1"]["mailingAddress3"]) == ("Postal: Box 2", None)


def test_the_newest_copy_of_a_patient_wins(project: Path, tmp_path: Path) -> None:
    older = [
        {"Patient ID": "1", "First Name": "Old", "Last Name": "Name", **TOUCHED},
        {"Patient ID": "2", "First Name": "Newer", "Last Name": "Name", "Updated At": "2026-07-01 10:00:00 +1000"},
        {"Patient ID": "3", "First Name": "Earlier", "Last Name": "Day", **TOUCHED},
    ]
    rows = [
        {"Patient ID": "1", "First Name": "New", "Updated At": "2026-02-01 10:00:00 +1100"},
        {"Patient ID": "2", "First Name": "Older"},
        {"Patient ID": "3", "First Name": "Later"},
    ]
    _, found = people(project, tmp_path, rows, files={"Patients-Cliniko-20260715-From20260101-To20260714.csv": older})
    assert {key: row["name"]["firstName"] for key, row in found.items()} == {"1": "New", "2": "Newer", "3": "Later"}


def test_a_merged_patient_goes_with_the_last_winner(project: Path, tmp_path: Path) -> None:
    rows = [
        {"id": "1", "merged_with_patient_id": "2"},
        {"id": "2", "merged_with_patient_id": "3"},
        {"id": "3", "archived_at": "2020-01-01T00:00:00Z"},
        {"id": "4", "merged_with_patient_id": "5"},
        {"id": "5", "merged_with_patient_id": "4"},
    ]
    built, found = people(project, tmp_path, rows)
    kept = built.rows("select patient_id, kept_patient_id, excluded_by from cliniko.patients order by patient_id")
    assert [tuple(row.values()) for row in kept] == [
        ("1", "3", "merged"),
        ("2", "3", "merged"),
        ("3", "3", None),
        ("4", "4", None),
        ("5", "5", None),
    ]
    assert found["3"]["archivedInCliniko"] is True


def test_what_hangs_on_a_merged_patient_stays_behind_with_the_winner(project: Path, tmp_path: Path) -> None:
    winner = {"id": "1", "First Name": "Ada", "Last Name": "Ng", "archived_at": "2020-01-01T00:00:00Z"}
    rows = [winner, {**winner, "id": "2", "archived_at": "", "merged_with_patient_id": "1"}]
    files = {
        "Appointments-Cliniko-20260801.csv": [
            {"Appointment ID": "7", "PatientID(s)": "2", "Practitioner": "Ada", "Start Time": "", "End Time": ""}
        ],
        "Invoices-Cliniko-20260801.csv": [{"Invoice ID": "8", "Patient ID": "2", "Issue Date": ""}],
        "Payments-Cliniko-20260801.csv": [{"Payment ID": "9", "Patient ID": "2", "Payment Date": "", "Amount": "90.0"}],
        "Treatment-notes-Cliniko-20260801.csv": [{"Treatment Note ID": "6", "Patient ID": "2", "Content": "Sore."}],
    }
    built = build(
        project,
        write_exports(tmp_path, {"Patients-Cliniko-20260801.csv": rows, **files}),
        *(f"+cliniko__{model}" for model in ("attendances", "invoices", "payments", "treatment_notes")),
        variables={"scope": [{"archived": "archived_at is not null"}]},
    )
    for model in ("attendances", "invoices", "payments", "treatment_notes"):
        assert built.values(f"select excluded_by from cliniko.{model}") == ["patient_archived"], model


def test_scope_leaves_patients_behind_by_name(project: Path, tmp_path: Path) -> None:
    rows = [
        {"Patient ID": "1", "Last Appointment": "2010-01-01 10:00:00 +1100"},
        {"Patient ID": "2", "Last Appointment": "2025-01-01 10:00:00 +1100"},
        {"Patient ID": "3", "Last Name": "Test"},
    ]
    scope = [{"not_seen_since": "last_appointment_at < '2015-01-01'"}, {"test_patients": "last_name = 'Test'"}]
    built, found = people(project, tmp_path, rows, variables={"scope": scope})
    assert set(found) == {"2"}
    assert built.values("select excluded_by from cliniko.patients order by patient_id") == [
        "not_seen_since",
        None,
        "test_patients",
    ]


def test_ids_differ_by_account_and_keys_by_prefix(project: Path, tmp_path: Path) -> None:
    rows = [{"Patient ID": "1"}]
    _, one = people(project, tmp_path / "one", rows)
    _, other = people(project, tmp_path / "other", rows, variables={"source_account": "other", "source_prefix": "bay-"})
    assert one["1"]["id"] != other["1"]["id"]
    assert (one["1"]["sourceSystemId"], other["1"]["sourceSystemId"]) == ("1", "bay-1")


def test_insurance_comes_from_the_columns_that_the_settings_name(project: Path, tmp_path: Path) -> None:
    rows = [{"Patient ID": "1", "Health Fund": "Harbour Health", "Member Number": "0042"}]
    _, found = people(
        project, tmp_path, rows, variables={"insurance": {"provider": "health fund", "member_id": "Member Number"}}
    )
    assert (found["1"]["insuranceProvider"], found["1"]["insuranceMemberId"]) == ("Harbour Health", "0042")


def test_the_payer_is_the_company_that_invoices_name(project: Path, tmp_path: Path) -> None:
    contacts = [
        {"Contact ID": "8", "Type": "3rd Party Payer", "Company Name": "Harbour Health", "City": "Kew"},
        {"Contact ID": "9", "Type": "Standard", "Company Name": "HARBOUR  health", "City": "Kew"},
        {"Contact ID": "10", "Type": "Doctor", "First Name": "Darrell", "Last Name": "Bode"},
    ]
    rows = [
        {"Patient ID": "1", "Invoice To": "Harbour Health\nClaims"},
        {"Patient ID": "2", "Invoice To": "Somebody else"},
    ]
    built, found = people(project, tmp_path, rows, files={"Contacts-Cliniko-20260801.csv": contacts})
    companies = built.rows("select id, name, kind, sourceSystemId from twenty.company")
    assert [(row["name"], row["kind"], row["sourceSystemId"]) for row in companies] == [
        ("Harbour Health", "INSURER", "8")
    ]
    assert found["1"]["companyId"] == companies[0]["id"]
    assert (found["2"]["companyId"], found["2"]["invoiceTo"]) == (None, "Somebody else")


def test_without_clinical_notes_no_health_text_is_sent(project: Path, tmp_path: Path) -> None:
    rows = [{"Patient ID": "1", "Medical Alerts": "Penicillin", "Extra Information": "x", "Appointment Notes": "y"}]
    _, with_notes = people(project, tmp_path / "with", rows)
    _, without = people(project, tmp_path / "without", rows, variables={"clinical_notes": "exclude"})
    assert with_notes["1"]["medicalAlerts"] == "Penicillin"
    assert not {"medicalAlerts", "extraInformation", "appointmentNotes"} & set(without["1"])
    assert "Penicillin" not in str(without["1"])


def test_blanks_are_trimmed_and_nothing_else(project: Path, tmp_path: Path) -> None:
    row = {"Patient ID": "1", "First Name": " Ada\u00a0", "Last Name": "Mc  Donald", "Occupation": "00 u a0"}
    _, found = people(project, tmp_path, [row])
    assert found["1"]["name"] == {"firstName": "Ada", "lastName": "Mc Donald"}
    assert found["1"]["jobTitle"] == "00 u a0"


def test_custom_fields_are_typed_from_all_their_values(project: Path, tmp_path: Path) -> None:
    columns = {
        "Consent Signed": ["Yes", "No", "", "yes"],
        "Shoe Size": ["42", "38.5", "", "40"],
        "Locker": ["007", "12", "8", ""],
        "Member Number": ["12345678901234567", "", "", ""],
        "Joined": ["2020-01-31", "31/12/2019", "", ""],
        "Remark": ["none", "2020-01-31", "", ""],
    }
    rows = [
        {
            "Patient ID": str(at),
            "First Name": "Ada",
            "Last Name": "C",
            **{key: cells[at] for key, cells in columns.items()},
        }
        for at in range(4)
    ]
    built = build(project, write_exports(tmp_path, {"Patients-Cliniko-20260801.csv": rows}), "+cliniko__custom_fields")
    assert built.broken == []
    found = built.rows("select label, type, filled from cliniko.custom_fields order by label")
    assert {row["label"]: (row["type"], row["filled"]) for row in found} == {
        "Consent Signed": ("yes_no", 3),
        "Joined": ("date", 2),
        "Locker": ("text", 3),
        "Member Number": ("text", 1),
        "Remark": ("text", 2),
        "Shoe Size": ("number", 3),
    }


def test_custom_fields_of_the_api_keep_their_definition(project: Path, tmp_path: Path) -> None:
    definition = {
        "sections": [
            {
                "name": "Insurance",
                "token": "s1",
                "fields": [
                    {"name": "Number", "token": "f1", "type": "text", "value": "0042"},
                    {
                        "name": "Extras",
                        "token": "f2",
                        "type": "checkboxes",
                        "options": [{"name": "Physio", "selected": True}, {"name": "Dental"}],
                        "other": {"enabled": True, "selected": True, "value": "Massage"},
                    },
                    {"name": "Number", "token": "f3", "type": "radiobuttons", "options": [{"name": "One"}]},
                ],
            }
        ]
    }
    row = {"id": "1", "first_name": "Ada", "last_name": "C", "custom_fields": json.dumps(definition)}
    built = build(project, write_exports(tmp_path, {"patients.csv": [row]}), "+cliniko__custom_fields")
    assert built.broken == []
    assert built.rows("select field_key, label, type from cliniko.custom_fields order by field_key") == [
        {"field_key": "s1/f1", "label": "Number", "type": "text"},
        {"field_key": "s1/f2", "label": "Extras", "type": "choices"},
    ]
    assert built.values("select value from cliniko.patient_custom_fields order by token") == ["0042", "Physio, Massage"]
