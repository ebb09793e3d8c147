"""The rate limit: a bucket of tokens that refills in whole tokens only (contracts/twenty/rate-limit).

What remains of a token when a call is let in is forgotten: with 100 calls a minute, calls closer together than 600 ms
refill nothing. Refused calls do not push the refill back.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from shift.sandbox.twenty.errors import Refusal

WINDOW_MS = 60_000


class Bucket:
    """``limit`` tokens a minute for the whole workspace, all keys together."""

    def __init__(self, limit: int, clock: Callable[[], float] = time.monotonic) -> None:
        self.limit = limit
        self._clock = clock
        self._tokens = limit
        self._accepted_at = clock()

    def take(self, tokens: int) -> None:
        """Let a call of so many root fields in, or raise the server's 429."""
        now = self._clock()
        refill = int((now - self._accepted_at) * 1000 * self.limit // WINDOW_MS)
        available = min(self.limit, self._tokens + refill)
        if available < tokens:
            raise Refusal(
                f"Limit reached ({self.limit} tokens per {WINDOW_MS} ms)",
                status=429,
                error="HttpException",
                extensions={
                    "subCode": "LIMIT_REACHED",
                    "userFriendlyMessage": "Rate limit reached. Please try again later.",
                },
            )
        self._tokens = available - tokens
        self._accepted_at = now
