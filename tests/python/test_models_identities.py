"""One key for one record, by whichever way it came: by exports without ids, by the API, by both, before or after."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from clinics import Built, Rows, build, graph_of, write_exports

from shift.sandbox.clinic import Form, make

SETTINGS = {"clinical_notes": "include", "fallback_owner": "front.desk@clinic.example"}
OBJECTS = {
    "company": "company",
    "person": "person",
    "appointmentType": "appointment_type",
    "task": "task",
    "taskTarget": "task_target",
    "note": "note",
    "noteTarget": "note_target",
    "product": "product",
    "invoice": "invoice",
    "invoiceLineItem": "invoice_line_item",
    "payment": "payment",
}
PATIENTS = [{"Patient ID": str(number), "First Name": "P", "Last Name": str(number)} for number in (1, 2, 3)]
FIRST, SECOND = "Appointments-Cliniko-20260701.csv", "Appointments-Cliniko-20260801.csv"
RANGED = "Appointments-Cliniko-20260801-From20260801-To20260831.csv"

Payloads = dict[str, dict[str, dict[str, Any]]]


# --- A whole clinic ---------------------------------------------------------------------------------------------------


def payloads(built: Built) -> Payloads:
    """What would go out, as far as it was built: object → id → payload, nulls left out."""
    found: Payloads = {}
    there = built.values("select table_name from information_schema.tables where table_schema = 'twenty'")
    for object, table in OBJECTS.items():
        if table not in there:
            continue
        columns = "select columns(lambda c: not starts_with(c, '_'))"
        query = f"select json_merge_patch('{{}}', to_json(_row))::varchar from ({columns} from twenty.{table}) as _row"
        rows = [json.loads(text) for text in built.values(query)]
        found[object] = {row["id"]: row for row in rows}
    return found


def loaded(built: Built) -> list[str]:
    """A statement that notes every staged record as loaded, as the ledger's mirror does."""
    keys = [
        (object, str(row.get("sourceSystemId", row["id"])))
        for object, rows in payloads(built).items()
        for row in rows.values()
    ]
    return remember(*keys)


def remember(*keys: tuple[str, str]) -> list[str]:
    values = ", ".join(
        "('{}', '{}', 'x', 'created')".format(*(text.replace("'", "''") for text in key)) for key in keys
    )
    return [f"insert into ledger.records (object, key, id, status) values {values}"] if keys else []


def changed_fields(before: Payloads, after: Payloads) -> set[tuple[str, str]]:
    """The fields that an update would send, of records that are in both."""
    return {
        (object, field)
        for object, rows in after.items()
        for id in rows.keys() & before[object].keys()
        for field in rows[id].keys() | before[object][id].keys()
        if rows[id].get(field) != before[object][id].get(field)
    }


@pytest.fixture(scope="module")
def by_form(project: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """One clinic in every form: exports that give no ids, the API, and both in one folder."""
    folder = tmp_path_factory.mktemp("forms")
    forms: tuple[Form, ...] = ("exports", "api", "both")
    for form in forms:
        make(folder / form, 60, seed=3, form=form, own_ids=False).database.unlink()
    return {form: folder / form for form in forms}


@pytest.fixture(scope="module")
def by_exports(project: Path, by_form: dict[str, Path]) -> Built:
    built = build(project, by_form["exports"], variables=SETTINGS)
    assert built.broken == []
    return built


# The API alone tells which visit a note and an invoice are of, and when a line was written. Of payments, credit,
# further addresses and the names of taxes it knows nothing.
MORE = {("note", "appointmentId"), ("invoice", "appointmentId")} | {
    ("invoiceLineItem", field) for field in ("createdAt", "clinikoCreatedAt", "clinikoUpdatedAt")
}
LESS = {("person", field) for field in ("accountCredit", "balanceDue", "lastPaymentAt", "mailingAddress2")} | {
    ("invoice", "outstandingAmount"),
    ("product", "taxName"),
}


@pytest.mark.parametrize(
    ("form", "changed"),
    [
        ("exports", set()),
        ("both", MORE),
        ("api", MORE | LESS),
    ],
)
def test_a_clinic_that_was_loaded_by_exports_without_ids_is_not_new_to_the_api(
    project: Path, by_form: dict[str, Path], by_exports: Built, form: str, changed: set[tuple[str, str]]
) -> None:
    before = payloads(by_exports)
    assert all(key.startswith("mark-") for key in by_exports.values("select attendance_id from cliniko.attendances"))
    after = build(project, by_form[form], variables=SETTINGS, before=loaded(by_exports))
    assert after.broken == []
    now = payloads(after)
    assert {object: rows.keys() - before[object].keys() for object, rows in now.items()} == {
        object: set() for object in OBJECTS
    }
    assert changed_fields(before, now) == changed
    assert after.values("select count(*) from cliniko.visit_identities where is_moved or is_unsure") == [0]


def test_a_clinic_that_was_loaded_by_the_api_keeps_its_ids(project: Path, by_form: dict[str, Path]) -> None:
    by_api = build(project, by_form["api"], variables=SETTINGS)
    assert by_api.broken == []
    before = payloads(by_api)
    both = payloads(build(project, by_form["both"], variables=SETTINGS, before=loaded(by_api)))
    new = {object: len(both[object].keys() - rows.keys()) for object, rows in before.items()}
    assert new == dict.fromkeys(OBJECTS, 0) | {"payment": len(both["payment"])}, "only exports have payments"

    # Exports alone cannot say which visit is which. That stands before the load: nothing is doubled in silence.
    visits = "+cliniko__visit_identities"
    alone = build(project, by_form["exports"], visits, variables=SETTINGS, before=loaded(by_api))
    assert alone.values("select count(*) from cliniko.visit_identities where not is_unsure") == [0]


# --- Visits -----------------------------------------------------------------------------------------------------------


def visit(day: str, **cells: str) -> dict[str, str]:
    """A row of an appointments export without an id: a visit of patient 1 to practitioner 9, at nine on that day."""
    return {
        "Start Time": f"{day} 09:00:00 +1000",
        "End Time": f"{day} 09:30:00 +1000",
        "Practitioner": "Randy Savage",
        "Practitioner ID": "9",
        "PatientID(s)": "1",
        "Appointment Type": "Initial Consultation",
        "Maximum Number of Patients": "1",
        "Created At": "2026-06-01 10:00:00 +1000",
        "Updated At": "2026-06-01 10:00:00 +1000",
    } | {name.replace("_", " "): cell for name, cell in cells.items()}


def api_visit(id: str, day: str, **cells: str) -> dict[str, str]:
    """The same by the API, which writes times in UTC."""
    return {
        "id": id,
        "starts_at": f"{day}T23:00:00Z",
        "ends_at": f"{day}T23:30:00Z",
        "practitioner_id": "9",
        "patient_id": "1",
        "created_at": "2026-06-01T00:00:00Z",
        "updated_at": "2026-07-20T00:00:00Z",
        "telehealth_url": "",
        "did_not_arrive": "",
    } | cells


def later(row: Mapping[str, str]) -> dict[str, str]:
    """The row, changed after the first export was made."""
    return {**row, "Updated At": "2026-07-20 10:00:00 +1000"}


def keys_of(built: Built) -> list[str]:
    return list(
        built.values("select attendance_id from cliniko.attendances order by starts_at, created_at, patient_id")
    )


def told(project: Path, folder: Path, files: Mapping[str, Rows], kept: Iterable[str] = ()) -> Built:
    """Build the visits of these files, where the ledger knows these keys."""
    exports = write_exports(folder, {"Patients-Cliniko-20260801.csv": PATIENTS, **files})
    before = remember(*(("task", key) for key in kept))
    built = build(project, exports, "+cliniko__attendances", before=before)
    assert built.broken == []
    return built


@pytest.fixture(scope="module")
def keys_before(project: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[Rows], list[str]]:
    """The keys of the visits that a first export tells, which is built once for all who begin with it."""
    known: dict[str, list[str]] = {}

    def keys(first: Rows) -> list[str]:
        told_first = json.dumps(first)
        if told_first not in known:
            known[told_first] = keys_of(told(project, tmp_path_factory.mktemp("first"), {FIRST: first}))
        return known[told_first]

    return keys


def doubtful(built: Built) -> list[str]:
    return list(built.values("select distinct key from cliniko.visit_identities where is_unsure order by key"))


MOVED: dict[str, tuple[Sequence[dict[str, str]], dict[str, Rows], list[int | None]]] = {
    # what the first export told; what is told later; which of the first each visit then is, by its start
    "nothing changed": ([visit("2026-08-03")], {SECOND: [visit("2026-08-03")]}, [0]),
    "to another day": ([visit("2026-08-03")], {SECOND: [later(visit("2026-08-05"))]}, [0]),
    "to another practitioner": (
        [visit("2026-08-03")],
        {SECOND: [later(visit("2026-08-03", Practitioner="Ada", Practitioner_ID="8"))]},
        [0],
    ),
    "to another day, told by the API": (
        [visit("2026-08-03")],
        {"individual_appointments.csv": [api_visit("77", "2026-08-04")]},
        [0],
    ),
    "one of a series": (
        [visit("2026-08-03"), visit("2026-08-10"), visit("2026-08-17")],
        {SECOND: [visit("2026-08-03"), later(visit("2026-08-12")), visit("2026-08-17")]},
        [0, 1, 2],
    ),
    "not moved, but one more": ([visit("2026-08-03")], {SECOND: [visit("2026-08-03"), visit("2026-08-10")]}, [0, None]),
    "not moved, but out of the range": (
        [visit("2026-07-27")],
        {RANGED: [later(visit("2026-08-03"))]},
        [None],
    ),
    "not moved, but by an hour out of the range": (
        [visit("2026-09-01")],
        {RANGED: [later(visit("2026-08-03"))]},
        [None],
    ),
    "not moved, but another booking": (
        [visit("2026-08-03")],
        {SECOND: [visit("2026-08-03"), visit("2026-08-05", Created_At="2026-07-20 10:00:00 +1000")]},
        [0, None],
    ),
    "cancelled, and booked again into the same slot": (
        [visit("2026-08-03", Cancellation_Time="2026-06-02 10:00:00 +1000")],
        {
            SECOND: [
                visit("2026-08-03", Cancellation_Time="2026-06-02 10:00:00 +1000"),
                visit("2026-08-03", Created_At="2026-07-20 10:00:00 +1000"),
            ]
        },
        [0, None],
    ),
    "told by another practitioner's name": (
        [visit("2026-08-03", Practitioner_ID="", Created_At="")],
        {
            "individual_appointments.csv": [api_visit("77", "2026-08-02")],
            "practitioners.csv": [{"id": "9", "first_name": "Randy", "last_name": "Savage", "label": "Randy Savage"}],
        },
        [0],
    ),
    "saved by a spreadsheet": (
        [visit("2026-08-03", Created_At="2026-06-01 10:00:31 +1000")],
        {SECOND: [visit("2026-08-03", Created_At="01/06/2026 10:00", Start_Time="03/08/2026 09:00", End_Time="")]},
        [0],
    ),
    "booked at a time that only one tells": (
        [visit("2026-08-03", Created_At="")],
        {SECOND: [visit("2026-08-03")]},
        [0],
    ),
}


@pytest.mark.parametrize("case", MOVED)
@pytest.mark.parametrize("older_file", ["there", "gone"])
def test_a_visit_without_an_id_is_known_again(
    project: Path, tmp_path: Path, keys_before: Callable[[Rows], list[str]], case: str, older_file: str
) -> None:
    first, files, expected = MOVED[case]
    before = keys_before(first)
    assert len(before) == len(first)
    folder = {FIRST: first, **files} if older_file == "there" else files
    built = told(project, tmp_path / "then", folder, before)
    now = keys_of(built)
    if case.endswith("out of the range") and older_file == "there":
        assert before[0] in now and len(now) == 2
    else:
        assert [before.index(key) if key in before else None for key in now] == expected
    assert doubtful(built) == []


def test_a_range_begins_when_the_day_does_in_the_clinic(
    project: Path, tmp_path: Path, keys_before: Callable[[Rows], list[str]]
) -> None:
    first = [visit("2026-08-01")]
    moved = {RANGED: [later(visit("2026-08-05"))]}
    built = told(project, tmp_path, {FIRST: first, **moved}, keys_before(first))
    assert keys_of(built) == keys_before(first)


UNSURE: dict[str, tuple[Sequence[dict[str, str]], dict[str, Rows]]] = {
    "two of a series moved": (
        [visit("2026-08-03"), visit("2026-08-10")],
        {SECOND: [later(visit("2026-08-04")), later(visit("2026-08-11"))]},
    ),
    "moved, and nobody tells when it was booked": (
        [visit("2026-08-03", Created_At="")],
        {SECOND: [later(visit("2026-08-05", Created_At=""))]},
    ),
}


@pytest.mark.parametrize("case", UNSURE)
@pytest.mark.parametrize("older_file", ["there", "gone"])
def test_a_visit_that_may_be_known_stands_before_the_load(
    project: Path, tmp_path: Path, keys_before: Callable[[Rows], list[str]], case: str, older_file: str
) -> None:
    first, files = UNSURE[case]
    before = keys_before(first)
    built = told(project, tmp_path / "then", {FIRST: first, **files} if older_file == "there" else files, before)
    assert len(doubtful(built)) == len(files[SECOND])
    assert not set(doubtful(built)) & set(before)


def test_a_visit_that_is_gone_hides_none_of_another_patient(project: Path, tmp_path: Path) -> None:
    before = keys_of(told(project, tmp_path / "first", {FIRST: [visit("2026-08-03")]}))
    other = {**visit("2026-08-05"), "PatientID(s)": "2"}
    built = told(project, tmp_path / "then", {SECOND: [other]}, before)
    assert doubtful(built) == [] and set(keys_of(built)).isdisjoint(before)


def test_a_class_that_grows_is_the_same_visit_for_those_who_were_in_it(project: Path, tmp_path: Path) -> None:
    group = {**visit("2026-08-03"), "Maximum Number of Patients": "8"}
    before = keys_of(told(project, tmp_path / "first", {FIRST: [{**group, "PatientID(s)": "1, 2"}]}))
    grown = {SECOND: [later({**group, "PatientID(s)": "1, 2, 3"})]}
    built = told(project, tmp_path / "then", grown, before)
    assert keys_of(built)[:2] == before and len(keys_of(built)) == 3
    assert doubtful(built) == []

    # All of them move with it.
    moved = {SECOND: [later({**visit("2026-08-04"), "Maximum Number of Patients": "8", "PatientID(s)": "1, 2"})]}
    assert keys_of(told(project, tmp_path / "moved", moved, before)) == before


def test_of_two_ids_in_one_slot_one_is_the_visit_that_was_loaded(project: Path, tmp_path: Path) -> None:
    before = keys_of(told(project, tmp_path / "first", {FIRST: [visit("2026-08-03", Created_At="")]}))
    files = {"individual_appointments.csv": [api_visit("77", "2026-08-02"), api_visit("78", "2026-08-02")]}
    now = keys_of(told(project, tmp_path / "then", files, before))
    assert sorted(now) == sorted([*before, "78-1"])


def test_the_ids_of_the_api_outlive_an_export_without_any(project: Path, tmp_path: Path) -> None:
    api = {"individual_appointments.csv": [api_visit("77", "2026-08-02")]}
    export = {SECOND: [visit("2026-08-03")]}
    assert keys_of(told(project, tmp_path / "both", {**api, **export}, ["77-1"])) == ["77-1"]
    alone = told(project, tmp_path / "alone", export, ["77-1"])
    assert doubtful(alone) == keys_of(alone)


# --- What hangs on names and numbers ----------------------------------------------------------------------------------


def told_again(
    project: Path, folder: Path, first: Mapping[str, Rows], then: Mapping[str, Rows], *tables: str, order: str = "all"
) -> list[tuple[list[str], list[str]]]:
    """The keys in each staging table by the first files, and by the others once those were loaded."""
    people = {"Patients-Cliniko-20260801.csv": PATIENTS}
    chosen = [f"+twenty__{table}" for table in tables]
    before = build(project, write_exports(folder / "first", {**people, **first}), *chosen, variables=SETTINGS)
    kept = loaded(before)
    exports = write_exports(folder / "then", {**people, **then})
    after = build(project, exports, *chosen, variables=SETTINGS, before=kept)
    assert [one for one in before.broken + after.broken if one[1] != "warn"] == []
    queries = [f"select sourceSystemId from twenty.{table} order by {order}" for table in tables]
    return [(before.values(query), after.values(query)) for query in queries]


def test_a_type_that_came_by_name_keeps_its_key_and_its_namesake_has_its_own(project: Path, tmp_path: Path) -> None:
    types = [
        {"id": "104", "name": "Initial consultation", "duration_in_minutes": "30"},
        {"id": "99", "name": "Initial Consultation", "duration_in_minutes": "45"},
    ]
    [(before, after)] = told_again(
        project,
        tmp_path,
        {FIRST: [visit("2026-08-03")]},
        {FIRST: [visit("2026-08-03")], "appointment_types.csv": types},
        "appointment_type",
        order="durationMinutes",
    )
    assert before == ["name:initial consultation"]
    assert after == ["104", "name:initial consultation"], "the older of the two is the one that was loaded"


CONTACTS: list[dict[str, str]] = [
    {
        "Type": "Doctor",
        "First Name": "Wei",
        "Last Name": "Chen",
        "Company Name": "Northside Medical",
        "City": "Geelong",
    },
    {"Type": "Doctor", "First Name": "Ada", "Last Name": "Rao", "Company Name": "northside medical", "City": "Geelong"},
    {"Type": "Doctor", "First Name": "Wei", "Last Name": "Chen", "Company Name": "Northside Medical", "City": "Moe"},
]


@pytest.mark.parametrize("older_file", ["there", "gone"])
def test_a_company_that_came_by_name_keeps_its_key(project: Path, tmp_path: Path, older_file: str) -> None:
    by_name = {"Contacts-Cliniko-20260701.csv": CONTACTS}
    by_id = {
        "Contacts-Cliniko-20260801.csv": [{**row, "Contact ID": str(70 + at)} for at, row in enumerate(CONTACTS)],
    }
    then = {**by_name, **by_id} if older_file == "there" else by_id
    [(before, after)] = told_again(project, tmp_path, by_name, then, "company")
    assert before == after == ["name:northside medical, geelong", "name:northside medical, moe"]


INVOICES = [
    {"Invoice Number": f"10{at}", "Issue Date": "2026-07-01", "Patient ID": "1", "Invoice Amount": "30.0"}
    for at in (1, 2)
]
LINES = [
    {"Invoice Number": "101", "Item": "Tape", "Quantity": "1", "Total": "10.0", "Unit Price": "10.0"},
    {"Invoice Number": "101", "Item": "tape ", "Quantity": "2", "Total": "20.0", "Unit Price": "10.0"},
    {"Invoice Number": "102", "Item": "Tape", "Quantity": "3", "Total": "30.0", "Unit Price": "10.0"},
]
PAYMENTS = [
    {"Payment Date": "2026-07-02", "Patient ID": "1", "Amount": "15.0", "Invoices": "101", "Card": "15.0"},
    {"Payment Date": "2026-07-02", "Patient ID": "1", "Amount": "15.0", "Invoices": "101", "Card": "15.0"},
    {"Payment Date": "2026-07-02", "Patient ID": "1", "Amount": "30.0", "Invoices": "102", "Card": "30.0"},
]


@pytest.mark.parametrize("older_file", ["there", "gone"])
def test_money_that_came_without_ids_keeps_its_keys(project: Path, tmp_path: Path, older_file: str) -> None:
    first = {
        "Invoices-Cliniko-20260701.csv": INVOICES,
        "Invoice items-Cliniko-20260701.csv": LINES,
        "Payments-Cliniko-20260701.csv": PAYMENTS,
    }
    of_number = {row["Invoice Number"]: str(at) for at, row in enumerate(INVOICES, 543)}
    then = {
        "Invoices-Cliniko-20260801.csv": [{**row, "Invoice ID": of_number[row["Invoice Number"]]} for row in INVOICES],
        # The second line was corrected since.
        "Invoice items-Cliniko-20260801.csv": [
            {**row, "Invoice ID": of_number[row["Invoice Number"]], "Invoice Number": "", "Invoice Item ID": str(at)}
            | ({"Quantity": "2.5", "Total": "25.0"} if at == 81 else {})
            for at, row in enumerate(LINES, 80)
        ],
        # A spreadsheet was there: another order, another way to write a day.
        "Payments-Cliniko-20260801.csv": [
            {**row, "Payment Date": "02/07/2026", "Payment ID": str(at)}
            for at, row in enumerate(reversed(PAYMENTS), 90)
        ],
    }
    told_then = {**first, **then} if older_file == "there" else then
    keys = told_again(project, tmp_path, first, told_then, "invoice", "invoice_line_item", "payment")
    assert [len(before) for before, _ in keys] == [2, 3, 3]
    assert [after for _, after in keys] == [before for before, _ in keys]


def test_without_a_ledger_the_id_is_the_key(project: Path, tmp_path: Path) -> None:
    """Both forms in one folder before anything was loaded: the API's ids are the keys, and nothing is there twice."""
    files = {
        "Patients-Cliniko-20260801.csv": PATIENTS,
        "Invoices-Cliniko-20260701.csv": INVOICES[:1],
        "Invoice items-Cliniko-20260701.csv": LINES[:1],
        "invoices.csv": [
            {"id": "543", "number": "101", "issue_date": "2026-07-01", "patient_id": "1", "total_amount": "30.0"}
        ],
        "invoice_items.csv": [
            {"id": "80", "invoice_id": "543", "name": "Tape", "quantity": "1.0", "total_including_tax": "10.0"}
        ],
    }
    built = build(project, write_exports(tmp_path, files), variables=SETTINGS)
    assert built.values("select sourceSystemId from twenty.invoice") == ["543"]
    assert built.values("select sourceSystemId from twenty.invoice_line_item") == ["80"]


def test_numbers_stand_before_a_load_where_the_crm_knows_ids(project: Path, tmp_path: Path) -> None:
    files = {
        "Patients-Cliniko-20260801.csv": PATIENTS,
        "Invoices-Cliniko-20260801.csv": INVOICES,
        "Payments-Cliniko-20260801.csv": PAYMENTS[:1],
    }
    finding = graph_of(project, json.dumps(SETTINGS)).tests["records_told_without_their_ids"]
    chosen = [f"+{model}" for model in finding.refs]
    cases: list[tuple[list[tuple[str, str]], list[str]]] = [
        ([("invoice", "543")], ["number:101", "number:102"]),
        ([("invoice", "number:101")], []),
        ([("payment", "51-543")], ["payment"]),
        ([], []),
    ]
    for keys, found in cases:
        built = build(project, write_exports(tmp_path, files), *chosen, variables=SETTINGS, before=remember(*keys))
        assert [key.split("-")[0] for key in built.values(f"select key from ({finding.sql}) order by key")] == found
