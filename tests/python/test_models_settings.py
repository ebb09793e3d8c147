"""Settings that change which objects and fields go to Twenty: each of their values, and what becomes of the records."""

from __future__ import annotations

import json
from dataclasses import dataclass

import pytest
from clinics import Built, build, copy_project, graph_of, write_exports

from shift.graph import staging_models
from shift.staging import StagingModel

PATIENTS = [{"Patient ID": "1", "First Name": "Peter", "Last Name": "Patientman"}]
NAMES = ("Follow-up", "Follow Up", "Follow up 2", "Massage, 30 min", "1:1 Pilates", "Rückenschule", "按摩")
TYPES = [{"ID": str(at), "Name": name} for at, name in enumerate(NAMES, start=1)]
VISITS = [
    {
        "Appointment ID": str(at),
        "PatientID(s)": "1",
        "Appointment Type": name,
        "Maximum Number of Patients": "1",
        "Practitioner": "Randy Savage",
        "Practitioner ID": "9",
        "Start Time": f"2026-07-0{at} 09:00:00 +1000",
        "End Time": f"2026-07-0{at} 09:30:00 +1000",
    }
    for at, name in enumerate((*NAMES, "massage, 30 MIN "), start=1)
]
INVOICES = [
    {"Invoice ID": "31", "Invoice Number": "101", "Issue Date": "2026-07-01", "Patient ID": "1"},
    {"Invoice ID": "32", "Invoice Number": "102", "Issue Date": "2026-07-01", "Patient ID": "1"},
]
LINES = [
    {"Invoice Item ID": "1", "Invoice ID": "31", "Item": "Consultation", "Quantity": "1.0", "Total": "90.0"},
    {"Invoice Item ID": "2", "Invoice ID": "31", "Item": "Tape", "Quantity": "1.5", "Total": "18.75"},
    {"Invoice Item ID": "3", "Invoice ID": "32", "Item": "Foam roller", "Quantity": "10", "Total": "400.0"},
]


@dataclass(frozen=True)
class Staged:
    """The clinic above under one choice of settings: its tables, and its staging models by object."""

    built: Built
    models: dict[str, StagingModel]


def staged(tmp_path_factory: pytest.TempPathFactory, **settings: str) -> Staged:
    variables = {"as_of": "2026-08-01 12:00:00 +1000", **settings}
    files = {
        "Patients-Cliniko-20260801.csv": PATIENTS,
        "Appointment types-Cliniko-20260801.csv": TYPES,
        "Appointments-Cliniko-20260801.csv": VISITS,
        "Invoices-Cliniko-20260801.csv": INVOICES,
        "Invoice items-Cliniko-20260801.csv": LINES,
    }
    project = copy_project(tmp_path_factory.mktemp("project"))
    built = build(project, write_exports(tmp_path_factory.mktemp("exports"), files), variables=variables)
    assert [broken for broken in built.broken if broken[1] != "warn"] == []
    models = staging_models(graph_of(project, json.dumps(variables)), built.connection)
    return Staged(built, {model.object: model for model in models})


@pytest.fixture(scope="module")
def as_objects(tmp_path_factory: pytest.TempPathFactory) -> Staged:
    return staged(tmp_path_factory, appointment_types="object", invoice_lines="object")


@pytest.fixture(scope="module")
def as_fields(tmp_path_factory: pytest.TempPathFactory) -> Staged:
    return staged(tmp_path_factory, appointment_types="picklist", invoice_lines="fields")


def test_appointment_types_as_records(as_objects: Staged) -> None:
    assert "appointmentType" in as_objects.models
    assert "appointmentTypeName" not in as_objects.models["task"].columns
    named = """
        select types.name
        from twenty.task
        join twenty.appointment_type as types on task.appointmentTypeId = types.id
        order by task.startAt
    """
    assert as_objects.built.values(named) == [*NAMES, "Massage, 30 min"]


def test_appointment_types_as_a_picklist(as_fields: Staged) -> None:
    task = as_fields.models["task"]
    assert "appointmentType" not in as_fields.models
    assert "appointmentTypeId" not in task.columns
    [field] = [field for field in task.fields if field.name == "appointmentTypeName"]
    assert field.type == "SELECT"
    assert {option.label: option.value for option in field.options} == {
        "Follow Up": "FOLLOW_UP",
        "Follow up 2": "FOLLOW_UP_2",
        "Follow-up": "FOLLOW_UP_3",
        "Massage / 30 min": "MASSAGE_30_MIN",
        "1:1 Pilates": "T_1_1_PILATES",
        "Rückenschule": "RUCKENSCHULE",
        "按摩": "OPTION_FD30EB5E",
    }
    labels = {option.value: option.label for option in field.options}
    chosen = as_fields.built.values("select appointmentTypeName from twenty.task order by startAt")
    wanted = [name.replace(",", " /") for name in (*NAMES, "Massage, 30 min")]
    assert [labels[value] for value in chosen] == wanted


@pytest.mark.parametrize("choice", ["as_objects", "as_fields"])
def test_an_invoice_always_tells_its_lines(choice: str, request: pytest.FixtureRequest) -> None:
    chosen: Staged = request.getfixturevalue(choice)
    told = "select lineSummary, productName, quantity::varchar as quantity from twenty.invoice order by name"
    assert chosen.built.rows(told) == [
        {"lineSummary": "1 × Consultation = 90.00\n1.5 × Tape = 18.75", "productName": None, "quantity": None},
        {"lineSummary": "10 × Foam roller = 400.00", "productName": "Foam roller", "quantity": "10.000000"},
    ]


def test_lines_as_records_hang_on_their_invoice(as_objects: Staged) -> None:
    parents = {parent.object for parent in as_objects.models["invoiceLineItem"].parents}
    assert parents == {"invoice", "product"}
    lines = """
        select invoices.name || ': ' || lines.name
        from twenty.invoice_line_item as lines
        join twenty.invoice as invoices on lines.invoiceId = invoices.id
        order by lines.sourceSystemId
    """
    assert as_objects.built.values(lines) == ["101: Consultation", "101: Tape", "102: Foam roller"]


def test_lines_as_fields_are_no_object(as_fields: Staged) -> None:
    assert "invoiceLineItem" not in as_fields.models
    assert "product" in as_fields.models
