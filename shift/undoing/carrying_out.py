"""A rollback from end to end: what it would do, then doing it, in an order that no relation stands against."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from operator import attrgetter
from typing import TYPE_CHECKING, TypeAlias

from shift.ledger import mirror
from shift.loading import Progress, Writer
from shift.undoing.choosing import choose
from shift.undoing.judging import Judge, Left, chunks
from shift.undoing.proving import Proof, prove
from shift.undoing.steps import Action, Step, made, objects, read_standing, steps
from shift.undoing.taking_back import Kept, destroy, free, keep, recreate, restore

if TYPE_CHECKING:
    from pathlib import Path

    import duckdb

Work: TypeAlias = Callable[[Sequence[Step]], list[Kept]]


@dataclass(frozen=True, slots=True)
class ObjectUndoing:
    """How many of an object's records are to be deleted, restored (or made anew), and left; or were."""

    object: str
    delete: int
    restore: int
    left: int


@dataclass(frozen=True, slots=True)
class Undoing:
    """What a rollback would do. ``steps`` are by object, parents before children."""

    runs: tuple[int, ...]
    steps: dict[str, list[Step]]
    judge: Judge

    @property
    def objects(self) -> tuple[ObjectUndoing, ...]:
        """Children first, as they are undone."""
        return tuple(self._object(object) for object in reversed(self.steps))

    @property
    def left(self) -> tuple[Left, ...]:
        return tuple(self.judge.left.values())

    def going(self, object: str, *actions: Action) -> list[Step]:
        """An object's steps of these kinds that are to be carried out."""
        return [one for one in self.steps[object] if one.action in actions and self.judge.goes(one)]

    def _object(self, object: str) -> ObjectUndoing:
        delete, restore = len(self.going(object, "delete")), len(self.going(object, "restore", "recreate"))
        return ObjectUndoing(object, delete, restore, len(self.steps[object]) - delete - restore)


@dataclass(frozen=True, slots=True)
class Undone:
    """What a rollback did, what it left, and what the look at the CRM afterwards showed."""

    objects: tuple[ObjectUndoing, ...]
    left: tuple[Left, ...]
    proof: Proof


def prepare(
    writer: Writer,
    connection: duckdb.DuckDBPyConnection,
    run: int | None = None,
    *,
    everything: bool = False,
    force: bool = False,
    load_order: Sequence[str] = (),
) -> Undoing:
    """Choose the runs, and ask the CRM what of theirs may be touched. Nothing is written.

    ``load_order`` are the objects as the models load them now, where there are models. Raises as ``choose`` does.
    """
    mirror(writer.ledger, connection)
    read_standing(connection)
    runs = choose(connection, run, everything=everything)
    by_object = {object: list(alike) for object, alike in groupby(steps(connection, runs), attrgetter("object"))}
    ordered = {object: by_object[object] for object in objects(connection, load_order) if object in by_object}
    every = [step for these in ordered.values() for step in these]
    judge = Judge(writer, every, runs, made(connection, runs), force=force)
    for these in reversed(ordered.values()):
        judge.judge(these)
    there = {
        object: [one for one in these if (object, one.key) not in judge.never_made] for object, these in ordered.items()
    }
    return Undoing(runs, {object: these for object, these in there.items() if these}, judge)


def undo(
    writer: Writer,
    connection: duckdb.DuckDBPyConnection,
    undoing: Undoing,
    *,
    concurrency: int = 2,
    baseline: Path | None = None,
    on_progress: Callable[[Progress], None] = lambda _: None,
) -> Undone:
    """Carry a rollback out, and prove it. Whatever ends it, the next one goes on where it stopped.

    Deleted records come back first, parents before children; then changed ones get back what they had, so that they
    point to nothing that goes; then what was made goes, children before parents. What could not be given back because
    another record held it is tried once more at the end.
    """
    judge, ledger = undoing.judge, writer.ledger
    with ledger.run("rollback") as number, _hands(writer, concurrency) as hands:
        ledger.note_undoing(undoing.runs)
        each = partial(_each, hands, undoing, on_progress)
        each(undoing.steps, ("recreate",), partial(recreate, writer, judge))
        each(reversed(undoing.steps), ("restore",), partial(restore, writer, judge, runs=undoing.runs))
        each(reversed(undoing.steps), ("delete",), partial(destroy, writer, judge))
        refused = [step for step, _ in _not_restored(writer, connection, undoing, number)]
        for alike in chunks(refused):
            free(writer, alike, undoing.runs)
        for alike in chunks(refused):
            restore(writer, judge, alike, undoing.runs)
        for step, reason in _not_restored(writer, connection, undoing, number):
            judge.leave(step, reason)
        for object, steps in undoing.steps.items():
            keep(writer, [(one, judge.left[object, one.key].reason) for one in steps if not judge.goes(one)])
        mirror(ledger, connection)
        proof = prove(writer, connection, undoing.runs, judge, undoing.steps, baseline)
    return Undone(undoing.objects, undoing.left, proof)


def _each(
    hands: ThreadPoolExecutor,
    undoing: Undoing,
    on_progress: Callable[[Progress], None],
    ordered: Iterable[str],
    actions: tuple[Action, ...],
    work: Work,
) -> None:
    """Object by object, so that the order holds; the records of one through several threads."""
    for object in ordered:
        steps = undoing.going(object, *actions)
        done = 0
        for chunk, kept in zip(chunks(steps), hands.map(work, chunks(steps)), strict=True):
            for step, reason in kept:
                undoing.judge.leave(step, reason)
            done += len(chunk)
            on_progress(Progress(object, done, len(steps)))


@contextmanager
def _hands(writer: Writer, concurrency: int) -> Iterator[ThreadPoolExecutor]:
    """The threads of a rollback. The first error ends all of them, each at the end of the call that it is in."""
    pool = ThreadPoolExecutor(concurrency, thread_name_prefix="rollback")
    try:
        yield pool
    except BaseException:
        writer.patience.stop()
        raise
    finally:
        pool.shutdown(cancel_futures=True)


def _not_restored(
    writer: Writer, connection: duckdb.DuckDBPyConnection, undoing: Undoing, run: int
) -> list[tuple[Step, str]]:
    """The restores of this rollback that came to nothing, and why."""
    mirror(writer.ledger, connection)
    reasons = {(object, key): message for object, key, message in connection.execute(_NOT_RESTORED, [run]).fetchall()}
    return [
        (step, f"it could not be restored: {reasons[object, step.key]}")
        for object, steps in undoing.steps.items()
        for step in steps
        if (object, step.key) in reasons
    ]


_NOT_RESTORED = """
with latest as (
    select
        intents.object,
        intents.key,
        arg_max(outcomes.status, intents.intent) as status,
        arg_max(outcomes.message, intents.intent) as message,
    from ledger.intents as intents
    join ledger.outcomes as outcomes on outcomes.intent = intents.intent
    where intents.run = ?
        and intents.operation = 'restore'
        and outcomes.status <> 'kept'
    group by intents.object, intents.key
)
select
    object,
    key,
    message,
from latest
where status in ('rejected', 'conflict', 'gone')
"""
