"""A clinic of a few people and their tasks as staging tables, and one load of it into a CRM in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import duckdb
import pytest
from fakes import Killed, MemoryCRM, Trouble, busy, lost

from shift import ledger, pulling
from shift.loading import LoadResult, OnConflict, Patience, Progress, Writer, load, settle_open
from shift.planning import Beside, Choices, OnMissing, Plan, make_plan
from shift.staging import Parent, StagingModel

PERSON = StagingModel("crm__person", "crm.person", "person", "sourceId", ("id", "sourceId", "name", "email", "age"))
TASK = StagingModel(
    "crm__task", "crm.task", "task", "id", ("id", "title", "personId"), parents=(Parent("personId", "person"),)
)
STAGING = (PERSON, TASK)
ATTEMPTS = 4
NO_CHOICES = Choices()

Person = dict[str, object]

# What every other call meets, for tests of one that goes on all the same.
TROUBLES = [
    pytest.param(Trouble(after=lambda call: lost() if call % 2 else None), id="written-and-answer-lost"),
    pytest.param(Trouble(before=lambda call: lost() if call % 2 else None), id="lost-on-the-way"),
    pytest.param(Trouble(before=lambda call: busy() if call % 2 else None), id="rate-limited"),
]


def hasty() -> Patience:
    """One load's patience, without pauses."""
    return Patience(
        attempts=ATTEMPTS, first=0.0, longest=0.0, settled_after=0.0, look_after=(0.0,), send_again_after=0.0
    )


def people(count: int, **changed: Person) -> list[Person]:
    """Persons 1 … count; ``p3={"email": "x"}`` changes the third."""
    return [
        {"sourceId": f"{at}", "name": f"Person {at}", "email": f"p{at}@example.test", "age": 30 + at}
        | changed.get(f"p{at}", {})
        for at in range(1, count + 1)
    ]


def stage(connection: duckdb.DuckDBPyConnection, persons: Sequence[Person], tasks_each: int = 1) -> None:
    """Write the staging tables: the persons, and so many tasks for each."""
    connection.execute("create schema if not exists crm")
    connection.execute(
        "create or replace table crm.person "
        "(id varchar, sourceId varchar, name struct(full_name varchar, nick varchar), email varchar, age integer)"
    )
    for one in persons:
        connection.execute(
            "insert into crm.person values (?, ?, {'full_name': ?, 'nick': null}, ?, ?)",
            [f"person-{one['sourceId']}", one["sourceId"], one["name"], one["email"], one["age"]],
        )
    connection.execute(
        f"create or replace table crm.task as select 'task-' || sourceId || '-' || number as id, "
        f"'Visit ' || number as title, id as personId from crm.person, range({tasks_each}) as numbers(number)"
    )


@dataclass
class Clinic:
    """Runs plans and loads as the commands do, against one CRM and one ledger."""

    connection: duckdb.DuckDBPyConnection
    path: Path
    crm: MemoryCRM = field(default_factory=MemoryCRM)
    staging: Sequence[StagingModel] = STAGING
    patience: Callable[[], Patience] = hasty
    on_missing: OnMissing = "keep"
    beside: Beside = field(default_factory=Beside)
    exports: Path | None = None
    on_progress: Callable[[Progress], None] = lambda _: None

    def plan(self, choices: Choices = NO_CHOICES) -> Plan:
        pulling.pull(self.connection, self.crm.pull(), [])
        with ledger.reading(self.path) as book:
            return self._planned(book, choices)

    def load(
        self, *, on_conflict: OnConflict = "flag", choices: Choices = NO_CHOICES, concurrency: int = 1
    ) -> LoadResult:
        pulling.pull(self.connection, self.crm.pull(), [])
        with ledger.writing(self.path, "crm", self.crm.workspace()) as book, book.run("load") as run:
            writer = Writer(self.crm, book, self.patience(), self.exports)
            settle_open(writer)
            self._planned(book, choices)
            return load(
                writer,
                self.connection,
                self.staging,
                run=run,
                concurrency=concurrency,
                on_conflict=on_conflict,
                on_progress=self.on_progress,
            )

    def _planned(self, book: ledger.Ledger | None, choices: Choices) -> Plan:
        beside, on_missing = self.beside, self.on_missing
        return make_plan(self.connection, self.staging, book, choices=choices, on_missing=on_missing, beside=beside)

    def records(self) -> list[tuple[str, str, str, str | None]]:
        """The ledger's last word on each record: (object, key, status, message)."""
        with ledger.reading(self.path) as book:
            ledger.mirror(book, self.connection)
        return self.connection.execute(
            "select object, key, status, message from ledger.records order by object, key"
        ).fetchall()


@contextmanager
def dying(crm: MemoryCRM, when: str, call: int) -> Iterator[None]:
    """The process ends before a write arrives, or after it is done and before its answer."""
    with pytest.MonkeyPatch.context() as machine:

        def dead(*_: object) -> None:
            raise Killed

        def die(number: int) -> BaseException | None:
            if number < call:
                return None
            machine.setattr(ledger.Ledger, "flush", dead)
            return Killed()

        crm.trouble = Trouble(before=die) if when == "before" else Trouble(after=die)
        with pytest.raises(Killed):
            yield
    crm.trouble = Trouble()


def load_that_dies(clinic: Clinic, when: str, call: int, concurrency: int = 1) -> None:
    """A load whose process ends, as ``dying`` says."""
    with dying(clinic.crm, when, call):
        clinic.load(concurrency=concurrency)


def assert_each_record_is_there_once(clinic: Clinic) -> None:
    for object, relation in (("person", "crm.person"), ("task", "crm.task")):
        meant = clinic.connection.execute(f"select id from {relation} order by id").fetchall()
        assert clinic.crm.ids(object) == [id for (id,) in meant]
