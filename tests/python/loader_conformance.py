"""What every loader owes the engine, as tests. A loader's own test file takes each class up in one line:

    class TestWriting(loader_conformance.Writing): ...

and gives the fixture ``subject``: how to connect to a twin of its CRM, and a few rows of one simple object. The traps
of one CRM alone are tested beside that, in the loader's own file.
"""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from typing import Any

import pytest

from shift.destination import Destination, FieldDefinition, ObjectDefinition, Record, Row, Settings
from shift.errors import Again, Refused, Stop
from shift.http import Client, Pacer


@dataclass(frozen=True)
class Subject:
    """One loader, and what the suite must know of its CRM.

    ``rows(n)`` makes n new rows of ``object`` that the CRM takes; ``refused()`` makes one that it does not. ``changes``
    are fields of that object with values that no row has. ``custom`` and ``field`` may be provisioned, once each.
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
        [updated] = destination.update(subject.object, [Row(row.key, made.id, json.dumps(subject.changes))])
        assert (updated.key, updated.id) == (row.key, made.id)
        [read] = destination.read(subject.object, [made.id])
        assert contains(read, {**json.loads(row.payload), **subject.changes})
        assert updated.record == read

    def test_an_object_that_is_not_there_stops(self, subject: Subject, destination: Destination) -> None:
        with pytest.raises(Stop, match="noSuchThing"):
            destination.create("noSuchThing", subject.rows(1))


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
            destination.update(subject.object, [replace(row, payload=json.dumps(subject.changes))])
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
