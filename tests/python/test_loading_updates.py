"""Updates: what changed is sent, several rows a call, and nobody's work is lost."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import duckdb
import pytest
from fakes import MemoryCRM, Trouble, busy, lost, stop
from hypothesis import given, settings
from hypothesis import strategies as st
from staged import TROUBLES, Clinic, Person, load_that_dies, people, stage

from shift import ledger
from shift.database import open_database
from shift.destination import Outcome, Row
from shift.errors import Again, Stop
from shift.loading import OnConflict
from shift.loading.three_way import same

PEOPLE = 10


@pytest.fixture
def clinic(connection: duckdb.DuckDBPyConnection, tmp_path: Path) -> Clinic:
    stage(connection, people(PEOPLE), tasks_each=2)
    return Clinic(connection, tmp_path / "ledger.sqlite")


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
    clinic: Clinic, on_conflict: OnConflict, email: str
) -> None:
    edited(clinic)
    assert clinic.load(on_conflict=on_conflict).complete
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


@pytest.mark.parametrize("trouble", TROUBLES)
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


# --- several rows a call ----------------------------------------------------------------------------------------


def older(clinic: Clinic) -> None:
    """All persons are loaded, and then ten years older: three calls of 4, 4 and 2 rows."""
    clinic.load()
    clinic.crm.writes.clear()
    changed: dict[str, Person] = {f"p{at}": {"age": 40 + at} for at in range(1, PEOPLE + 1)}
    stage(clinic.connection, people(PEOPLE, **changed), tasks_each=2)


def ages(clinic: Clinic) -> dict[str, Any]:
    return {id: one["age"] for id, one in clinic.crm.records["person"].items()}


MEANT = {f"person-{at}": 40 + at for at in range(1, PEOPLE + 1)}


def test_rows_are_updated_by_the_call(clinic: Clinic) -> None:
    older(clinic)
    assert clinic.load().complete
    assert clinic.crm.writes == [("update", 4), ("update", 4), ("update", 2)]
    assert ages(clinic) == MEANT
    with ledger.reading(clinic.path) as book:
        assert book is not None
        [noted] = book.rows("select body, before from intents where operation = 'update'")
    assert len(noted) == PEOPLE
    assert all("age" in json.loads(body) and json.loads(before)["age"] < 41 for body, before in noted)


def test_a_refused_row_stands_alone_and_what_the_call_did_counts(clinic: Clinic) -> None:
    """The second row is refused: the first is done, and is not sent again."""
    older(clinic)
    clinic.crm.trouble = Trouble(refuses=lambda changes: "too old" if changes.get("age") == 43 else None)
    assert clinic.load().objects[0].counts == {"updated": 9, "rejected": 1}
    assert ages(clinic) == MEANT | {"person-3": 33}
    assert [row for row in clinic.records() if row[2] == "rejected"] == [("person", "3", "rejected", "too old")]
    sent_again = [rows for kind, rows in clinic.crm.writes]
    assert sum(sent_again) < 4 + 4 + 4 + 2 + 4


@pytest.mark.parametrize("concurrency", [1, 3])
@pytest.mark.parametrize("trouble", TROUBLES)
def test_every_row_is_updated_through(clinic: Clinic, trouble: Trouble, concurrency: int) -> None:
    older(clinic)
    clinic.crm.trouble = trouble
    assert clinic.load(concurrency=concurrency).complete
    assert ages(clinic) == MEANT


def test_a_call_of_which_a_part_was_done_before_the_answer_was_lost_goes_on_with_the_rest(clinic: Clinic) -> None:
    class HalfDone(MemoryCRM):
        def update(self, object: str, rows: Sequence[Row]) -> Sequence[Outcome]:
            done = super().update(object, rows[:2])
            if len(rows) > 2:
                raise lost()
            return done

    older(clinic)
    clinic.crm.__class__ = HalfDone
    assert clinic.load().complete
    assert clinic.crm.writes == [("update", 2)] * 5
    assert ages(clinic) == MEANT


def test_rows_that_an_answer_leaves_out_are_looked_at(clinic: Clinic) -> None:
    class Forgetful(MemoryCRM):
        def update(self, object: str, rows: Sequence[Row]) -> Sequence[Outcome]:
            return super().update(object, rows)[:1]

    older(clinic)
    clinic.crm.__class__ = Forgetful
    assert clinic.load().objects[0].counts == {"updated": PEOPLE}
    assert [rows for _, rows in clinic.crm.writes] == [4, 4, 2]


def test_a_row_whose_call_always_fails_is_found_and_rejected(clinic: Clinic) -> None:
    class Poisoned(MemoryCRM):
        def update(self, object: str, rows: Sequence[Row]) -> Sequence[Outcome]:
            if any(row.id == "person-6" for row in rows):
                raise Again("Data validation error.", arrived=True, status=500)
            return super().update(object, rows)

    older(clinic)
    clinic.crm.__class__ = Poisoned
    assert clinic.load().objects[0].counts == {"updated": 9, "rejected": 1}
    assert ("person", "6", "rejected", "Data validation error.") in clinic.records()


def test_an_update_that_comes_through_after_it_was_given_up_is_noted(clinic: Clinic) -> None:
    class Slow(MemoryCRM):
        def update(self, object: str, rows: Sequence[Row]) -> Sequence[Outcome]:
            if any(row.id == "person-6" for row in rows):
                raise Again("the gateway gave up", arrived=True, status=504)
            return super().update(object, rows)

        def create(self, object: str, rows: Sequence[Row]) -> Sequence[Outcome]:
            self.records["person"]["person-6"]["age"] = 46
            return super().create(object, rows)

    older(clinic)
    clinic.connection.execute("insert into crm.task values ('task-new', 'Visit', 'person-1')")
    clinic.crm.__class__ = Slow
    result = clinic.load()
    assert result.objects[0].counts == {"updated": PEOPLE}
    assert result.complete


def test_what_somebody_changed_while_the_answer_was_lost_is_a_conflict(clinic: Clinic) -> None:
    class Busy(MemoryCRM):
        def update(self, object: str, rows: Sequence[Row]) -> Sequence[Outcome]:
            if any(row.id == "person-2" for row in rows):
                self.records[object]["person-2"]["age"] = 99
                raise lost()
            return super().update(object, rows)

    older(clinic)
    clinic.crm.__class__ = Busy
    result = clinic.load().objects[0].counts
    assert result == {"updated": 9, "conflict": 1}
    assert ages(clinic) == MEANT | {"person-2": 99}


@pytest.mark.parametrize("error", [stop, busy])
def test_an_end_in_the_middle_leaves_no_intent_open(clinic: Clinic, error: Any) -> None:
    """The second call is halved around a refused row, and its first half meets the end."""
    older(clinic)
    clinic.crm.trouble = Trouble(
        before=lambda call: error() if call > 2 else None,
        refuses=lambda changes: "too old" if changes.get("age") == 41 else None,
    )
    with pytest.raises((Stop, Again)):
        clinic.load()
    with ledger.reading(clinic.path) as book:
        assert book is not None and book.open_intents() == []
    clinic.crm.trouble = Trouble()
    assert clinic.load().complete
    assert ages(clinic) == MEANT


@pytest.mark.parametrize("call", [1, 2, 3])
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_call_of_several_rows_that_is_killed_goes_on(clinic: Clinic, when: str, call: int) -> None:
    older(clinic)
    load_that_dies(clinic, when, call)
    assert clinic.load().complete
    assert ages(clinic) == MEANT


def test_a_loader_that_takes_one_row_a_call_gets_one(clinic: Clinic) -> None:
    class OneByOne(MemoryCRM):
        def update_calls(self, object: str, rows: Sequence[Row]) -> Sequence[Sequence[Row]]:
            return [[row] for row in rows]

    older(clinic)
    clinic.crm.__class__ = OneByOne
    assert clinic.load().complete
    assert clinic.crm.writes == [("update", 1)] * PEOPLE


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


# --- more than one export ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("on_conflict", ["flag", "theirs", "ours"])
def test_what_only_others_changed_stays_through_every_later_export(clinic: Clinic, on_conflict: OnConflict) -> None:
    clinic.load()
    clinic.crm.records["person"]["person-2"]["email"] = "theirs@example.test"
    for age in (80, 81, 82):
        stage(clinic.connection, people(PEOPLE, p2={"age": age}), tasks_each=2)
        assert clinic.load(on_conflict=on_conflict).complete
        person = clinic.crm.records["person"]["person-2"]
        assert (person["email"], person["age"]) == ("theirs@example.test", age)


def test_who_ends_a_conflict_as_we_mean_it_is_in_nobody_s_way_later(clinic: Clinic) -> None:
    """Somebody types in what our row says: from then on the field is as we wrote it."""
    clinic.load()
    for age in (80, 81):
        clinic.crm.records["person"]["person-2"]["email"] = "same@example.test"
        stage(clinic.connection, people(PEOPLE, p2={"email": "same@example.test", "age": age}), tasks_each=2)
        assert clinic.load().complete
        stage(clinic.connection, people(PEOPLE, p2={"email": f"{age}@example.test", "age": age}), tasks_each=2)
        assert clinic.load().complete
        assert clinic.crm.records["person"]["person-2"]["email"] == f"{age}@example.test"


@pytest.mark.parametrize("later", ["flag", "ours"])
def test_another_policy_decides_when_the_row_is_written_next(clinic: Clinic, later: OnConflict) -> None:
    edited(clinic)
    clinic.load(on_conflict="theirs")
    assert clinic.load(on_conflict=later).objects[0].counts == {}
    stage(clinic.connection, people(PEOPLE, p2={"age": 81, "email": "ours@example.test"}), tasks_each=2)
    assert clinic.load(on_conflict=later).complete is (later == "ours")
    email = {"flag": "theirs@example.test", "ours": "ours@example.test"}[later]
    assert clinic.crm.records["person"]["person-2"]["email"] == email


VALUES = {
    "email": st.sampled_from(["a@example.test", "b@example.test", "c@example.test", None]),
    "age": st.sampled_from([1, 2, 3, None]),
}
ROWS = st.fixed_dictionaries(VALUES)
STEPS = st.lists(
    st.tuples(ROWS, st.fixed_dictionaries({}, optional=VALUES), st.sampled_from(["flag", "theirs", "ours"])),
    min_size=2,
    max_size=4,
)


@given(first=ROWS, steps=STEPS)
@settings(max_examples=12, deadline=None)
def test_whatever_both_sides_change_each_field_goes_to_who_changed_it(
    first: dict[str, Any], steps: list[tuple[dict[str, Any], dict[str, Any], OnConflict]]
) -> None:
    """``agreed``: what we last wrote, or found to be as we mean it; a field has changed on the side that is not so."""
    with TemporaryDirectory() as folder, closing(open_database(None)) as connection:
        stage(connection, people(1, p1=first), tasks_each=0)
        clinic = Clinic(connection, Path(folder) / "ledger.sqlite")
        clinic.load()
        person = clinic.crm.records["person"]["person-1"]
        carried, agreed, meant = first, dict(first), dict(first)
        for row, edits, on_conflict in steps:
            person |= edits
            meant |= edits
            stage(connection, people(1, p1=row), tasks_each=0)
            clinic.load(on_conflict=on_conflict)
            if row != carried:
                ours = [name for name in row if row[name] != agreed[name]]
                both = [name for name in ours if meant[name] not in (agreed[name], row[name])]
                if not (both and on_conflict == "flag"):
                    given_up = both if on_conflict == "theirs" else []
                    sent = {name: row[name] for name in ours if name not in given_up}
                    carried, agreed, meant = row, agreed | sent, meant | sent
            assert {name: person.get(name) for name in VALUES} == meant
