"""A synthetic clinic moved whole: what the CRM's API shows at the end is what happened in the clinic.

The truth file says what must arrive; it was made beside the exports, and never from them or from a model. Nothing here
looks at a staging table.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from moved import ACCEPTED, Moved, Rows, cents, data_model, field, label, move


@pytest.fixture(scope="module")
def moved(moved_whole: Moved) -> Moved:
    return moved_whole


@pytest.fixture(scope="module")
def moved_as_fields(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Moved]:
    folder = tmp_path_factory.mktemp("truth") / "clinic"
    with move(folder, 30, appointment_types="picklist", invoice_lines="fields") as clinic:
        yield clinic


def test_every_patient_is_a_person_of_that_name_and_birth_date(moved: Moved) -> None:
    people = moved.ours("people")
    told = moved.told("select patient_id, first_name, last_name, birth_date::varchar as birth_date from patients")
    assert {
        key: (one["name"]["firstName"], one["name"]["lastName"], one["dateOfBirth"]) for key, one in people.items()
    } == {row["patient_id"]: (row["first_name"], row["last_name"], row["birth_date"]) for row in told}


def test_a_shared_address_has_one_holder_and_the_others_keep_it_beside(moved: Moved) -> None:
    people = moved.ours("people")
    for row in moved.told("select patient_id, email, email_holder from patients where email is not null"):
        person = people[row["patient_id"]]
        if row["email_holder"] == row["patient_id"]:
            assert person["emails"]["primaryEmail"] == row["email"]
        else:
            assert person["emails"]["primaryEmail"] != row["email"]
            assert row["email"] in person["emails"]["additionalEmails"]
            assert row["email"] in person["sharedEmail"]


def test_an_address_that_is_none_is_kept_as_written(moved: Moved) -> None:
    people = moved.ours("people")
    wrong = moved.told(
        "select patient_id, email_as_written from patients where email is null and email_as_written is not null"
    )
    assert wrong, "the clinic has some"
    for row in wrong:
        assert row["email_as_written"].strip() in people[row["patient_id"]]["contactAsWritten"]


def test_every_phone_is_found_on_its_person(moved: Moved) -> None:
    people = moved.ours("people")
    for row in moved.told("select patient_id, unnest(phones) as phone from patients"):
        person, phone = people[row["patient_id"]], row["phone"]
        held = {
            f"{person['phones']['primaryPhoneCallingCode']}{person['phones']['primaryPhoneNumber']}",
            *(f"{one['callingCode']}{one['number']}" for one in person["phones"]["additionalPhones"] or []),
        }
        if phone["e164"]:
            assert phone["e164"] in held
        else:
            assert phone["as_written"] in person["contactAsWritten"]


def test_nobody_is_mailed_who_did_not_agree(moved: Moved) -> None:
    people = moved.ours("people")
    for row in moved.told("select patient_id, email_marketing, sms_marketing from patients"):
        person = people[row["patient_id"]]
        assert (person["emailMarketing"], person["smsMarketing"]) == (row["email_marketing"], row["sms_marketing"])


def test_the_home_address_and_the_second_one_arrive(moved: Moved) -> None:
    people = moved.ours("people")
    for row in moved.told("select patient_id, home_address, second_address from patients"):
        person = people[row["patient_id"]]
        home, second = row["home_address"], row["second_address"]
        if home:
            held = person["homeAddress"]
            assert (held["addressStreet1"], held["addressCity"]) == (home["address_1"], home["city"])
            assert held["addressPostcode"] == home["post_code"]
        if second:
            assert person["mailingAddress2"].startswith(second["type"])
            assert second["address_1"] in person["mailingAddress2"]


def test_every_visit_of_every_patient_is_a_task_with_its_status_and_its_time(moved: Moved) -> None:
    tasks = moved.records("tasks")
    of_task = {one["taskId"]: one["targetPersonId"] for one in moved.records("taskTargets")}
    patients = {one["id"]: key for key, one in moved.ours("people").items()}
    labels = {
        option["value"]: option["label"] for option in field(moved, "task", "clinikoAppointmentStatus")["options"]
    }
    held = sorted(
        (
            patients[of_task[one["id"]]],
            one["startAt"],
            one["endAt"],
            labels[one["clinikoAppointmentStatus"]],
            one["dueAt"],
        )
        for one in tasks
    )
    told = moved.told("select patient_id, starts_at, ends_at, status from attendances")
    assert held == sorted(
        (row["patient_id"], row["starts_at"], row["ends_at"], row["status"], row["starts_at"]) for row in told
    )


def test_a_task_has_its_appointment_type_and_its_practitioners_name(moved: Moved) -> None:
    types = {one["id"]: one["name"] for one in moved.records("appointmentTypes")}
    held = sorted((types[one["appointmentTypeId"]], one["practitionerName"]) for one in moved.records("tasks"))
    told = moved.told("select appointment_type, name from attendances join practitioners using (practitioner_id)")
    assert held == sorted((row["appointment_type"], row["name"]) for row in told)


def test_every_visit_is_somebodys(moved: Moved) -> None:
    members = {one["id"]: one["userEmail"] for one in moved.records("workspaceMembers")}
    emails = {row["name"]: row["email"] for row in moved.told("select name, email from practitioners")}
    for task in moved.records("tasks"):
        wanted = emails[task["practitionerName"]] or "front.desk@clinic.example"
        assert members[task["assigneeId"]] == wanted


def test_every_answer_of_every_note_is_in_its_body(moved: Moved) -> None:
    notes = moved.ours("notes")
    told = moved.told("select note_id, draft, answers from treatment_notes")
    assert set(notes) == {row["note_id"] for row in told if not row["draft"]}
    for row in told:
        if row["draft"]:
            continue
        body = bare(notes[row["note_id"]]["bodyV2"]["markdown"])
        for answer in row["answers"]:
            for text in (answer["section"], answer["question"], *answer["texts"]):
                assert bare(text or "") in body, f"note {row['note_id']} lacks a text"


def test_a_note_hangs_on_its_patient_and_its_visit(moved: Moved) -> None:
    of_note = {one["noteId"]: one["targetPersonId"] for one in moved.records("noteTargets")}
    patients = {one["id"]: key for key, one in moved.ours("people").items()}
    of_task = {one["taskId"]: one["targetPersonId"] for one in moved.records("taskTargets")}
    notes = moved.ours("notes")
    for row in moved.told("select note_id, patient_id, appointment_id from treatment_notes where not draft"):
        note = notes[row["note_id"]]
        assert patients[of_note[note["id"]]] == row["patient_id"]
        assert of_task[note["appointmentId"]] == of_note[note["id"]]


def test_every_organisation_is_a_company(moved: Moved) -> None:
    held = {bare(one["name"]).lower() for one in moved.ours("companies").values()}
    assert held == {bare(row["name"]).lower() for row in moved.told("select name from companies")}


def test_every_product_and_billable_item_is_a_product_at_its_price(moved: Moved) -> None:
    held = {
        key: (
            one["name"],
            one["itemCode"] or None,
            label(moved, "product", "kind", one["kind"]),
            cents(one["unitPrice"]),
        )
        for key, one in moved.ours("products").items()
    }
    assert held == {
        f"{row['origin']}-{row['product_id']}": (row["name"], row["code"], row["kind"], row["unit_price"])
        for row in moved.told("select * from products")
    }


def test_an_appointment_type_leads_to_what_it_bills(moved: Moved) -> None:
    products = {one["id"]: one["name"] for one in moved.records("products")}
    types = moved.records("appointmentTypes")
    assert len(types) == 9
    for one in types:
        assert products[one["productId"]] == one["products"], "each of this clinic's types bills one item"


def test_every_invoice_arrives_to_the_cent(moved: Moved) -> None:
    patients = {one["id"]: key for key, one in moved.ours("people").items()}
    held = {
        key: (
            one["name"],
            one["number"],
            one["issueDate"],
            patients[one["personId"]],
            cents(one["totalAmount"]),
            cents(one["taxAmount"]),
            cents(one["outstandingAmount"]),
            label(moved, "invoice", "status", one["status"]),
        )
        for key, one in moved.ours("invoices").items()
    }
    assert held == {
        row["invoice_id"]: (
            str(row["number"]),
            str(row["number"]),
            row["issue_date"].isoformat(),
            row["patient_id"],
            row["total"],
            row["tax"],
            row["outstanding"],
            row["status"],
        )
        for row in moved.told("select * from invoices")
    }


def test_every_line_is_on_its_invoice_with_its_product(moved: Moved) -> None:
    invoices = {one["id"]: key for key, one in moved.ours("invoices").items()}
    products = {one["id"]: one["name"] for one in moved.records("products")}
    held = {
        key: (
            invoices[one["invoiceId"]],
            one["name"],
            products[one["productId"]],
            Decimal(str(one["quantity"])),
            cents(one["unitPrice"]),
            cents(one["taxAmount"]),
            cents(one["total"]),
        )
        for key, one in moved.ours("invoiceLineItems").items()
    }
    assert held == {
        row["invoice_item_id"]: (
            row["invoice_id"],
            row["name"],
            row["name"],
            row["quantity"],
            row["unit_price"],
            row["tax"],
            row["total"],
        )
        for row in moved.told("select * from invoice_items")
    }


def test_an_invoice_tells_its_lines_and_of_one_line_what_and_how_many(moved: Moved) -> None:
    invoices = moved.ours("invoices")
    lines: dict[str, Rows] = {}
    for row in moved.told("select * from invoice_items order by invoice_item_id"):
        lines.setdefault(row["invoice_id"], []).append(row)
    assert {len(rows) for rows in lines.values()} >= {1, 2}
    for key, rows in lines.items():
        invoice = invoices[key]
        told = {f"{row['quantity']} × {row['name']} = {row['total']}" for row in rows}
        assert set(invoice["lineSummary"].split("\n")) == told
        if len(rows) == 1:
            assert (invoice["productName"], invoice["quantity"]) == (rows[0]["name"], rows[0]["quantity"])
        else:
            assert (invoice["productName"] or None, invoice["quantity"]) == (None, None)


def test_every_part_of_a_payment_is_on_its_invoice_to_the_cent(moved: Moved) -> None:
    patients = {one["id"]: key for key, one in moved.ours("people").items()}
    invoices = {one["id"]: key for key, one in moved.ours("invoices").items()}
    outstanding = {row["invoice_id"]: row["outstanding"] for row in moved.told("select * from invoices")}

    def status(row: dict[str, Any]) -> str | None:
        if row["amount"] < 0:
            return "REFUNDED"
        if row["invoice_id"] is None:
            return None
        return "PARTIALLY_PAID" if outstanding[row["invoice_id"]] > 0 else "FULLY_PAID"

    held = {
        key: (
            invoices[one["invoiceId"]] if one["invoiceId"] else None,
            patients[one["personId"]],
            cents(one["amount"]),
            one["paidAt"],
            one["status"],
        )
        for key, one in moved.ours("payments").items()
    }
    told = moved.told("select * from allocations")
    assert held == {
        f"{row['payment_id']}-{row['invoice_id'] or 'credit'}": (
            row["invoice_id"],
            row["patient_id"],
            row["amount"],
            row["paid_at"].isoformat(),
            status(row),
        )
        for row in told
    }
    assert {status(row) for row in told} == {"REFUNDED", "PARTIALLY_PAID", "FULLY_PAID", None}


def test_the_sums_of_money_are_those_of_the_clinic(moved: Moved) -> None:
    [told] = moved.told("select sum(total) as total, sum(outstanding) as outstanding from invoices")
    [paid] = moved.told("select sum(amount) as amount from allocations")
    invoices, payments = moved.records("invoices"), moved.records("payments")
    assert sum(cents(one["totalAmount"]) for one in invoices) == told["total"]
    assert sum(cents(one["outstandingAmount"]) for one in invoices) == told["outstanding"]
    assert sum(cents(one["amount"]) for one in payments) == paid["amount"]


def test_appointment_types_as_choices_keep_their_names(moved_as_fields: Moved) -> None:
    options = field(moved_as_fields, "task", "appointmentTypeName")["options"]
    values = {option["label"]: option["value"] for option in options}
    assert (values["Follow Up"], values["Follow-up"]) == ("FOLLOW_UP", "FOLLOW_UP_2")
    assert (values["1:1 Pilates"], values["Massage / 30 min"]) == ("T_1_1_PILATES", "MASSAGE_30_MIN")
    held = sorted((one["appointmentTypeName"], one["startAt"]) for one in moved_as_fields.records("tasks"))
    told = moved_as_fields.told("select appointment_type, starts_at from attendances")
    assert held == sorted((values[row["appointment_type"].replace(",", " /")], row["starts_at"]) for row in told)


def test_lines_as_fields_are_told_on_their_invoice(moved_as_fields: Moved) -> None:
    objects = {one["nameSingular"] for one in data_model(moved_as_fields)}
    assert {"invoice", "product"} <= objects
    assert not {"invoiceLineItem", "appointmentType"} & objects
    held = [line for one in moved_as_fields.records("invoices") for line in one["lineSummary"].split("\n")]
    told = moved_as_fields.told("select quantity, name, total from invoice_items")
    assert sorted(held) == sorted(f"{row['quantity']} × {row['name']} = {row['total']}" for row in told)


def test_a_second_load_sends_nothing(moved: Moved) -> None:
    before = {
        plural: len(moved.records(plural))
        for plural in ("people", "tasks", "notes", "companies", "invoices", "payments")
    }
    answer = moved.shift("load", "--yes", *ACCEPTED)
    assert answer.code == 0, answer.out + answer.err
    assert "0 to create, 0 to update" in answer.out
    assert {plural: len(moved.records(plural)) for plural in before} == before


def bare(text: str) -> str:
    """A text without the escapes of Markdown, and with its blanks as one."""
    return " ".join(text.replace("\\", "").split())
