"""What a load costs: calls, and minutes at the pace that project.yml allows; and what other choices would cost."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

PAGE = 200  # records that one reading call answers

_BATCH_SIZES = (60, 200)
_PACES = (50, 60, 90)


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast a load may go."""

    requests_per_minute: float = 60
    batch_size: int = 60


@dataclass(frozen=True, slots=True)
class Cost:
    """What the same load takes where ``setting`` is ``value``."""

    setting: str
    value: str
    calls: int
    minutes: float


@dataclass(frozen=True, slots=True)
class Work:
    """What is to be written of one object, in rows; ``uploads`` in files."""

    object: str
    creates: int = 0
    updates: int = 0
    deletes: int = 0
    freed: int = 0
    uploads: int = 0


def calls(work: Work, batch_size: int) -> int:
    """Creates, updates and deletes go in batches; what is changed or deleted is read first.

    A unique value that moves is given up by a call of its own, and set by another.
    """
    changed = work.updates + work.deletes
    batches = sum(-(-rows // batch_size) for rows in (work.creates, work.updates, work.deletes))
    return batches + -(-changed // PAGE) + 2 * work.freed + work.uploads


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
    for setting, value, left_out in switches:
        yield _cost(setting, value, [work for work in works if work.object != left_out], pace)
    if any(work.uploads for work in works):
        yield _cost("attachments", "left out", [work for work in works if not work.uploads], pace)


def _cost(setting: str, value: str, works: Sequence[Work], pace: Pace) -> Cost:
    count = sum(calls(work, pace.batch_size) for work in works)
    return Cost(setting, value, count, minutes(count, pace))
