"""Waiting for a CRM: how often, how long, with what jitter, and when to give up."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, ParamSpec, TypeVar

from shift.errors import Again
from shift.http import attempt

if TYPE_CHECKING:
    from tenacity import RetryCallState

P = ParamSpec("P")
T = TypeVar("T")


_NOTICED = 3.0  # seconds after which a person wonders


class Stopped(Exception):
    """Another thread met an error, or the person an end: this one lays down its work."""


@contextmanager
def trying(number: int) -> Iterator[None]:
    """Have the ledger note the calls of the block as the try of this number (1, 2, …) and those that follow it."""
    token = attempt.set(number)
    try:
        yield
    finally:
        attempt.reset(token)


@dataclass(frozen=True)
class Patience:
    """How long to wait for a CRM that says "later". All times are seconds.

    Pauses double from ``first`` to ``longest``, with full jitter. No call is tried more than ``attempts`` times, nor
    again once ``total`` has passed since the first try. A record whose fate an earlier run left open may still be on
    its way until ``settled_after`` has passed. In a CRM that gives ids itself, a record whose answer was lost is looked
    for at each of ``look_after`` since the call, and counts as never made at ``send_again_after``.
    Automations that were paused act again once nothing was written for ``quiet_for``.
    ``say`` is told of each wait that a person would notice; ``on_stop`` frees who waits elsewhere, such as for a turn.
    ``sleep`` is for tests; by itself it is a sleep that ``stop`` ends.
    """

    attempts: int = 8
    first: float = 1.0
    longest: float = 60.0
    total: float = 1800.0
    settled_after: float = 30.0
    look_after: tuple[float, ...] = (5.0, 15.0, 60.0, 180.0)
    send_again_after: float = 300.0
    quiet_for: float = 60.0
    say: Callable[[str], None] = lambda text: None
    on_stop: Callable[[], None] = lambda: None
    sleep: Callable[[float], object] | None = None
    _stop: threading.Event = field(default_factory=threading.Event, repr=False)

    def stop(self) -> None:
        """Let every thread finish the call that it is in, and no more."""
        self._stop.set()
        self.on_stop()

    def check(self) -> None:
        """Raise Stopped where ``stop`` was called."""
        if self._stop.is_set():
            raise Stopped

    def pause(self, attempt: int, error: Again) -> None:
        """Wait before trying for the ``attempt``-th time more (1, 2, …), since the CRM said ``error``."""
        import random

        jitter = random.uniform(0, min(self.longest, self.first * 2 ** (attempt - 1)))
        seconds = max(jitter, error.retry_after or 0.0)
        self._tell(seconds, error.message)
        self._rest(seconds)

    def wait_until(self, moment: datetime, why: str) -> None:
        """Wait until a time; what is past is not waited for. ``why`` is for the person who wonders."""
        seconds = (moment - datetime.now(moment.tzinfo)).total_seconds()
        if seconds > 0:
            self._tell(seconds, why)
            self._rest(seconds)

    def read(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Call what changes nothing, again and again while the CRM says ``Again``; at last, raise that."""
        return self._again_while(lambda error: True, function, *args, **kwargs)

    def write(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Call what writes, again only while the CRM certainly did nothing. A lost answer is raised at once."""
        return self._again_while(lambda error: not error.arrived, function, *args, **kwargs)

    def _again_while(
        self, again: Callable[[Again], bool], function: Callable[P, T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        import tenacity

        first = attempt.get()

        def begin(state: RetryCallState) -> None:
            attempt.set(first + state.attempt_number - 1)

        retrying = tenacity.Retrying(
            before=begin,
            retry=tenacity.retry_if_exception(lambda error: isinstance(error, Again) and again(error)),
            stop=tenacity.stop_after_attempt(self.attempts) | tenacity.stop_after_delay(self.total),
            wait=self._pause_after,
            sleep=self._rest,
            reraise=True,
        )
        self.check()
        with trying(first):
            return retrying(function, *args, **kwargs)

    def _pause_after(self, state: RetryCallState) -> float:
        """Full jitter, and never less than the CRM asked for."""
        import tenacity

        jitter = tenacity.wait_random_exponential(multiplier=self.first, max=self.longest)(state)
        error = state.outcome.exception() if state.outcome else None
        asked = error.retry_after if isinstance(error, Again) else None
        seconds = max(jitter, asked or 0.0)
        self._tell(seconds, str(error))
        return seconds

    def _tell(self, seconds: float, why: str) -> None:
        if seconds >= _NOTICED:
            self.say(f"{why.splitlines()[0]}: waiting {seconds:.0f} s")

    def _rest(self, seconds: float) -> None:
        if self.sleep is not None:
            self.sleep(seconds)
        else:
            self._stop.wait(seconds)
        self.check()
