"""Products, invoices, their lines and payments, as Twenty takes them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from clinics import Built, Rows, build, write_exports

PATIENTS = [
    {"Patient ID": "1", "First Name": "Peter", "Last Name": "Patientman"},
    {"Patient ID": "2", "First Name": "Ada", "Last Name": "Cummerata"},
]
PRACTITIONERS = [{"ID": "9", "First Name": "Randy", "Last Name": "Savage", "Email": "randy@example.com"}]
MEMBER = "insert into destination.members by name select 'm1' as id, 'randy@example.com' as email"
INVOICE = {"Issue Date": "2026-07-01", "Patient ID": "1", "Invoice Amount": "100.0"}
PAYMENT = {"Payment Date": "2026-07-02", "Patient ID": "1", "Card": "0.0"}


def staged(project: Path, exports: Path, **files: Rows) -> Built:
    """The staging tables of a clinic with these exports."""
    named = {f"{name.replace('_', ' ').capitalize()}-Cliniko-20260801.csv": rows for name, rows in files.items()}
    chosen = ("+twenty__invoice_line_item", "+twenty__payment", "+twenty__appointment_type")
    everything = {"patients": PATIENTS, "practitioners": PRACTITIONERS}
    named = {f"{name.capitalize()}-Cliniko-20260801.csv": rows for name, rows in everything.items()} | named
    built = build(project, write_exports(exports, named), *chosen, before=[MEMBER])
    assert [broken for broken in built.broken if broken[1] != "warn"] == []
    return built


def micros(amount: float) -> dict[str, Any]:
    return {"amountMicros": round(amount * 1_000_000), "currencyCode": "AUD"}


STATUSES: dict[str, list[tuple[dict[str, str], str]]] = {
    "as an export tells it": [
        ({"Status": "Open"}, "OPEN"),
        ({"Status": "PAID"}, "PAID"),
        ({"Status": "Open credit"}, "OPEN_CREDIT"),
        ({"Status": "Written off, in part"}, "WRITTEN_OFF_IN_PART"),
        ({"Amount Outstanding": "0.0"}, "PAID"),
        ({"Amount Outstanding": "12.5"}, "SENT"),
        ({"Status": "Paid", "archived_at": "2026-07-03T00:00:00Z"}, "VOID"),
        ({"Status": "Paid", "deleted_at": "2026-07-03T00:00:00Z"}, "VOID"),
    ],
    "as the API tells it": [({"status": "30"}, "CLOSED")],
}


@pytest.mark.parametrize("case", STATUSES)
def test_the_status_of_an_invoice(project: Path, tmp_path: Path, case: str) -> None:
    expected = {str(number): choice for number, (_, choice) in enumerate(STATUSES[case], 101)}
    rows = [{**INVOICE, "Invoice ID": key, "Invoice Number": key} for key in expected]
    told = [told for told, _ in STATUSES[case]]
    built = staged(project, tmp_path, invoices=[row | one for row, one in zip(rows, told, strict=True)])
    found = built.rows("select * from twenty.invoice")
    assert {one["sourceSystemId"]: one["status"] for one in found} == expected
    assert set(expected.values()) <= set(built.values("select value from cliniko.invoice_status"))


def test_an_invoice_is_what_the_crm_takes(project: Path, tmp_path: Path) -> None:
    api = {
        "id": "31",
        "number": "101",
        "issue_date": "2026-07-01",
        "closed_at": "2026-07-02T03:04:05Z",
        "patient_id": "1",
        "practitioner_id": "9",
        "appointment_id": "7",
        "total_amount": "110.0",
        "tax_amount": "10.0",
        "discounted_amount": "5.5",
        "invoice_to": "Peter Patientman",
        "notes": "Thank you",
        "status_description": "Paid",
        "created_at": "2026-07-01T00:00:00Z",
    }
    visit = {
        "Appointment ID": "7",
        "PatientID(s)": "1, 2",
        "Maximum Number of Patients": "3",
        "Appointment Type": "Class",
        "Practitioner": "Randy Savage",
        "Practitioner ID": "9",
        "Start Time": "2026-07-01 09:00:00 +1000",
        "End Time": "2026-07-01 09:30:00 +1000",
    }
    line = {"Invoice Item ID": "5", "Invoice ID": "31", "Item": "roller", "Item Code": "P-1", "Quantity": "2"}
    product = {"ID": "7", "Name": "Foam roller", "Item Code": "P-1", "Price": "50.0"}
    built = staged(project, tmp_path, invoices=[api], appointments=[visit], invoice_items=[line], products=[product])
    (invoice,) = built.rows("select * from twenty.invoice")
    assert {key: invoice[key] for key in ("name", "number", "closedAt", "invoiceTo", "notes", "createdAt")} == {
        "name": "101",
        "number": "101",
        "closedAt": "2026-07-02T03:04:05.000Z",
        "invoiceTo": "Peter Patientman",
        "notes": "Thank you",
        "createdAt": "2026-07-01T00:00:00.000Z",
    }
    assert (invoice["totalAmount"], invoice["taxAmount"]) == (micros(110), micros(10))
    assert (invoice["discountAmount"], invoice["outstandingAmount"]) == (micros(5.5), micros(0))
    assert (invoice["productName"], invoice["quantity"], invoice["practitionerId"]) == ("Foam roller", 2, "m1")
    people = built.values("select id from twenty.person where _patient_id = '1'")
    assert [invoice["personId"]] == people
    assert built.values(f"select _person_id from twenty.task where id = '{invoice['appointmentId']}'") == people


def test_a_practitioner_is_found_by_name_too(project: Path, tmp_path: Path) -> None:
    named = {**INVOICE, "Invoice ID": "31", "Invoice Number": "101", "Practitioner": "randy  SAVAGE"}
    built = staged(project, tmp_path, invoices=[named, {**named, "Invoice ID": "32", "Practitioner": "Somebody Else"}])
    assert built.rows("select practitionerName, practitionerId from twenty.invoice order by sourceSystemId") == [
        {"practitionerName": "randy SAVAGE", "practitionerId": "m1"},
        {"practitionerName": "Somebody Else", "practitionerId": None},
    ]


def test_the_status_of_a_payment_is_that_of_its_invoice(project: Path, tmp_path: Path) -> None:
    invoices = [{**INVOICE, "Invoice ID": str(at), "Invoice Number": f"10{at}"} for at in (1, 2)]
    payments = [
        {**PAYMENT, "Payment ID": "51", "Amount": "160.0", "Card": "160.0", "Invoices": "101, 102"},
        {**PAYMENT, "Payment ID": "52", "Amount": "-10.0", "Invoices": "102", "Payment Date": "2026-07-03"},
        {**PAYMENT, "Payment ID": "53", "Amount": "25.0", "Invoices": ""},
        {**PAYMENT, "Payment ID": "54", "Amount": "0.0", "Invoices": "101"},
    ]
    built = staged(project, tmp_path, invoices=invoices, payments=payments)
    found = built.rows(
        "select sourceSystemId as key, name, amount, status, paidAt::varchar as day from twenty.payment order by 1"
    )
    assert [tuple(row.values()) for row in found] == [
        ("51-1", "Card for invoice 101", micros(100), "FULLY_PAID", "2026-07-02"),
        ("51-2", "Card for invoice 102", micros(60), "PARTIALLY_PAID", "2026-07-02"),
        ("52-2", "Payment for invoice 102", micros(-10), "REFUNDED", "2026-07-03"),
        ("53-credit", "Payment", micros(25), None, "2026-07-02"),
    ]
    assert built.rows("select payment_id, excluded_by from cliniko.payments where excluded_by is not null") == [
        {"payment_id": "54", "excluded_by": "no_amount"}
    ]


def test_a_product_and_a_billable_item_of_one_id_are_two(project: Path, tmp_path: Path) -> None:
    products = [{"ID": "7", "Name": "Foam roller", "Price": "36.364", "Supplier": "Roll & Co", "Notes": "Blue"}]
    items = [
        {"ID": "7", "Item Name": "Consultation", "Item Type": "Service", "Price": "90"},
        {"ID": "8", "Item Name": "Report", "Item Type": "Legal, medical", "Price": ""},
    ]
    built = staged(project, tmp_path, products=products, billable_items=items)
    found = built.rows("select sourceSystemId, name, description, unitPrice, kind from twenty.product order by 1")
    assert [tuple(row.values()) for row in found] == [
        ("item-7", "Consultation", None, micros(90), "SERVICE"),
        ("item-8", "Report", None, None, "LEGAL_MEDICAL"),
        ("product-7", "Foam roller", "Blue; Supplier: Roll & Co", micros(36.364), "PRODUCT"),
    ]
    assert built.values("select label from cliniko.product_kinds where value = 'LEGAL_MEDICAL'") == ["Legal / medical"]


def test_an_appointment_type_leads_to_the_first_that_it_sells(project: Path, tmp_path: Path) -> None:
    built = staged(
        project,
        tmp_path,
        products=[{"ID": "7", "Name": "Consultation"}, {"ID": "6", "Name": "Tape"}],
        billable_items=[{"ID": "7", "Item Name": "Consultation"}, {"ID": "8", "Item Name": "Report"}],
        appointment_types=[
            {"ID": "1", "Name": "By name", "Billable Item": "consultation"},
            {"ID": "2", "Name": "By link"},
            {"ID": "3", "Name": "A product alone"},
            {"ID": "4", "Name": "Nothing"},
        ],
        appointment_type_billable_items=[
            {"id": "1", "appointment_type_id": "2", "billable_item_id": "8"},
            {"id": "2", "appointment_type_id": "2", "billable_item_id": "7"},
        ],
        appointment_type_products=[
            {"id": "1", "appointment_type_id": "2", "product_id": "6"},
            {"id": "2", "appointment_type_id": "3", "product_id": "6"},
        ],
    )
    leads = """
        select types.name, products, product.sourceSystemId as first
        from twenty.appointment_type as types
        left join twenty.product on types.productId = product.id
        order by types.sourceSystemId
    """
    assert [tuple(row.values()) for row in built.rows(leads)] == [
        ("By name", "consultation", "item-7"),
        ("By link", "Report, Consultation, Tape", "item-8"),
        ("A product alone", "Tape", "product-6"),
        ("Nothing", None, None),
    ]


def test_a_credit_names_the_invoice_that_it_credits(project: Path, tmp_path: Path) -> None:
    credit = {"id": "32", "number": "102", "original_invoice_id": "31"}
    unknown = {"id": "33", "number": "103", "original_invoice_id": "30"}
    usual = {"issue_date": "2026-07-01", "patient_id": "1", "total_amount": "10.0"}
    rows = [usual | row for row in ({"id": "31", "number": "101"}, credit, unknown)]
    built = staged(project, tmp_path, invoices=rows)
    assert built.values("select originalInvoice from twenty.invoice order by name") == [None, "101", "30"]
