"""Who stands at the door: the key, the user in whose name it is used, and the rate limit."""

from __future__ import annotations

import base64
import binascii
import time
from collections import deque
from collections.abc import Callable

from shift.sandbox.nutshell.errors import Refusal, unauthorized
from shift.sandbox.nutshell.store import Store

WINDOW_SECONDS = 60.0


def let_in(store: Store, key: str, authorization: str | None) -> int:
    """The id of the user that the call is logged under: the one it names, where the key may impersonate, else the
    key's own. Raises Refusal for a wrong key, and for a user that is none or is disabled.
    """
    scheme, _, given = (authorization or "").partition(" ")
    try:
        user, _, password = base64.b64decode(given, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        raise unauthorized() from None
    if scheme.lower() != "basic" or password != key:
        raise unauthorized()
    own = next(iter(store.users.values()))
    named = next((one for one in store.users.values() if one.email.casefold() == user.casefold()), None)
    if named is None or not named.is_enabled:
        raise unauthorized()
    return named.id if store.behaviour.impersonation == "on" else own.id


class Window:
    """No more than ``limit`` calls in any minute. The vendor tells no number, so that its shape is a guess."""

    def __init__(self, limit: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._limit = limit
        self._clock = clock
        self._calls: deque[float] = deque()

    def take(self) -> None:
        """Let a call in, or raise a 429, which is nowhere documented."""
        now = self._clock()
        while self._calls and now - self._calls[0] >= WINDOW_SECONDS:
            self._calls.popleft()
        if len(self._calls) >= self._limit:
            raise Refusal("Too Many Requests", status=429)
        self._calls.append(now)
