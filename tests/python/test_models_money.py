"""Invoices, payments and products: every cent has a place."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

from clinics import Built, Rows, build, graph_of, write_exports

PATIENTS = [
    {"Patient ID": "1", "First Name": "Peter", "Last Name": "Patientman", "Date of Birth": "2001-05-26"},
    {"Patient ID": "2", "First Name": "Ada", "Last Name": "Cummerata"},
]


def money(project: Path, exports: Path, *, invoices: Rows = (), payments: Rows = (), **options: Any) -> Built:
    files = {"Patients-Cliniko-20260801.csv": PATIENTS, **options.pop("files", {})}
    if invoices:
        usual = {"Issue Date": "2026-07-01", "Patient ID": "1", "Invoice Amount": "100.0", "Practitioner": "Randy"}
        files["Invoices-Cliniko-20260801.csv"] = [{**usual, **row} for row in invoices]
    if payments:
        usual = {"Payment Date": "2026-07-02", "Patient ID": "1", "Amount": "100.0", "HICAPS": "0.0", "Card": "0.0"}
        files["Payments-Cliniko-20260801.csv"] = [{**usual, **row} for row in payments]
    built = build(project, write_exports(exports, files), "+twenty__person", "+cliniko__invoice_items", **options)
    assert [broken for broken in built.broken if broken[1] != "warn"] == []
    return built


def allocations(built: Built) -> list[tuple[str, str | None, Decimal]]:
    return built.connection.execute(
        "select payment_id, invoice_id, amount::decimal(18, 2) from cliniko.payment_allocations"
        " order by payment_id, invoice_id nulls last"
    ).fetchall()


def test_a_payment_over_several_invoices_goes_to_the_oldest_first(project: Path, tmp_path: Path) -> None:
    invoices = [
        {"Invoice ID": "31", "Invoice Number": "101", "Issue Date": "2026-07-03"},
        {"Invoice ID": "32", "Invoice Number": "102", "Issue Date": "2026-07-01"},
        {"Invoice ID": "33", "Invoice Number": "103", "Issue Date": "2026-07-02"},
    ]
    payments = [
        {"Payment ID": "51", "Amount": "150.0", "Invoices": "101, 102"},
        {"Payment ID": "52", "Amount": "180.0", "Invoices": "101, 103", "Payment Date": "2026-07-04"},
        {"Payment ID": "53", "Amount": "20.0", "Invoices": ""},
    ]
    built = money(project, tmp_path, invoices=invoices, payments=payments)
    assert allocations(built) == [
        ("51", "31", Decimal("50.00")),
        ("51", "32", Decimal("100.00")),
        ("52", "31", Decimal("50.00")),
        ("52", "33", Decimal("100.00")),
        ("52", None, Decimal("30.00")),
        ("53", None, Decimal("20.00")),
    ]
    balances = "select outstanding::decimal(18, 2) from cliniko.invoice_balances order by invoice_id"
    assert built.values(balances) == [Decimal("0.00")] * 3


def test_part_payments_and_refunds(project: Path, tmp_path: Path) -> None:
    invoices = [{"Invoice ID": "31", "Invoice Number": "101"}, {"Invoice ID": "32", "Invoice Number": "102"}]
    payments = [
        {"Payment ID": "51", "Amount": "40.0", "Invoices": "101"},
        {"Payment ID": "52", "Amount": "60.0", "Invoices": "101", "Payment Date": "2026-07-03"},
        {"Payment ID": "53", "Amount": "-30.0", "Invoices": "101", "Payment Date": "2026-07-04"},
        {"Payment ID": "54", "Amount": "30.05", "Invoices": "#101", "Payment Date": "2026-07-05"},
    ]
    built = money(project, tmp_path, invoices=invoices, payments=payments)
    assert allocations(built) == [
        ("51", "31", Decimal("40.00")),
        ("52", "31", Decimal("60.00")),
        ("53", "31", Decimal("-30.00")),
        ("54", "31", Decimal("30.00")),
        ("54", None, Decimal("0.05")),
    ]
    balances = built.rows(
        "select outstanding::varchar as open, status from cliniko.invoice_balances order by invoice_id"
    )
    assert [row["status"] for row in balances] == ["Paid", "Sent"]


def test_what_the_export_says_is_open_wins(project: Path, tmp_path: Path) -> None:
    invoices = [
        {"Invoice ID": "31", "Invoice Number": "101", "Amount Outstanding": "12.5", "Status": "Open"},
        {"Invoice ID": "32", "Invoice Number": "102", "Amount Outstanding": "0.0", "Status": "Paid"},
        {"Invoice ID": "33", "Invoice Number": "103", "Patient ID": "2", "Status": "Paid"},
    ]
    built = money(project, tmp_path, invoices=invoices)
    people = built.rows("select * from twenty.person order by sourceSystemId")
    assert people[0]["totalInvoiced"] == {"amountMicros": 200_000_000, "currencyCode": "AUD"}
    assert people[0]["balanceDue"] == {"amountMicros": 12_500_000, "currencyCode": "AUD"}
    assert people[1]["balanceDue"] == {"amountMicros": 0, "currencyCode": "AUD"}


def test_without_payments_nothing_is_said_of_what_is_open(project: Path, tmp_path: Path) -> None:
    invoices = [{"id": "31", "number": "101", "status": "10", "status_description": "Open", "archived_at": ""}]
    built = money(project, tmp_path, invoices=invoices)
    assert built.rows("select outstanding, status from cliniko.invoice_balances") == [
        {"outstanding": None, "status": "Open"}
    ]


def test_an_invoice_by_number_and_by_id_is_one(project: Path, tmp_path: Path) -> None:
    by_number = [{"Invoice Number": "0101", "Updated At": "2026-07-01 10:00:00 +1000"}]
    by_id = [
        {
            "id": "543342508000000108",
            "number": "101",
            "issue_date": "2026-07-01",
            "patient_id": "1",
            "total_amount": "100.0",
            "status": "20",
            "status_description": "Paid",
            "updated_at": "2026-07-02T00:00:00Z",
            "archived_at": "2026-07-03T00:00:00Z",
        }
    ]
    built = money(project, tmp_path, invoices=by_number, files={"invoices.csv": by_id})
    assert built.rows("select invoice_id, number, is_void from cliniko.invoices") == [
        {"invoice_id": "543342508000000108", "number": "101", "is_void": True}
    ]
    assert built.values("select status from cliniko.invoice_balances") == ["Void"]


def test_a_patient_is_found_by_name_and_birth_date(project: Path, tmp_path: Path) -> None:
    invoices = [
        {"Invoice Number": "1", "Patient ID": "", "Patient": "peter PATIENTMAN", "Patient Date of Birth": "26/05/2001"},
        {"Invoice Number": "2", "Patient ID": "", "Patient": "Ada Cummerata", "Patient Date of Birth": ""},
    ]
    built = money(project, tmp_path, invoices=invoices)
    assert built.values("select patient_id from cliniko.invoices order by number") == ["1", None]


def test_methods_are_the_columns_that_hold_an_amount(project: Path, tmp_path: Path) -> None:
    payments = [
        {"Payment ID": "51", "Card": "40.0", "HICAPS": "60.0"},
        {"Payment ID": "52", "Direct Deposit": "100.0", "Reference": "abc"},
        {"Payment ID": "53"},
    ]
    built = money(project, tmp_path, payments=payments)
    assert built.values("select method from cliniko.payments order by payment_id") == [
        "HICAPS, Card",
        "Direct Deposit",
        None,
    ]


def test_lines_find_their_product(project: Path, tmp_path: Path) -> None:
    files = {
        "Products-Cliniko-20260801.csv": [{"ID": "7", "Name": "Foam roller", "Item Code": "P-1", "Price": "10.0"}],
        "Billable items-Cliniko-20260801.csv": [
            {
                "ID": "7",
                "Item Name": "Initial Consultation",
                "Item Code": "0001",
                "Item Type": "Service",
                "Price": "100.0",
            }
        ],
        "Invoice items-Cliniko-20260801.csv": [
            {"Invoice Item ID": "1", "Invoice ID": "31", "Item": "Roller", "Item Code": "P-1", "Quantity": "2"},
            {"Invoice Item ID": "2", "Invoice Number": "101", "Item": "initial consultation", "Quantity": "1"},
            {"Invoice Item ID": "3", "Invoice ID": "99", "Item": "Something else", "Quantity": "1"},
        ],
    }
    built = money(project, tmp_path, invoices=[{"Invoice ID": "31", "Invoice Number": "101"}], files=files)
    lines = "select invoice_id, product_id, excluded_by from cliniko.invoice_items order by invoice_item_id"
    assert [tuple(row.values()) for row in built.rows(lines)] == [
        ("31", "product-7", None),
        ("31", "item-7", None),
        ("99", None, "unknown_invoice"),
    ]


def test_what_is_no_amount_and_no_day_stands_before_the_load(project: Path, tmp_path: Path) -> None:
    files = {
        "Patients-Cliniko-20260801.csv": [{"Patient ID": "1", "First Name": "Ada", "Last Name": "Ng"}],
        "Appointments-Cliniko-20260801.csv": [
            {"Start Time": "9 o'clock", "End Time": "", "Practitioner": "Ada", "PatientID(s)": "1"}
        ],
        "Invoices-Cliniko-20260801.csv": [
            {
                "Invoice Number": "1",
                "Issue Date": "2026-07-01",
                "Invoice Amount": "1,090.00",
                "Amount Outstanding": "-",
            },
            {"Invoice Number": "2", "Issue Date": "01/07/26", "Invoice Amount": " 90.0 ", "Amount Outstanding": ""},
        ],
        "Payments-Cliniko-20260801.csv": [{"Payment Date": "1/7/2026", "Amount": "$90"}],
    }
    models = [f"+cliniko__{model}" for model in ("appointments", "invoices", "invoice_items", "payments")]
    built = build(project, write_exports(tmp_path, files), *models)
    found = built.rows(graph_of(project, "{}").tests["values_that_could_not_be_read"].sql)
    assert [(row["kind"], row["column_name"], row["row"]) for row in found] == [
        ("appointments", "start_time", 2),
        ("invoices", "amount_outstanding", 2),
        ("invoices", "invoice_amount", 2),
        ("invoices", "issue_date", 3),
        ("payments", "amount", 2),
    ]
