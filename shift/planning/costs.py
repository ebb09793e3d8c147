"""What a load costs: calls, and minutes at the pace that project.yml allows; and what other choices would cost."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

PAGE = 200  # records that one reading call answers, unless a loader tells another number

_BATCH_SIZES = (60, 200)
_PACES = (50, 60, 90)


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast a load may go: calls a minute, rows that a call writes, records that a call reads.

    ``creating`` tells how many calls creating a row takes, of an object and a payload; it is asked where a call writes
    one row.
    """

    requests_per_minute: float = 60
    batch_size: int = 60
    page: int = PAGE
    creating: Callable[[str, str], int] = lambda object, payload: 1


@dataclass(frozen=True, slots=True)
class Cost:
    """What the same load takes where ``setting`` is ``value``."""

    setting: str
    value: str
    calls: int
    minutes: float


@dataclass(frozen=True, slots=True)
class Work:
    """What is to be written of one object, in rows; ``uploads`` in files.

    ``further`` are calls that creates take beyond their first.
    """

    object: str
    creates: int = 0
    updates: int = 0
    deletes: int = 0
    freed: int = 0
    uploads: int = 0
    further: int = 0


def calls(work: Work, pace: Pace) -> int:
    """Creates, updates and deletes go in batches; what is changed or deleted is read first, a batch at a time.

    A unique value that moves is given up by a call of its own, and set by another. Not counted: calls that are made
    once more, looks at parents that an earlier load made, and looks at what points to a record before it is deleted.
    """
    batches = sum(-(-rows // pace.batch_size) for rows in (work.creates, work.updates, work.deletes))
    read = -(-(work.updates + work.deletes) // min(pace.batch_size, pace.page))
    return batches + read + 2 * work.freed + work.uploads + work.further


def minutes(count: int, pace: Pace) -> float:
    """How long so many calls take."""
    return count / pace.requests_per_minute


def of_other_choices(
    works: Sequence[Work], pace: Pace, switches: Sequence[tuple[str, str, str]], most_a_call: int = PAGE
) -> Iterator[Cost]:
    """The same load with other settings: batch size, pace, and without the objects that a setting leaves out."""
    for size in sorted({*_BATCH_SIZES, pace.batch_size}):
        if size <= most_a_call and pace.batch_size > 1:  # one record a call is what a CRM leaves no choice of
            yield _cost("batch_size", str(size), works, replace(pace, batch_size=size))
    for rate in sorted({*_PACES, pace.requests_per_minute}):
        yield _cost("requests_per_minute", f"{rate:g}", works, replace(pace, requests_per_minute=rate))
    left_out: dict[tuple[str, str], set[str]] = {}
    for setting, value, object in switches:
        left_out.setdefault((setting, value), set()).add(object)
    for (setting, value), objects in left_out.items():
        yield _cost(setting, value, [work for work in works if work.object not in objects], pace)
    sending = {work.object for work in works if work.uploads}
    if not sending <= set().union(*left_out.values()):  # where a setting leaves files out, its own choice is told
        yield _cost("attachments", "left out", [work for work in works if not work.uploads], pace)


def _cost(setting: str, value: str, works: Sequence[Work], pace: Pace) -> Cost:
    count = sum(calls(work, pace) for work in works)
    return Cost(setting, value, count, minutes(count, pace))
