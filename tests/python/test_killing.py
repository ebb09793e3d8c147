"""A load that is killed again and again, while the CRM drops answers and refuses calls: each record is there once."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import httpx
import pytest
from support import write_files

from shift import ledger
from shift.connecting import connected
from shift.database import open_database
from shift.destination import FieldDefinition
from shift.project import Project, open_project
from shift.sandbox import nutshell
from shift.sandbox.twenty import start

ROOT = Path(__file__).parents[2]
LOAD_THAT_DIES = str(Path(__file__).with_name("load_that_dies.py"))
KEY = "key-of-the-tests"
# One answer in five is dropped after the call was carried out, and one call in ten is refused for the rate limit.
FAULTS = "drop:every=5,429:every=10"
# The calls that a process makes and does not live to note: while records are created, and while they are updated.
KILLS = ((1, 2, 1, 3, 2, 1, 2, 3, 1), (1, 2, 1))
COMPANIES, PEOPLE = 40, 60

STAGING = """
create schema if not exists twenty;
create or replace table twenty.company as
select
    uuid()::varchar as id,
    'Company ' || number as name,
from range({companies}) as numbers(number);
create or replace table twenty.person as
select
    uuid()::varchar as id,
    {{'firstName': 'Person', 'lastName': number::varchar}} as name,
    {{'primaryEmail': 'p' || number || '@example.test'}} as emails,
    (select min(id) from twenty.company) as companyId,
from range({people}) as numbers(number);
"""

MARK = "Cliniko Patient ID"
ADMIN, ANNA = "admin@clinic.example", "anna@clinic.example"
# One in two visits is cancelled, which takes two calls; so does an owner, where JSON-RPC sets none.
NUTSHELL = f"""
create schema nutshell;
create table nutshell.person as
select
    'p' || number as "{MARK}",
    {{{{'givenName': 'Person', 'familyName': number::varchar}}}} as name,
    [{{{{'name': 'email', 'value': 'p' || number || '@example.test'}}}}] as emails,
    '2-users' as owner,
from range({{patients}}) as numbers(number);
create table nutshell.activity as
select
    'a-' || "{MARK}" as _key,
    "{MARK}" as _person,
    'Visit' as name,
    '[cliniko appt=' || "{MARK}" || ']' as description,
    '1-activityTypes' as activityType,
    '2026-03-01T09:00:00.000Z' as startTime,
    '2026-03-01T09:30:00.000Z' as endTime,
    [{{{{'$ref': 'person:' || "{MARK}"}}}}] as contacts,
    if(name.familyName::int % 2 = 0, 'cancelled', 'logged') as status,
from nutshell.person;
create table nutshell.note as
select
    'n-' || "{MARK}" as _key,
    "{MARK}" as _person,
    {{{{'$ref': 'person:' || "{MARK}"}}}} as parent,
    'Note of ' || "{MARK}" as body,
from nutshell.person;
"""


def load(project: Project, fatal_call: int, hands: int = 2) -> int:
    """The exit code of a load in a process of its own, which ends itself at this call; 0 is never."""
    command = [sys.executable, LOAD_THAT_DIES, str(project.root), str(fatal_call), str(hands)]
    return subprocess.run(command, env={**os.environ, "PYTHONPATH": str(ROOT)}).returncode


def change(project: Project, statements: str) -> None:
    with closing(open_database(project.database)) as connection:
        connection.execute(statements)


def names(url: str, plural: str) -> Counter[str]:
    """How often each name stands in the CRM, by its own API."""
    headers = {"Authorization": f"Bearer {KEY}"}
    answer = httpx.get(f"{url}/rest/{plural}?limit=200", headers=headers, trust_env=False).raise_for_status().json()
    found = [one["name"] for one in answer["data"][plural]]
    return Counter(one if isinstance(one, str) else f"{one['firstName']} {one['lastName']}" for one in found)


def test_twelve_kills_dropped_answers_and_refused_calls_leave_each_record_once(tmp_path: Path) -> None:
    """The real loader, the real ledger, over HTTP: every process ends after a call that the CRM carried out."""
    with start(api_key=KEY, faults=FAULTS, automations=False) as url:
        settings = f"name: small\nto: twenty\ndestinations: {{twenty: {{loader: twenty, url: '{url}', api_key: {KEY}, "
        write_files(tmp_path, {"project.yml": settings + "requests_per_minute: 1000000, batch_size: 4}}\n"})
        project = open_project(tmp_path)
        samples = names(url, "companies"), names(url, "people")
        change(project, STAGING.format(companies=COMPANIES, people=PEOPLE))

        creating, updating = KILLS
        exits = [load(project, call) for call in (*creating, 0)]
        change(project, "update twenty.person set name = {'firstName': 'Patient', 'lastName': name.lastName}")
        exits += [load(project, call) for call in (*updating, 0)]

        assert exits == [9] * len(creating) + [0] + [9] * len(updating) + [0]
        assert names(url, "companies") - samples[0] == Counter(f"Company {at}" for at in range(COMPANIES))
        assert names(url, "people") - samples[1] == Counter(f"Patient {at}" for at in range(PEOPLE))
    with ledger.reading(project.ledger) as book:
        assert book is not None
        assert book.open_intents() == []
        assert Counter(run.status for run in book.runs()) == {None: 12, "done": 2}


@contextmanager
def nutshell_twin(folder: Path, patients: int, *, faults: str = "", **behaviour: str) -> Iterator[Project]:
    """A project whose staging tables hold so many patients, and its twin for as long as the block lasts."""
    with nutshell.start(
        api_key=KEY, user=ADMIN, members=[ANNA], activity_types=["Visit"], faults=faults, behaviour=behaviour
    ) as url:
        destination = f"{{loader: nutshell, url: '{url}', user: {ADMIN}, api_key: {KEY}, "
        text = f"name: small\nto: nutshell\ndestinations: {{nutshell: {destination}requests_per_minute: 1000000}}}}\n"
        write_files(folder, {"project.yml": text})
        project = open_project(folder)
        change(project, NUTSHELL.format(patients=patients))
        with connected(project) as crm:
            crm.provision(FieldDefinition("person", MARK, "Text", MARK))
        yield project


def assert_moved(project: Project, patients: int) -> None:
    """Each is there once, whole, and the ledger has nothing left to find out."""
    keys = [f"p{at}" for at in range(patients)]
    with connected(project) as crm:
        people, activities, notes = (
            [json.loads(one.body) for one in crm.every(object)] for object in ("person", "activity", "note")
        )
    assert Counter((one[MARK], one["owner"]) for one in people) == Counter((key, "2-users") for key in keys)
    assert Counter((one["description"], one["status"]) for one in activities) == Counter(
        (f"[cliniko appt=p{at}]", "logged" if at % 2 else "cancelled") for at in range(patients)
    )
    assert Counter(one["body"] for one in notes) == Counter(f"Note of {key}" for key in keys)
    with ledger.reading(project.ledger) as book:
        assert book is not None
        assert book.open_intents() == []
        assert list(book.rows("select 1 from doubles")) == []


def test_a_crm_that_gives_ids_has_each_record_once_though_it_shows_them_late(tmp_path: Path) -> None:
    """Calls are dropped once they are carried out, and refused; what was made shows in searches 0.4 s later."""
    with nutshell_twin(tmp_path, 8, faults=FAULTS, search_lag="0.4", rpc_owner="ignore") as project:
        kills = (2, 3, 5, 4, 6)
        assert [load(project, call) for call in (*kills, 0)] == [9] * len(kills) + [0]
        assert_moved(project, 8)


# What a load of one patient sends, call by call: newContact, PATCH of the owner, getContact, POST of the activity,
# editActivity to cancelled, newNote.
@pytest.mark.parametrize("call", [1, 2, 3, 4, 5, 6])
def test_a_record_that_takes_two_calls_is_whole_though_the_load_is_killed_between_them(
    tmp_path: Path, call: int
) -> None:
    with nutshell_twin(tmp_path, 1, rpc_owner="ignore") as project:
        assert [load(project, call, hands=1), load(project, 0)] == [9, 0]
        assert_moved(project, 1)


@pytest.mark.parametrize("fault", ["500", "drop", "garble"])
@pytest.mark.parametrize("call", [2, 4])
def test_a_record_whose_second_call_fails_is_whole_at_the_end_of_the_load(
    tmp_path: Path, fault: str, call: int
) -> None:
    with nutshell_twin(tmp_path, 1, faults=f"{fault}:call={call + 1}", rpc_owner="ignore") as project:
        assert load(project, 0, hands=1) == 0
        assert_moved(project, 1)
