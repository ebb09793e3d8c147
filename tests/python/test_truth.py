"""A synthetic clinic moved whole: what the CRM's API shows at the end is what happened in the clinic.

The truth file says what must arrive; it was made beside the exports, and never from them or from a model. Nothing here
looks at a staging table.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import httpx
import pytest
from support import shift, write_files

from shift.sandbox.clinic import make
from shift.sandbox.twenty import start
from shift.starter import new_project

KEY = "key-of-the-tests"
PATIENTS = 80
PROJECT = """
name: synthetic_clinic
to: twenty
vars:
  source_account: synthetic
  clinical_notes: include
  fallback_owner: front.desk@clinic.example
destinations:
  twenty:
    loader: twenty
    url: "{{ env_var('TWENTY_URL') }}"
    api_key: "{{ env_var('TWENTY_API_KEY') }}"
    requests_per_minute: 60000
"""

Rows = list[dict[str, Any]]


@dataclass(frozen=True)
class Moved:
    """A clinic that was moved: its truth, and the records of its CRM."""

    truth: duckdb.DuckDBPyConnection
    url: str
    folder: Path

    def told(self, query: str) -> Rows:
        """Rows of the truth."""
        cursor = self.truth.execute(query)
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    def records(self, plural: str) -> Rows:
        """Every record of an object, by the API, page by page."""
        found: Rows = []
        after = ""
        with httpx.Client(base_url=self.url, headers={"Authorization": f"Bearer {KEY}"}, trust_env=False) as client:
            while True:
                page = client.get(f"/rest/{plural}?limit=200{after}").raise_for_status().json()
                found += page["data"][plural]
                if not page["pageInfo"]["hasNextPage"]:
                    return found
                after = f"&starting_after={page['pageInfo']['endCursor']}"

    def ours(self, plural: str) -> dict[str, dict[str, Any]]:
        """The records that came from the clinic, by their id there."""
        return {one["sourceSystemId"]: one for one in self.records(plural) if one.get("sourceSystemId")}


@pytest.fixture(scope="module")
def moved(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Moved]:
    folder = tmp_path_factory.mktemp("truth") / "clinic"
    new_project(folder)
    write_files(folder, {"project.yml": PROJECT})
    truth = make(folder / "exports", PATIENTS, seed=3)
    database = truth.database.rename(folder / "truth.duckdb")
    with duckdb.connect(database, read_only=True) as connection:
        rows = connection.execute("select email from practitioners where email is not null").fetchall()
        members = [email for (email,) in rows] + ["front.desk@clinic.example"]
        with start(api_key=KEY, members=members, automations=False) as url:
            environment = {"TWENTY_URL": url, "TWENTY_API_KEY": KEY}
            for step in (["build"], ["load", "--yes"], ["diff"]):
                answer = shift(folder, *step, **environment)
                assert answer.code == 0, answer.out + answer.err
            yield Moved(connection, url, folder)


def test_every_patient_is_a_person_of_that_name_and_birth_date(moved: Moved) -> None:
    people = moved.ours("people")
    told = moved.told("select patient_id, first_name, last_name, birth_date::varchar as birth_date from patients")
    assert {
        key: (one["name"]["firstName"], one["name"]["lastName"], one["dateOfBirth"]) for key, one in people.items()
    } == {row["patient_id"]: (row["first_name"], row["last_name"], row["birth_date"]) for row in told}


def test_a_shared_address_has_one_holder_and_the_others_keep_it_beside(moved: Moved) -> None:
    people = moved.ours("people")
    for row in moved.told("select patient_id, email, email_holder from patients where email is not null"):
        person = people[row["patient_id"]]
        if row["email_holder"] == row["patient_id"]:
            assert person["emails"]["primaryEmail"] == row["email"]
        else:
            assert person["emails"]["primaryEmail"] != row["email"]
            assert row["email"] in person["emails"]["additionalEmails"]
            assert row["email"] in person["sharedEmail"]


def test_an_address_that_is_none_is_kept_as_written(moved: Moved) -> None:
    people = moved.ours("people")
    wrong = moved.told(
        "select patient_id, email_as_written from patients where email is null and email_as_written is not null"
    )
    assert wrong, "the clinic has some"
    for row in wrong:
        assert row["email_as_written"].strip() in people[row["patient_id"]]["contactAsWritten"]


def test_every_phone_is_found_on_its_person(moved: Moved) -> None:
    people = moved.ours("people")
    for row in moved.told("select patient_id, unnest(phones) as phone from patients"):
        person, phone = people[row["patient_id"]], row["phone"]
        held = {
            f"{person['phones']['primaryPhoneCallingCode']}{person['phones']['primaryPhoneNumber']}",
            *(f"{one['callingCode']}{one['number']}" for one in person["phones"]["additionalPhones"] or []),
        }
        if phone["e164"]:
            assert phone["e164"] in held
        else:
            assert phone["as_written"] in person["contactAsWritten"]


def test_nobody_is_mailed_who_did_not_agree(moved: Moved) -> None:
    people = moved.ours("people")
    for row in moved.told("select patient_id, email_marketing, sms_marketing from patients"):
        person = people[row["patient_id"]]
        assert (person["emailMarketing"], person["smsMarketing"]) == (row["email_marketing"], row["sms_marketing"])


def test_the_home_address_and_the_second_one_arrive(moved: Moved) -> None:
    people = moved.ours("people")
    for row in moved.told("select patient_id, home_address, second_address from patients"):
        person = people[row["patient_id"]]
        home, second = row["home_address"], row["second_address"]
        if home:
            held = person["homeAddress"]
            assert (held["addressStreet1"], held["addressCity"]) == (home["address_1"], home["city"])
            assert held["addressPostcode"] == home["post_code"]
        if second:
            assert person["mailingAddress2"].startswith(second["type"])
            assert second["address_1"] in person["mailingAddress2"]


def test_every_visit_of_every_patient_is_a_task_with_its_status_and_its_time(moved: Moved) -> None:
    tasks = moved.records("tasks")
    of_task = {one["taskId"]: one["targetPersonId"] for one in moved.records("taskTargets")}
    patients = {one["id"]: key for key, one in moved.ours("people").items()}
    labels = {
        option["value"]: option["label"] for option in field(moved, "task", "clinikoAppointmentStatus")["options"]
    }
    held = sorted(
        (
            patients[of_task[one["id"]]],
            one["startAt"],
            one["endAt"],
            labels[one["clinikoAppointmentStatus"]],
            one["dueAt"],
        )
        for one in tasks
    )
    told = moved.told("select patient_id, starts_at, ends_at, status from attendances")
    assert held == sorted(
        (row["patient_id"], row["starts_at"], row["ends_at"], row["status"], row["starts_at"]) for row in told
    )


def test_a_task_has_its_appointment_type_and_its_practitioners_name(moved: Moved) -> None:
    types = {one["id"]: one["name"] for one in moved.records("appointmentTypes")}
    held = sorted((types[one["appointmentTypeId"]], one["practitionerName"]) for one in moved.records("tasks"))
    told = moved.told("select appointment_type, name from attendances join practitioners using (practitioner_id)")
    assert held == sorted((row["appointment_type"], row["name"]) for row in told)


def test_every_visit_is_somebodys(moved: Moved) -> None:
    members = {one["id"]: one["userEmail"] for one in moved.records("workspaceMembers")}
    emails = {row["name"]: row["email"] for row in moved.told("select name, email from practitioners")}
    for task in moved.records("tasks"):
        wanted = emails[task["practitionerName"]] or "front.desk@clinic.example"
        assert members[task["assigneeId"]] == wanted


def test_every_answer_of_every_note_is_in_its_body(moved: Moved) -> None:
    notes = moved.ours("notes")
    told = moved.told("select note_id, draft, answers from treatment_notes")
    assert set(notes) == {row["note_id"] for row in told if not row["draft"]}
    for row in told:
        if row["draft"]:
            continue
        body = bare(notes[row["note_id"]]["bodyV2"]["markdown"])
        for answer in row["answers"]:
            for text in (answer["section"], answer["question"], *answer["texts"]):
                assert bare(text or "") in body, f"note {row['note_id']} lacks a text"


def test_a_note_hangs_on_its_patient_and_its_visit(moved: Moved) -> None:
    of_note = {one["noteId"]: one["targetPersonId"] for one in moved.records("noteTargets")}
    patients = {one["id"]: key for key, one in moved.ours("people").items()}
    of_task = {one["taskId"]: one["targetPersonId"] for one in moved.records("taskTargets")}
    notes = moved.ours("notes")
    for row in moved.told("select note_id, patient_id, appointment_id from treatment_notes where not draft"):
        note = notes[row["note_id"]]
        assert patients[of_note[note["id"]]] == row["patient_id"]
        assert of_task[note["appointmentId"]] == of_note[note["id"]]


def test_every_organisation_is_a_company(moved: Moved) -> None:
    held = {bare(one["name"]).lower() for one in moved.ours("companies").values()}
    assert held == {bare(row["name"]).lower() for row in moved.told("select name from companies")}


def test_a_second_load_sends_nothing(moved: Moved) -> None:
    before = {plural: len(moved.records(plural)) for plural in ("people", "tasks", "notes", "companies")}
    answer = shift(moved.folder, "load", "--yes", TWENTY_URL=moved.url, TWENTY_API_KEY=KEY)
    assert answer.code == 0, answer.out + answer.err
    assert "0 to create, 0 to update" in answer.out
    assert {plural: len(moved.records(plural)) for plural in before} == before


def field(moved: Moved, object: str, name: str) -> dict[str, Any]:
    """A field's definition, by the metadata API."""
    answer = httpx.get(
        f"{moved.url}/rest/metadata/objects?limit=200", headers={"Authorization": f"Bearer {KEY}"}, trust_env=False
    ).json()
    [found] = [one for one in answer["data"] if one["nameSingular"] == object]
    [wanted] = [one for one in found["fields"] if one["name"] == name]
    return dict(wanted)


def bare(text: str) -> str:
    """A text without the escapes of Markdown, and with its blanks as one."""
    return " ".join(text.replace("\\", "").split())
