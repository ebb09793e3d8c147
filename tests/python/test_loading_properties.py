"""Whatever the CRM does, in whatever order: nothing is written twice in silence, and nothing is lost."""

from __future__ import annotations

from collections import Counter
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb
from fakes import GivingIds, MemoryCRM, Trouble, busy, lost, stop
from hypothesis import given, settings
from hypothesis import strategies as st
from staged import Clinic, people, stage

from shift import ledger
from shift.database import open_database
from shift.errors import Again, Stop
from shift.planning import Choices
from shift.staging import StagingModel

PEOPLE = 7
# What happens to a call: nothing, lost on the way, carried out and the answer lost, a rate limit, an end of the run.
MISCHIEF = st.lists(st.sampled_from(["", "", "before", "after", "busy", "stop"]), max_size=14)


def trouble(mischief: list[str]) -> Trouble:
    """Each call's own, by its number; after the last there is none."""

    def strikes(call: int, kind: str) -> bool:
        return call <= len(mischief) and mischief[call - 1] == kind

    def before(call: int) -> BaseException | None:
        raised = {"before": lost, "busy": busy, "stop": stop}
        return next((make() for kind, make in raised.items() if strikes(call, kind)), None)

    return Trouble(before=before, after=lambda call: lost() if strikes(call, "after") else None)


def load_until_done(clinic: Clinic) -> int:
    """How many loads it took."""
    for number in range(1, 40):
        try:
            clinic.load(choices=Choices(retry_rejected=True))
        except (Again, Stop):
            continue
        if clinic.plan(Choices(retry_rejected=True)).writes == 0:
            return number
    raise AssertionError("it never ends")


def no_intent_is_open(clinic: Clinic) -> bool:
    with ledger.reading(clinic.path) as book:
        return book is not None and book.open_intents() == []


@settings(max_examples=12, deadline=None)
@given(creating=MISCHIEF, updating=MISCHIEF)
def test_with_ids_of_ours_each_record_is_there_once_as_meant(creating: list[str], updating: list[str]) -> None:
    with TemporaryDirectory() as folder, closing(open_database(None)) as connection:
        stage(connection, people(PEOPLE), tasks_each=1)
        clinic = Clinic(connection, Path(folder) / "ledger.sqlite", MemoryCRM(trouble=trouble(creating)))
        load_until_done(clinic)
        assert clinic.crm.ids("person") == sorted(f"person-{at}" for at in range(1, PEOPLE + 1))
        assert len(clinic.crm.ids("task")) == PEOPLE

        connection.execute("update crm.person set age = age + 100")
        clinic.crm.writes.clear()
        clinic.crm.trouble = trouble(updating)
        load_until_done(clinic)
        ages = {id: one["age"] for id, one in clinic.crm.records["person"].items()}
        assert ages == {f"person-{at}": 130 + at for at in range(1, PEOPLE + 1)}
        assert no_intent_is_open(clinic)


@settings(max_examples=12, deadline=None)
@given(mischief=MISCHIEF, late=st.lists(st.integers(0, 2), min_size=4 * PEOPLE, max_size=4 * PEOPLE))
def test_with_ids_of_the_crm_nothing_is_missing_and_every_double_is_told(mischief: list[str], late: list[int]) -> None:
    """A record shows up to two look-ups late, which is later than this load's patience: only then is one sent twice."""
    with TemporaryDirectory() as folder, closing(open_database(None)) as connection:
        person(connection)
        crm = GivingIds(trouble=trouble(mischief), shows_after=lambda number: late[number % len(late)])
        model = StagingModel("crm__person", "crm.person", "person", "mark", ("mark", "name"))
        clinic = Clinic(connection, Path(folder) / "ledger.sqlite", crm, (model,))
        load_until_done(clinic)
        clinic.load()  # looks for what was sent twice once more
        clinic.load()
        there = Counter(one["mark"] for one in crm.records["person"].values())
        assert set(there) == {f"p{at}" for at in range(PEOPLE)}
        with ledger.reading(clinic.path) as book:
            ledger.mirror(book, connection)
        told = dict(connection.execute("select key, count(*) from ledger.doubles group by key").fetchall())
        assert told == {mark: count for mark, count in there.items() if count > 1}
        assert no_intent_is_open(clinic)


def person(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute("create schema crm")
    connection.execute(
        f"create table crm.person as select 'p' || number as mark, 'Person ' || number as name "
        f"from range({PEOPLE}) as numbers(number)"
    )
