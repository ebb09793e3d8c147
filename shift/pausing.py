"""Automations of the CRM that would wake up on what a load writes: stopped for it, and started again after it.

They start again when nothing was written for a minute, since what an event sets off may come some seconds late. If the
load does not get there, because it is interrupted or the CRM gives way, the next load, rollback or `status` starts them
again, and until then every command says that they are stopped. The ledger knows each step before and after it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Literal

from shift.destination import Automation, Automations

if TYPE_CHECKING:
    import duckdb

    from shift.destination import Destination
    from shift.loading import Writer

Policy = Literal["pause", "leave"]
_MADE = "readback.made_by_automations"


@contextmanager
def paused(writer: Writer, objects: Collection[str], policy: Policy | None) -> Iterator[None]:
    """Keep the automations on these objects from acting for the length of the block, where ``policy`` says so.

    When the block ends well, those that were paused, by whichever run, act again; the records that automations made
    meanwhile all the same are noted. Raises what the CRM raises; a key that may not delete cannot pause.
    """
    automations = writer.destination.automations()
    if automations is None:
        yield
        return
    woken = waking(automations, objects) if policy == "pause" else []
    known = _made(writer, automations, objects) if woken or writer.ledger.paused_automations() else set()
    for automation in woken:
        writer.ledger.note_automation("pausing", automation.id, automation.name)
        writer.patience.read(automations.pause, automation.id)
        writer.ledger.note_automation("paused", automation.id, automation.name)
    yield
    if writer.ledger.paused_automations():
        _wait_for_quiet(writer)
        for object, id in sorted(_made(writer, automations, objects) - known):
            writer.ledger.note_automation("made", id, object)
        _start_again(writer, automations)


def waking(automations: Automations, objects: Collection[str]) -> list[Automation]:
    """The automations that act on records of these objects."""
    return [automation for automation in automations.active() if automation.object in objects]


def resume(writer: Writer) -> list[str]:
    """Start the automations again that the ledger says are paused, once the CRM is quiet; their names."""
    automations = writer.destination.automations() if writer.ledger.paused_automations() else None
    if automations is None:
        return []
    _wait_for_quiet(writer)
    return _start_again(writer, automations)


def ensure_table(connection: duckdb.DuckDBPyConnection) -> None:
    """Make the table ``readback.made_by_automations``, empty, if it is not there."""
    connection.execute("create schema if not exists readback")
    connection.execute(f"create table if not exists {_MADE} (object varchar, id varchar, run bigint)")


def made(connection: duckdb.DuckDBPyConnection, destination: Destination) -> None:
    """Fill ``readback.made_by_automations`` with those of the noted records that are in the CRM still.

    The ledger must be mirrored.
    """
    ensure_table(connection)
    connection.execute(f"delete from {_MADE}")
    noted = connection.execute(
        "select name, list(distinct id) from ledger.automations where event = 'made' group by name order by name"
    ).fetchall()
    for object, ids in noted:
        there = [record.id for record in destination.read(object, ids)]
        connection.execute(
            f"insert into {_MADE} select name, id, max(run) from ledger.automations "
            "where event = 'made' and name = ? and id in (select unnest(?::varchar[])) group by name, id",
            [object, there],
        )


def _made(writer: Writer, automations: Automations, objects: Collection[str]) -> set[tuple[str, str]]:
    """(object, id) of what automations made of late: a day covers any difference between two clocks."""
    since = datetime.now(UTC) - timedelta(days=1)
    return {(object, record.id) for object, record in writer.patience.read(automations.made_since, [*objects], since)}


def _start_again(writer: Writer, automations: Automations) -> list[str]:
    waiting = writer.ledger.paused_automations()
    for id, name in waiting.items():
        writer.patience.read(automations.resume, id)
        writer.ledger.note_automation("resumed", id, name)
    return list(waiting.values())


def _wait_for_quiet(writer: Writer) -> None:
    last = writer.ledger.last_write()
    if last is not None:
        until = last + timedelta(seconds=writer.patience.quiet_for)
        writer.patience.wait_until(until, "automations start again when late events have passed")
