"""What is promised to users in writing, row by row: each is read from the CRM's API, after a whole clinic was moved.

Where a promise is about values, the truth file says which; that all of them arrive is looked at in test_truth, too.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from hashlib import sha256
from typing import Any

import httpx
import pytest
from moved import KEY, Moved, cents, data_model, field, label

Record = dict[str, Any]
WRITTEN = {
    "company": "companies",
    "person": "people",
    "appointmentType": "appointmentTypes",
    "product": "products",
    "task": "tasks",
    "note": "notes",
    "invoice": "invoices",
    "invoiceLineItem": "invoiceLineItems",
    "payment": "payments",
}
CUSTOM_OBJECTS = ("appointmentType", "product", "invoice", "invoiceLineItem", "payment")

# The types of fields by which they can be told from others; relations by the object that they lead to.
TYPES = {
    "person.dateOfBirth": "DATE",
    "person.homeAddress": "ADDRESS",
    "person.mailingAddress2": "TEXT",
    "person.insuranceProvider": "TEXT",
    "person.insuranceMemberId": "TEXT",
    "person.policyNumber": "TEXT",
    "person.concessionType": "TEXT",
    "person.emailMarketing": "BOOLEAN",
    "person.smsMarketing": "BOOLEAN",
    "person.accountCredit": "CURRENCY",
    "person.totalInvoiced": "CURRENCY",
    "person.balanceDue": "CURRENCY",
    "person.lastPaymentAt": "DATE",
    "person.lastAppointmentAt": "DATE_TIME",
    "person.nextAppointmentAt": "DATE_TIME",
    "appointmentType.durationMinutes": "NUMBER",
    "appointmentType.product": "product",
    "product.description": "TEXT",
    "product.unitPrice": "CURRENCY",
    "product.kind": "SELECT",
    "task.startAt": "DATE_TIME",
    "task.endAt": "DATE_TIME",
    "task.clinikoAppointmentStatus": "SELECT",
    "task.attendanceRecorded": "BOOLEAN",
    "task.appointmentType": "appointmentType",
    "note.author": "workspaceMember",
    "note.appointment": "task",
    "invoice.totalAmount": "CURRENCY",
    "invoice.outstandingAmount": "CURRENCY",
    "invoice.status": "SELECT",
    "invoice.person": "person",
    "invoice.appointment": "task",
    "invoice.practitioner": "workspaceMember",
    "invoiceLineItem.invoice": "invoice",
    "invoiceLineItem.product": "product",
    "payment.amount": "CURRENCY",
    "payment.paidAt": "DATE",
    "payment.status": "SELECT",
    "payment.invoice": "invoice",
    "payment.person": "person",
}
YES_NO = {True: "Yes", False: "No"}
CHOICES = {
    "task.clinikoAppointmentStatus": {"Cancelled", "No Show", "Completed", "In Progress", "Arrived", "Awaiting"},
    "payment.status": {"Refunded", "Fully paid", "Partially paid"},
}


@pytest.fixture(scope="module")
def moved(moved_whole: Moved) -> Moved:
    return moved_whole


def by_key(moved: Moved, plural: str) -> dict[str, Record]:
    return moved.ours(plural)


def values(records: Iterable[Record], name: str) -> set[Any]:
    return {record[name] for record in records}


@pytest.mark.parametrize("object", WRITTEN)
def test_every_object_has_a_unique_source_system_id(moved: Moved, object: str) -> None:
    defined = field(moved, object, "sourceSystemId")
    assert (defined["type"], defined["isUnique"]) == ("TEXT", True)
    held = [one["sourceSystemId"] for one in moved.records(WRITTEN[object]) if one["sourceSystemId"]]
    assert held and len(held) == len(set(held))


@pytest.mark.parametrize("object", WRITTEN)
def test_when_a_record_was_made_in_cliniko_is_kept(moved: Moved, object: str) -> None:
    assert {field(moved, object, name)["type"] for name in ("clinikoCreatedAt", "clinikoUpdatedAt")} == {"DATE_TIME"}
    ours = by_key(moved, WRITTEN[object]).values()
    dated = [one for one in ours if one["clinikoCreatedAt"]]
    assert dated or object in ("appointmentType", "product", "invoiceLineItem"), "these exports tell no times"
    assert all(one["createdAt"] == one["clinikoCreatedAt"] for one in dated)
    assert {one["createdBy"]["source"] for one in ours} == {"IMPORT"}


@pytest.fixture(scope="module")
def targets(moved: Moved) -> dict[str, str]:
    """Where each relation leads to: the metadata of REST does not tell."""
    told = "{ name relation { targetObjectMetadata { nameSingular } } }"
    query = f"{{ objects(paging: {{first: 200}}) {{ edges {{ node {{ nameSingular fieldsList {told} }} }} }} }}"
    key = {"Authorization": f"Bearer {KEY}"}
    answer = httpx.post(f"{moved.url}/metadata", json={"query": query}, headers=key, trust_env=False).json()
    return {
        f"{one['node']['nameSingular']}.{each['name']}": each["relation"]["targetObjectMetadata"]["nameSingular"]
        for one in answer["data"]["objects"]["edges"]
        for each in one["node"]["fieldsList"]
        if each["relation"]
    }


@pytest.mark.parametrize("name", TYPES)
def test_a_field_has_the_type_that_was_promised(moved: Moved, targets: dict[str, str], name: str) -> None:
    object, _, of = name.partition(".")
    type = field(moved, object, of)["type"]
    assert (targets[name] if type == "RELATION" else type) == TYPES[name]


@pytest.mark.parametrize("name", CHOICES)
def test_a_choice_has_the_labels_that_were_promised(moved: Moved, name: str) -> None:
    object, _, of = name.partition(".")
    assert {option["label"] for option in field(moved, object, of)["options"]} == CHOICES[name]


def test_an_invoice_may_have_every_status_that_was_promised(moved: Moved) -> None:
    labels = {option["label"] for option in field(moved, "invoice", "status")["options"]}
    assert labels >= {"Draft", "Sent", "Paid", "Void", "Open", "Closed"}


@pytest.mark.parametrize("object", CUSTOM_OBJECTS)
def test_what_twenty_lacks_is_an_object_of_its_own(moved: Moved, object: str) -> None:
    assert moved.records(WRITTEN[object])


def test_practitioners_are_matched_and_the_member_says_who_it_is(moved: Moved) -> None:
    members = {one["userEmail"]: one["sourceSystemId"] for one in moved.records("workspaceMembers")}
    told = moved.told("select practitioner_id, email from practitioners")
    for row in told:
        if row["email"]:
            assert members[row["email"]] == row["practitioner_id"]
    assert not members["front.desk@clinic.example"], "the fallback is nobody's successor"
    assert len(members) == 2 + sum(row["email"] is not None for row in told), "nobody was invited"


def test_a_birth_date_is_a_date(moved: Moved) -> None:
    people = by_key(moved, "people")
    for row in moved.told("select patient_id, birth_date::varchar as birth_date, birth_date_as_written from patients"):
        person = people[row["patient_id"]]
        assert person["dateOfBirth"] == row["birth_date"]
        if row["birth_date"] is None and row["birth_date_as_written"]:
            assert person["dateOfBirthAsWritten"] == row["birth_date_as_written"]


def test_addresses_are_merged(moved: Moved) -> None:
    people = by_key(moved, "people")
    told = moved.told("select patient_id, home_address, second_address from patients where second_address is not null")
    assert told
    for row in told:
        person = people[row["patient_id"]]
        assert person["homeAddress"]["addressPostcode"] == row["home_address"]["post_code"]
        assert person["mailingAddress2"].startswith(f"{row['second_address']['type']}: ")


def test_insurance_and_concession_are_kept(moved: Moved) -> None:
    people = by_key(moved, "people")
    told = moved.told("select patient_id, health_fund, member_number, concession_type from patients")
    assert {
        key: tuple(
            one[name] or None for name in ("insuranceProvider", "insuranceMemberId", "policyNumber", "concessionType")
        )
        for key, one in people.items()
    } == {
        row["patient_id"]: (row["health_fund"], row["member_number"], row["member_number"], row["concession_type"])
        for row in told
    }
    assert {row["concession_type"] for row in told} > {None}


def test_consent_is_as_it_was_given(moved: Moved) -> None:
    people = by_key(moved, "people")
    told = moved.told("select patient_id, email_marketing, sms_marketing from patients")
    assert {key: (one["emailMarketing"], one["smsMarketing"]) for key, one in people.items()} == {
        row["patient_id"]: (row["email_marketing"], row["sms_marketing"]) for row in told
    }


def test_every_custom_field_of_a_patient_is_a_field_of_its_type(moved: Moved) -> None:
    for name, title, type in (
        ("consentFormSigned", "Consent Form Signed", "BOOLEAN"),
        ("shoeSize", "Shoe Size", "NUMBER"),
    ):
        defined = field(moved, "person", name)
        assert (defined["label"], defined["type"]) == (title, type)
    people = by_key(moved, "people")
    told = moved.told("select patient_id, consent_form_signed, shoe_size::double as shoe_size from patients")
    assert {key: (one["consentFormSigned"], one["shoeSize"]) for key, one in people.items()} == {
        row["patient_id"]: (row["consent_form_signed"], row["shoe_size"]) for row in told
    }


def test_every_custom_field_of_a_visit_is_a_field_of_its_task(moved: Moved) -> None:
    tasks = by_key(moved, "tasks")
    told = moved.told("select * from appointment_custom_fields")
    assert told
    [fields] = [one["fields"] for one in data_model(moved) if one["nameSingular"] == "task"]
    names = {one["label"]: one for one in fields}
    for row in told:
        task = tasks[f"{row['appointment_id']}-{row['patient_id']}"]
        defined = names[row["field"]]
        held = task[defined["name"]]
        if defined["type"] == "SELECT":
            held = label(moved, "task", defined["name"], held)
        assert (YES_NO.get(held) if isinstance(held, bool) else str(held)) == row["value"]


def test_an_appointment_type_has_its_duration_and_its_product(moved: Moved) -> None:
    types = by_key(moved, "appointmentTypes").values()
    products = {one["id"] for one in moved.records("products")}
    assert all(isinstance(one["durationMinutes"], int) and one["durationMinutes"] > 0 for one in types)
    assert all(one["productId"] in products for one in types)


def test_a_product_has_its_description_and_its_price(moved: Moved) -> None:
    products = by_key(moved, "products")
    for row in moved.told("select * from products"):
        assert cents(products[f"{row['origin']}-{row['product_id']}"]["unitPrice"]) == row["unit_price"]
    assert any(values(products.values(), "description")), "the price list's notes"


def test_a_task_says_when_and_by_whom_and_how_it_went(moved: Moved) -> None:
    tasks = by_key(moved, "tasks")
    told = moved.told("select * from attendances")
    by_status = {"Awaiting": "TODO", "Arrived": "IN_PROGRESS", "In Progress": "IN_PROGRESS"}
    for row in told:
        task = tasks[f"{row['appointment_id']}-{row['patient_id']}"]
        assert (task["dueAt"], task["startAt"], task["endAt"]) == (row["starts_at"], row["starts_at"], row["ends_at"])
        assert label(moved, "task", "clinikoAppointmentStatus", task["clinikoAppointmentStatus"]) == row["status"]
        assert task["status"] == by_status.get(row["status"], "DONE")
        assert task["attendanceRecorded"] is row["arrival_recorded"]
    assert {task["status"] for task in tasks.values()} == {"TODO", "DONE"}, "nobody is in treatment at that moment"


def test_a_task_belongs_to_the_member_who_takes_over(moved: Moved) -> None:
    owner = {one["sourceSystemId"]: one["id"] for one in moved.records("workspaceMembers") if one["sourceSystemId"]}
    [desk] = [one["id"] for one in moved.records("workspaceMembers") if one["userEmail"] == "front.desk@clinic.example"]
    tasks = by_key(moved, "tasks")
    for row in moved.told("select appointment_id, patient_id, practitioner_id from attendances"):
        task = tasks[f"{row['appointment_id']}-{row['patient_id']}"]
        assert task["assigneeId"] == owner.get(row["practitioner_id"], desk)


def test_a_note_keeps_its_author_and_its_time(moved: Moved) -> None:
    members = {one["id"]: one["sourceSystemId"] for one in moved.records("workspaceMembers")}
    names = {
        row["practitioner_id"]: row["name"] for row in moved.told("select practitioner_id, name from practitioners")
    }
    notes = by_key(moved, "notes")
    for row in moved.told("select note_id, author, created_at from treatment_notes where not draft"):
        note = notes[row["note_id"]]
        assert '"sections"' not in note["bodyV2"]["markdown"], "the clinic has no template of an unknown shape"
        assert note["createdBy"]["name"] == row["author"]
        assert note["createdAt"] == row["created_at"]
        assert note["bodyV2"]["markdown"].startswith(row["author"])
        author = members[note["authorId"]]
        assert not author or names[author] == row["author"], "or the fallback"


def test_an_invoice_is_its_patients_to_the_cent(moved: Moved) -> None:
    patients = {one["id"]: key for key, one in by_key(moved, "people").items()}
    invoices = by_key(moved, "invoices")
    for row in moved.told("select * from invoices"):
        invoice = invoices[row["invoice_id"]]
        assert (cents(invoice["totalAmount"]), cents(invoice["outstandingAmount"])) == (
            row["total"],
            row["outstanding"],
        )
        assert label(moved, "invoice", "status", invoice["status"]) == row["status"]
        assert patients[invoice["personId"]] == row["patient_id"]


def test_an_invoice_with_one_line_says_what_it_is_for(moved: Moved) -> None:
    single = moved.told(
        "select invoice_id, min(name) as name, min(quantity)::double as quantity from invoice_items "
        "group by invoice_id having count(*) = 1"
    )
    invoices = by_key(moved, "invoices")
    assert single
    for row in single:
        invoice = invoices[row["invoice_id"]]
        assert (invoice["productName"], invoice["quantity"]) == (row["name"], row["quantity"])


def test_a_line_stands_on_its_invoice(moved: Moved) -> None:
    invoices = {one["id"]: key for key, one in by_key(moved, "invoices").items()}
    lines = by_key(moved, "invoiceLineItems")
    assert {key: invoices[one["invoiceId"]] for key, one in lines.items()} == {
        row["invoice_item_id"]: row["invoice_id"] for row in moved.told("select * from invoice_items")
    }


def test_a_payment_is_on_the_invoice_that_it_pays(moved: Moved) -> None:
    invoices = {one["id"]: key for key, one in by_key(moved, "invoices").items()}
    held = {
        key: (invoices.get(one["invoiceId"]), cents(one["amount"]), one["paidAt"])
        for key, one in by_key(moved, "payments").items()
    }
    assert held == {
        f"{row['payment_id']}-{row['invoice_id'] or 'credit'}": (
            row["invoice_id"],
            row["amount"],
            row["paid_at"].isoformat(),
        )
        for row in moved.told("select * from allocations")
    }


def test_every_file_is_on_its_patient_byte_by_byte(moved: Moved) -> None:
    patients = {one["id"]: key for key, one in by_key(moved, "people").items()}
    held = sorted(
        (
            patients[one["targetPersonId"]],
            one["name"],
            sha256(httpx.get(one["file"][0]["url"], trust_env=False).content).hexdigest(),
        )
        for one in moved.records("attachments")
    )
    folder = moved.folder / "exports" / "attachments"
    told = moved.told("select patient_id, file from attachments")
    assert len(told) == 2
    assert held == sorted(
        (row["patient_id"], row["file"].split("/")[1], sha256((folder / row["file"]).read_bytes()).hexdigest())
        for row in told
    )


def test_nothing_was_made_that_is_no_record_of_cliniko(moved: Moved) -> None:
    """No opportunity, and nobody but those whom the workspace had and those of the clinic."""
    assert not [one for one in moved.records("opportunities") if one["createdBy"]["source"] != "MANUAL"]
    strangers = [one for one in moved.records("people") if not one["sourceSystemId"]]
    assert {one["createdBy"]["source"] for one in strangers} <= {"MANUAL"}


@pytest.mark.parametrize("existing_people", ["separate", "link"])
def test_our_own_records_are_never_somebody_who_is_there(moved: Moved, existing_people: str) -> None:
    again = replace(moved, settings=json.dumps(json.loads(moved.settings) | {"existing_people": existing_people}))
    for step in (["pull"], ["build"]):
        answer = again.shift(*step)
        assert answer.code == 0, answer.out + answer.err
    plan = json.loads(again.shift("plan", "--output", "json").out)
    changed = {
        one["object"]: counts
        for one in plan["objects"]
        if (
            counts := {action: one.get(action) for action in ("create", "update", "linked", "adopt") if one.get(action)}
        )
    }
    assert (changed, plan["schema"], plan["calls"]) == ({}, [], 0)
