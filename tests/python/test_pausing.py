"""Automations are stopped for a load, and act again after it: whatever ends it, and no sooner than they should."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal
from uuid import uuid4

import duckdb
import pytest
from fakes import MemoryCRM, stop
from support import PROJECT, shift, write_files

from loaders.twenty import connect
from shift import ledger, pausing
from shift.destination import Automation, Record, Row, Settings, Workspace
from shift.errors import Again, Stop
from shift.http import Client, Pacer
from shift.ledger import Intent, Settled
from shift.loading import Patience, Writer
from shift.sandbox.twenty import start

GREET = Automation("a1", "Greet new people", "person.created", "person")
BILL = Automation("a2", "Bill them", "invoice.created", "invoice")
NIGHTLY = Automation("a3", "Tidy up", "CRON")


@dataclass
class MemoryAutomations:
    """Three automations, and what they are said to have made."""

    stopped: set[str] = field(default_factory=set)
    said: list[str] = field(default_factory=list)
    made: list[tuple[str, Record]] = field(default_factory=list)
    fails: BaseException | None = None

    def active(self) -> Sequence[Automation]:
        return [one for one in (GREET, BILL, NIGHTLY) if one.id not in self.stopped]

    def pause(self, id: str) -> None:
        self._say("pause", id)
        self.stopped.add(id)

    def resume(self, id: str) -> None:
        self._say("resume", id)
        self.stopped.discard(id)

    def made_since(self, objects: Sequence[str], since: datetime) -> Sequence[tuple[str, Record]]:
        assert since <= datetime.now(UTC)
        return [one for one in self.made if one[0] in objects]

    def _say(self, what: str, id: str) -> None:
        if self.fails:
            raise self.fails
        self.said.append(f"{what} {id}")


@dataclass
class WakingCRM(MemoryCRM):
    waking: MemoryAutomations = field(default_factory=MemoryAutomations)

    def automations(self) -> MemoryAutomations:
        return self.waking


@dataclass
class Load:
    """One load after the other of the same ledger; ``waits`` are the seconds that one waited in all."""

    path: Path
    crm: WakingCRM = field(default_factory=WakingCRM)
    waits: list[float] = field(default_factory=list)

    @contextmanager
    def writer(self) -> Iterator[Writer]:
        with ledger.writing(self.path, "crm", self.crm.workspace()) as book, book.run("load"):
            yield Writer(self.crm, book, Patience(attempts=2, first=0.0, quiet_for=60.0, sleep=self.waits.append))

    def run(
        self,
        policy: Literal["pause", "leave"] | None = "pause",
        *,
        writes: int = 1,
        made: Sequence[tuple[str, Record]] = (),
    ) -> None:
        with self.writer() as writer, pausing.paused(writer, ("person", "task"), policy):
            self.crm.waking.said.append("load")
            self.crm.waking.made += made
            for number in range(writes):
                [intent] = writer.ledger.intend([Intent("create", "person", f"{number}", None, "h")])
                writer.ledger.settle([Settled(intent, "created", f"p{number}")])

    def paused(self) -> dict[str, str]:
        with ledger.reading(self.path) as book:
            return book.paused_automations() if book else {}


@pytest.fixture
def load(tmp_path: Path) -> Load:
    return Load(tmp_path / "ledger.sqlite")


def test_those_on_what_is_written_are_stopped_and_act_again_a_minute_after_the_last_write(load: Load) -> None:
    load.run()
    assert load.crm.waking.said == ["pause a1", "load", "resume a1"]
    assert [round(wait) for wait in load.waits] == [60]
    assert load.paused() == {}


def test_nothing_is_waited_for_where_nothing_was_written_or_stopped(load: Load) -> None:
    load.run(writes=0)
    load.run("leave")
    load.run(None)
    assert load.crm.waking.said == ["pause a1", "load", "resume a1", "load", "load"]
    assert load.waits == []


@pytest.mark.parametrize("end", [KeyboardInterrupt(), Again("gone", arrived=True), Stop("no")])
def test_a_load_that_is_broken_off_leaves_them_to_the_next(load: Load, end: BaseException) -> None:
    with pytest.raises(type(end)), load.writer() as writer, pausing.paused(writer, ("person",), "pause"):
        raise end
    assert load.paused() == {"a1": GREET.name}
    load.run()
    assert load.crm.waking.said == ["pause a1", "load", "resume a1"]
    assert load.paused() == {}


def test_any_command_may_start_them_again_after_a_minute(load: Load) -> None:
    with pytest.raises(KeyboardInterrupt), load.writer() as writer, pausing.paused(writer, ("person",), "pause"):
        writer.ledger.intend([Intent("create", "person", "1", None, "h")])
        raise KeyboardInterrupt
    with load.writer() as writer:
        assert pausing.resume(writer) == [GREET.name]
        assert pausing.resume(writer) == []
    assert [round(wait) for wait in load.waits] == [60]
    assert load.paused() == {}


def test_one_that_could_not_be_stopped_or_started_is_known(load: Load) -> None:
    """The ledger knows of it before the call, since nobody knows what became of a call that failed."""
    load.crm.waking.fails = stop()
    with pytest.raises(Stop):
        load.run()
    assert load.paused() == {"a1": GREET.name}
    load.crm.waking.fails = None
    load.crm.waking.pause("a1")
    load.crm.waking.fails = stop()
    with pytest.raises(Stop):
        load.run(writes=0)
    assert load.paused() == {"a1": GREET.name}


def test_a_crm_of_which_nothing_can_be_known_is_loaded_as_it_is(load: Load, tmp_path: Path) -> None:
    crm = MemoryCRM()
    with ledger.writing(tmp_path / "other.sqlite", "crm", crm.workspace()) as book, book.run("load"):
        writer = Writer(crm, book, Patience())
        with pausing.paused(writer, ("person",), "pause"):
            pass
        assert pausing.resume(writer) == []


def test_what_automations_made_all_the_same_is_noted_and_told_as_long_as_it_is_there(
    load: Load, connection: duckdb.DuckDBPyConnection
) -> None:
    load.crm.records = {"person": {"p9": {"id": "p9"}}, "invoice": {"i1": {"id": "i1"}}}
    load.crm.waking.made = [("person", Record("p1", "{}"))]  # the day before
    load.run(made=[("person", Record("p9", "{}")), ("invoice", Record("i1", "{}"))])

    def told() -> list[tuple[str, str, int]]:
        with ledger.reading(load.path) as book:
            ledger.mirror(book, connection)
        pausing.made(connection, load.crm)
        return connection.execute("select object, id, run from readback.made_by_automations").fetchall()

    assert told() == [("person", "p9", 1)]
    load.crm.records["person"].clear()
    assert told() == []


def test_what_would_wake_is_told_by_object() -> None:
    automations = MemoryAutomations(stopped={"a2"})
    assert pausing.waking(automations, ("person", "invoice", "task")) == [GREET]
    assert pausing.waking(automations, ("task",)) == []


# --- a workspace whose workflow wakes up for every new person ----------------------------------------------------


def test_nobody_ends_up_in_a_company_called_bigpond(tmp_path: Path) -> None:
    """contracts/twenty/workflow-on-new-people: patients were put into companies named after their e-mail providers."""

    def people(writer: Writer, domain: str) -> None:
        rows = [
            Row(id, id, json.dumps({"id": id, "emails": {"primaryEmail": f"p{at}@{domain}"}}))
            for at in range(3)
            for id in [str(uuid4())]
        ]
        writer.destination.create("person", rows)
        writer.ledger.settle(
            Settled(number, "created", row.id)
            for number, row in zip(
                writer.ledger.intend([Intent("create", "person", row.key, row.id, "h") for row in rows]),
                rows,
                strict=True,
            )
        )

    with (
        start(api_key="k", workflow_delay=0.1) as url,
        closing(connect(Settings("twenty", url=url, api_key="k"), Client(url, pacer=Pacer(60_000)))) as twenty,
        ledger.writing(tmp_path / "ledger.sqlite", "twenty", twenty.workspace()) as book,
        book.run("load"),
    ):
        writer = Writer(twenty, book, Patience(quiet_for=0.5))
        with pausing.paused(writer, ("person", "company"), "pause"):
            people(writer, "bigpond.com")
            assert pausing.waking(twenty.automations(), ("person",)) == []
        assert "bigpond.com" not in {json.loads(one.body)["name"] for one in twenty.every("company")}
        assert len(pausing.waking(twenty.automations(), ("person",))) == 1
        with pausing.paused(writer, ("person", "company"), "leave"):
            people(writer, "yahoo.com.au")
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            if "yahoo.com.au" in {json.loads(one.body)["name"] for one in twenty.every("company")}:
                break
        else:
            pytest.fail("the workflow does not act again")


def test_until_they_act_again_every_command_says_so(tmp_path: Path) -> None:
    write_files(tmp_path, {"project.yml": PROJECT, "models/small.sql": "select 1 as one"})
    path = tmp_path / "state" / "ledger.sqlite"
    with ledger.writing(path, "twenty", Workspace("w-1", "Harbour Clinic")) as book:
        book.note_automation("paused", "a1", "Greet new people")
    told = shift(tmp_path, "ls")
    assert told.code == 0, told.err
    assert "stopped for a load: Greet new people." in told.err
    with ledger.writing(path, "twenty", Workspace("w-1", "Harbour Clinic")) as book:
        book.note_automation("resumed", "a1", "Greet new people")
    assert shift(tmp_path, "ls").err == ""


def test_after_a_crash_status_starts_them_again(tmp_path: Path) -> None:
    write_files(tmp_path, {"project.yml": PROJECT})
    path = tmp_path / "state" / "ledger.sqlite"
    with (
        start(api_key="k") as url,
        closing(connect(Settings("twenty", url=url, api_key="k"), Client(url, pacer=Pacer(60_000)))) as twenty,
    ):
        automations = twenty.automations()
        [trigger] = automations.active()
        automations.pause(trigger.id)
        with ledger.writing(path, "twenty", twenty.workspace()) as book, book.run("load"):
            book.note_automation("pausing", trigger.id, trigger.name)  # and then the power went
        answer = shift(tmp_path, "status", TWENTY_URL=url, TWENTY_API_KEY="k")
        assert answer.code == 0, answer.err
        assert f"Started again: {trigger.name}." in answer.err
        assert automations.active() == [trigger]
        assert shift(tmp_path, "status", TWENTY_URL=url, TWENTY_API_KEY="k").err == ""
