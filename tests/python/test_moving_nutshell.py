"""A life in Nutshell: the first load, nothing new, something changed, somebody's edits, and back again."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from moved import ACCEPTED
from nutshell_moved import KEY, USER, MovedToNutshell, begun

from shift.ledger import reading

OURS, THEIRS = "Astronaut", "Pilot"


@pytest.fixture(scope="module")
def moved(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MovedToNutshell]:
    with begun(tmp_path_factory.mktemp("nutshell") / "clinic", 8) as clinic:
        yield clinic


def change_occupations(exports: Path, keys: list[str]) -> None:
    """A newer export in which these patients have another occupation."""
    for path in sorted(exports.glob("*Patients-Cliniko-*.csv")):
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file)
            rows, names = list(reader), list(reader.fieldnames or ())
        for row in rows:
            if row["Patient ID"].strip('="') in keys:
                row["Occupation"] = OURS
        with path.open("w", newline="", encoding="utf-8-sig") as file:
            writer = csv.DictWriter(file, names)
            writer.writeheader()
            writer.writerows(rows)


def edit(moved: MovedToNutshell, person: dict[str, Any], **contact: Any) -> None:
    moved.rpc("editContact", contactId=person["id"], rev=person["rev"], contact=contact)


def calls_of_the_last_run(moved: MovedToNutshell) -> int:
    """How many calls the last run that wrote made, as the ledger has them."""
    with reading(moved.folder / "state" / "ledger.sqlite") as book:
        assert book is not None
        [(calls,)] = next(book.rows("select count(*) from calls where run = (select max(run) from runs)"))
    return int(calls)


def counts(moved: MovedToNutshell) -> dict[str, int]:
    return {
        "people": len(moved.every("findContacts")),
        "companies": len(moved.every("findAccounts")),
        "activities": len(moved.activities()),
        "notes": len(moved.notes()),
    }


def test_a_life_in_nutshell(moved: MovedToNutshell) -> None:
    """One story, since each step stands on the one before."""
    # A sample leaves with whoever judges it what belongs to its people, and nothing of anybody else.
    moved.must("load", "--sample", "2", "--yes", *ACCEPTED)
    sampled = {one["person_id"] for one in moved.handed_over("people")}
    assert sampled == {f"{one['id']}-contacts" for one in moved.every("findContacts")}
    for name in ("invoices", "invoice_items", "payments", "files"):
        assert {one["person_id"] for one in moved.handed_over(name)} <= sampled
    said = " ".join(moved.must("rollback", "--yes").out.split())
    assert "No API of the CRM removes that." in said and "To remove that too" not in said
    assert not (moved.folder / "handover").exists()

    plan = json.loads(moved.shift("plan", "--output", "json", *ACCEPTED).out)
    assert sum(one["calls"] - one["create"] for one in plan["objects"]) > 0, "cancelled visits take two calls"
    moved.must("load", "--yes", *ACCEPTED)
    assert calls_of_the_last_run(moved) == plan["calls"] + len(plan["schema"])
    assert len(moved.handed_over("people")) == len(moved.people())
    before = counts(moved)
    revs = {one["id"]: one["rev"] for one in moved.every("findContacts")}
    again = moved.shift("load", "--yes", *ACCEPTED)
    assert again.code == 0, again.out + again.err
    assert counts(moved) == before
    assert {one["id"]: one["rev"] for one in moved.every("findContacts")} == revs

    # Somebody deletes a patient, which no load takes for unchanged, and thinks better of it.
    person = min(moved.people().values(), key=lambda one: one["id"])
    address = f"{moved.url}/rest/contacts/{person['id']}-contacts"
    httpx.delete(address, auth=(USER, KEY), trust_env=False).raise_for_status()
    plan = json.loads(moved.shift("plan", "--output", "json", *ACCEPTED).out)
    [gone] = [one for one in plan["findings"] if one["name"] == "deleted_in_crm"]
    assert gone["examples"] and sum(one["blocked"] for one in plan["objects"]) == 1
    assert moved.shift("load", "--yes", *ACCEPTED).code == 3
    httpx.post(f"{address}/undelete", auth=(USER, KEY), trust_env=False).raise_for_status()
    moved.must("load", "--yes", *ACCEPTED)

    # Two patients change in Cliniko. In the CRM, somebody writes to the same field of the one, to another of the other.
    people = moved.people()
    contested, spoken_of = sorted(people)[:2]
    change_occupations(moved.folder / "exports", [contested, spoken_of])
    edit(moved, people[contested], customFields={"Occupation": THEIRS})
    edit(moved, people[spoken_of], description="their words")
    assert moved.shift("build").code == 0
    assert moved.shift("load", "--yes", *ACCEPTED).code == 3
    now = moved.people()
    assert now[contested]["customFields"]["Occupation"] == THEIRS
    assert now[spoken_of]["customFields"]["Occupation"] == OURS
    assert now[spoken_of]["description"] == "their words"

    looked = moved.shift("diff", "--output", "json")
    assert looked.code == 1, looked.out + looked.err

    # What somebody wrote to is left, and what nobody touched is gone.
    undone = moved.shift("rollback", "--all", "--yes")
    assert undone.code == 3, undone.out + undone.err
    left = moved.every("findContacts")
    assert {one["person_id"] for one in moved.handed_over("people")} == {f"{one['id']}-contacts" for one in left}
    assert {one["customFields"]["Cliniko Patient ID"] for one in left} == {contested, spoken_of}
    assert counts(moved)["activities"] == 0
    assert json.dumps(left).count("their words") == 1
