"""Object by object, through a few threads, to the CRM."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from queue import SimpleQueue
from typing import TYPE_CHECKING, TypeAlias

from shift.ledger import Status
from shift.loading import work
from shift.loading.creating import Planned, Writer, create, note_ahead
from shift.loading.updating import OnConflict, adopt, update
from shift.planning import Action
from shift.staging import StagingModel

if TYPE_CHECKING:
    import duckdb

# So many batches go together at most, and only while the last ones took no longer than so many seconds.
_MOST_TOGETHER = 16
_QUICK_SECONDS = 0.25

Write: TypeAlias = Callable[[Writer, str, Sequence[Planned]], None]


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an object is, in rows."""

    object: str
    done: int
    total: int


@dataclass(frozen=True, slots=True)
class ObjectResult:
    """What became of one object's rows: how many by the ledger's status (created, rejected, …), and held back."""

    object: str
    counts: Mapping[Status, int]
    held_back: int


@dataclass(frozen=True, slots=True)
class LoadResult:
    """What a load did. ``complete`` where nothing was rejected, held back, or left for a person to decide."""

    objects: tuple[ObjectResult, ...]

    @property
    def complete(self) -> bool:
        return not any(one.held_back or set(one.counts) - {"created", "updated", "adopted"} for one in self.objects)

    @property
    def exit_code(self) -> int:
        return 0 if self.complete else 3


def load(
    writer: Writer,
    connection: duckdb.DuckDBPyConnection,
    staging: Sequence[StagingModel],
    *,
    run: int,
    concurrency: int = 2,
    on_conflict: OnConflict = "flag",
    on_progress: Callable[[Progress], None] = lambda _: None,
) -> LoadResult:
    """Carry out the last plan over the same staging models, under the ledger's open run.

    Raises Stop or Again where the CRM takes no more, LedgerError where the ledger takes no more, and KeyboardInterrupt:
    every call that was under way is finished and noted first.
    """
    work.begin(connection)
    with _Hands(writer, concurrency) as hands:
        for model in staging:
            if model.mode == "write":
                _load_object(hands, connection, model, run, on_conflict, on_progress)
    book = writer.ledger
    return LoadResult(
        tuple(
            ObjectResult(model.object, book.counts(run, model.object), book.held_back(run, model.object))
            for model in staging
            if model.mode == "write"
        )
    )


def _load_object(
    hands: _Hands,
    connection: duckdb.DuckDBPyConnection,
    model: StagingModel,
    run: int,
    on_conflict: OnConflict,
    on_progress: Callable[[Progress], None],
) -> None:
    ledger = hands.writer.ledger
    work.hold_back(connection, ledger, model)
    counts = work.counts(connection, model)
    total = sum(counts.get(action, 0) for action, _ in _writes(on_conflict))
    done = 0
    for action, write in _writes(on_conflict):
        if action in counts:
            batches = work.batches(connection, model, action, hands.writer.destination.limits)
            for rows in hands.carry_out(model.object, write, batches, ahead=action == "create"):
                done += rows
                on_progress(Progress(model.object, done, total))
    work.note_out_of_reach(connection, model, ledger.not_made(run, model.object))


def _writes(on_conflict: OnConflict) -> list[tuple[Action, Write]]:
    """Updates go first: a unique value that one of them gives up may be what a new record claims."""

    def bring_up(writer: Writer, object: str, rows: Sequence[Planned]) -> None:
        update(writer, object, rows, on_conflict)

    def take_over(writer: Writer, object: str, rows: Sequence[Planned]) -> None:
        adopt(writer, object, rows)
        update(writer, object, rows, on_conflict)

    return [("adopt", take_over), ("update", bring_up), ("create", create)]


class _Hands:
    """The threads of a load. The first error ends all of them, each at the end of the call that it is in."""

    def __init__(self, writer: Writer, concurrency: int) -> None:
        self.writer = writer
        self._concurrency = concurrency
        self._pool = ThreadPoolExecutor(concurrency, thread_name_prefix="load")
        self._together = 1

    def __enter__(self) -> _Hands:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is not None:
            self.writer.patience.stop()
        self._pool.shutdown(wait=True)

    def carry_out(self, object: str, write: Write, batches: Iterator[list[Planned]], *, ahead: bool) -> Iterator[int]:
        """Have the batches written; yields the number of rows of each that is done. Raises what a batch raised.

        ``ahead``: the intents are noted here, in one commit for all batches that are handed over together.
        """
        finished: SimpleQueue[Future[None]] = SimpleQueue()
        waiting: dict[Future[None], int] = {}
        for together in self._handed_over(object, batches, ahead):
            for rows in together:
                future = self._pool.submit(write, self.writer, object, rows)
                waiting[future] = len(rows)
                future.add_done_callback(finished.put)
            # Enough lies ready that no thread waits while the next are made.
            while len(waiting) > max(self._concurrency, len(together) // 2):
                yield _next(finished, waiting)
        while waiting:
            yield _next(finished, waiting)

    def _handed_over(self, object: str, batches: Iterator[list[Planned]], ahead: bool) -> Iterator[list[list[Planned]]]:
        """Batches that are handed over at once: one while calls are slow, more when they are quick."""
        while together := list(islice(batches, self._together)):
            started = time.monotonic()
            if ahead:
                noted = iter(note_ahead(self.writer.ledger, object, [one for rows in together for one in rows]))
                together = [list(islice(noted, len(rows))) for rows in together]
            yield together
            quick = time.monotonic() - started < _QUICK_SECONDS
            self._together = min(self._together * 2, _MOST_TOGETHER) if quick else 1


def _next(finished: SimpleQueue[Future[None]], waiting: dict[Future[None], int]) -> int:
    future = finished.get()
    future.result()
    return waiting.pop(future)
