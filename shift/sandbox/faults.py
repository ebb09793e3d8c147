"""Faults on demand, so that a client's recovery can be tried out: ``--faults drop:every=7,500:first=2``.

A fault is ``kind:when``. Kinds:

    drop    do the write, then close the connection without an answer
    garble  do the write, then answer a 2xx whose body is cut short
    stall   do the write, then answer only after ten minutes
    kill    do the write, then end the whole process, unanswered (with --state, its state is saved first)
    429     refuse for the rate limit, doing nothing
    500     fail, doing nothing
    refuse  refuse the data (400): the n-th new record, counted as they are first sent, for good, and its batch

When: ``every=N`` (each N-th write call), ``call=N`` (the N-th alone), ``first=N`` (the first N), ``rate=F`` (each with
probability F, from --seed). Write calls are those that change records, counted from 1.
"""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

KINDS = ("drop", "garble", "stall", "kill", "429", "500", "refuse")
WHENS = ("every", "call", "first", "rate")
STALL_SECONDS = 600.0


@dataclass(frozen=True, slots=True)
class Fault:
    kind: str
    when: str
    number: float

    def strikes(self, count: int, source: random.Random) -> bool:
        if self.when == "rate":
            return source.random() < self.number
        if self.when == "every":
            return count % int(self.number) == 0
        return count == self.number if self.when == "call" else count <= self.number


def parse(text: str) -> list[Fault]:
    """Read a list of faults. Raises ValueError that says what is wrong with it."""
    faults = []
    for part in filter(None, (part.strip() for part in text.split(","))):
        kind, _, rest = part.partition(":")
        when, _, number = rest.partition("=")
        if kind not in KINDS:
            raise ValueError(f"'{kind}' is not a fault; known: {', '.join(KINDS)}")
        if when not in WHENS:
            raise ValueError(f"'{part}' does not say when; known: {', '.join(f'{word}=N' for word in WHENS)}")
        try:
            value = float(number)
        except ValueError:
            raise ValueError(f"'{part}': '{number}' is not a number") from None
        if value <= 0:
            raise ValueError(f"'{part}': the number must be above 0")
        faults.append(Fault(kind, when, value))
    return faults


class Mischief:
    """Counts write calls and records, and says which fault strikes."""

    def __init__(self, faults: Iterable[Fault], seed: int | None) -> None:
        self._faults = list(faults)
        self._random = random.Random(seed)
        self._calls = 0
        self._records: dict[str, bool] = {}

    def next_call(self) -> str | None:
        """The fault of the write call that begins now."""
        self._calls += 1
        struck = [
            fault.kind for fault in self._faults if fault.kind != "refuse" and fault.strikes(self._calls, self._random)
        ]
        return struck[0] if struck else None

    def refuses(self, bodies: Iterable[Any]) -> bool:
        """Whether one of these new records is never taken. Records are known by id, else by content."""
        refusing = [fault for fault in self._faults if fault.kind == "refuse"]
        if not refusing:
            return False
        refused = False
        for body in bodies:
            name = str(body.get("id") or body) if isinstance(body, dict) else str(body)
            if name not in self._records:
                count = len(self._records) + 1
                self._records[name] = any(fault.strikes(count, self._random) for fault in refusing)
            refused = refused or self._records[name]
        return refused
