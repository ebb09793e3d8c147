"""What a newer export tells of no more: it leaves the clinic, and what was written of it counts as gone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from clinics import Built, Rows, build, graph_of, write_exports

OLD, NEW = "Patients-Cliniko-20260801.csv", "Patients-Cliniko-20260815.csv"
RANGE = "Patients-Cliniko-20260815-From20260801-To20260815.csv"
VISITS = "Appointments-Cliniko-20260815.csv"


def patients(*ids: str, **further: str) -> list[dict[str, str]]:
    return [
        {"Patient ID": id, "First Name": "Ada", "Last Name": f"Ng {id}", "Created At": "2026-01-01 09:00:00 +1000"}
        | further
        for id in ids
    ]


def visit(id: str, patient: str) -> dict[str, str]:
    return {
        "Appointment ID": id,
        "Start Time": "2026-07-01 09:00:00 +1000",
        "End Time": "2026-07-01 09:30:00 +1000",
        "Practitioner": "Dr Lee",
        "Patient IDs": patient,
        "Created At": "2026-06-01 09:00:00 +1000",
    }


def built(
    project: Path,
    folder: Path,
    exports: Mapping[str, Rows],
    *written: tuple[str, str],
    variables: Mapping[str, object] | None = None,
    chosen: Sequence[str] = ("+twenty__gone",),
) -> Built:
    """The clinic of these exports, after the ledger wrote these records, (object, key) each."""
    remembered = [
        f"insert into ledger.records (object, key, id) values ('{object}', '{key}', 'id-{key}')"
        for object, key in written
    ]
    return build(project, write_exports(folder, exports), *chosen, variables=variables, before=remembered)


def gone(clinic: Built) -> list[tuple[str, str, str | None]]:
    return [
        (row["object"], row["key"], row["kept_because"])
        for row in clinic.rows("select * from twenty.gone order by object, key")
    ]


def current(clinic: Built) -> list[str]:
    return list(clinic.values("select patient_id from cliniko.patients order by patient_id"))


def test_what_a_newer_complete_export_lacks_is_gone_wherever_the_older_one_lies(project: Path, tmp_path: Path) -> None:
    exports = {OLD: patients("1", "2"), NEW: patients("1", "3")}
    clinic = built(project, tmp_path, exports, ("person", "1"), ("person", "2"), ("person", "9"))
    assert clinic.broken == []
    assert current(clinic) == ["1", "3"]
    assert gone(clinic) == [("person", "2", None), ("person", "9", None)]


def test_a_newer_export_of_a_range_replaces_nothing(project: Path, tmp_path: Path) -> None:
    clinic = built(project, tmp_path, {OLD: patients("1", "2"), RANGE: patients("2", "3")}, ("person", "1"))
    assert (current(clinic), gone(clinic)) == (["1", "2", "3"], [])


def test_an_older_range_is_replaced_like_any_older_file(project: Path, tmp_path: Path) -> None:
    older = "Patients-Cliniko-20260715-From20260701-To20260715.csv"
    clinic = built(project, tmp_path, {older: patients("1", "2"), NEW: patients("1")}, ("person", "2"))
    assert (current(clinic), gone(clinic)) == (["1"], [("person", "2", None)])


def test_an_older_copy_that_was_changed_later_still_wins(project: Path, tmp_path: Path) -> None:
    changed = patients("1", **{"First Name": "Bea", "Updated At": "2026-08-20 09:00:00 +1000"})
    clinic = built(project, tmp_path, {OLD: changed, NEW: patients("1")})
    assert clinic.values("select first_name from cliniko.patients") == ["Bea"]


def test_what_is_left_of_who_was_deleted_is_told_apart_from_strangers(project: Path, tmp_path: Path) -> None:
    exports = {OLD: patients("1", "2"), NEW: patients("1"), VISITS: [visit("7", "2"), visit("8", "9")]}
    records = ("attendances", "treatment_notes", "communications", "invoices", "payments")
    chosen = [f"+cliniko__{model}" for model in records]
    clinic = built(project, tmp_path, exports, chosen=chosen)
    tests = graph_of(project, "{}").tests
    [left] = clinic.rows(tests["records_of_former_patients"].sql)
    assert (left["record"], left["patient_id"]) == ("visit", "2")
    [strange] = clinic.rows(tests["visits_of_unknown_patients"].sql)
    assert strange["patient_id"] == "9"
    assert clinic.values(tests["notes_of_unknown_patients"].sql) == []


def test_it_is_not_certain_where_there_are_ranges_only(project: Path, tmp_path: Path) -> None:
    clinic = built(project, tmp_path, {RANGE: patients("1")}, ("person", "2"))
    assert gone(clinic) == [("person", "2", "the exports of patients are of ranges, not of all time")]


def test_it_is_not_certain_where_a_record_could_not_be_read(project: Path, tmp_path: Path) -> None:
    folder = write_exports(tmp_path, {OLD: patients("1", "2"), NEW: patients("1")})
    with (folder / NEW).open("a", encoding="utf-8") as file:
        file.write("3,Ada,Ng,2026,too,many,cells,in,this,row\n")
    clinic = build(
        project,
        folder,
        "+twenty__gone",
        before=["insert into ledger.records (object, key, id) values ('person', '9', 'x')"],
    )
    assert current(clinic) == ["1", "2"]
    assert gone(clinic) == [("person", "9", "the newest export of patients has records that could not be read")]


def test_it_is_not_certain_where_there_is_no_export_of_the_kind(project: Path, tmp_path: Path) -> None:
    clinic = built(project, tmp_path, {NEW: patients("1")}, ("product", "product-7"))
    assert gone(clinic) == [("product", "product-7", "no export of products or billable_items is there")]


def test_what_a_rule_leaves_out_is_not_gone(project: Path, tmp_path: Path) -> None:
    scope = {"scope": [{"test_patients": "first_name = 'Ada'"}]}
    exports = {NEW: patients("1"), VISITS: [visit("5", "1")]}
    clinic = built(project, tmp_path, exports, ("person", "1"), ("task", "5-1"), variables=scope)
    assert gone(clinic) == []


def test_what_was_never_written_is_not_gone(project: Path, tmp_path: Path) -> None:
    clinic = built(project, tmp_path, {OLD: patients("1", "2"), NEW: patients("1")})
    assert gone(clinic) == []


def test_the_prefix_of_the_clinic_is_part_of_the_key(project: Path, tmp_path: Path) -> None:
    prefix = {"source_prefix": "east-"}
    clinic = built(
        project, tmp_path, {NEW: patients("1")}, ("person", "east-1"), ("person", "east-2"), variables=prefix
    )
    assert gone(clinic) == [("person", "east-2", None)]


def test_a_visit_goes_with_its_link_to_the_patient(project: Path, tmp_path: Path) -> None:
    exports = {NEW: patients("1"), VISITS: [visit("5", "1")]}
    clinic = built(
        project, tmp_path, exports, ("task", "5-1"), ("task", "6-1"), chosen=("+twenty__gone", "+twenty__task_target")
    )
    [link] = clinic.values("select id from twenty.task_target")
    links = f"('taskTarget', '{link}', 'x'), ('taskTarget', 'other', 'x')"
    statement = f"insert into ledger.records (object, key, id) values {links}"
    again = build(project, tmp_path, "+twenty__gone", before=[statement])
    assert gone(clinic) == [("task", "6-1", None)]
    assert gone(again) == [("taskTarget", "other", None)]


def test_landed_is_current_and_superseded_to_the_row(project: Path, tmp_path: Path) -> None:
    address = {"Patient ID": "1", "Address Type": "Postal", "Address1": "Box 1"}
    exports = {
        OLD: patients("1", "2", "3"),
        NEW: patients("1", "4"),
        "Patient addresses-Cliniko-20260801.csv": [address, {**address, "Address1": "Box 2"}],
        "Patient addresses-Cliniko-20260815.csv": [address],
    }
    clinic = built(project, tmp_path, exports, chosen=("+audit__rows", "+cliniko__patients"))
    told = clinic.rows("select kind, rows, superseded, current from audit.rows order by kind")
    assert told == [
        {"kind": "patient_addresses", "rows": 3, "superseded": 2, "current": 1},
        {"kind": "patients", "rows": 5, "superseded": 3, "current": 2},
    ]
    assert clinic.broken == []
