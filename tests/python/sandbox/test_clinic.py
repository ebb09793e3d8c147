"""The synthetic clinic: that its files hold the dirt they promise, and that its truth is what a careful reader of the
files finds in them. The reader here is Python's own csv; it shares nothing with the SQL that wrote them."""

from __future__ import annotations

import csv
import html
import json
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
import phonenumbers
import pytest
from click.testing import CliRunner
from email_validator import EmailNotValidError, validate_email

from shift.commands.synth import command
from shift.sandbox import clinic
from shift.sandbox.clinic import Truth, make

Row = dict[str, str]

MELBOURNE = ZoneInfo("Australia/Melbourne")
PATIENTS = "Patients-Cliniko-20260801.csv"
APPOINTMENTS = "Appointments-Cliniko-20260801.csv"
CONTRACTS = Path(__file__).parents[1] / "contracts" / "cliniko"

# contracts/cliniko/exports.yml: exact, June 2025
PATIENT_HEADER = """
Patient ID|Title|First Name|Last Name|Preferred First Name|Date of Birth|Sex|Email|PhoneMobile|PhoneHome|PhoneWork|
PhoneFax|PhoneOther|Address1|Address2|Address3|Time Zone|City|State|Post code|Country|Occupation|Emergency Contact|
Medicare Number|Referral Type|Referral Type Subcategory|Referral Extra Information|Referring Doctor|Reference Number|
Created At|Updated At|Next Appointment|Last Appointment|Birth Month|Last Practitioner Seen|Last Business Visited|
Business Id|Unapplied Account Credit|Medical Alerts|Extra Information|Reminder Type|Invoice To|Invoice Email|
Invoice Extra Info|Concession Type|Unsubscribed SMS marketing|First Appointment|First Practitioner Seen|
Accepted Privacy Policy|Gender Identity|Pronouns|Gender (this field has been replaced)|Appointment Notes|
Medicare Reference Number|Accepts email marketing|Opening balance|Account Balance|Mobile Phones|Home Phones|Work Phones|
Fax Phones|Other Phones|Receives Confirmation Emails|DVA card number|Follow-up Messages
""".replace("\n", "").split("|")


@pytest.fixture(scope="module")
def truth(tmp_path_factory: pytest.TempPathFactory) -> Truth:
    return make(tmp_path_factory.mktemp("clinic"), patients=500, seed=1)


def read(truth: Truth, file: str) -> list[Row]:
    with (truth.database.parent / file).open(encoding="utf-8-sig", newline="") as stream:
        return list(csv.DictReader(stream, strict=True))


def table(truth: Truth, name: str) -> list[dict[str, Any]]:
    with duckdb.connect(str(truth.database), read_only=True) as connection:
        result = connection.execute(f"from {name}")
        columns = [column[0] for column in result.description]
        return [dict(zip(columns, row, strict=True)) for row in result.fetchall()]


def bare(guarded: str) -> str:
    return guarded.removeprefix('="').removesuffix('"')


def instant(written: str) -> datetime:
    return datetime.strptime(written, "%Y-%m-%d %H:%M:%S %z")


def utc(written: str) -> str:
    return instant(written).astimezone(ZoneInfo("UTC")).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def written(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.suffix != ".duckdb"
    }


# --- The same clinic, always -------------------------------------------------------------------------------------


def test_a_seed_is_one_clinic_and_another_seed_another(tmp_path: Path) -> None:
    first, again, other = (make(tmp_path / name, 60, seed) for name, seed in [("a", 1), ("b", 1), ("c", 2)])
    assert written(first.database.parent) == written(again.database.parent)
    assert written(first.database.parent)[PATIENTS] != written(other.database.parent)[PATIENTS]


def test_the_number_of_threads_changes_nothing() -> None:
    def told(threads: int) -> list[Any]:
        with duckdb.connect(config={"threads": threads}) as connection:
            clinic.happen(
                connection, seed=3, patients=400, practitioners=7, appointments=150_000, notes=2000, invoices=2000
            )
            return [
                connection.execute(f"select count(*), bit_xor(hash(r)), sum(hash(r)) from {name} as r").fetchall()
                for name in ("patient_records", "appointment_records", "treatment_notes", "allocated", "payments")
            ]

    assert told(1) == told(4)


@pytest.mark.parametrize("patients", [1, 2, 7, 30])
def test_a_small_clinic_is_whole(tmp_path: Path, patients: int) -> None:
    truth = make(tmp_path, patients)
    assert len(read(truth, PATIENTS)) == patients == truth.objects["patients"]
    assert len(read(truth, APPOINTMENTS)) == 5 * patients


def test_counts_can_be_asked_for(tmp_path: Path) -> None:
    truth = make(tmp_path, 50, appointments=900, notes=20, invoices=30)
    assert truth.files[APPOINTMENTS] == 900
    assert (truth.objects["treatment_notes"], truth.objects["invoices"]) == (20, 30)


def test_an_earlier_clinic_is_replaced_whole(tmp_path: Path) -> None:
    make(tmp_path / "used", 90, seed=1)
    make(tmp_path / "used", 45, seed=2)
    make(tmp_path / "fresh", 45, seed=2)
    assert written(tmp_path / "used") == written(tmp_path / "fresh")


def test_the_api_tells_the_same_clinic(tmp_path: Path) -> None:
    """Its files have the columns of contracts/cliniko/exports.yml (api_csv), and as many records as there are."""
    truth = make(tmp_path, 90, form="both")
    columns = json.loads((CONTRACTS / "api_csv.json").read_text(encoding="utf-8"))
    records = {}
    for file in (file for file in truth.files if file.startswith("api/")):
        kind = file.removeprefix("api/").removesuffix("-Cliniko-20260801.csv").lower().replace(" ", "_")
        rows = read(truth, file)
        assert list(rows[0]) == columns[kind], kind
        assert len({row["id"] for row in rows}) == len(rows) == truth.files[file]
        records[kind] = len(rows)
    alike = ("patients", "contacts", "treatment_notes", "invoices", "invoice_items", "products", "appointment_types")
    assert {kind: records[kind] for kind in alike} == {kind: truth.objects[kind] for kind in alike}
    assert records["individual_appointments"] + records["group_appointments"] == truth.objects["appointments"]
    assert records["attendees"] == truth.objects["attendances"]
    assert "payments" not in records

    visits = {row["Appointment ID"]: row for row in read(truth, APPOINTMENTS)}
    for row in read(truth, "api/Individual appointments-Cliniko-20260801.csv"):
        visit = visits[row["id"]]
        assert datetime.fromisoformat(row["starts_at"]) == instant(visit["Start Time"])
        assert (row["patient_id"], row["practitioner_id"]) == (visit["PatientID(s)"], visit["Practitioner ID"])


def test_exports_may_give_no_ids_of_their_own(tmp_path: Path) -> None:
    truth = make(tmp_path, 20, own_ids=False)
    assert not {"Appointment ID", "Invoice ID"} & read(truth, APPOINTMENTS)[0].keys()
    assert "Invoice ID" not in read(truth, "Invoices-Cliniko-20260801.csv")[0]
    assert not {"Invoice ID", "Invoice Item ID"} & read(truth, "Invoice items-Cliniko-20260801.csv")[0].keys()
    assert "Payment ID" not in read(truth, "Payments-Cliniko-20260801.csv")[0]


def test_another_form_takes_the_place_of_the_first(tmp_path: Path) -> None:
    make(tmp_path / "used", 20, form="both")
    make(tmp_path / "used", 20, form="api")
    make(tmp_path / "fresh", 20, form="api")
    assert written(tmp_path / "used") == written(tmp_path / "fresh")


def test_exports_of_a_real_clinic_are_left_alone(tmp_path: Path) -> None:
    real = tmp_path / "Patients-Cliniko-20260801.csv"
    real.write_text("Patient ID\n1\n")
    result = CliRunner().invoke(command, ["--out", str(tmp_path)])
    assert result.exit_code != 0 and "not of a synthetic clinic" in result.output
    assert real.read_text() == "Patient ID\n1\n"


def test_the_command_says_what_it_wrote(tmp_path: Path) -> None:
    result = CliRunner().invoke(command, ["--patients", "5", "--seed", "9", "--out", str(tmp_path / "out put")])
    assert result.exit_code == 0, result.output
    assert "5  Patients-Cliniko-20260801.csv" in result.output
    assert (tmp_path / "out put" / "truth.duckdb").exists()


# --- The files ---------------------------------------------------------------------------------------------------


def test_the_patients_header_is_the_real_one(truth: Truth) -> None:
    header = list(read(truth, PATIENTS)[0])
    assert header[:65] == PATIENT_HEADER
    assert header[65:] == ["Health Fund", "Member Number", "Consent Form Signed", "Shoe Size"]


def test_every_file_has_the_rows_it_says(truth: Truth) -> None:
    names = {path for path in written(truth.database.parent) if path.endswith(".csv")}
    assert {file: len(read(truth, file)) for file in names} == truth.files


def test_the_size_of_the_small_clinic(truth: Truth) -> None:
    others = ("attendances", "treatment_notes", "invoices", "invoice_items", "payments")
    assert 7500 < sum(truth.objects[name] for name in others) < 10_000


@pytest.mark.parametrize("file", [PATIENTS, APPOINTMENTS, "Treatment notes-Cliniko-20260801.csv"])
def test_the_dialect_is_clinikos(truth: Truth, file: str) -> None:
    raw = (truth.database.parent / file).read_bytes()
    assert not raw.startswith(b"\xef\xbb\xbf") and raw.endswith(b"\n") and b"\r\n" not in raw.split(b"\n", 1)[0]


def test_one_extract_went_through_a_spreadsheet(truth: Truth) -> None:
    raw = (truth.database.parent / clinic.RESAVED).read_bytes()
    assert raw.startswith(b"\xef\xbb\xbf") and raw.endswith(b"\r\n")
    rows = read(truth, clinic.RESAVED)
    assert all(re.fullmatch(r"\d\d/\d\d/\d{4} \d\d:\d\d", row["Start Time"]) for row in rows)
    assert {row["Did Not Arrive"] for row in rows} <= {"TRUE", "FALSE"}


def test_older_extracts_differ_where_the_record_was_changed_since(truth: Truth) -> None:
    newest = {bare(row["Patient ID"]): row for row in read(truth, PATIENTS)}
    older = read(truth, "Patients-Cliniko-20260715-From20260101-To20260714.csv")
    changed = [row for row in older if row["Updated At"] != newest[row["Patient ID"]]["Updated At"]]
    assert 0 < len(changed) < len(older)
    assert all(instant(row["Updated At"]) < instant(newest[row["Patient ID"]]["Updated At"]) for row in changed)
    appointments = {row["Appointment ID"]: row for row in read(truth, APPOINTMENTS)}
    resaved = read(truth, clinic.RESAVED)
    assert {row["Appointment ID"] for row in resaved} <= set(appointments)
    assert any(
        appointments[row["Appointment ID"]]["Cancellation Time"] and not row["Cancellation Time"] for row in resaved
    )


def patient_dirt(rows: list[Row]) -> Iterator[tuple[str, int]]:
    by_email = Counter(row["Email"].strip().lower() for row in rows if row["Email"].strip())
    by_mobile = Counter(re.sub(r"\D", "", row["PhoneMobile"])[-9:] for row in rows if row["PhoneMobile"])
    people = Counter((row["First Name"].strip(), row["Last Name"].strip(), row["Date of Birth"]) for row in rows)
    names = Counter((row["First Name"].strip(), row["Last Name"].strip()) for row in rows)
    text = "\n".join("\n".join(row.values()) for row in rows)
    yield "no e-mail", sum(not row["Email"] for row in rows)
    yield "shared e-mail", sum(count for count in by_email.values() if count > 1)
    yield "shared mobile", sum(count for count in by_mobile.values() if count > 1)
    yield "e-mail with blanks", sum(row["Email"] != row["Email"].strip() for row in rows)
    yield "e-mail in upper case", sum(row["Email"].isupper() for row in rows)
    yield "guarded ids", sum(row["Patient ID"].startswith('="') for row in rows)
    yield "bare ids", sum(row["Patient ID"].isdigit() for row in rows)
    yield "entered twice", sum(count > 1 for count in people.values())
    yield "two of one name", sum(count > 1 for count in names.values())
    yield "names with blanks", sum(row["First Name"] != row["First Name"].strip() for row in rows)
    yield "dates as DD/MM/YYYY", sum("/" in row["Date of Birth"] for row in rows)
    yield "month 13 or more", sum(bool(re.match(r"\d{4}-(1[3-9]|[23]\d)", row["Date of Birth"])) for row in rows)
    for script in ("CJK UNIFIED", "ARABIC", "HEBREW", "CYRILLIC", "GREEK", "DEVANAGARI", "THAI", "HANGUL", "HIRAGANA"):
        yield script, sum(_script(letter) == script for letter in text)
    for trap in ('"', "\n", "\r\n", "\t", "=1+1", "drop table", "🦵", "<script>", "\u200b"):
        yield repr(trap), text.count(trap)


def _script(letter: str) -> str:
    words = unicodedata.name(letter, "").split()
    return " ".join(words[: 2 if words[:1] == ["CJK"] else 1])


def test_patients_are_as_dirty_as_real_ones(truth: Truth) -> None:
    found = dict(patient_dirt(read(truth, PATIENTS)))
    assert [name for name, count in found.items() if not count] == []
    assert 0.25 < found["no e-mail"] / 500 < 0.42
    assert 0.06 < found["shared e-mail"] / 500 < 0.15


def test_ids_have_both_lengths(truth: Truth) -> None:
    lengths = {len(bare(row["Patient ID"])) for row in read(truth, PATIENTS)}
    assert lengths & {7, 8, 9} and lengths & {18, 19} and lengths <= {7, 8, 9, 18, 19}


@pytest.mark.parametrize("kind", ["Appointment ID", "Patient ID", "Invoice ID", "Payment ID", "ID"])
def test_no_id_is_given_twice(truth: Truth, kind: str) -> None:
    for file in truth.files:
        rows = read(truth, file)
        if rows and next(iter(rows[0])) == kind and "addresses" not in file and "custom" not in file:
            assert [id for id, count in Counter(row[kind] for row in rows).items() if count > 1] == []


def test_appointments_have_every_kind_of_row(truth: Truth) -> None:
    rows = read(truth, APPOINTMENTS)
    assert sum(", " in row["PatientID(s)"] for row in rows) > 20
    assert sum(row["Maximum Number of Patients"] == "0" and not row["PatientID(s)"] for row in rows) > 20
    assert sum(instant(row["Start Time"]).date() == date(2026, 8, 1) for row in rows) >= 20
    assert {row["Start Time"][-5:] for row in rows} == {"+1000", "+1100"}


# --- The truth, against a careful reading of the files -----------------------------------------------------------


def test_as_of_is_the_newest_event_of_the_export_day(truth: Truth) -> None:
    stamps = [
        instant(row[column])
        for file in truth.files
        if "20260801" in file
        for row in read(truth, file)
        for column in ("Created At", "Updated At")
        if row.get(column)
    ]
    assert utc(max(stamps).strftime("%Y-%m-%d %H:%M:%S %z")) == truth.as_of == "2026-08-01T01:47:00.000Z"


@pytest.mark.parametrize("file", [PATIENTS, APPOINTMENTS, "Invoices-Cliniko-20260801.csv"])
def test_offsets_are_melbournes(truth: Truth, file: str) -> None:
    for row in read(truth, file):
        for value in row.values():
            if re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d [+-]\d{4}", value):
                assert instant(value).utcoffset() == instant(value).astimezone(MELBOURNE).utcoffset()


def birth_date(written: str) -> date | None:
    for form in ("%Y-%m-%d", "%d/%m/%Y"):
        try:
            return datetime.strptime(written, form).date()
        except ValueError:
            continue
    return None


def valid_email(written: str) -> str | None:
    try:
        return validate_email(written.strip(), check_deliverability=False).normalized.lower()
    except EmailNotValidError:
        return None


def e164(written: str) -> str | None:
    try:
        number = phonenumbers.parse(written, "AU")
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number(number):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def test_patients(truth: Truth) -> None:
    rows = {bare(row["Patient ID"]): row for row in read(truth, PATIENTS)}
    patients = {patient["patient_id"]: patient for patient in table(truth, "patients")}
    assert set(rows) == set(patients)
    for id, row in rows.items():
        patient = patients[id]
        assert patient["first_name"] == row["First Name"].strip()
        assert patient["last_name"] == row["Last Name"].strip()
        assert patient["birth_date"] == birth_date(row["Date of Birth"])
        assert patient["email"] == valid_email(row["Email"])
        assert patient["email_marketing"] == (row["Accepts email marketing"] == "true")
        assert patient["sms_marketing"] == (row["Unsubscribed SMS marketing"] == "false")
        assert patient["account_credit"] == Decimal(row["Unapplied Account Credit"] or 0)
        assert (patient["created_at"], patient["updated_at"]) == (utc(row["Created At"]), utc(row["Updated At"]))
        for kind in ("Mobile", "Home", "Work", "Fax", "Other"):
            written = [number.strip() for number in row[f"{kind} Phones"].split(", ") if number]
            assert [phone["as_written"] for phone in patient["phones"] if phone["kind"] == kind] == written
            assert written[:1] == [row[f"Phone{kind}"].strip()] or not row[f"Phone{kind}"]
        for phone in patient["phones"]:
            assert phone["e164"] == e164(phone["as_written"]), phone


def test_a_shared_email_is_the_oldest_patients(truth: Truth) -> None:
    claims = defaultdict(list)
    for row in read(truth, PATIENTS):
        if email := valid_email(row["Email"]):
            claims[email].append((instant(row["Created At"]), int(bare(row["Patient ID"]))))
    holders = {patient["patient_id"]: patient["email_holder"] for patient in table(truth, "patients")}
    for claimants in claims.values():
        assert {holders[str(id)] for _, id in claimants} == {str(min(claimants)[1])}
    ties = [claimants for claimants in claims.values() if len(claimants) > len({made for made, _ in claimants})]
    assert ties, "no two patients of one address were entered together"


def test_home_addresses(truth: Truth) -> None:
    extra = {row["Patient ID"]: row for row in read(truth, "Patient addresses-Cliniko-20260801.csv")}
    inline = {bare(row["Patient ID"]): row for row in read(truth, PATIENTS)}
    for patient in table(truth, "patients"):
        id = patient["patient_id"]
        row = inline[id] if inline[id]["Address1"] else extra.get(id)
        assert (patient["home_address"] is None) == (row is None)
        if row is not None:
            assert patient["home_address"]["address_1"] == row["Address1"]
            assert patient["home_address"]["post_code"] == row["Post code"]
        assert (patient["second_address"] is not None) == (bool(inline[id]["Address1"]) and id in extra)


def status(row: Row, now: datetime) -> str:
    if row["Cancellation Time"]:
        return "Cancelled"
    if row["Did Not Arrive"] == "true":
        return "No Show"
    if instant(row["End Time"]) < now:
        return "Completed"
    if row["Patient Arrived"] == "true":
        return "In Progress" if instant(row["Start Time"]) <= now else "Arrived"
    return "Awaiting"


def test_attendances_and_their_status(truth: Truth) -> None:
    now = datetime.fromisoformat(truth.as_of)
    expected = {
        (row["Appointment ID"], id): (status(row, now), utc(row["Start Time"]), utc(row["End Time"]))
        for row in read(truth, APPOINTMENTS)
        for id in re.findall(r"\d+", row["PatientID(s)"])
    }
    found = {
        (row["appointment_id"], row["patient_id"]): (row["status"], row["starts_at"], row["ends_at"])
        for row in table(truth, "attendances")
    }
    assert found == expected
    assert {state for state, *_ in found.values()} == {
        "Cancelled", "No Show", "Completed", "In Progress", "Arrived", "Awaiting",
    }  # fmt: skip


def answers(content: str) -> Iterator[tuple[str | None, str, str]]:
    """Section, question and plain text of each answered question; what was chosen one under the other."""
    for section in json.loads(content)["sections"] if content else []:
        for question in section["questions"]:
            chosen = [answer["value"] for answer in question.get("answers", []) if answer.get("selected")]
            if question.get("other", {}).get("selected"):
                chosen.append(question["other"]["value"])
            text = question.get("answer", "\n".join(chosen))
            if question["type"] == "paragraph":
                text = html.unescape(re.sub(r"<[^>]+>", "\n", text))
            if text:
                yield section.get("name"), question["name"], text


def test_the_answers_of_notes(truth: Truth) -> None:
    notes = {note["note_id"]: note for note in table(truth, "treatment_notes")}
    kinds = set()
    rows = read(truth, "Treatment notes-Cliniko-20260801.csv")
    for row in rows:
        told = notes[row["ID"]]["answers"]
        read_here = list(answers(row["Content JSON"]))
        assert [(answer["section"], answer["question"]) for answer in told] == [pair[:2] for pair in read_here]
        for answer, (_, _, text) in zip(told, read_here, strict=True):
            assert [part.strip() for part in text.split("\n") if part.strip()] == answer["texts"]
        assert notes[row["ID"]]["draft"] == (row["Draft"] == "true") == (not row["Finalized At"])
        kinds |= set(re.findall(r'"type":"(\w+)"', row["Content JSON"]))
    assert kinds == {"text", "paragraph", "date", "radiobuttons", "checkboxes", "bodycharts"}
    assert {"true", "false"} == {row["Draft"] for row in rows}
    assert any(not row["Content JSON"] for row in rows)


def test_money_adds_up(truth: Truth) -> None:
    invoices = {row["Invoice ID"]: row for row in read(truth, "Invoices-Cliniko-20260801.csv")}
    items: defaultdict[str, Decimal] = defaultdict(Decimal)
    for row in read(truth, "Invoice items-Cliniko-20260801.csv"):
        items[row["Invoice ID"]] += Decimal(row["Total"])
    paid: defaultdict[str | None, Decimal] = defaultdict(Decimal)
    for share in table(truth, "allocations"):
        paid[share["invoice_id"]] += share["amount"]
    for id, row in invoices.items():
        assert Decimal(row["Invoice Amount"]) == items[id]
        assert Decimal(row["Net Amount"]) + Decimal(row["Tax Amount"]) == Decimal(row["Invoice Amount"])
        assert Decimal(row["Amount Outstanding"]) == Decimal(row["Invoice Amount"]) - paid[id]
        assert (row["Status"] == "Open") == (Decimal(row["Amount Outstanding"]) > 0)
    assert {row["Status"] for row in invoices.values()} == {"Open", "Paid", "Closed", "Open credit"}


METHODS = ("HICAPS", "Card", "EFTPOS", "Cash", "Medicare", "Cheque", "Direct Deposit")


def test_payments_go_to_the_oldest_invoice_first(truth: Truth) -> None:
    invoices = {row["Invoice Number"]: row for row in read(truth, "Invoices-Cliniko-20260801.csv")}
    allocated: defaultdict[str, dict[str | None, Decimal]] = defaultdict(dict)
    for told in table(truth, "allocations"):
        allocated[told["payment_id"]][told["invoice_id"]] = told["amount"]
    several = 0
    for row in read(truth, "Payments-Cliniko-20260801.csv"):
        amount = Decimal(row["Amount"])
        assert sum(Decimal(row[method]) for method in METHODS) == amount
        parts = allocated[row["Payment ID"]]
        assert sum(parts.values()) == amount
        named = sorted((invoices[number] for number in row["Invoices"].split(", ") if number), key=oldest)
        assert {invoice["Invoice ID"] for invoice in named} == set(parts) - {None}
        if len(named) > 1:
            several += 1
            for invoice in named:
                share = min(amount, Decimal(invoice["Invoice Amount"]))
                assert parts[invoice["Invoice ID"]] == share
                amount -= share
            assert parts.get(None, Decimal(0)) == amount
    assert several > 10
    assert any(sum(parts.values()) < 0 for parts in allocated.values()), "no refund"
    assert any(set(parts) == {None} for parts in allocated.values()), "nothing paid ahead"


def oldest(invoice: Row) -> tuple[str, int]:
    return invoice["Issue Date"], int(invoice["Invoice Number"])


def test_companies(truth: Truth) -> None:
    places = defaultdict(list)
    for row in read(truth, "Contacts-Cliniko-20260801.csv"):
        payer = f"{row['First Name']} {row['Last Name']}" if row["Type"] == "3rd Party Payer" else ""
        if name := row["Company Name"].strip().lower() or payer.strip().lower():
            places[name, row["City"].lower()].append(row["Contact ID"])
    found = {(row["name"].lower(), row["city"].lower()): row["contact_ids"] for row in table(truth, "companies")}
    assert found == places
    assert any(len(contacts) > 1 for contacts in places.values())


def test_practitioners(truth: Truth) -> None:
    rows = read(truth, "Practitioners-Cliniko-20260801.csv")
    assert [row["Display Name"] for row in rows if not row["Email"]] == ["Minh Lê"]
    assert {row["Active"] for row in rows} == {"true", "false"}
    assert len({row["Display Name"] for row in rows}) == len(rows)
    used = {row["Practitioner ID"] for row in read(truth, APPOINTMENTS)}
    assert used <= {row["ID"] for row in rows}


SIGNATURES = {"application/pdf": b"%PDF-1.4", "image/png": b"\x89PNG\r\n\x1a\n", "text/plain": "Für ".encode()}


def test_attachments_are_there_as_indexed(truth: Truth) -> None:
    folder = truth.database.parent / "attachments"
    rows = read(truth, "attachments/Patient attachments-Cliniko-20260801.csv")
    bodies = [(folder / row["File"]).read_bytes() for row in rows]
    assert [len(body) for body in bodies] == [int(row["Size"]) for row in rows]
    assert all(body.startswith(SIGNATURES[row["Content Type"]]) for row, body in zip(rows, bodies, strict=True))
    assert {row["Content Type"] for row in rows} == set(SIGNATURES)
    assert len(set(bodies)) == len(bodies)
    assert [(row["ID"], row["File"], int(row["Size"])) for row in rows] == [
        (row["attachment_id"], row["file"], row["size"]) for row in table(truth, "attachments")
    ]
