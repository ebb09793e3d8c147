"""A synthetic clinic: every export of Cliniko, as dirty as real ones are, and the truth about what must arrive.

`make` writes into one folder:

    Patients-Cliniko-20260801.csv       the 65 columns of June 2025 and 4 custom ones; long ids guarded as ="..."
    Patients-Cliniko-20260715-From…     an extract of two weeks before: some rows were changed since
    Appointments-Cliniko-20260801.csv   visits, classes, unavailable time
    Appointments-Cliniko-20260715-From… likewise, and re-saved by a spreadsheet (byte-order mark, CRLF, DD/MM/YYYY)
    …                                   the other exports, one file each; see `EXPORTS`
    attachments/                        a few small files, and their index
    api/Patients-Cliniko-20260801.csv   the same clinic as the API tells it, where that form is asked for; see `API`
    truth.duckdb                        what must arrive

`tables/*.sql` is what happened in the clinic, with types and without dirt; `exports/*.sql` is how each export tells
it, and `api/*.sql` how the API does; `truth/*.sql` is what each table of truth.duckdb says, from the same tables and
never from the files.

truth.duckdb (ids are text; instants are text in UTC, `2026-08-01T01:47:00.000Z`; money is decimal):

    clinic              as_of (the newest event of the export's day), seed
    files               file, rows (records after the header)
    objects             object, records: how many of each kind there are, older copies not counted
    patients            names, trimmed; birth_date or null, birth_date_as_written; email (valid and folded) or null,
                        email_as_written, email_holder (whose primary address it is: the patient entered first, then
                        the lowest id); email_marketing, sms_marketing; phones: a list of (kind, as_written, e164 or
                        null); home_address, second_address; payer; custom fields; account_credit, balance_due
    attendances         a row per appointment and patient, with its status as of then, and arrival_recorded
    treatment_notes     draft; answers: a list of (section, question, texts), all of which the note's body must hold
    invoices            total, tax, outstanding, status
    invoice_items       quantity, unit_price, tax, total
    allocations         payments by the invoices they settle; without an invoice_id, the patient's credit
    products            origin (product or item), kind, name, code, unit_price
    companies           name, city, contact_ids
    practitioners, attachments, appointment_custom_fields

All is decided by `hash(seed, purpose, row)`: a seed gives the same clinic on any number of threads. Nobody in it is
real: all mail goes to example.com and its kin, and the fixed lines are those that Australia keeps for fiction.
"""

from __future__ import annotations

import csv
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from shift.sandbox.clinic import attachments

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

HERE = Path(__file__).parent

TABLES = (
    "draws",
    "words",
    "businesses",
    "practitioners",
    "billable_items",
    "products",
    "appointment_types",
    "contacts",
    "patients",
    "appointments",
    "treatment_notes",
    "invoices",
    "payments",
    "patient_summaries",
    "appointment_fields",
    "attachments",
    "patient_records",
    "appointment_records",
    "api",
)

# The file that each select of exports/ becomes.
EXPORTS = {
    "patients": "Patients-Cliniko-20260801.csv",
    "older_patients": "Patients-Cliniko-20260715-From20260101-To20260714.csv",
    "appointments": "Appointments-Cliniko-20260801.csv",
    "treatment_notes": "Treatment notes-Cliniko-20260801.csv",
    "invoices": "Invoices-Cliniko-20260801.csv",
    "invoice_items": "Invoice items-Cliniko-20260801.csv",
    "payments": "Payments-Cliniko-20260801.csv",
    "practitioners": "Practitioners-Cliniko-20260801.csv",
    "businesses": "Businesses-Cliniko-20260801.csv",
    "contacts": "Contacts-Cliniko-20260801.csv",
    "products": "Products-Cliniko-20260801.csv",
    "billable_items": "Billable items-Cliniko-20260801.csv",
    "appointment_types": "Appointment types-Cliniko-20260801.csv",
    "patient_addresses": "Patient addresses-Cliniko-20260801.csv",
    "appointment_custom_fields": "Appointment custom fields-Cliniko-20260801.csv",
    "wait_list": "Wait list-Cliniko-20260801.csv",
    "attachments": "attachments/Patient attachments-Cliniko-20260801.csv",
}

RESAVED = "Appointments-Cliniko-20260715-From20260601-To20260930.csv"

# What a real export may not have. Nobody has seen the headers of most: contracts/cliniko/exports.yml.
OWN_IDS = {
    "appointments": ("Appointment ID", "Invoice ID"),
    "resaved_appointments": ("Appointment ID", "Invoice ID"),
    "invoices": ("Invoice ID",),
    "invoice_items": ("Invoice Item ID", "Invoice ID"),
    "payments": ("Payment ID",),
}

# The resources that the API tells of, one file each. It has no payments, no further addresses and no wait list.
API = (
    "patients",
    "medical_alerts",
    "referral_sources",
    "referral_source_types",
    "concession_types",
    "contacts",
    "practitioners",
    "users",
    "businesses",
    "appointment_types",
    "appointment_type_billable_items",
    "individual_appointments",
    "group_appointments",
    "attendees",
    "unavailable_blocks",
    "treatment_notes",
    "invoices",
    "invoice_items",
    "billable_items",
    "products",
    "patient_attachments",
)

Form = Literal["exports", "api", "both"]


@dataclass(frozen=True)
class Truth:
    """What `make` wrote: ``database`` (truth.duckdb), ``as_of`` (ISO, UTC), ``files`` (name to rows) and
    ``objects`` (kind to records).
    """

    database: Path
    as_of: str
    files: dict[str, int]
    objects: dict[str, int]


def make(
    out: Path,
    patients: int = 500,
    seed: int = 1,
    *,
    appointments: int | None = None,
    notes: int | None = None,
    invoices: int | None = None,
    form: Form = "exports",
    own_ids: bool = True,
) -> Truth:
    """Write a clinic's exports and truth.duckdb into ``out``, which is made if need be.

    ``form`` says whether the clinic is told by exports, by CSVs made from the API, or by both. Without ``own_ids`` the
    exports of appointments, invoices, their lines and payments tell no ids of their own.

    By default five appointments, three treatment notes and three invoices a patient; of notes and invoices never more
    than one for each visit that took place. An earlier clinic in the folder is replaced; other people's exports are
    not: FileExistsError.
    """
    import duckdb

    _make_room(out)
    with duckdb.connect() as clinic:
        happen(
            clinic,
            seed=seed,
            patients=patients,
            practitioners=min(7 + patients // 1000, 49),
            appointments=5 * patients if appointments is None else appointments,
            notes=3 * patients if notes is None else notes,
            invoices=3 * patients if invoices is None else invoices,
        )
        _write_attachments(clinic, out / "attachments")
        files = _write_files(clinic, out, form, own_ids)
        return _write_truth(clinic, out / "truth.duckdb", files)


def happen(clinic: DuckDBPyConnection, **sizes: int) -> None:
    """Fill an empty database with all that happened in a clinic of that seed and these counts."""
    clinic.execute("set TimeZone='UTC'")
    for name, size in sizes.items():
        clinic.execute(f"set variable {name} = {size:d}")
    for name in TABLES:
        clinic.execute(_sql("tables", name))


def _make_room(out: Path) -> None:
    """Take away an earlier clinic, known by its truth, and nothing else."""
    if (out / "truth.duckdb").exists():
        for folder in ("attachments", "api"):
            shutil.rmtree(out / folder, ignore_errors=True)
        for file in (*EXPORTS.values(), RESAVED):
            (out / file).unlink(missing_ok=True)
    elif next(out.glob("*.csv"), None):
        raise FileExistsError(f"{out} holds exports that are not of a synthetic clinic")
    out.mkdir(parents=True, exist_ok=True)


def _sql(folder: str, name: str) -> str:
    return (HERE / folder / f"{name}.sql").read_text(encoding="utf-8")


def _write_attachments(clinic: DuckDBPyConnection, folder: Path) -> None:
    for number, owner, filename in clinic.execute("select n, patient_id, filename from attachments").fetchall():
        body = attachments.content(filename, owner)
        (folder / owner).mkdir(parents=True, exist_ok=True)
        (folder / owner / filename).write_bytes(body)
        clinic.execute("update attachments set size = ? where n = ?", [len(body), number])


def _write_files(clinic: DuckDBPyConnection, out: Path, form: Form, own_ids: bool) -> dict[str, int]:
    """Write all files; their names with their counts of records."""
    # The API tells of files; where they lie here, only their index does.
    names = ["attachments"] if form == "api" else list(EXPORTS)
    rows = {EXPORTS[name]: _copy(clinic, _export(name, own_ids), out / EXPORTS[name]) for name in names}
    if form != "api":
        rows[RESAVED] = _resave(clinic, _export("resaved_appointments", own_ids), out / RESAVED)
    if form != "exports":
        (out / "api").mkdir(exist_ok=True)
        for kind in API:
            file = f"api/{kind.capitalize().replace('_', ' ')}-Cliniko-20260801.csv"
            rows[file] = _copy(clinic, _sql("api", kind), out / file)
    return rows


def _export(name: str, own_ids: bool) -> str:
    """The select of an export, with or without the ids that are its records' own."""
    select = _sql("exports", name)
    if own_ids or name not in OWN_IDS:
        return select
    left_out = ", ".join(f'"{header}"' for header in OWN_IDS[name])
    return f"select * exclude ({left_out}) from ({select})"


def _copy(clinic: DuckDBPyConnection, select: str, file: Path) -> int:
    row = clinic.execute(f"copy ({select}) to {_quoted(file)} (format csv, header true)").fetchone()
    assert row is not None
    return int(row[0])


def _resave(clinic: DuckDBPyConnection, select: str, file: Path) -> int:
    """Write as a spreadsheet does: a byte-order mark, CRLF between records, and LF inside cells."""
    result = clinic.execute(select)
    header = [column[0] for column in result.description]
    rows = result.fetchall()
    with file.open("w", encoding="utf-8-sig", newline="") as stream:
        csv.writer(stream).writerows([header, *rows])
    return len(rows)


def _write_truth(clinic: DuckDBPyConnection, database: Path, files: dict[str, int]) -> Truth:
    database.unlink(missing_ok=True)
    clinic.execute(f"attach {_quoted(database)} as truth")
    clinic.execute("create table truth.clinic as select utc(as_of()) as as_of, getvariable('seed') as seed")
    clinic.execute("create table truth.files (file varchar, rows bigint)")
    clinic.executemany("insert into truth.files values (?, ?)", list(files.items()))
    for select in sorted((HERE / "truth").glob("*.sql")):
        clinic.execute(f"create table truth.{select.stem} as {_sql('truth', select.stem)}")
    as_of = clinic.execute("select as_of from truth.clinic").fetchall()[0][0]
    objects = dict(clinic.execute("select object, records from truth.objects").fetchall())
    clinic.execute("detach truth")
    return Truth(database=database, as_of=as_of, files=files, objects=objects)


def _quoted(path: Path) -> str:
    return "'" + str(path).replace("'", "''") + "'"
