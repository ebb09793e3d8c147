"""Plan, load and diff from end to end, as commands, over HTTP: a small project against the twin of Twenty."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from support import Answer, shift, write_files

from shift.sandbox.twenty import start

KEY = "key-of-the-tests"
PROJECT = """
name: small_clinic
to: twenty
destinations:
  twenty:
    loader: twenty
    url: "{{ env_var('TWENTY_URL') }}"
    api_key: "{{ env_var('TWENTY_API_KEY') }}"
    requests_per_minute: 100000
    batch_size: 4
"""
FILES = {
    "project.yml": PROJECT,
    "sources/cliniko.yml": """
        sources:
          - name: cliniko
            schema: raw
            tables:
              - name: patients
                files: ["patients*.csv"]
                required: true
                columns: [{name: id, type: id, required: true}, {name: last_name}, {name: email}]
    """,
    "sources/twenty.yml": """
        sources:
          - name: twenty
            schema: destination
            tables:
              - name: members
                columns: [{name: id}, {name: email}]
              - {name: objects, columns: [{name: name}]}
              - name: fields
                columns: [{name: object}, {name: name}, {name: type}, {name: options}, {name: relation_target}]
    """,
    "models/twenty/twenty__person.sql": """
        select
            ('11111111-1111-5111-8111-' || lpad(id, 12, '0')) as id,
            id as "sourceSystemId",
            {'lastName': last_name} as name,
            {'primaryEmail': email} as emails,
        from {{ source('cliniko', 'patients') }}
    """,
    "models/twenty/twenty__task.sql": """
        select
            ('22222222-2222-5222-8222-' || lpad(id, 12, '0')) as id,
            id as "sourceSystemId",
            'Visit of ' || last_name as title,
            ('11111111-1111-5111-8111-' || lpad(id, 12, '0')) as _person,
        from {{ source('cliniko', 'patients') }}
    """,
    "models/twenty/twenty.yml": """
        models:
          - name: twenty__person
            config: {load: {object: person, key: sourceSystemId}}
            columns:
              - name: id
                data_tests: [not_null, unique]
              - name: sourceSystemId
                field: {type: TEXT, label: Source System ID, unique: true}
          - name: twenty__task
            config: {load: {object: task, key: sourceSystemId}}
            columns:
              - name: sourceSystemId
                field: {type: TEXT, label: Source System ID, unique: true}
              - name: _person
                data_tests:
                  - relationships: {to: ref('twenty__person'), field: id}
    """,
    "exports/patients.csv": "id,last_name,email\n" + "".join(f"{n},Ng {n},p{n}@clinic.example\n" for n in range(1, 11)),
}


class Clinic:
    """A project folder, and the twin that it goes to."""

    def __init__(self, folder: Path, url: str) -> None:
        self.folder = folder
        self.url = url

    def shift(self, *words: str, **environment: str) -> Answer:
        return shift(self.folder, *words, **{"TWENTY_URL": self.url, "TWENTY_API_KEY": KEY, **environment})

    def built(self, **files: str) -> Clinic:
        write_files(self.folder, FILES | files)
        answer = self.shift("build")
        assert answer.code == 0, answer.out + answer.err
        return self

    def people(self) -> list[dict[str, Any]]:
        """The people in the twin that carry a source system id."""
        return self.records("people")

    def records(self, plural: str) -> list[dict[str, Any]]:
        response = httpx.get(
            f"{self.url}/rest/{plural}?limit=200", headers={"Authorization": f"Bearer {KEY}"}, trust_env=False
        )
        found = response.json()["data"][plural]
        return [record for record in found if record.get("sourceSystemId")]


@pytest.fixture
def clinic(tmp_path: Path) -> Iterator[Clinic]:
    with start(api_key=KEY) as url:
        yield Clinic(tmp_path, url)


def test_a_load_brings_every_record_and_a_second_one_sends_nothing(clinic: Clinic) -> None:
    clinic.built()
    plan = json.loads(clinic.shift("plan", "--output", "json").out)
    assert [(one["object"], one["create"]) for one in plan["objects"]] == [("person", 10), ("task", 10)]
    assert plan["schema"] == [
        "field person.sourceSystemId (Source System ID): TEXT, unique",
        "field task.sourceSystemId (Source System ID): TEXT, unique",
    ]
    first = clinic.shift("load", "--yes")
    assert first.code == 0, first.out + first.err
    assert sorted(one["name"]["lastName"] for one in clinic.people()) == sorted(f"Ng {n}" for n in range(1, 11))
    assert len(clinic.records("tasks")) == 10

    again = clinic.shift("load", "--yes")
    assert again.code == 0
    assert "0 to create, 0 to update, 20 unchanged" in again.out
    diff = clinic.shift("diff", "--output", "json")
    assert diff.code == 0
    assert json.loads(diff.out)["objects"] == [
        {"object": "person", "records": 10, "equal": 10, "differing": 0, "missing": 0},
        {"object": "task", "records": 10, "equal": 10, "differing": 0, "missing": 0},
    ]


def test_one_row_refused_does_not_cost_its_batch_and_holds_back_what_hangs_on_it(clinic: Clinic) -> None:
    rows = FILES["exports/patients.csv"].replace("p7@clinic.example", "not an address")
    clinic.built(**{"exports/patients.csv": rows})
    answer = clinic.shift("load", "--yes")
    assert answer.code == 3, answer.out + answer.err
    assert len(clinic.people()) == 9
    rejects = json.loads(clinic.shift("rejects", "--output", "json").out)
    assert [(one["object"], one["key"], one["status"]) for one in rejects] == [
        ("person", "7", "rejected"),
        ("task", "7", "held back"),
    ]
    assert "Invalid string value 'not an address' for email field" in rejects[0]["message"]

    write_files(clinic.folder, {"exports/patients.csv": FILES["exports/patients.csv"]})
    assert clinic.shift("build").code == 0
    mended = clinic.shift("load", "--yes")
    assert mended.code == 0, mended.out + mended.err
    assert (len(clinic.people()), len(clinic.records("tasks"))) == (10, 10)


def test_a_field_that_somebody_changed_shows_in_the_diff(clinic: Clinic) -> None:
    clinic.built()
    assert clinic.shift("load", "--yes").code == 0
    person = clinic.people()[0]
    httpx.patch(
        f"{clinic.url}/rest/people/{person['id']}",
        json={"name": {"lastName": "Changed"}},
        headers={"Authorization": f"Bearer {KEY}"},
        trust_env=False,
    ).raise_for_status()
    answer = clinic.shift("diff")
    assert answer.code == 1
    assert f"person.name: 1 differ, as in {person['sourceSystemId']}: sent 'Ng " in answer.out
    assert "found 'Changed'" in answer.out


def test_a_question_that_is_open_stops_the_load_until_it_is_accepted(clinic: Clinic) -> None:
    clinic.built(**{"tests/plan/undecided.sql": "-- Decide on\n-- the notes.\nselect 'note 1' as note"})
    plan = clinic.shift("plan")
    assert plan.code == 1
    assert "blocks  undecided: Decide on the notes." in plan.out
    assert "note 1" in plan.out
    stopped = clinic.shift("load", "--yes")
    assert stopped.code == 1
    assert "Traceback" not in stopped.err
    assert clinic.records("tasks") == []
    assert clinic.shift("load", "--yes", "--accept", "undecided").code == 0
    assert len(clinic.people()) == 10


def test_a_failing_test_stops_the_load(clinic: Clinic) -> None:
    write_files(clinic.folder, FILES | {"tests/staging/nobody.sql": "select id from {{ ref('twenty__person') }}"})
    assert clinic.shift("build").code == 1
    answer = clinic.shift("load", "--yes")
    assert answer.code == 1
    assert "failed_tests" in answer.err
    assert clinic.records("tasks") == []


def test_without_a_build_there_is_nothing_to_plan(clinic: Clinic) -> None:
    write_files(clinic.folder, FILES)
    answer = clinic.shift("plan")
    assert (answer.code, "was not built yet" in answer.err) == (1, True)


def test_a_load_asks_first(clinic: Clinic) -> None:
    clinic.built()
    answer = clinic.shift("load")  # nobody is there to answer
    assert answer.code == 130
    assert "Write this to the CRM?" in answer.out
    assert clinic.records("tasks") == []


def test_a_key_that_is_refused_is_one_message(clinic: Clinic) -> None:
    clinic.built()
    for command in (["plan"], ["load", "--yes"], ["pull"]):
        answer = clinic.shift(*command, TWENTY_API_KEY="wrong-key-of-somebody")
        assert answer.code == 1
        assert "Traceback" not in answer.err
        assert "wrong-key-of-somebody" not in answer.out + answer.err
        assert answer.err.startswith("Error: ")


def test_a_crm_that_is_not_there_is_one_message(clinic: Clinic) -> None:
    clinic.built()
    answer = clinic.shift("load", "--yes", TWENTY_URL="http://127.0.0.1:9")
    assert answer.code == 1
    assert "Traceback" not in answer.err
    assert "127.0.0.1:9" in answer.err
    assert not (clinic.folder / "state" / "ledger.sqlite").exists()


def test_a_secret_that_is_not_set_is_named(clinic: Clinic, monkeypatch: pytest.MonkeyPatch) -> None:
    clinic.built()
    monkeypatch.delenv("TWENTY_API_KEY", raising=False)
    answer = shift(clinic.folder, "plan", TWENTY_URL=clinic.url)
    assert answer.code == 2
    assert "the environment variable TWENTY_API_KEY is not set" in answer.err


def test_the_ledger_is_bound_to_one_workspace(clinic: Clinic) -> None:
    clinic.built()
    assert clinic.shift("load", "--yes").code == 0
    with start(api_key=KEY) as other:
        answer = clinic.shift("load", "--yes", TWENTY_URL=other)
    assert answer.code == 1
    assert "this ledger belongs to the workspace" in answer.err


def test_status_tells_what_is_in(clinic: Clinic) -> None:
    assert clinic.built().shift("status").out == "Nothing was loaded yet.\n"
    assert clinic.shift("load", "--yes").code == 0
    status = json.loads(clinic.shift("status", "--output", "json").out)
    assert status["objects"] == [
        {"object": "person", "status": "created", "records": 10},
        {"object": "task", "status": "created", "records": 10},
    ]
    assert [(run["command"], run["status"]) for run in status["runs"]] == [("load", "done")]


def test_show_prints_what_will_go_out(clinic: Clinic) -> None:
    answer = clinic.built().shift("show", "twenty__person", "--where", "\"sourceSystemId\" = '3'")
    assert json.loads(answer.out) == {
        "emails": {"primaryEmail": "p3@clinic.example"},
        "id": "11111111-1111-5111-8111-000000000003",
        "name": {"lastName": "Ng 3"},
        "sourceSystemId": "3",
    }


def test_what_wakes_up_by_itself_is_pulled(clinic: Clinic) -> None:
    """A new workspace makes companies of new people's e-mail addresses."""
    clinic.built(
        **{
            "sources/automations.yml": """
                sources:
                  - name: automations
                    schema: destination
                    tables:
                      - {name: automations, columns: [{name: workflow}, {name: event}]}
            """,
            "tests/plan/automations_active.sql": """
                select workflow, event from {{ source('automations', 'automations') }}
            """,
        }
    )
    plan = json.loads(clinic.shift("plan", "--output", "json").out)
    assert [finding["examples"] for finding in plan["findings"]] == [
        ["workflow: Create company when adding a new person, event: person.upserted"]
    ]
