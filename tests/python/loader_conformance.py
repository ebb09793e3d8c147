"""What every loader owes the engine, as tests. A loader's own test file takes each class up in one line:

    class TestWriting(loader_conformance.Writing): ...

and gives the fixture ``subject``: how to connect to a twin of its CRM, and a few rows of one simple object. The traps
of one CRM alone are tested beside that, in the loader's own file.

    Connecting, Pulling, Writing, Updating, Deleting    every loader
    Loading                                             every loader, under the engine
    Troubled                                            every loader whose twin makes trouble on demand
    OwnIds, Provisioning                                where the CRM allows it
"""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import duckdb
import pytest
from one_object import Load
from staged import hasty

from shift.destination import Destination, FieldDefinition, ObjectDefinition, Outcome, Record, Row, Settings
from shift.errors import Again, Refused, Stop
from shift.http import Client, Pacer
from shift.loading import Patience

SEEN_WITHIN = 10.0  # seconds: a CRM that gives ids itself may find a new record late


@dataclass(frozen=True)
class Subject:
    """One loader, and what the suite must know of its CRM.

    ``rows(n)`` makes n new rows of ``object`` that the CRM takes; ``refused()`` makes one that it does not. ``changes``
    are fields of that object with values that no row has. ``custom`` and ``field`` may be provisioned, once each.
    ``troubled`` starts a twin whose next write meets the trouble: it is refused for the rate limit (``429``), fails and
    does nothing (``500``), or is done and never answered (``drop``). ``patience`` is that of a load.
    """

    connect: Callable[[Settings, Client], Destination]
    settings: Settings
    object: str
    rows: Callable[[int], list[Row]]
    refused: Callable[[], Row]
    changes: dict[str, Any]
    tables: frozenset[str]
    custom: ObjectDefinition | None = None
    field: FieldDefinition | None = None
    troubled: Callable[[str], AbstractContextManager[Settings]] | None = None
    patience: Callable[[], Patience] = hasty

    @contextmanager
    def opened(self, **settings: Any) -> Iterator[Destination]:
        """The destination, for the length of a block; settings given here replace the subject's own."""
        chosen = replace(self.settings, **settings)
        with closing(self.connect(chosen, Client(chosen.url or "", pacer=Pacer(60_000)))) as destination:
            yield destination


class Conformance:
    @pytest.fixture
    def destination(self, subject: Subject) -> Iterator[Destination]:
        with subject.opened() as destination:
            yield destination


class Connecting(Conformance):
    def test_it_keeps_the_protocol(self, destination: Destination) -> None:
        assert isinstance(destination, Destination)

    def test_its_limits_are_within_the_settings(self, subject: Subject, destination: Destination) -> None:
        assert 1 <= destination.limits.batch_size <= subject.settings.batch_size
        assert destination.limits.batch_bytes >= 100_000

    def test_a_workspace_is_known_again(self, subject: Subject, destination: Destination) -> None:
        first = destination.workspace()
        assert first.id and first.name
        with subject.opened() as again:
            assert again.workspace() == first

    def test_a_wrong_key_stops_at_the_first_call(self, subject: Subject) -> None:
        with subject.opened(api_key="a-wrong-secret") as destination, pytest.raises(Stop) as caught:
            destination.workspace()
        assert caught.value.hint
        assert "a-wrong-secret" not in f"{caught.value}{destination!r}{vars(caught.value)}"

    def test_a_crm_that_is_not_there_is_told(self, subject: Subject) -> None:
        with socket.socket() as held:
            held.bind(("127.0.0.1", 0))
            nowhere = f"http://127.0.0.1:{held.getsockname()[1]}"
            with subject.opened(url=nowhere) as destination, pytest.raises(Again) as caught:
                destination.workspace()
        assert not caught.value.arrived


class Pulling(Conformance):
    def test_tables_are_whole_and_plain(self, subject: Subject, destination: Destination) -> None:
        tables = list(destination.pull())
        names = [table.name for table in tables]
        assert len(set(names)) == len(names)
        assert subject.tables <= set(names)
        for table in tables:
            assert len(set(table.columns)) == len(table.columns)
            for row in table.rows:
                assert len(row) == len(table.columns)
                assert all(value is None or isinstance(value, str | int | float) for value in row), table.name


class Writing(Conformance):
    def test_what_is_created_reads_back(self, subject: Subject, destination: Destination) -> None:
        rows = subject.rows(3)
        outcomes = destination.create(subject.object, rows)
        assert [outcome.key for outcome in outcomes] == [row.key for row in rows]
        for row, outcome in zip(rows, outcomes, strict=True):
            assert outcome.record is not None
            assert outcome.record.id == outcome.id
            assert contains(outcome.record, json.loads(row.payload))
        read = {record.id: record for record in destination.read(subject.object, [one.id for one in outcomes])}
        assert read == {outcome.id: outcome.record for outcome in outcomes}

    def test_nothing_is_made_or_found_of_no_rows(self, subject: Subject, destination: Destination) -> None:
        assert list(destination.create(subject.object, [])) == []
        assert list(destination.find(subject.object, [])) == []

    def test_nothing_is_read_of_no_ids(self, subject: Subject, destination: Destination) -> None:
        assert list(destination.read(subject.object, [])) == []

    def test_a_refused_row_makes_nothing_of_its_batch(self, subject: Subject, destination: Destination) -> None:
        rows = [*subject.rows(2), subject.refused()]
        if destination.limits.batch_size < len(rows):
            rows = rows[-1:]
        with pytest.raises(Refused) as caught:
            destination.create(subject.object, rows)
        assert caught.value.message
        assert not caught.value.duplicate
        assert [found.state for found in destination.find(subject.object, rows)] == ["absent"] * len(rows)

    def test_what_was_written_is_found(self, subject: Subject, destination: Destination) -> None:
        made, unmade = subject.rows(2)
        destination.create(subject.object, [made])
        there, not_there = destination.find(subject.object, [made, unmade])
        assert (there.key, there.state, not_there.key, not_there.state) == (made.key, "live", unmade.key, "absent")
        assert there.record is not None and contains(there.record, json.loads(made.payload))
        assert not_there.record is None

    def test_an_update_changes_what_it_names(self, subject: Subject, destination: Destination) -> None:
        [row] = subject.rows(1)
        [made] = destination.create(subject.object, [row])
        before = made.record.body if made.record else None
        [updated] = destination.update(subject.object, [Row(row.key, made.id, json.dumps(subject.changes), before)])
        assert (updated.key, updated.id) == (row.key, made.id)
        [read] = destination.read(subject.object, [made.id])
        assert contains(read, {**json.loads(row.payload), **subject.changes})
        assert updated.record == read

    def test_an_object_that_is_not_there_stops(self, subject: Subject, destination: Destination) -> None:
        with pytest.raises(Stop, match="noSuchThing"):
            destination.create("noSuchThing", subject.rows(1))


class Updating(Conformance):
    """Several records whose changes go together as far as the loader says so."""

    def test_changed_rows_are_sorted_into_calls_and_each_row_gets_its_own_answer(
        self, subject: Subject, destination: Destination
    ) -> None:
        made = created(subject, destination, 5)
        rows = [changed(subject, one) for one in made]
        calls = destination.update_calls(subject.object, rows)
        assert sorted(row.key for call in calls for row in call) == sorted(row.key for row in rows)
        assert all(1 <= len(call) <= destination.limits.batch_size for call in calls)
        for call in calls:
            assert [one.key for one in destination.update(subject.object, call)] == [row.key for row in call]
        read = list(destination.read(subject.object, [one.id for one in made]))
        assert len(read) == 5
        assert all(contains(record, subject.changes) for record in read)

    def test_nothing_to_update_is_no_call(self, subject: Subject, destination: Destination) -> None:
        assert list(destination.update_calls(subject.object, [])) == []


class Deleting(Conformance):
    def test_what_is_deleted_is_gone_and_may_be_deleted_again(self, subject: Subject, destination: Destination) -> None:
        first, second, third = created(subject, destination, 3)
        doomed = [one.record for one in (first, second) if one.record]
        for _ in range(2):
            for some in in_batches(destination, doomed):
                assert [one.key for one in destination.delete(subject.object, some)] == [one.id for one in some]
        read = destination.read(subject.object, [first.id, second.id, third.id])
        assert [record.id for record in read] == [third.id]

    def test_deleting_nothing_deletes_nothing(self, subject: Subject, destination: Destination) -> None:
        before = {record.id for record in destination.every(subject.object)}
        assert list(destination.delete(subject.object, [])) == []
        assert {record.id for record in destination.every(subject.object)} == before

    def test_every_record_is_told_of_whoever_made_it(self, subject: Subject, destination: Destination) -> None:
        before = {record.id for record in destination.every(subject.object) if not record.deleted}
        made = created(subject, destination, 3)
        live = {record.id: record for record in destination.every(subject.object) if not record.deleted}
        assert live.keys() == before | {one.id for one in made}
        assert all(live[one.id] == one.record for one in made)


class Troubled(Conformance):
    """The three ways in which a call may fail, and what may be concluded from each."""

    @contextmanager
    def meeting(self, subject: Subject, trouble: str) -> Iterator[Destination]:
        assert subject.troubled is not None
        with subject.troubled(trouble) as settings, replace(subject, settings=settings).opened() as destination:
            yield destination

    def test_a_call_that_the_rate_limit_refused_did_nothing(self, subject: Subject) -> None:
        with self.meeting(subject, "429") as destination:
            [row] = subject.rows(1)
            with pytest.raises(Again) as caught:
                destination.create(subject.object, [row])
            assert (caught.value.arrived, caught.value.status) == (False, 429)
            destination.create(subject.object, [row])

    def test_a_call_that_failed_may_have_done_something(self, subject: Subject) -> None:
        with self.meeting(subject, "500") as destination:
            [row] = subject.rows(1)
            with pytest.raises(Again) as caught:
                destination.create(subject.object, [row])
            assert caught.value.arrived
            assert [found.state for found in destination.find(subject.object, [row])] == ["absent"]

    def test_a_create_whose_answer_is_lost_is_found(self, subject: Subject) -> None:
        with self.meeting(subject, "drop") as destination:
            [row] = subject.rows(1)
            with pytest.raises(Again) as caught:
                destination.create(subject.object, [row])
            assert caught.value.arrived
            assert seen(subject, destination, row)

    @pytest.mark.parametrize("trouble", ["429", "500", "drop"])
    def test_a_load_makes_each_record_once(
        self, subject: Subject, trouble: str, connection: duckdb.DuckDBPyConnection, tmp_path: Path
    ) -> None:
        with self.meeting(subject, trouble) as destination:
            before = {record.id for record in destination.every(subject.object)}
            load = Load(destination, subject.object, connection, tmp_path, subject.patience)
            assert load.of(subject.rows(3)).objects[0].counts == {"created": 3}
            new = [record for record in destination.every(subject.object) if record.id not in before]
            assert len(new) == 3


class Loading(Conformance):
    """The loader under the engine, with batches of two."""

    @pytest.fixture
    def load(self, subject: Subject, connection: duckdb.DuckDBPyConnection, tmp_path: Path) -> Iterator[Load]:
        with subject.opened(batch_size=2) as destination:
            yield Load(destination, subject.object, connection, tmp_path, subject.patience)

    def test_a_load_of_nothing_does_nothing(self, subject: Subject, load: Load) -> None:
        load.of(subject.rows(1))
        assert load.of([]).objects[0].counts == {}

    def test_a_refused_row_costs_no_other(self, subject: Subject, load: Load) -> None:
        rows = [*subject.rows(2), subject.refused(), *subject.rows(2)]
        result = load.of(rows)
        assert result.objects[0].counts == {"created": 4, "rejected": 1}
        assert result.exit_code == 3
        [(key, message)] = load.rejects()
        assert key == rows[2].key and message

    def test_rows_that_are_all_refused_are_all_rejected(self, subject: Subject, load: Load) -> None:
        before = {record.id for record in load.destination.every(subject.object)}
        rows = [subject.refused() for _ in range(3)]
        assert load.of(rows).objects[0].counts == {"rejected": 3}
        assert {key for key, _ in load.rejects()} == {row.key for row in rows}
        assert {record.id for record in load.destination.every(subject.object)} == before

    def test_a_second_run_writes_nothing(self, subject: Subject, load: Load) -> None:
        rows = subject.rows(3)
        load.of(rows)
        before = {record.id: record.body for record in load.destination.every(subject.object)}
        result = load.of(rows)
        assert result.objects[0].counts == {}
        assert {record.id: record.body for record in load.destination.every(subject.object)} == before

    def test_a_changed_row_is_brought_up(self, subject: Subject, load: Load) -> None:
        rows = subject.rows(3)
        load.of(rows)
        changed = [Row(row.key, row.id, json.dumps(json.loads(row.payload) | subject.changes)) for row in rows[:2]]
        assert load.of([*changed, rows[2]]).objects[0].counts == {"updated": 2}
        bodies = list(load.destination.read(subject.object, load.ids()))
        assert [contains(record, subject.changes) for record in bodies].count(True) == 2

    def test_a_rollback_leaves_what_was_there_before(self, subject: Subject, load: Load) -> None:
        before = {record.id for record in load.destination.every(subject.object) if not record.deleted}
        load.of(subject.rows(3))
        assert load.roll_back()
        assert {record.id for record in load.destination.every(subject.object) if not record.deleted} == before


def in_batches(destination: Destination, things: Sequence[Any]) -> Iterator[Sequence[Any]]:
    most = destination.limits.batch_size
    return (things[start : start + most] for start in range(0, len(things), most))


def created(subject: Subject, destination: Destination, count: int) -> list[Outcome]:
    """New records, made in as few calls as the loader allows."""
    some = in_batches(destination, subject.rows(count))
    return [outcome for rows in some for outcome in destination.create(subject.object, rows)]


def changed(subject: Subject, made: Outcome) -> Row:
    assert made.record is not None
    return Row(made.key, made.id, json.dumps(subject.changes), before=made.record.body)


def seen(subject: Subject, destination: Destination, row: Row) -> bool:
    """Whether the record is found, at once or a little later."""
    deadline = time.monotonic() + SEEN_WITHIN
    while time.monotonic() < deadline:
        if [found.state for found in destination.find(subject.object, [row])] == ["live"]:
            return True
        time.sleep(0.2)
    return False


class OwnIds(Conformance):
    """For a CRM that takes ids of ours."""

    def test_a_record_gets_the_id_that_was_sent(self, subject: Subject, destination: Destination) -> None:
        rows = subject.rows(3)
        assert [one.id for one in destination.create(subject.object, rows)] == [row.id for row in rows]

    def test_a_repeated_create_is_a_duplicate(self, subject: Subject, destination: Destination) -> None:
        old, new = subject.rows(2)
        destination.create(subject.object, [old])
        with pytest.raises(Refused) as caught:
            destination.create(subject.object, [new, old])
        assert caught.value.duplicate
        assert [found.state for found in destination.find(subject.object, [new, old])] == ["absent", "live"]

    def test_an_update_of_nothing_is_refused(self, subject: Subject, destination: Destination) -> None:
        [row] = subject.rows(1)
        with pytest.raises(Refused) as caught:
            destination.update(subject.object, [Row(row.key, row.id, json.dumps(subject.changes))])
        assert caught.value.status == 404


class Provisioning(Conformance):
    """For a CRM whose data model can be changed."""

    def test_an_object_and_a_field_are_made_once(self, subject: Subject, destination: Destination) -> None:
        assert subject.custom and subject.field
        for change in (subject.custom, subject.field):
            receipt = destination.provision(change)
            assert receipt.change == change
            assert receipt.id
            with pytest.raises(Refused) as caught:
                destination.provision(change)
            assert caught.value.duplicate
        tables = {table.name: table for table in destination.pull()}
        objects, fields = tables["objects"], tables["fields"]
        assert subject.custom.name in column(objects, "name")
        named = list(zip(column(fields, "object"), column(fields, "name"), column(fields, "type"), strict=True))
        assert (subject.field.object, subject.field.name, subject.field.type) in named


def contains(record: Record, meant: Any) -> bool:
    """Whether the record holds all that was meant; it may hold more."""
    return _within(meant, json.loads(record.body))


def _within(meant: Any, held: Any) -> bool:
    if isinstance(meant, dict):
        return isinstance(held, dict) and all(_within(value, held.get(key)) for key, value in meant.items())
    return bool(meant == held)


def column(table: Any, name: str) -> list[Any]:
    at = table.columns.index(name)
    return [row[at] for row in table.rows]
