"""The tests of the reconciliation: each is red for the fault that it is there for, planted in the CRM and mended."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from moved import KEY, Moved, field, move


@pytest.fixture(scope="module")
def moved(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Moved]:
    with move(tmp_path_factory.mktemp("reconciled") / "clinic", 30) as clinic:
        yield clinic


@dataclass(frozen=True)
class Fault:
    """One record of an object whose field is changed, or that is taken away; and the tests that must see it."""

    plural: str
    found_by: set[str]
    field: str | None = None
    change: Callable[[Any], Any] = lambda value: None
    of: Callable[[dict[str, Any]], bool] = lambda record: True


def by_a_cent(money: dict[str, Any]) -> dict[str, Any]:
    return {**money, "amountMicros": money["amountMicros"] + 10_000}


GONE, OTHERWISE = "every_loaded_record_is_there", "nobody_has_edited_a_field_since"
UNRESOLVED, FILES = "every_relation_is_resolved", "every_file_reads_back_as_sent"
FAULTS = {
    "the total of an invoice": Fault("invoices", {OTHERWISE, "what_was_invoiced_adds_up"}, "totalAmount", by_a_cent),
    "what is open of an invoice": Fault(
        "invoices", {OTHERWISE, "what_is_outstanding_adds_up"}, "outstandingAmount", by_a_cent
    ),
    "the amount of a payment": Fault("payments", {OTHERWISE, "what_was_paid_adds_up"}, "amount", by_a_cent),
    "what somebody owes": Fault(
        "people",
        {OTHERWISE, "what_is_owed_adds_up"},
        "balanceDue",
        by_a_cent,
        lambda one: one["balanceDue"]["amountMicros"],
    ),
    "whose an invoice is": Fault("invoices", {OTHERWISE, UNRESOLVED}, "personId"),
    "what a line sold": Fault("invoiceLineItems", {OTHERWISE, UNRESOLVED}, "productId"),
    "whose a visit is": Fault("tasks", {OTHERWISE, UNRESOLVED, "every_loaded_visit_has_an_owner"}, "assigneeId"),
    "the status of a visit": Fault(
        "tasks",
        {OTHERWISE},
        "clinikoAppointmentStatus",
        lambda status: "COMPLETED",
        lambda one: one["clinikoAppointmentStatus"] != "COMPLETED",
    ),
    "an answer in a note": Fault(
        "notes",
        {OTHERWISE, "every_answer_is_in_its_note"},
        "bodyV2",
        lambda body: {"markdown": body["markdown"][:-5]},
        lambda one: one["sourceSystemId"],
    ),
    "a consent": Fault(
        "people",
        {OTHERWISE, "consent_is_never_wider_in_the_crm"},
        "emailMarketing",
        lambda consent: True,
        lambda one: one["emailMarketing"] is False,
    ),
    "a payment": Fault("payments", {GONE, "what_was_paid_adds_up"}),
    "an invoice": Fault("invoices", {GONE, UNRESOLVED, "what_was_invoiced_adds_up"}),
    "whose a file is": Fault("attachments", {OTHERWISE, UNRESOLVED}, "targetPersonId"),
    "a file": Fault("attachments", {GONE, FILES}),
    "a person": Fault("people", {GONE, UNRESOLVED}, of=lambda one: one["totalInvoiced"]["amountMicros"]),
}


@pytest.mark.parametrize("name", FAULTS)
def test_the_reconciliation_is_red_for(moved: Moved, name: str) -> None:
    fault = FAULTS[name]
    record = min(filter(fault.of, moved.records(fault.plural)), key=lambda one: str(one["id"]))
    one = f"/rest/{fault.plural}/{record['id']}"
    if fault.field:
        moved.send("PATCH", one, {fault.field: fault.change(record[fault.field])})
    else:
        moved.send("DELETE", f"{one}?soft_delete=true")
    try:
        answer = moved.shift("diff", "--output", "json")
    finally:
        if fault.field:
            moved.send("PATCH", one, {fault.field: record[fault.field]})
        else:
            moved.send("PATCH", f"/rest/restore/{fault.plural}?filter=id[eq]:{record['id']}")
    assert answer.code == 1
    failed = {each["test"] for each in json.loads(answer.out)["tests"] if each["status"] == "fail"}
    assert failed >= fault.found_by


def test_the_reconciliation_is_green_once_all_is_mended(moved: Moved) -> None:
    answer = moved.shift("diff")
    assert answer.code == 0, answer.out + answer.err


def test_the_reconciliation_is_red_for_the_bytes_of_a_file(moved: Moved) -> None:
    """The last of all: Twenty takes no file back that a record has let go."""
    [attachment] = moved.records("attachments")
    query = "mutation($file:Upload!,$f:String!){uploadFilesFieldFile(file:$file,fieldMetadataId:$f){id}}"
    variables = {"file": None, "f": field(moved, "attachment", "file")["id"]}
    uploaded = httpx.post(
        f"{moved.url}/metadata",
        data={"operations": json.dumps({"query": query, "variables": variables}), "map": '{"0": ["variables.file"]}'},
        files={"0": (attachment["name"], b"other bytes")},
        headers={"Authorization": f"Bearer {KEY}"},
        trust_env=False,
    ).json()
    other = {"fileId": uploaded["data"]["uploadFilesFieldFile"]["id"], "label": attachment["name"]}
    moved.send("PATCH", f"/rest/attachments/{attachment['id']}", {"file": [other]})
    answer = moved.shift("diff", "--output", "json")
    assert answer.code == 1
    [told] = [one for one in json.loads(answer.out)["tests"] if one["test"] == FILES]
    assert (told["status"], told["failures"]) == ("fail", 1)
