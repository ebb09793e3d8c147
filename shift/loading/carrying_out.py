"""Object by object, through a few threads, to the CRM."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import islice, zip_longest
from queue import SimpleQueue
from typing import TYPE_CHECKING, TypeAlias

from shift.ledger import Ledger, Status
from shift.loading import deferring, deleting, freeing, parents, references, work
from shift.loading.changing import look_once_more
from shift.loading.creating import create, note_ahead
from shift.loading.unsure import settle_unsure, sweep
from shift.loading.updating import OnConflict, adopt, update
from shift.loading.work import Work
from shift.loading.writer import Planned, Writer
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
    """What became of one model's rows: how many by the ledger's status (created, rejected, …), and held back."""

    object: str
    model: str
    counts: Mapping[Status, int]
    held_back: int


@dataclass(frozen=True, slots=True)
class LoadResult:
    """What a load did. ``complete`` where nothing was rejected, held back, or left for a person to decide.

    ``doubles``: records that stand beside another of the same row, in a CRM that gives ids itself.
    """

    objects: tuple[ObjectResult, ...]
    doubles: int = 0

    @property
    def complete(self) -> bool:
        return not self.doubles and not any(
            one.held_back or set(one.counts) - {"created", "updated", "adopted", "deleted"} for one in self.objects
        )

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
    written = [model for model in staging if model.written]
    ledger = writer.ledger
    work.begin(connection)
    parents.begin(connection)
    ahead: Work | None = None
    done: Counter[str] = Counter()
    with _Hands(writer, concurrency) as hands:
        for at, (model, following) in enumerate(zip_longest(written, written[1:])):
            ready = ahead or _make_ready(writer, connection, model)
            if "held_back" in ready.counts:
                work.note_held_back(connection, ledger, model)
            freeing.give_up(writer, connection, model)
            _hand_over(hands, connection, model, ready, on_conflict, done, on_progress)
            # While the last calls are under way, what comes next is made ready.
            ahead = _make_ready(writer, connection, following) if following else None
            hands.finish()
            settle_unsure(writer)
            freeing.set_back(writer, connection, model)
            if not_made := ledger.not_made(run, model.object):
                work.note_out_of_reach(connection, model, not_made)
                ahead = None
            for waiting in deferring.closing_at(written, at):
                _set(hands, connection, waiting, on_conflict)
    deleting.delete_gone(writer, connection, written)
    look_once_more(writer)
    sweep(writer)
    return LoadResult(tuple(_results(connection, ledger, run, written)), doubles=ledger.doubles(run))


def _results(
    connection: duckdb.DuckDBPyConnection, ledger: Ledger, run: int, written: Sequence[StagingModel]
) -> Iterator[ObjectResult]:
    """The ledger knows rows by object and key; where several models write an object, the plan knows whose they are."""
    shared = Counter(model.object for model in written)
    for model in written:
        counts, held_back = ledger.counts(run, model.object), ledger.held_back(run, model.object)
        if shared[model.object] > 1:
            rows = connection.execute("select key from plan.rows where model = ?", [model.name]).fetchall()
            keys = {key for (key,) in rows}
            counts = Counter(status for key, status in ledger.ends(run, model.object) if key in keys)
            held_back = [key for key in held_back if key in keys]
        yield ObjectResult(model.object, model.name, counts, len(held_back))


def _make_ready(writer: Writer, connection: duckdb.DuckDBPyConnection, model: StagingModel) -> Work:
    ready = work.prepare(connection, model, writer.destination.limits)
    if ready.batches and parents.look_up(writer, connection, model):
        ready = work.prepare(connection, model, writer.destination.limits)
    return ready


def _set(hands: _Hands, connection: duckdb.DuckDBPyConnection, model: StagingModel, on_conflict: OnConflict) -> None:
    """Set what the records of a circle were created without."""
    writer = hands.writer
    batches = deferring.to_set(connection, writer.ledger, model, writer.destination.limits)
    batches = references.filled_in(connection, writer.ledger, model, batches)
    [bring_up] = [write for action, write in _writes(on_conflict) if action == "update"]
    hands.hand_over(model.object, bring_up, batches, lambda rows: None, ahead=False)
    hands.finish()


def _hand_over(
    hands: _Hands,
    connection: duckdb.DuckDBPyConnection,
    model: StagingModel,
    ready: Work,
    on_conflict: OnConflict,
    done: Counter[str],
    on_progress: Callable[[Progress], None],
) -> None:
    """``done`` are the rows of each object that are through, whichever model they are of."""
    steps = [(action, write) for action, write in _writes(on_conflict) if action in ready.batches]
    total = done[model.object] + sum(ready.counts[action] for action, _ in steps)

    def tell(rows: int) -> None:
        done[model.object] += rows
        on_progress(Progress(model.object, done[model.object], total))

    ours = hands.writer.destination.limits.ids == "ours"
    for action, write in steps:
        hands.finish()
        batches = references.filled_in(connection, hands.writer.ledger, model, ready.batches[action])
        # A record that only its payload can find again is noted right before its own call.
        hands.hand_over(model.object, write, batches, tell, ahead=action == "create" and ours)


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
        self._finished: SimpleQueue[Future[None]] = SimpleQueue()
        self._waiting: dict[Future[None], Callable[[], None]] = {}

    def __enter__(self) -> _Hands:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is not None:
            self.writer.patience.stop()
        self._pool.shutdown(wait=True)

    def hand_over(
        self, object: str, write: Write, batches: Iterator[list[Planned]], tell: Callable[[int], None], *, ahead: bool
    ) -> None:
        """Have the batches written; the last of them may be under way still when this returns.

        ``tell`` is told the number of rows of each batch that is done. At first one batch a thread goes at once, then
        one while calls are slow, else more; with ``ahead``, their intents are noted here, in one commit. Raises what a
        batch raised.
        """
        count, handed_over = self._concurrency, 0.0
        for first in batches:
            # Enough lies ready that no thread waits while the next are made.
            while len(self._waiting) > max(self._concurrency, count):
                self._finish_one()
            if handed_over:
                quick = time.monotonic() - handed_over < _QUICK_SECONDS
                count = min(count * 2, _MOST_TOGETHER) if quick else 1
            together = [first, *islice(batches, count - 1)]
            if ahead:
                noted = iter(note_ahead(self.writer, object, [one for rows in together for one in rows]))
                together = [list(islice(noted, len(rows))) for rows in together]
            for rows in together:
                future = self._pool.submit(write, self.writer, object, rows)
                self._waiting[future] = partial(tell, len(rows))
                future.add_done_callback(self._finished.put)
            handed_over = time.monotonic()

    def finish(self) -> None:
        """Wait for all that was handed over. Raises what a batch raised."""
        while self._waiting:
            self._finish_one()

    def _finish_one(self) -> None:
        future = self._finished.get()
        future.result()
        self._waiting.pop(future)()
