"""What is promised of Nutshell in writing: each is read from its APIs, after a whole clinic was moved."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from hashlib import sha256
from typing import Any

import pytest
from moved import ACCEPTED
from nutshell_moved import FALLBACK, MovedToNutshell, move

HEADER = re.compile(
    r"\[cliniko appt=(?P<appt>\S+) status=(?P<word>\S+) \((?P<status>[^,)]+)[^)]*\)"
    r"( type=(?P<type>.*?))?( place=(?P<place>.*?))?( practitioner=(?P<practitioner>.*?))?"
    r"( created=(?P<created>\S+))?\]"
)
WORDS = {"Cancelled": "cancelled", "No Show": "no-show", "Awaiting": "booked"}
SCHEDULED, LOGGED, CANCELLED = 0, 1, 2


@pytest.fixture(scope="module")
def moved(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MovedToNutshell]:
    with move(tmp_path_factory.mktemp("nutshell") / "clinic", 25) as clinic:
        yield clinic


@pytest.fixture(scope="module")
def people(moved: MovedToNutshell) -> dict[str, dict[str, Any]]:
    return moved.people()


@pytest.fixture(scope="module")
def visits(moved: MovedToNutshell) -> dict[str, dict[str, Any]]:
    """Activities with what their header says, by appointment and patient."""
    return {told["appt"]: {**one, "header": told} for one in moved.activities() if (told := header(one))}


def header(activity: dict[str, Any]) -> dict[str, str] | None:
    found = HEADER.fullmatch(activity["description"].splitlines()[0])
    return found.groupdict() if found else None


def cents(value: dict[str, str] | None) -> Decimal:
    """An amount as Nutshell answers it, in the clinic's currency."""
    assert value is not None and value["currency"] == "AUD"
    return Decimal(value["amount"])


# --- people -------------------------------------------------------------------------------------------------------


def test_every_patient_is_a_person(moved: MovedToNutshell, people: dict[str, dict[str, Any]]) -> None:
    told = moved.told("select patient_id, first_name, last_name, birth_date, created_at from patients")
    assert {row["patient_id"] for row in told} == set(people)
    for row in told:
        person = people[row["patient_id"]]
        assert (person["name"]["givenName"], person["name"]["familyName"]) == (row["first_name"], row["last_name"])
        born = str(row["birth_date"]) if row["birth_date"] else None
        assert person["customFields"].get("Date of Birth") == born
        assert person["customFields"]["Original Create Date"][:7] == row["created_at"][:7]


def test_insurance(moved: MovedToNutshell, people: dict[str, dict[str, Any]]) -> None:
    for row in moved.told("select patient_id, health_fund, member_number, shoe_size::varchar as size from patients"):
        fields = people[row["patient_id"]]["customFields"]
        assert fields.get("Insurance Carrier") == row["health_fund"]
        assert fields.get("Insurance Policy Number") == row["member_number"]
        group = fields.get("Insurance Group Number")
        assert (Decimal(group) if group else None) == (Decimal(row["size"]) if row["size"] else None)


def test_money_to_the_cent(moved: MovedToNutshell, people: dict[str, dict[str, Any]]) -> None:
    rolled_up = moved.told("""
        select patient_id, sum(total) as total, sum(outstanding) as outstanding
        from invoices where status != 'Void' group by patient_id
    """)
    assert rolled_up
    for row in rolled_up:
        fields = people[row["patient_id"]]["customFields"]
        assert cents(fields["Total Invoiced"]) == row["total"]
        assert cents(fields["Balance Due"]) == row["outstanding"]


def test_the_last_payment(moved: MovedToNutshell, people: dict[str, dict[str, Any]]) -> None:
    newest = moved.told("""
        with payments as (
            select patient_id, payment_id, paid_at, sum(amount) as amount
            from allocations group by all having sum(amount) > 0
        )
        select patient_id, max(paid_at)::varchar as day, list(amount) filter (paid_at = last_at) as amounts
        from (select *, max(paid_at) over (partition by patient_id) as last_at from payments)
        group by patient_id
    """)
    assert newest
    for row in newest:
        fields = people[row["patient_id"]]["customFields"]
        assert fields["Last Payment Date"] == row["day"]
        assert cents(fields["Last Payment Amount"]) in row["amounts"]


def test_the_balance_status(moved: MovedToNutshell, people: dict[str, dict[str, Any]]) -> None:
    owing = "coalesce(balance_due, 0) - coalesce(account_credit, 0)"
    told = moved.told(f"""
        select patient_id, case when {owing} > 0 then 'Owing' when {owing} < 0 then 'In credit'
            when patient_id in (select patient_id from invoices where status != 'Void') then 'Paid' else 'None'
        end as status from patients
    """)
    found = {row["patient_id"]: people[row["patient_id"]]["customFields"]["Invoice Balance Status"] for row in told}
    assert found == {row["patient_id"]: row["status"] for row in told}
    assert len(set(found.values())) > 1


def test_the_primary_service_is_the_one_billed_most(moved: MovedToNutshell, people: dict[str, dict[str, Any]]) -> None:
    told = moved.told("""
        with billed as (
            select invoices.patient_id, items.name, count(*) as times, max(invoices.issue_date) as last_on
            from invoice_items as items join invoices using (invoice_id)
            where invoices.status != 'Void' and items.total >= 0
                and items.name not in (select name from products where origin = 'product')
            group by all
        )
        select patient_id, arg_max(name, (times, last_on)) as service from billed group by patient_id
    """)
    assert told
    for row in told:
        assert people[row["patient_id"]]["customFields"]["Primary Service Type"] == row["service"]


def test_consent_is_as_it_was(moved: MovedToNutshell, people: dict[str, dict[str, Any]]) -> None:
    for row in moved.told("select patient_id, email_marketing, sms_marketing from patients"):
        fields = people[row["patient_id"]]["customFields"]
        assert fields["Email Marketing"] == ("Yes" if row["email_marketing"] else "No")
        assert fields["SMS Marketing"] == ("Yes" if row["sms_marketing"] else "No")


def test_fields_have_the_types_that_were_promised(moved: MovedToNutshell) -> None:
    types = {one["title"]: one["type"] for one in moved.rest("contacts/customfields/attributes")}
    texts = ("Cliniko Patient ID", "Insurance Carrier", "Insurance Policy Number", "Insurance Group Number")
    assert {types[name] for name in (*texts, "Referring Practitioner")} == {"Text"}
    assert {types[name] for name in ("Date of Birth", "Original Create Date", "Last Payment Date")} == {"Date"}
    assert {types[name] for name in ("Total Invoiced", "Balance Due", "Last Payment Amount")} == {"Currency"}
    assert {types[name] for name in ("Invoice Balance Status", "Primary Service Type")} == {"Decision"}


def test_every_person_is_owned_by_who_saw_them_last(moved: MovedToNutshell, people: dict[str, dict[str, Any]]) -> None:
    told = moved.told("""
        select visits.patient_id, arg_max(coalesce(practitioners.email, '@'), visits.starts_at) as email
        from attendances as visits join practitioners using (practitioner_id)
        where visits.starts_at <= (select as_of from clinic) and visits.status not in ('Cancelled', 'No Show')
        group by visits.patient_id
    """)
    emails = {one["id"]: one["emails"][0] for one in moved.rpc("findUsers")}
    assert told
    for row in told:
        assert emails[people[row["patient_id"]]["owner"]["id"]] == (FALLBACK if row["email"] == "@" else row["email"])
    unseen = people.keys() - {row["patient_id"] for row in told}
    assert {emails[people[patient]["owner"]["id"]] for patient in unseen} <= {*emails.values()}


# --- visits -------------------------------------------------------------------------------------------------------


def test_every_visit_is_an_activity_that_says_all_of_it(
    moved: MovedToNutshell, visits: dict[str, dict[str, Any]], people: dict[str, dict[str, Any]]
) -> None:
    emails = {row["name"]: row["email"] for row in moved.told("select name, email from practitioners")}
    practitioners = {
        row["practitioner_id"]: row["name"] for row in moved.told("select practitioner_id, name from practitioners")
    }
    users = {one["id"]: one["emails"][0] for one in moved.rpc("findUsers")}
    as_of = moved.told("select as_of from clinic")[0]["as_of"]
    told = moved.told("select * from attendances")
    assert len(told) == len(visits)
    for row in told:
        activity = visits[f"{row['appointment_id']}-{row['patient_id']}"]
        said = activity["header"]
        assert said["status"] == row["status"]
        assert said["word"] == WORDS.get(row["status"], "attended")
        assert (said["type"], said["place"]) == (row["appointment_type"], row["business"])
        assert said["created"] == row["created_at"]
        assert said["practitioner"] == practitioners[row["practitioner_id"]]
        assert activity["name"] == activity["activityType"]["name"] == row["appointment_type"]
        assert activity["startTime"][:19] == row["starts_at"][:19]
        assert activity["endTime"][:19] == row["ends_at"][:19]
        there = {(one["entityType"], one["id"]) for one in activity["participants"]}
        assert ("Contacts", people[row["patient_id"]]["id"]) in there
        [owner] = [users[id] for kind, id in there if kind == "Users"]
        assert owner == (emails[practitioners[row["practitioner_id"]]] or FALLBACK)
        past = LOGGED if row["starts_at"] <= as_of else SCHEDULED
        assert activity["status"] == (CANCELLED if row["status"] == "Cancelled" else past)


# --- notes and files ----------------------------------------------------------------------------------------------


def test_every_note_holds_every_answer(moved: MovedToNutshell, people: dict[str, dict[str, Any]]) -> None:
    bodies = {}
    for note in moved.notes():
        first = note["body"].splitlines()[0]
        if found := re.search(r"\[cliniko note=(\S+)\]$", first):
            bodies[found[1]] = (note, first)
    told = moved.told("select * from treatment_notes where not draft")
    assert len(told) == len(bodies)
    for row in told:
        note, first = bodies[row["note_id"]]
        assert note["links"]["parent"] == f"{people[row['patient_id']]['id']}-contacts"
        assert row["author"] in first
        for answer in row["answers"]:
            for text in answer["texts"]:
                assert text in note["body"]


def test_every_file_has_a_note_and_lies_in_its_person_s_folder(moved: MovedToNutshell) -> None:
    told = moved.told("select * from attachments")
    listed = {row["source_file"]: row for row in moved.handed_over("files")}
    bodies = "\n".join(note["body"] for note in moved.notes())
    assert told
    for row in told:
        entry = listed[f"attachments/{row['file']}"]
        copy = moved.folder / "handover" / entry["path"]
        original = moved.folder / "exports" / "attachments" / row["file"]
        assert sha256(copy.read_bytes()).hexdigest() == sha256(original.read_bytes()).hexdigest() == entry["sha256"]
        assert entry["path"].startswith(f"files/{row['patient_id']}/")
        assert f"It lies in the handover folder: {entry['path']}" in bodies


# --- what has no place there --------------------------------------------------------------------------------------


def test_what_was_rolled_up_names_its_person_in_nutshell(
    moved: MovedToNutshell, people: dict[str, dict[str, Any]]
) -> None:
    invoices, items, payments = (moved.handed_over(name) for name in ("invoices", "invoice_items", "payments"))
    for row in (*invoices, *items, *payments):
        expected = people.get(row["cliniko_patient_id"])
        assert row["person_id"] == (f"{expected['id']}-contacts" if expected else "")
    [sums] = moved.told("select count(*) as rows, sum(total) as total, sum(outstanding) as outstanding from invoices")
    assert len(invoices) == sums["rows"]
    assert sum(Decimal(row["total"]) for row in invoices) == sums["total"]
    assert sum(Decimal(row["outstanding"]) for row in invoices) == sums["outstanding"]
    assert len(items) == moved.told("select count(*) as rows from invoice_items")[0]["rows"]
    [paid] = moved.told("select count(distinct payment_id) as rows, sum(amount) as amount from allocations")
    assert (len(payments), sum(Decimal(row["amount"]) for row in payments)) == (paid["rows"], paid["amount"])


def test_what_is_not_migrated_is_said_with_what_to_build_instead(moved: MovedToNutshell) -> None:
    listed = {row["what"]: row["instead"] for row in moved.handed_over("not_migrated")}
    assert set(listed) >= {
        "SMS credits",
        "telehealth sessions and fees",
        "reminder automations",
        "form templates",
        "product catalogue",
        "deals and line items",
        "billing",
    }
    assert all(listed.values())


def test_a_second_load_has_nothing_to_send(moved: MovedToNutshell) -> None:
    answer = moved.shift("load", "--yes", *ACCEPTED)
    assert answer.code == 0, answer.out + answer.err
    assert "nothing to send" in answer.out


LIMITS: dict[str, dict[str, Any]] = {
    "practitioner_without_owner": {"fallback_owner": "nobody@clinic.example"},
    "appointment_types_without_activity_type": {"activity_types": {"Telehealth": "No such type"}},
    "contact_limit_exceeded": {"contact_limit": 10},
}


def test_the_plan_is_gated(moved: MovedToNutshell) -> None:
    """By users who are not all known, a type that is mapped to none, and too many contacts."""
    settings = {name: value for limit in LIMITS.values() for name, value in limit.items()}
    other = replace(moved, settings=json.dumps(settings))
    try:
        assert other.shift("build").code == 0
        answer = other.shift("plan")
    finally:
        assert moved.shift("build").code == 0
    assert answer.code == 1
    assert {finding for finding in LIMITS if f"blocks  {finding}" in answer.out} == LIMITS.keys()
