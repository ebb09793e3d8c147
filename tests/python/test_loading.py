"""Loads: every record once, none lost, whatever the CRM or the machine does, and nobody's work is lost."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest
from fakes import MemoryCRM, Trouble, busy, lost, stop
from staged import ATTEMPTS, TROUBLES, Clinic, assert_each_record_is_there_once, hasty, load_that_dies, people, stage

from shift import ledger
from shift.destination import Limits, Outcome, Row
from shift.errors import Again, LedgerError, Stop
from shift.http import attempt
from shift.ledger import opening
from shift.loading import Patience
from shift.planning import Choices

PEOPLE = 10


@pytest.fixture
def clinic(connection: duckdb.DuckDBPyConnection, tmp_path: Path) -> Clinic:
    stage(connection, people(PEOPLE), tasks_each=2)
    return Clinic(connection, tmp_path / "ledger.sqlite")


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
        *TROUBLES,
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


def test_each_try_has_its_number_and_the_first_is_one(clinic: Clinic) -> None:
    """A rate limit, then a lost answer: the ledger's `calls` tell the tries of one thing from calls of their own."""
    tries: list[int] = []

    class Counting(MemoryCRM):
        def create(self, object: str, rows: Sequence[Row]) -> Sequence[Outcome]:
            tries.append(attempt.get())
            return super().create(object, rows)

    clinic.crm = Counting()
    clinic.crm.trouble = Trouble(before=lambda call: {1: busy(), 2: lost()}.get(call))
    clinic.load()
    assert tries == [1, 2, 2, *[1] * 7]
    assert attempt.get() == 1


def test_trying_ends_when_its_time_is_over() -> None:
    def call() -> None:
        tries.append(1)
        raise busy()

    tries: list[int] = []
    with pytest.raises(Again):
        Patience(attempts=1_000_000, first=0.0, longest=0.0, total=0.05).write(call)
    assert len(tries) > 1


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
        def create(self, object: str, rows: Sequence[Row]) -> Sequence[Outcome]:
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

        def create(self, object: str, rows: Sequence[Row]) -> Sequence[Outcome]:
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
        def create(self, object: str, rows: Sequence[Row]) -> Sequence[Outcome]:
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


@pytest.mark.parametrize("more_pages", [1, 3, 6, 12])
def test_a_full_disk_stops_before_the_next_call(clinic: Clinic, more_pages: int) -> None:
    """The ledger has room for so many pages of 4 kB more; the next load has all that it needs."""
    stage(clinic.connection, people(100), tasks_each=2)
    prepare = opening._prepare

    def prepare_with_little_room(connection: sqlite3.Connection, path: Path) -> None:
        prepare(connection, path)
        [(pages,)] = connection.execute("pragma page_count").fetchall()
        connection.execute(f"pragma max_page_count = {pages + more_pages}")

    with pytest.MonkeyPatch.context() as machine:
        machine.setattr(opening, "_prepare", prepare_with_little_room)
        with pytest.raises(LedgerError, match="database or disk is full"):
            clinic.load(concurrency=2)
    sent = sum(rows for _, rows in clinic.crm.writes)
    assert sent < 300
    assert clinic.load().complete
    assert_each_record_is_there_once(clinic)
