"""The reconciliation of a clinic in Nutshell: each test is red for the fault that it is there for, then mended."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import httpx
import pytest
from nutshell_moved import KEY, USER, MovedToNutshell, move

OTHERWISE = "nobody_has_edited_a_field_since"


@pytest.fixture(scope="module")
def moved(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MovedToNutshell]:
    with move(tmp_path_factory.mktemp("reconciled") / "clinic", 12) as clinic:
        yield clinic


def edit(moved: MovedToNutshell, kind: str, record: dict[str, Any], **changed: Any) -> None:
    """Change a record as somebody would who works in Nutshell."""
    now = moved.rpc(f"get{kind}", **{f"{kind.lower()}Id": record["id"]})
    moved.rpc(f"edit{kind}", **{f"{kind.lower()}Id": record["id"], "rev": now["rev"], kind.lower(): changed})


@dataclass(frozen=True)
class Fault:
    """A custom field of one person that is changed, and the tests that must see it."""

    field: str
    change: Callable[[Any], Any]
    found_by: set[str]


def by_a_cent(money: dict[str, str]) -> dict[str, str]:
    return {**money, "amount": str(Decimal(money["amount"]) + Decimal("0.01"))}


FAULTS = {
    "what was invoiced": Fault("Total Invoiced", by_a_cent, {OTHERWISE, "what_was_invoiced_adds_up"}),
    "what somebody owes": Fault("Balance Due", by_a_cent, {OTHERWISE, "what_is_owed_adds_up"}),
    "the last payment": Fault("Last Payment Amount", by_a_cent, {OTHERWISE, "last_payments_add_up"}),
    "a birth date": Fault("Date of Birth", lambda day: "1900-01-01", {OTHERWISE}),
    "a consent": Fault("Email Marketing", lambda said: "Yes", {OTHERWISE, "consent_is_never_wider_in_the_crm"}),
}


def failed(moved: MovedToNutshell) -> set[str]:
    answer = moved.shift("diff", "--output", "json")
    assert answer.code == 1, answer.out + answer.err
    statuses = {each["test"]: each["status"] for each in json.loads(answer.out)["tests"]}
    # The only load made these fields, and the pull was before it.
    assert statuses["choices_are_those_of_their_field"] == "pass"
    return {test for test, status in statuses.items() if status == "fail"}


@pytest.mark.parametrize("name", FAULTS)
def test_the_reconciliation_is_red_for(moved: MovedToNutshell, name: str) -> None:
    fault = FAULTS[name]
    person = min(
        (one for one in moved.people().values() if one["customFields"].get(fault.field) not in (None, "Yes")),
        key=lambda one: int(one["id"]),
    )
    was = person["customFields"][fault.field]
    edit(moved, "Contact", person, customFields={fault.field: fault.change(was)})
    try:
        assert failed(moved) >= fault.found_by
    finally:
        edit(moved, "Contact", person, customFields={fault.field: was})


def test_it_is_red_for_a_visit_of_somebody_else(moved: MovedToNutshell) -> None:
    visit = min(moved.activities(), key=lambda one: int(one["id"]))
    was = [{"entityType": one["entityType"], "id": one["id"]} for one in visit["participants"]]
    edit(moved, "Activity", visit, participants=[one for one in was if one["entityType"] == "Users"])
    try:
        assert failed(moved) >= {OTHERWISE, "every_relation_is_resolved"}
        edit(moved, "Activity", visit, participants=[one for one in was if one["entityType"] == "Contacts"])
        assert failed(moved) >= {OTHERWISE, "every_loaded_visit_has_an_owner"}
    finally:
        edit(moved, "Activity", visit, participants=was)


def test_it_is_red_for_a_phone_number_that_is_gone(moved: MovedToNutshell) -> None:
    person = next(one for one in moved.people().values() if one["phone"])
    was = [number["E164"] for label, number in person["phone"].items() if label != "--primary"]
    edit(moved, "Contact", person, phone=[])
    try:
        assert "every_email_and_phone_is_in_the_crm" in failed(moved)
    finally:
        labels = [label for label in person["phone"] if label != "--primary"]
        edit(moved, "Contact", person, phone=dict(zip(labels, was, strict=True)))


def test_it_is_red_for_a_note_that_is_gone(moved: MovedToNutshell) -> None:
    note = next(one for one in moved.notes() if "[cliniko note=" in one["body"])
    where = f"{moved.url}/rest/notes/{note['id']}"
    httpx.delete(where, auth=(USER, KEY), trust_env=False).raise_for_status()
    try:
        assert failed(moved) >= {"every_loaded_record_is_there", "every_relation_is_resolved"}
    finally:
        httpx.post(f"{where}/undelete", auth=(USER, KEY), trust_env=False).raise_for_status()


def test_it_is_red_for_a_person_who_is_handed_over_and_gone(moved: MovedToNutshell) -> None:
    person = max(moved.people().values(), key=lambda one: int(one["id"]))
    where = f"{moved.url}/rest/contacts/{person['id']}-contacts"
    httpx.delete(where, auth=(USER, KEY), trust_env=False).raise_for_status()
    try:
        assert failed(moved) >= {"every_loaded_record_is_there", "every_person_handed_over_is_in_the_crm"}
    finally:
        httpx.post(f"{where}/undelete", auth=(USER, KEY), trust_env=False).raise_for_status()


def test_it_is_green_once_all_is_mended(moved: MovedToNutshell) -> None:
    answer = moved.shift("diff")
    assert answer.code == 0, answer.out + answer.err
