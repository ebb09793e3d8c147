"""What Cliniko's API really says (its documented payloads, tests/python/contracts/cliniko), moved whole into a CRM."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import pytest
from api_examples import write_api_examples
from moved import ACCEPTED as SEEN
from moved import KEY, PROJECT, Moved
from support import write_files

from shift.sandbox.twenty import start
from shift.starter import new_project

PETER = "479516700664923158"
# The API tells of a file, and nobody fetched it.
ACCEPTED = (*SEEN, "--accept", "files_that_stay_behind")


@pytest.fixture(scope="module")
def moved(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Moved]:
    folder = tmp_path_factory.mktemp("real") / "clinic"
    new_project(folder)
    write_files(folder, {"project.yml": PROJECT})
    write_api_examples(folder / "exports")
    with (
        duckdb.connect() as nothing,
        start(api_key=KEY, members=["front.desk@clinic.example"], automations=False) as url,
    ):
        clinic = Moved(nothing, url, folder, "{}")
        for step in (["build"], ["load", "--yes", *ACCEPTED], ["diff"]):
            answer = clinic.shift(*step)
            assert answer.code == 0, answer.out + answer.err
        yield clinic


def test_peter_is_a_person(moved: Moved) -> None:
    peter = moved.ours("people")[PETER]
    assert peter["name"] == {"firstName": "Peter", "lastName": "Patientman"}
    assert peter["dateOfBirth"] == "2001-05-26"
    assert peter["emails"]["primaryEmail"] == "peter@example.com"
    assert (peter["phones"]["primaryPhoneCallingCode"], peter["phones"]["primaryPhoneNumber"]) == ("+61", "444444444")
    assert (peter["emailMarketing"], peter["smsMarketing"]) == (True, False)
    assert (peter["homeAddress"]["addressStreet1"], peter["homeAddress"]["addressCity"]) == (
        "1 Smith Street",
        "Melbourne",
    )
    assert (peter["concessionType"], peter["medicalAlerts"]) == ("Students", "a medical alert")


def test_his_visits_are_tasks_that_hang_on_him(moved: Moved) -> None:
    peter = moved.ours("people")[PETER]["id"]
    his = {one["taskId"] for one in moved.records("taskTargets") if one["targetPersonId"] == peter}
    tasks = [one for one in moved.records("tasks") if one["id"] in his]
    assert sorted((one["sourceSystemId"], one["clinikoAppointmentStatus"], one["status"]) for one in tasks) == [
        (f"543342507031791275-{PETER}", "COMPLETED", "DONE"),
        (f"543342507031791276-{PETER}", "NO_SHOW", "DONE"),
        (f"543342507031791277-{PETER}", "CANCELLED", "DONE"),
        (f"543342507031791300-{PETER}", "COMPLETED", "DONE"),
    ]
    members = {one["userEmail"]: one["id"] for one in moved.records("workspaceMembers")}
    assert {one["assigneeId"] for one in tasks} == {members["front.desk@clinic.example"]}


def test_his_note_keeps_every_answer_and_its_visit(moved: Moved) -> None:
    [note] = moved.ours("notes").values()
    [target] = moved.records("noteTargets")
    assert (target["noteId"], target["targetPersonId"]) == (note["id"], moved.ours("people")[PETER]["id"])
    assert "**Choose one or more:** Choice 1, Choice 2, Free text" in note["bodyV2"]["markdown"]
    visits = {one["id"]: one["sourceSystemId"] for one in moved.records("tasks")}
    assert visits[note["appointmentId"]] == f"543342507031791275-{PETER}"


def test_a_second_load_sends_nothing(moved: Moved) -> None:
    answer = moved.shift("load", "--yes", *ACCEPTED)
    assert answer.code == 0, answer.out + answer.err
    assert "0 to create, 0 to update" in answer.out
