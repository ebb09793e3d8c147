"""What hangs on a patient, rolled up into the fields of a person of Nutshell's: to the cent."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from clinics import Built, Rows, copy_project
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from nutshell_clinic import field_of_choices, staged


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return copy_project(tmp_path_factory.mktemp("project"))


def money(
    project: Path, exports: Path, *, invoices: Rows = (), payments: Rows = (), items: Rows = (), **options: Any
) -> Built:
    files: dict[str, Rows] = dict(options.pop("files", {}))
    if invoices:
        usual = {"Issue Date": "2026-07-01", "Patient ID": "1", "Invoice Amount": "100.0"}
        files["Invoices-Cliniko-20260801.csv"] = [{**usual, **row} for row in invoices]
    if payments:
        usual = {"Payment Date": "2026-07-02", "Patient ID": "1", "Amount": "100.0"}
        files["Payments-Cliniko-20260801.csv"] = [{**usual, **row} for row in payments]
    if items:
        usual = {"Quantity": "1", "Total": "100.0"}
        files["Invoice items-Cliniko-20260801.csv"] = [{**usual, **row} for row in items]
    return staged(project, exports, files, "+nutshell__person", "+nutshell__late_choices", **options)


def people(built: Built) -> dict[str, dict[str, Any]]:
    return {row["_patient_id"]: row for row in built.rows("select * from nutshell.person")}


def patients(ids: Iterable[str]) -> dict[str, Rows]:
    return {
        "Patients-Cliniko-20260801.csv": [{"Patient ID": id, "First Name": "Ada", "Last Name": "Low"} for id in ids]
    }


def peter(built: Built) -> dict[str, Any]:
    [row] = built.rows("""select * from nutshell.person where _key = '1'""")
    return row


def aud(amount: str) -> dict[str, str]:
    return {"currency": "AUD", "amount": amount}


def test_sums_and_the_last_payment(project: Path, tmp_path: Path) -> None:
    person = peter(
        money(
            project,
            tmp_path,
            invoices=[
                {"Invoice ID": "31", "Invoice Number": "101", "Invoice Amount": "100.10"},
                {"Invoice ID": "32", "Invoice Number": "102", "Invoice Amount": "0.25"},
                {"Invoice ID": "33", "Invoice Number": "103", "Invoice Amount": "900", "archived_at": "2026-07-03"},
            ],
            payments=[
                {"Payment ID": "51", "Amount": "60.05", "Invoices": "101", "Payment Date": "2026-07-03"},
                {"Payment ID": "52", "Amount": "20.0", "Invoices": "101", "Payment Date": "2026-07-02"},
                {"Payment ID": "53", "Amount": "-10.0", "Invoices": "101", "Payment Date": "2026-07-04"},
            ],
        )
    )
    assert person["Total Invoiced"] == aud("100.35")
    assert person["Balance Due"] == aud("30.30")
    assert person["Last Payment Amount"] == aud("60.05")
    assert str(person["Last Payment Date"]) == "2026-07-03"
    assert person["Invoice Balance Status"] == "Owing"


STATUSES: dict[str, tuple[Rows, Rows, str]] = {
    "nothing at all": ([], [], "None"),
    "all paid": ([{"Invoice Number": "10"}], [{"Invoices": "10"}], "Paid"),
    "a cent is open": ([{"Invoice Number": "20"}], [{"Invoices": "20", "Amount": "99.99"}], "Owing"),
    "paid too much": ([{"Invoice Number": "30"}], [{"Invoices": "30", "Amount": "120"}], "In credit"),
    "paid ahead": ([], [{"Invoices": ""}], "In credit"),
    "owes more than was paid ahead": ([{"Invoice Number": "40"}], [{"Invoices": "", "Amount": "40"}], "Owing"),
    "owes less than was paid ahead": ([{"Invoice Number": "50"}], [{"Invoices": "", "Amount": "140"}], "In credit"),
    "paid back": (
        [{"Invoice Number": "60"}],
        [{"Invoices": "60"}, {"Invoices": "60", "Amount": "-100", "Payment Date": "2026-07-03"}],
        "Owing",
    ),
    "a credit note": ([{"Invoice Number": "70", "Amount Outstanding": "-15.5"}], [], "In credit"),
    "only a void invoice": ([{"Invoice Number": "80", "archived_at": "2026-07-03"}], [], "None"),
}


def test_the_balance_status(project: Path, tmp_path: Path) -> None:
    built = money(
        project,
        tmp_path,
        files=patients(STATUSES),
        invoices=[{"Patient ID": case, **row} for case, (rows, _, _) in STATUSES.items() for row in rows],
        payments=[{"Patient ID": case, **row} for case, (_, rows, _) in STATUSES.items() for row in rows],
    )
    found = {case: person["Invoice Balance Status"] for case, person in people(built).items()}
    assert found == {case: status for case, (_, _, status) in STATUSES.items()}


def test_where_nobody_told_of_payments_nothing_is_said(project: Path, tmp_path: Path) -> None:
    person = peter(money(project, tmp_path, invoices=[{"Invoice Number": "1"}]))
    assert (person["Balance Due"], person["Invoice Balance Status"]) == (None, None)
    assert person["Total Invoiced"] == aud("100.00")


CENTS = st.tuples(st.integers(0, 10**9), st.integers(0, 10**9))


@settings(max_examples=3, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(clinic=st.lists(st.lists(CENTS, min_size=1, max_size=6), min_size=1, max_size=20))
def test_sums_hold_to_the_cent(
    project: Path, tmp_path_factory: pytest.TempPathFactory, clinic: list[list[tuple[int, int]]]
) -> None:
    amounts = {
        str(patient): [(Decimal(total) / 100, Decimal(min(total, opened)) / 100) for total, opened in cents]
        for patient, cents in enumerate(clinic)
    }
    invoices = [
        {
            "Patient ID": patient,
            "Invoice Number": f"{int(patient) + 1}{number:02}",
            "Invoice Amount": f"{total}",
            "Amount Outstanding": f"{opened}",
        }
        for patient, sums in amounts.items()
        for number, (total, opened) in enumerate(sums)
    ]
    built = money(project, tmp_path_factory.mktemp("exports"), files=patients(amounts), invoices=invoices)
    for patient, person in people(built).items():
        assert Decimal(person["Total Invoiced"]["amount"]) == sum(total for total, _ in amounts[patient])
        assert Decimal(person["Balance Due"]["amount"]) == sum(opened for _, opened in amounts[patient])


CATALOGUE: dict[str, Rows] = {
    "Billable items-Cliniko-20260801.csv": [
        {"ID": "1", "Item Name": "Consultation", "Item Type": "Service"},
        {"ID": "2", "Item Name": "Massage", "Item Type": "Service"},
    ],
    "Products-Cliniko-20260801.csv": [{"ID": "7", "Name": "Foam roller"}],
}
DAYS = [
    {"Invoice Number": str(number), "Issue Date": f"2026-07-0{number}", "Amount Outstanding": "0"}
    for number in range(1, 7)
]


def lines(*names: str) -> Rows:
    """A line on each day's invoice."""
    return [
        {"Invoice Item ID": str(number), "Invoice Number": str(number), "Item": name}
        for number, name in enumerate(names, start=1)
    ]


BILLED = {
    "the most": (("Consultation", "massage", "Massage "), "Massage"),
    "of two, the latest": (("Consultation", "Massage", "Massage", "Consultation"), "Consultation"),
    "no products": (("Foam roller", "Foam roller", "Massage"), "Massage"),
    "nothing but products": (("Foam roller",), None),
    "not in the price list": (("Something free", "Something free"), "Something free"),
}


def test_the_primary_service(project: Path, tmp_path: Path) -> None:
    listed = [
        (patient, f"{at}0{day}", day, name)
        for at, (patient, (names, _)) in enumerate(BILLED.items(), start=1)
        for day, name in enumerate(names, start=1)
    ]
    built = money(
        project,
        tmp_path,
        files={**CATALOGUE, **patients(BILLED)},
        invoices=[
            {"Patient ID": patient, "Invoice Number": number, "Issue Date": f"2026-07-0{day}"}
            for patient, number, day, _ in listed
        ],
        items=[{"Invoice Item ID": number, "Invoice Number": number, "Item": name} for _, number, _, name in listed],
    )
    found = {patient: person["Primary Service Type"] for patient, person in people(built).items()}
    assert found == {patient: primary for patient, (_, primary) in BILLED.items()}


def test_what_was_taken_back_or_void_was_not_billed(project: Path, tmp_path: Path) -> None:
    invoices = [{**DAYS[0]}, {**DAYS[1]}, {**DAYS[2], "archived_at": "2026-07-05"}]
    items = [*lines("Consultation", "Massage", "Massage")]
    items[1] = {**items[1], "Quantity": "-1", "Total": "-100"}
    built = money(project, tmp_path, invoices=invoices, items=items, files=CATALOGUE)
    assert peter(built)["Primary Service Type"] == "Consultation"


def test_every_service_is_a_choice_before_anybody_was_billed_for_it(project: Path, tmp_path: Path) -> None:
    built = money(project, tmp_path, invoices=DAYS, items=lines("Something else"), files=CATALOGUE)
    assert built.values("select value from nutshell.service_types order by value") == [
        "Consultation",
        "Massage",
        "Something else",
    ]


def test_a_choice_that_came_after_the_field_is_held_back_and_listed(project: Path, tmp_path: Path) -> None:
    there = [field_of_choices("Primary Service Type", "Consultation")]
    built = money(project, tmp_path, invoices=DAYS, items=lines("Massage"), files=CATALOGUE, also=there)
    assert peter(built)["Primary Service Type"] is None
    assert built.rows("select field, value, owner_id from nutshell.late_choices") == [
        {"field": "Primary Service Type", "value": "Massage", "owner_id": "1"}
    ]
    assert built.values("select value from nutshell.service_types") == ["Consultation"]


def test_a_choice_is_written_as_the_field_has_it(project: Path, tmp_path: Path) -> None:
    there = [field_of_choices("Primary Service Type", "MASSAGE")]
    built = money(project, tmp_path, invoices=DAYS, items=lines("Massage"), files=CATALOGUE, also=there)
    assert peter(built)["Primary Service Type"] == "MASSAGE"
