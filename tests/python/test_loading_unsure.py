"""A CRM that gives ids itself: lost answers are looked for, sent once more at most, and doubles are told."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest
from fakes import GivingIds, Killed, Trouble, lost, stop
from staged import Clinic, load_that_dies

from shift import ledger
from shift.destination import Found, Outcome, Row
from shift.errors import Refused, Stop
from shift.loading import Patience, Writer, settle_open
from shift.staging import Parent, StagingModel

PEOPLE = 6
PERSON = StagingModel("crm__person", "crm.person", "person", "mark", ("mark", "name"))
VISIT = StagingModel(
    "crm__visit", "crm.visit", "visit", "mark", ("mark", "participants"), parents=(Parent("_person", "person", "mark"),)
)
SECONDS = [5, 15, 60, 180, 300]  # after the call, by the design


def stage(connection: duckdb.DuckDBPyConnection, name: str = "Person") -> None:
    connection.execute("create schema if not exists crm")
    connection.execute(
        f"create or replace table crm.person as select 'p' || number as mark, '{name} ' || number as name "
        f"from range(1, {PEOPLE + 1}) as numbers(number)"
    )
    connection.execute(
        "create or replace table crm.visit as select 'v-' || mark as mark, mark as _person, "
        "[{'$ref': 'person:' || mark}] as participants from crm.person"
    )


@pytest.fixture
def clinic(connection: duckdb.DuckDBPyConnection, tmp_path: Path) -> Clinic:
    stage(connection)
    path = tmp_path / "ledger.sqlite"
    return Clinic(connection, path, GivingIds(), (PERSON, VISIT))


def marks(clinic: Clinic, object: str) -> Counter[str]:
    return Counter(one["mark"] for one in clinic.crm.records.get(object, {}).values())


def assert_each_is_there_once(clinic: Clinic) -> None:
    assert marks(clinic, "person") == Counter(f"p{at}" for at in range(1, PEOPLE + 1))
    assert marks(clinic, "visit") == Counter(f"v-p{at}" for at in range(1, PEOPLE + 1))
    named = {one["mark"]: id for id, one in clinic.crm.records["person"].items()}
    for one in clinic.crm.records["visit"].values():
        assert one["participants"] == [named[one["mark"].removeprefix("v-")]]


def doubles(clinic: Clinic) -> list[tuple[str, str, str, bool]]:
    with ledger.reading(clinic.path) as book:
        ledger.mirror(book, clinic.connection)
    return clinic.connection.execute("select object, key, id, kept from ledger.doubles order by all").fetchall()


def only(call: int) -> Callable[[int], Exception | None]:
    return lambda number: lost() if number == call else None


def test_the_ids_are_the_crms_and_references_are_filled_in_with_them(clinic: Clinic) -> None:
    assert clinic.load().complete
    assert_each_is_there_once(clinic)
    assert clinic.crm.calls["find"] == 0
    clinic.crm.calls.clear()
    assert clinic.load().complete
    assert clinic.crm.calls == {}


def test_what_a_lost_call_made_is_found_and_not_sent_again(clinic: Clinic) -> None:
    clinic.crm.trouble = Trouble(after=lambda call: lost() if call % 2 else None)
    assert clinic.load().complete
    assert clinic.crm.calls["create"] == 2 * PEOPLE
    assert_each_is_there_once(clinic)


class InTwoCalls(GivingIds):
    """Its second call sets the name, and never comes."""

    def create(self, object: str, rows: Sequence[Row]) -> Sequence[Outcome]:
        [row] = rows
        first = {name: value for name, value in json.loads(row.payload).items() if name != "name"}
        [made] = super().create(object, [Row(row.key, row.id, json.dumps(first))])
        if "name" in json.loads(row.payload):
            raise lost()
        return [made]


def test_a_create_that_was_lost_between_its_calls_is_completed(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    stage(connection)
    clinic = Clinic(connection, tmp_path / "ledger.sqlite", InTwoCalls(), (PERSON, VISIT))
    assert clinic.load().complete
    assert sorted(one["name"] for one in clinic.crm.records["person"].values()) == [
        f"Person {at}" for at in range(1, PEOPLE + 1)
    ]
    assert_each_is_there_once(clinic)
    clinic.crm.calls.clear()
    assert clinic.load().complete
    assert clinic.crm.calls == {}


def test_a_part_that_the_crm_refuses_is_listed_and_its_record_is_there_once(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    class Refusing(InTwoCalls):
        def update(self, object: str, rows: Sequence[Row]) -> Sequence[Outcome]:
            raise Refused("no names today", status=400)

    stage(connection)
    clinic = Clinic(connection, tmp_path / "ledger.sqlite", Refusing(), (PERSON, VISIT))
    result = clinic.load()
    assert result.exit_code == 3
    assert [(one.object, one.counts, one.held_back) for one in result.objects] == [
        ("person", {"rejected": PEOPLE}, 0),
        ("visit", {"created": PEOPLE}, 0),
    ]
    assert_each_is_there_once(clinic)
    assert {(status, words) for object, _, status, words in clinic.records() if object == "person"} == {
        ("rejected", "no names today")
    }


@pytest.mark.parametrize("end", [Killed(), stop()])
def test_a_part_that_a_load_did_not_come_to_send_is_an_update_of_the_next(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path, end: BaseException
) -> None:
    class Ending(InTwoCalls):
        def update(self, object: str, rows: Sequence[Row]) -> Sequence[Outcome]:
            raise end

    stage(connection)
    clinic = Clinic(connection, tmp_path / "ledger.sqlite", Ending(), (PERSON, VISIT))
    with pytest.raises(type(end)):
        clinic.load(concurrency=1)
    clinic.crm = GivingIds(records=clinic.crm.records)
    assert clinic.load().complete
    assert {one["name"] for one in clinic.crm.records["person"].values()} == {
        f"Person {at}" for at in range(1, PEOPLE + 1)
    }
    assert_each_is_there_once(clinic)


def test_what_lacks_a_part_is_noted_before_it_counts_as_made(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A load that is killed between the two leaves an open intent, and no record that counts as whole."""

    def killed(self: ledger.Ledger, told: object) -> None:
        raise Killed

    stage(connection)
    clinic = Clinic(connection, tmp_path / "ledger.sqlite", InTwoCalls(), (PERSON, VISIT))
    with monkeypatch.context() as patched, pytest.raises(Killed):
        patched.setattr(ledger.Ledger, "note", killed)
        clinic.load(concurrency=1)
    clinic.crm = GivingIds(records=clinic.crm.records)
    assert clinic.load().complete
    assert {one["name"] for one in clinic.crm.records["person"].values()} == {
        f"Person {at}" for at in range(1, PEOPLE + 1)
    }


def test_what_shows_late_is_looked_for_at_the_times_of_the_design(clinic: Clinic) -> None:
    waits: list[float] = []
    clinic.patience = lambda: Patience(first=0.0, longest=0.0, sleep=waits.append)
    clinic.crm = GivingIds(trouble=Trouble(after=only(2)), shows_after=lambda number: 3 if number == 2 else 0)
    assert clinic.load().complete
    assert [round(wait) for wait in waits] == SECONDS[:4]
    assert clinic.crm.calls["create"] == 2 * PEOPLE
    assert_each_is_there_once(clinic)


def test_what_never_shows_is_sent_once_more_after_300_seconds(clinic: Clinic) -> None:
    waits: list[float] = []
    clinic.patience = lambda: Patience(first=0.0, longest=0.0, sleep=waits.append)
    clinic.crm.trouble = Trouble(before=only(2))
    assert clinic.load().complete
    assert [round(wait) for wait in waits] == SECONDS
    assert clinic.crm.calls["create"] == 2 * PEOPLE + 1
    assert_each_is_there_once(clinic)
    assert doubles(clinic) == []


def test_what_is_lost_twice_is_rejected_and_a_person_decides(clinic: Clinic) -> None:
    clinic.crm.trouble = Trouble(before=lambda call: lost() if call in (2, PEOPLE + 1) else None)
    result = clinic.load()
    assert [(one.counts, one.held_back) for one in result.objects] == [
        ({"created": PEOPLE - 1, "rejected": 1}, 0),
        ({"created": PEOPLE - 1}, 1),
    ]
    assert clinic.crm.calls["create"] == 2 * PEOPLE
    message = "its answer was lost twice, and it is not to be found"
    assert ("person", "p2", "rejected", message) in clinic.records()
    clinic.load()
    assert clinic.crm.calls["create"] == 2 * PEOPLE


def test_what_came_late_after_all_is_told_as_a_double(clinic: Clinic) -> None:
    """The first call's record shows after the second was made: the sweep at the end tells of it."""
    clinic.crm = GivingIds(trouble=Trouble(after=only(2)), shows_after=lambda number: 1 if number == 2 else 0)
    result = clinic.load()
    assert (result.doubles, result.exit_code) == (1, 3)
    assert marks(clinic, "person")["p2"] == 2
    first, second = (id for id, one in clinic.crm.records["person"].items() if one["mark"] == "p2")
    assert doubles(clinic) == sorted([("person", "p2", first, False), ("person", "p2", second, True)])
    [visit] = [one for one in clinic.crm.records["visit"].values() if one["mark"] == "v-p2"]
    assert visit["participants"] == [second]
    assert clinic.load().doubles == 0, "each is told once"


def test_of_two_that_are_found_the_elder_is_kept_and_both_are_told(clinic: Clinic) -> None:
    class Twice(GivingIds):
        def create(self, object: str, rows: Sequence[Row]) -> Sequence[Outcome]:
            outcomes = super().create(object, rows)
            if rows[0].key == "p3":
                super().create(object, rows)
                raise lost()
            return outcomes

    clinic.crm = Twice()
    result = clinic.load()
    elder, younger = (id for id, one in clinic.crm.records["person"].items() if one["mark"] == "p3")
    assert doubles(clinic) == sorted([("person", "p3", elder, True), ("person", "p3", younger, False)])
    assert result.objects[0].counts == {"created": PEOPLE}
    [visit] = [one for one in clinic.crm.records["visit"].values() if one["mark"] == "v-p3"]
    assert visit["participants"] == [elder]


def test_what_a_killed_load_left_unfinished_is_an_update_of_the_next_plan(clinic: Clinic) -> None:
    class Dying(InTwoCalls):
        def find(self, object: str, rows: Sequence[Row]) -> Sequence[Found]:
            raise stop()

    clinic.crm = Dying()
    with pytest.raises(Stop):
        clinic.load()
    clinic.crm = GivingIds(records=clinic.crm.records)
    with ledger.writing(clinic.path, "crm", clinic.crm.workspace()) as book:
        settle_open(Writer(clinic.crm, book, clinic.patience()))
        assert [(run.command, run.status) for run in book.runs()][-1] == ("settle", "done")
    assert clinic.plan().objects[0].counts["update"] == PEOPLE
    assert clinic.load().complete
    names = {one["mark"]: one["name"] for one in clinic.crm.records["person"].values()}
    assert names == {f"p{at}": f"Person {at}" for at in range(1, PEOPLE + 1)}
    assert_each_is_there_once(clinic)


def test_what_was_deleted_before_it_was_found_is_gone(clinic: Clinic) -> None:
    class Emptied(GivingIds):
        def create(self, object: str, rows: Sequence[Row]) -> Sequence[Outcome]:
            [made] = super().create(object, rows)
            if rows[0].key == "p3":
                self.deleted.add(made.id)
                raise lost()
            return [made]

    clinic.crm = Emptied()
    result = clinic.load()
    assert [(one.counts, one.held_back) for one in result.objects] == [
        ({"created": PEOPLE - 1, "gone": 1}, 0),
        ({"created": PEOPLE - 1}, 1),
    ]


def test_a_refused_row_is_rejected_and_its_children_are_held_back(clinic: Clinic) -> None:
    clinic.crm.trouble = Trouble(refuses=lambda payload: "no name" if payload["mark"] == "p4" else None)
    result = clinic.load()
    assert [(one.counts, one.held_back) for one in result.objects] == [
        ({"created": PEOPLE - 1, "rejected": 1}, 0),
        ({"created": PEOPLE - 1}, 1),
    ]


def test_two_models_that_write_one_object_are_counted_each_by_itself(clinic: Clinic) -> None:
    clinic.connection.execute("create table crm.letter as select 'l-' || mark as mark, * exclude mark from crm.visit")
    letter = replace(VISIT, name="crm__letter", relation="crm.letter")
    clinic.staging = (PERSON, VISIT, letter)
    told: list[tuple[str, int, int]] = []
    clinic.on_progress = lambda progress: told.append((progress.object, progress.done, progress.total))
    clinic.crm.trouble = Trouble(
        refuses=lambda payload: "no name" if payload["mark"] in ("p4", "l-v-p2", "l-v-p3") else None
    )
    assert [(one.model, one.counts, one.held_back) for one in clinic.load().objects] == [
        ("crm__person", {"created": 5, "rejected": 1}, 0),
        ("crm__visit", {"created": 5}, 1),
        ("crm__letter", {"created": 3, "rejected": 2}, 1),
    ]
    assert told[-1] == ("visit", 10, 10)


def test_a_reference_that_no_edge_tells_of_holds_its_row_back_too(clinic: Clinic) -> None:
    clinic.staging = (PERSON, replace(VISIT, parents=()))
    clinic.crm.trouble = Trouble(refuses=lambda payload: "no name" if payload["mark"] == "p4" else None)
    assert [(one.held_back, one.counts["created"]) for one in clinic.load().objects] == [(0, 5), (1, 5)]
    clinic.crm.trouble = Trouble()
    with ledger.reading(clinic.path) as book:
        ledger.mirror(book, clinic.connection)
    assert clinic.connection.execute("select key, reason from ledger.held_back").fetchall() == [
        ("v-p4", "its person is not in")
    ]


def test_a_text_that_looks_like_a_reference_is_none(clinic: Clinic) -> None:
    text = 'she wrote {"$ref":"person:p1"} and "{\\"$ref\\":\\"person:p2\\"}"'
    clinic.connection.execute("update crm.person set name = ? where mark = 'p1'", [text])
    clinic.load()
    assert text in {one["name"] for one in clinic.crm.records["person"].values()}


def test_an_update_finds_its_record_and_fills_in_its_references(clinic: Clinic) -> None:
    clinic.load()
    stage(clinic.connection, name="Patient")
    clinic.connection.execute(
        "update crm.visit set participants = [{'$ref': 'person:p1'}, {'$ref': 'person:p2'}] where mark = 'v-p1'"
    )
    clinic.crm.calls.clear()
    result = clinic.load()
    assert [one.counts for one in result.objects] == [{"updated": PEOPLE}, {"updated": 1}]
    ids = {one["mark"]: id for id, one in clinic.crm.records["person"].items()}
    [visit] = [one for one in clinic.crm.records["visit"].values() if one["mark"] == "v-p1"]
    assert visit["participants"] == [ids["p1"], ids["p2"]]
    assert clinic.crm.calls["create"] == 0


# --- ends -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("concurrency", [1, 2])
@pytest.mark.parametrize("call", [1, 4, 7, 10])
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_load_that_is_killed_goes_on(clinic: Clinic, when: str, call: int, concurrency: int) -> None:
    load_that_dies(clinic, when, call, concurrency)
    assert clinic.load(concurrency=concurrency).complete
    assert_each_is_there_once(clinic)


def test_a_killed_load_waits_as_long_before_it_sends_again(clinic: Clinic) -> None:
    load_that_dies(clinic, "before", 3)
    waits: list[float] = []
    clinic.patience = lambda: Patience(first=0.0, longest=0.0, sleep=waits.append)
    assert clinic.load().complete
    assert waits == pytest.approx(SECONDS, abs=3)
    assert_each_is_there_once(clinic)


def test_a_row_that_was_killed_twice_is_not_sent_a_third_time(clinic: Clinic) -> None:
    load_that_dies(clinic, "before", 3)
    clinic.crm.writes.clear()
    load_that_dies(clinic, "before", 1)
    clinic.load()
    assert marks(clinic, "person") == Counter({"p1": 1, "p2": 1, "p4": 1, "p5": 1, "p6": 1})
    assert [key for object, key, status, _ in clinic.records() if status == "rejected"] == ["p3"]


def test_a_stop_while_rows_are_unsure_leaves_them_to_the_next_load(clinic: Clinic) -> None:
    clinic.crm.trouble = Trouble(
        after=lambda call: lost() if call == 2 else None, before=lambda call: stop() if call == 4 else None
    )
    with pytest.raises(Stop):
        clinic.load()
    with ledger.reading(clinic.path) as book:
        assert book is not None
        assert [json.loads(one.intent.body or "")["mark"] for one in book.open_intents()] == ["p2"]
    clinic.crm.trouble = Trouble()
    assert clinic.load().complete
    assert_each_is_there_once(clinic)
