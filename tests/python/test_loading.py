"""Loads: every record once, none lost, whatever the CRM or the machine does, and nobody's work is lost."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest
from fakes import Killed, MemoryCRM, Trouble, busy, lost, stop
from staged import ATTEMPTS, Clinic, hasty, people, stage
from support import write_files

from shift import ledger
from shift.connecting import connected
from shift.database import open_database
from shift.destination import Limits
from shift.errors import Again, LedgerError, Stop
from shift.loading import Patience
from shift.loading.updating import same
from shift.planning import Choices
from shift.project import open_project
from shift.pulling import pull
from shift.sandbox.twenty import start

PEOPLE = 10
ROOT = Path(__file__).parents[2]
LOAD_THAT_DIES = str(Path(__file__).with_name("load_that_dies.py"))
SAMPLES = 5  # people, and companies, of a fresh workspace (contracts/twenty/fresh-workspace)

COMPANIES = """
create table twenty.company as
select
    uuid()::varchar as id,
    'Company ' || number as name,
from range(20) as numbers(number)
"""
PERSONS = """
create table twenty.person as
select
    uuid()::varchar as id,
    {'firstName': 'Person', 'lastName': number::varchar} as name,
    {'primaryEmail': 'p' || number || '@example.test'} as emails,
    (select any_value(id) from twenty.company) as companyId,
from range(40) as numbers(number)
"""


@pytest.fixture
def clinic(connection: duckdb.DuckDBPyConnection, tmp_path: Path) -> Clinic:
    stage(connection, people(PEOPLE), tasks_each=2)
    return Clinic(connection, tmp_path / "ledger.sqlite")


def load_that_dies(clinic: Clinic, when: str, call: int, concurrency: int = 1) -> None:
    """A load whose process ends before a write arrives, or after it is done and before its answer."""
    with pytest.MonkeyPatch.context() as machine:

        def dead(*_: object) -> None:
            raise Killed

        def die(number: int) -> BaseException | None:
            if number < call:
                return None
            machine.setattr(ledger.Ledger, "flush", dead)
            return Killed()

        clinic.crm.trouble = Trouble(before=die) if when == "before" else Trouble(after=die)
        with pytest.raises(Killed):
            clinic.load(concurrency=concurrency)
    clinic.crm.trouble = Trouble()


def assert_each_record_is_there_once(clinic: Clinic) -> None:
    for object, relation in (("person", "crm.person"), ("task", "crm.task")):
        meant = clinic.connection.execute(f"select id from {relation} order by id").fetchall()
        assert clinic.crm.ids(object) == [id for (id,) in meant]


def test_a_load_writes_every_row_in_batches_and_in_order(clinic: Clinic) -> None:
    result = clinic.load()
    assert_each_record_is_there_once(clinic)
    assert clinic.crm.writes == [("create", 4), ("create", 4), ("create", 2)] + [("create", 4)] * 5
    assert [(one.object, one.counts, one.held_back) for one in result.objects] == [
        ("person", {"created": 10}, 0),
        ("task", {"created": 20}, 0),
    ]
    assert (result.complete, result.exit_code) == (True, 0)
    assert {status for _, _, status, _ in clinic.records()} == {"created"}


def test_a_second_load_sends_nothing(clinic: Clinic) -> None:
    clinic.load()
    clinic.crm.calls.clear()
    assert clinic.load().complete
    assert clinic.crm.calls == {}


def test_batches_are_bounded_by_bytes_and_a_huge_row_goes_alone(clinic: Clinic) -> None:
    stage(clinic.connection, people(5, p3={"name": "x" * 1000}), tasks_each=0)
    clinic.crm.limits = Limits(batch_size=10, batch_bytes=250)
    clinic.load()
    assert clinic.crm.writes == [("create", 2), ("create", 1), ("create", 2)]
    assert_each_record_is_there_once(clinic)


@pytest.mark.parametrize("concurrency", [1, 3])
@pytest.mark.parametrize(
    "trouble",
    [
        pytest.param(Trouble(after=lambda call: lost() if call % 2 else None), id="written-and-answer-lost"),
        pytest.param(Trouble(before=lambda call: lost() if call % 2 else None), id="lost-on-the-way"),
        pytest.param(Trouble(before=lambda call: busy() if call % 3 else None), id="rate-limited"),
        pytest.param(
            Trouble(before=lambda call: lost() if call % 3 else None, after=lambda call: lost() if call % 2 else None),
            id="both",
        ),
    ],
)
def test_every_record_is_there_once_through(clinic: Clinic, trouble: Trouble, concurrency: int) -> None:
    clinic.crm.trouble = trouble
    # With several threads, one batch may meet all the trouble that is dealt out.
    clinic.patience = lambda: replace(hasty(), attempts=100)
    assert clinic.load(concurrency=concurrency).complete
    assert_each_record_is_there_once(clinic)


def test_a_rate_limit_keeps_its_intent(clinic: Clinic) -> None:
    clinic.crm.trouble = Trouble(before=lambda call: busy() if call <= 2 else None)
    clinic.load()
    with ledger.reading(clinic.path) as book:
        ledger.mirror(book, clinic.connection)
    assert clinic.connection.execute("select count(*) from ledger.intents").fetchone() == (30,)


def test_the_pause_that_the_crm_asks_for_is_kept() -> None:
    pauses: list[float] = []
    answers = iter([Again("later", arrived=False, retry_after=7.5), Again("later", arrived=False), None])

    def call() -> str:
        if error := next(answers):
            raise error
        return "done"

    patience = Patience(first=1.0, longest=4.0, sleep=pauses.append)
    assert patience.write(call) == "done"
    assert pauses[0] == 7.5
    assert 0 <= pauses[1] <= 4.0


def test_a_refused_row_stands_alone_in_the_crms_words_and_its_children_wait(clinic: Clinic) -> None:
    clinic.crm.trouble = Trouble(refuses=lambda payload: "Invalid value" if payload.get("age") == 35 else None)
    result = clinic.load()
    assert [(one.object, one.counts, one.held_back) for one in result.objects] == [
        ("person", {"created": 9, "rejected": 1}, 0),
        ("task", {"created": 18}, 2),
    ]
    assert result.exit_code == 3
    assert [row for row in clinic.records() if row[2] != "created"] == [("person", "5", "rejected", "Invalid value")]
    assert clinic.connection.execute("select distinct object, reason from ledger.held_back").fetchall() == [
        ("task", "its person is not in")
    ]
    clinic.crm.trouble = Trouble()
    assert clinic.load(choices=Choices(retry_rejected=True)).complete
    assert_each_record_is_there_once(clinic)


def test_a_row_that_always_fails_with_a_500_is_found_and_rejected(clinic: Clinic) -> None:
    """Twenty answers NUL characters and the like with a 500: halving finds the row, since `find` shows nothing."""
    poison = "person-5"

    class Poisoned(MemoryCRM):
        def create(self, object, rows):  # type: ignore[no-untyped-def]
            if any(row.id == poison for row in rows):
                raise Again("Data validation error.", arrived=True, status=500)
            return super().create(object, rows)

    clinic.crm = Poisoned()
    clinic.load()
    assert len(clinic.crm.ids("person")) == PEOPLE - 1
    assert ("person", "5", "rejected", "Data validation error.") in clinic.records()


def test_a_duplicate_of_another_unique_value_costs_its_row_alone(clinic: Clinic) -> None:
    clinic.crm.records["person"] = {"theirs": {"id": "theirs", "email": "p2@example.test"}}
    clinic.load()
    assert len(clinic.crm.ids("person")) == PEOPLE
    assert ("person", "2", "rejected", "A duplicate entry was detected") in clinic.records()


def test_a_record_that_this_ledger_did_not_make_is_foreign_and_stays_as_it_is(clinic: Clinic) -> None:
    theirs = {"id": "person-2", "name": "as it was"}
    clinic.crm.records["person"] = {"person-2": theirs.copy()}
    result = clinic.load()
    assert result.objects[0].counts == {"created": 9, "foreign": 1}
    assert result.objects[1].held_back == 2
    assert clinic.crm.records["person"]["person-2"] == theirs


def test_a_foreign_record_that_was_accepted_is_adopted_and_brought_up(clinic: Clinic) -> None:
    clinic.crm.records["person"] = {"person-2": {"id": "person-2", "name": "as it was"}}
    clinic.load()
    assert clinic.load(choices=Choices(accepted=["foreign_records"])).complete
    assert clinic.crm.records["person"]["person-2"]["email"] == "p2@example.test"
    clinic.crm.calls.clear()
    clinic.load()
    assert clinic.crm.calls == {}


def test_a_record_that_somebody_deleted_is_never_revived(clinic: Clinic) -> None:
    clinic.crm.deleted.add("person-2")
    clinic.load()
    assert ("person", "2", "gone", "somebody deleted it in the CRM") in clinic.records()
    clinic.load()
    assert "person-2" not in clinic.crm.ids("person")


def test_a_record_that_turns_up_after_it_was_looked_for_is_ours(clinic: Clinic) -> None:
    """The CRM was slower than the look-up: what it wrote late is told from what others wrote."""

    class Slow(MemoryCRM):
        late: list[Callable[[], object]] = []

        def create(self, object, rows):  # type: ignore[no-untyped-def]
            if not self.late:
                self.late.append(lambda: MemoryCRM.create(self, object, rows))
                raise lost()
            while len(self.late) == 1:
                self.late.append(self.late[0])
                self.late[0]()
            return super().create(object, rows)

    clinic.crm = Slow()
    assert clinic.load().complete
    assert_each_record_is_there_once(clinic)


# --- ends -------------------------------------------------------------------------------------------------------


def test_a_stop_ends_the_load_and_rejects_nobody(clinic: Clinic) -> None:
    clinic.crm.trouble = Trouble(before=lambda call: stop() if call == 2 else None)
    with pytest.raises(Stop, match=r"Token invalid\."):
        clinic.load()
    assert {status for _, _, status, _ in clinic.records()} == {"created"}
    with ledger.reading(clinic.path) as book:
        assert book is not None
        assert book.open_intents() == []
        assert [(run.status, run.message) for run in book.runs()] == [("failed", "Token invalid.")]
    clinic.crm.trouble = Trouble()
    assert clinic.load().complete
    assert_each_record_is_there_once(clinic)


def test_a_crm_that_stays_away_ends_the_load_after_its_attempts(clinic: Clinic) -> None:
    clinic.crm.trouble = Trouble(before=lambda call: busy() if call > 2 else None)
    with pytest.raises(Again, match="Limit reached"):
        clinic.load()
    assert len(clinic.crm.writes) == 2 + ATTEMPTS
    clinic.crm.trouble = Trouble()
    assert clinic.load().complete
    assert_each_record_is_there_once(clinic)


@pytest.mark.parametrize("concurrency", [1, 2])
@pytest.mark.parametrize("call", range(1, 9))
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_load_that_is_killed_goes_on_where_it_stopped(clinic: Clinic, call: int, when: str, concurrency: int) -> None:
    load_that_dies(clinic, when, call, concurrency)
    assert clinic.load(concurrency=concurrency).complete
    assert_each_record_is_there_once(clinic)
    assert {status for _, _, status, _ in clinic.records()} == {"created"}


def test_an_interruption_finishes_the_calls_under_way(clinic: Clinic) -> None:
    begun, go_on = threading.Event(), threading.Event()

    class Waiting(MemoryCRM):
        def create(self, object, rows):  # type: ignore[no-untyped-def]
            begun.set()
            go_on.wait(5)
            return super().create(object, rows)

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    clinic.crm = Waiting()
    go_on.set()
    clinic.on_progress = interrupt
    with pytest.raises(KeyboardInterrupt):
        clinic.load(concurrency=2)
    with ledger.reading(clinic.path) as book:
        assert book is not None
        assert book.open_intents() == []
        assert [run.status for run in book.runs()] == ["interrupted"]
    clinic.on_progress = lambda _: None
    assert clinic.load().complete
    assert_each_record_is_there_once(clinic)


def test_what_is_not_there_yet_may_still_be_on_its_way(clinic: Clinic) -> None:
    """A killed run's record is looked for again once its intent is old enough, and only then sent again."""
    load_that_dies(clinic, "before", call=1)
    waits: list[float] = []
    clinic.patience = lambda: Patience(first=0.0, settled_after=30.0, sleep=waits.append)
    assert clinic.load().complete
    assert len(waits) == 1
    assert 25 < waits[0] <= 30
    assert_each_record_is_there_once(clinic)


def test_a_full_disk_stops_before_the_next_call(clinic: Clinic, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise LedgerError("the ledger cannot be written: database or disk is full")

    clinic.crm.trouble = Trouble(after=lambda call: monkeypatch.setattr(ledger.Ledger, "intend", full))
    with pytest.raises(LedgerError, match="disk is full"):
        clinic.load()
    assert clinic.crm.writes == [("create", 4)]
    monkeypatch.undo()
    clinic.crm.trouble = Trouble()
    assert clinic.load().complete
    assert_each_record_is_there_once(clinic)


@pytest.mark.parametrize("call", [1, 3, 6])
def test_a_process_that_ends_in_the_middle_leaves_each_record_once(tmp_path: Path, call: int) -> None:
    """Over HTTP, with a twin that also drops answers: the real loader, the real ledger, a real end of the process."""
    with start(api_key="k", faults="drop:every=4") as url:
        settings = f"name: small\nto: twenty\ndestinations: {{twenty: {{loader: twenty, url: '{url}', api_key: k, "
        write_files(tmp_path, {"project.yml": settings + "requests_per_minute: 1000000, batch_size: 10}}\n"})
        project = open_project(tmp_path)
        with closing(open_database(project.database)) as connection:
            connection.execute("create schema twenty")
            connection.execute(COMPANIES)
            connection.execute(PERSONS)
        exits = [
            subprocess.run(
                [sys.executable, LOAD_THAT_DIES, str(tmp_path), str(fatal)], env={**os.environ, "PYTHONPATH": str(ROOT)}
            ).returncode
            for fatal in (call, 0)
        ]
        with connected(project) as destination, closing(open_database(project.database)) as connection:
            pull(connection, destination.pull(), [])
            there = "select (select count(*) from destination.people), (select count(*) from destination.companies)"
            assert connection.execute(there).fetchone() == (SAMPLES + 40, SAMPLES + 20)
        assert exits == [9, 0]


# --- updates ----------------------------------------------------------------------------------------------------


def test_an_update_sends_the_fields_that_changed_composites_whole(clinic: Clinic) -> None:
    clinic.load()
    stage(clinic.connection, people(PEOPLE, p2={"name": "Ann", "age": None}), tasks_each=2)
    result = clinic.load()
    assert result.objects[0].counts == {"updated": 1}
    person = clinic.crm.records["person"]["person-2"]
    assert (person["name"], person["age"]) == ({"full_name": "Ann", "nick": None}, None)
    with ledger.reading(clinic.path) as book:
        [[(body,)]] = list(book.rows("select body from intents where operation = 'update'")) if book else []
    assert body == '{"age":null,"name":{"full_name":"Ann","nick":null}}'


def edited(clinic: Clinic) -> None:
    """We change age and e-mail of person 2; somebody else changed the e-mail, and the name."""
    clinic.load()
    clinic.crm.records["person"]["person-2"] |= {"email": "theirs@example.test", "name": {"full_name": "Their Name"}}
    stage(clinic.connection, people(PEOPLE, p2={"age": 80, "email": "ours@example.test"}), tasks_each=2)


def test_a_conflict_is_flagged_and_nothing_is_sent(clinic: Clinic) -> None:
    edited(clinic)
    result = clinic.load()
    assert result.objects[0].counts == {"conflict": 1}
    assert result.exit_code == 3
    assert clinic.crm.records["person"]["person-2"]["email"] == "theirs@example.test"
    message = "somebody changed email in the CRM since our last write"
    assert ("person", "2", "conflict", message) in clinic.records()


@pytest.mark.parametrize(("on_conflict", "email"), [("theirs", "theirs@example.test"), ("ours", "ours@example.test")])
def test_a_conflict_may_be_decided_and_the_fields_of_others_stay(
    clinic: Clinic, on_conflict: ledger.Status, email: str
) -> None:
    edited(clinic)
    assert clinic.load(on_conflict=on_conflict).complete  # type: ignore[arg-type]
    person = clinic.crm.records["person"]["person-2"]
    assert (person["email"], person["age"], person["name"]) == (email, 80, {"full_name": "Their Name"})
    clinic.crm.calls.clear()
    clinic.load()
    assert clinic.crm.calls == {}


def test_a_field_that_only_others_changed_is_no_conflict(clinic: Clinic) -> None:
    clinic.load()
    clinic.crm.records["person"]["person-2"]["email"] = "theirs@example.test"
    stage(clinic.connection, people(PEOPLE, p2={"age": 80}), tasks_each=2)
    assert clinic.load().complete
    person = clinic.crm.records["person"]["person-2"]
    assert (person["email"], person["age"]) == ("theirs@example.test", 80)


@pytest.mark.parametrize(
    "trouble",
    [
        pytest.param(Trouble(after=lambda call: lost() if call % 2 else None), id="written-and-answer-lost"),
        pytest.param(Trouble(before=lambda call: lost() if call % 2 else None), id="lost-on-the-way"),
        pytest.param(Trouble(before=lambda call: busy() if call % 2 else None), id="rate-limited"),
    ],
)
def test_an_update_whose_answer_was_lost_is_looked_up(clinic: Clinic, trouble: Trouble) -> None:
    clinic.load()
    clinic.crm.writes.clear()
    clinic.crm.trouble = trouble
    stage(clinic.connection, people(PEOPLE, p2={"age": 80}, p3={"age": 81}), tasks_each=2)
    assert clinic.load().objects[0].counts == {"updated": 2}
    assert [clinic.crm.records["person"][f"person-{at}"]["age"] for at in (2, 3)] == [80, 81]


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_killed_update_goes_on(clinic: Clinic, when: str) -> None:
    clinic.load()
    clinic.crm.writes.clear()
    stage(clinic.connection, people(PEOPLE, p2={"age": 80}, p3={"age": 81}), tasks_each=2)
    load_that_dies(clinic, when, call=1)
    assert clinic.load().complete
    assert [clinic.crm.records["person"][f"person-{at}"]["age"] for at in (2, 3)] == [80, 81]


def test_a_refused_update_keeps_what_was_there_and_its_children_go_on(clinic: Clinic) -> None:
    clinic.load()
    clinic.crm.trouble = Trouble(refuses=lambda payload: "too old" if payload.get("age") == 80 else None)
    stage(clinic.connection, people(PEOPLE, p2={"age": 80}), tasks_each=3)
    result = clinic.load()
    assert [(one.counts, one.held_back) for one in result.objects] == [({"rejected": 1}, 0), ({"created": 10}, 0)]
    assert clinic.crm.records["person"]["person-2"]["age"] == 32


def test_a_record_that_is_not_there_any_more_is_not_made_again(clinic: Clinic) -> None:
    clinic.load()
    del clinic.crm.records["person"]["person-2"]
    stage(clinic.connection, people(PEOPLE, p2={"age": 80}), tasks_each=3)
    result = clinic.load()
    assert [(one.counts, one.held_back) for one in result.objects] == [({"gone": 1}, 0), ({"created": 9}, 1)]
    assert "person-2" not in clinic.crm.ids("person")


@pytest.mark.parametrize(
    ("ours", "theirs", "equal"),
    [
        (None, "", True),
        ("", None, True),
        ([], None, True),
        (None, {}, True),
        (False, None, False),
        (0, None, False),
        ("a", "a", True),
        ("a", "b", False),
        ({"a": 1}, {"a": 1, "b": 2}, True),
        ({"a": 1, "b": None}, {"a": 1}, True),
        ({"a": None}, None, True),
        ({"a": 1}, None, False),
        ([{"a": 1}], [{"a": 1, "b": ""}], True),
        ([1, 2], [2, 1], False),
        ([1], [1, 2], False),
    ],
)
def test_what_counts_as_the_same(ours: object, theirs: object, equal: bool) -> None:
    assert same(ours, theirs) is equal
