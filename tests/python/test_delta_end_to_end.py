"""A clinic that was moved exports its patients anew, twice: what goes to the CRM, and what becomes of who is gone."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from typing import Any

import pytest
from moved import ACCEPTED, PROJECT, Moved, move
from support import write_files

CAME = "900000000000000001"


@pytest.fixture(scope="module")
def moved(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Moved]:
    with move(tmp_path_factory.mktemp("delta") / "clinic", 12) as clinic:
        yield clinic


def run(clinic: Moved, *words: str) -> str:
    answer = clinic.shift(*words)
    assert answer.code == 0, answer.out + answer.err
    return answer.out


def exported(clinic: Moved) -> list[dict[str, str]]:
    """The patients of the newest export, as it writes them."""
    newest = max(path for path in (clinic.folder / "exports").glob("Patients-*.csv") if "From" not in path.name)
    with newest.open(newline="", encoding="utf-8-sig") as file:
        return list(csv.DictReader(file))


def export(clinic: Moved, day: str, rows: list[dict[str, str]]) -> None:
    with (clinic.folder / "exports" / f"Patients-Cliniko-{day}.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def patient_id(row: dict[str, str]) -> str:
    return row["Patient ID"].strip('="')


def planned(clinic: Moved) -> dict[str, Any]:
    answer = clinic.shift("plan", "--output", "json", *ACCEPTED)
    return dict(json.loads(answer.out))


def of(plan: dict[str, Any], object: str) -> dict[str, int]:
    [found] = [one for one in plan["objects"] if one["object"] == object]
    actions = ("create", "update", "unchanged", "delete", "flagged", "held_back", "blocked")
    return {action: found[action] for action in actions if found[action]}


def holders(clinic: Moved) -> list[str]:
    """Who holds a primary address and shares it with nobody."""
    rows = clinic.told(
        "select patient_id from patients where email is not null and email_holder = patient_id "
        "and email in (select email from patients group by email having count(*) = 1) order by patient_id"
    )
    return [row["patient_id"] for row in rows]


def test_a_newer_export_sends_the_difference_and_addresses_change_hands(moved: Moved) -> None:
    rows = exported(moved)
    by_id = {patient_id(row): row for row in rows}
    one, other, emptied, leaving, *_ = [by_id[id] for id in holders(moved)]
    [*_, following] = [row for row in rows if not row["Email"]]
    one["Email"], other["Email"] = other["Email"], one["Email"]
    emptied["Occupation"], emptied["Email"] = "", ""
    came = dict.fromkeys(rows[0], "") | {"Patient ID": CAME, "First Name": "Newly", "Last Name": "Come"}
    before = moved.ours("people")
    leaving["Email"], following["Email"] = "moved.out@example.com", leaving["Email"]
    export(moved, "20260820", [*rows, came])
    run(moved, "build")
    plan = planned(moved)
    assert of(plan, "person")["create"] == 1
    assert of(plan, "person").keys() <= {"create", "update", "unchanged"}
    assert [found["freed"] for found in plan["objects"] if found["object"] == "person"] == [3]
    run(moved, "load", "--yes", *ACCEPTED)
    people = moved.ours("people")
    ids = [patient_id(one), patient_id(other)]
    assert [people[id]["emails"]["primaryEmail"] for id in ids] == [
        before[id]["emails"]["primaryEmail"] for id in reversed(ids)
    ]
    assert (people[patient_id(emptied)]["jobTitle"], people[patient_id(emptied)]["emails"]["primaryEmail"]) == ("", "")
    assert people[patient_id(leaving)]["emails"]["primaryEmail"] == "moved.out@example.com"
    handed_on = before[patient_id(leaving)]["emails"]["primaryEmail"]
    assert people[patient_id(following)]["emails"]["primaryEmail"] == handed_on
    again = planned(moved)
    assert sum(found["create"] + found["update"] for found in again["objects"]) == 0
    run(moved, "diff")


def test_who_is_in_no_newer_export_is_kept_or_listed_or_deleted(moved: Moved) -> None:
    export(moved, "20260825", [row for row in exported(moved) if patient_id(row) != CAME])
    run(moved, "build")
    kept = planned(moved)
    assert ("gone_from_source", False) in [(found["name"], found["blocking"]) for found in kept["findings"]]
    assert CAME in moved.ours("people")
    write_files(moved.folder, {"project.yml": PROJECT + "\nload: {on_missing: flag}\n"})
    assert of(planned(moved), "person")["flagged"] == 1
    write_files(moved.folder, {"project.yml": PROJECT + "\nload: {on_missing: delete}\n"})
    assert of(planned(moved), "person")["delete"] == 1
    run(moved, "load", "--yes", *ACCEPTED)
    assert CAME not in moved.ours("people")
    assert "delete" not in of(planned(moved), "person")
    run(moved, "diff")
