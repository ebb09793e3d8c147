"""The wire: one httpx client for all threads, with one pace, time-outs, and nothing secret in what it says.

    Client   sends requests. Any HTTP status is an answer, and its meaning is the loader's to say; an answer that never
             came is ``Again``, which tells whether the request may have arrived.
    Pacer    spaces the starts of calls, slows down on a rate limit, and recovers.

There are no retries here: whether a call may be sent again is known to the engine alone.
"""

from __future__ import annotations

import logging
import math
import threading
import time
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC
from email.utils import parsedate_to_datetime
from ipaddress import ip_address
from typing import Any, BinaryIO, TypeVar, overload
from urllib.parse import urlsplit

import httpx
import msgspec

from shift.errors import Again, ConfigurationError, Stop

T = TypeVar("T")

CONNECT_SECONDS = 10.0
ANSWER_SECONDS = 60.0
LONGEST_PAUSE = 300.0

_NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError)
# Which try the calls of this thread belong to: whoever tries again says so, and the client notes it.
attempt: ContextVar[int] = ContextVar("attempt", default=1)

_REQUEST_IDS = ("x-request-id", "x-correlation-id", "cf-ray")


@dataclass(frozen=True, slots=True)
class Call:
    """One request, as the ledger notes it: no query, no body, no key.

    ``seconds`` runs from the request's start to the end of its answer; ``status`` is None where none came, and
    ``error`` then names the kind of failure. ``attempt`` counts the tries of what the call is for (1, 2, …).
    """

    method: str
    path: str
    status: int | None
    seconds: float
    request_id: str | None = None
    error: str | None = None
    attempt: int = 1


@dataclass(frozen=True, slots=True)
class Response:
    """An answer. ``headers`` are in lower case; ``started`` is the pacer's time at which the call began."""

    status: int
    headers: Mapping[str, str]
    content: bytes
    started: float

    @property
    def ok(self) -> bool:
        return 200 <= self.status < 300

    @property
    def retry_after(self) -> float | None:
        """The server's own wish in seconds, where it named one."""
        return retry_after(self.headers.get("retry-after"), now=time.time())

    @overload
    def json(self) -> Any: ...
    @overload
    def json(self, shape: type[T]) -> T: ...
    def json(self, shape: Any = Any) -> Any:
        """The body as ``shape``. One that cannot be read as that is a lost answer: ``Again(arrived=True)``."""
        try:
            return msgspec.json.decode(self.content, type=shape)
        except (msgspec.DecodeError, UnicodeDecodeError):
            raise Again("the answer cannot be read", arrived=True, status=self.status) from None


def retry_after(value: str | None, *, now: float) -> float | None:
    """What a Retry-After header means, in seconds from ``now`` (a Unix time): RFC 9110 allows a number or a date.

    The past and the negative are 0, the absurd is ``LONGEST_PAUSE``, and what is neither number nor date is None.
    """
    if value is None:
        return None
    try:
        seconds = float(value)
    except ValueError:
        try:
            moment = parsedate_to_datetime(value)
        except (ValueError, OverflowError):
            return None
        # A date without zone is UTC: RFC 9110 5.6.7 knows no other.
        seconds = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() - now
    return None if math.isnan(seconds) else min(max(seconds, 0.0), LONGEST_PAUSE)


class Pacer:
    """Gives calls their turns: starts are evenly spaced over all threads, so that no 60 s hold more than
    ``requests_per_minute`` and nothing ever bursts.

    A rate limit makes the spaces half as long again, once for all calls that were under way; every turn after it
    wins back a hundredth, until the configured pace is reached. ``clock`` is in seconds.
    """

    _SLOWER = 1.5
    _RECOVERY = 0.99
    _SLOWEST = 10.0
    # Starts are measured here and counted over there: a call on a new connection arrives later than its followers.
    _MARGIN = 1.005
    _CLOSEST = 0.9975

    def __init__(
        self,
        requests_per_minute: float,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], object] | None = None,
    ) -> None:
        if not 0 < requests_per_minute < math.inf:
            raise ConfigurationError(
                f"requests_per_minute is {requests_per_minute}", hint="Give the number of calls that the CRM allows."
            )
        self.now = clock
        self._stopped = threading.Event()
        self._sleep = sleep or self._stopped.wait
        self._turn = threading.Lock()
        self._state = threading.Lock()
        self._pace = 60 / requests_per_minute * self._MARGIN
        self._interval = self._pace
        self._next = clock()
        self._slowed = -math.inf

    @property
    def interval(self) -> float:
        """The present space between two starts, in seconds."""
        return self._interval

    def wait(self) -> float:
        """Wait for a turn, and return the time at which it began. Raises ``Again`` once the pacer is stopped."""
        with self._turn:
            while not self._stopped.is_set():
                with self._state:
                    now = self.now()
                    if now >= self._next:
                        # Who woke a little late makes up for it, though with half of the margin at most.
                        self._next = max(self._next + self._interval, now + self._interval * self._CLOSEST)
                        self._interval = max(self._pace, self._interval * self._RECOVERY)
                        return now
                    rest = self._next - now
                self._sleep(rest)
        raise Again("stopped before the call was sent", arrived=False)

    def slow_down(self, retry_after: float | None = None, *, started: float) -> None:
        """The call that began at ``started`` met a rate limit: pause for ``retry_after`` seconds, and go on slower."""
        with self._state:
            now = self.now()
            if started > self._slowed:
                self._interval = max(self._pace, min(self._interval * self._SLOWER, self._SLOWEST))
                self._slowed = now
            pause = max(min(retry_after or 0.0, LONGEST_PAUSE), self._interval)
            self._next = max(self._next, now + pause)

    def stop(self) -> None:
        """Let nobody wait any longer."""
        self._stopped.set()


class Client:
    """Requests to one CRM. Threads share it, its connections and its pacer.

    ``url`` is the root that paths are relative to; a path may also be an address of its own. ``on_call`` is called
    after every request, in the thread that made it. Raises ``ConfigurationError`` for a URL that is none.
    """

    def __init__(
        self,
        url: str,
        *,
        pacer: Pacer,
        headers: Mapping[str, str] | None = None,
        on_call: Callable[[Call], None] | None = None,
        timeout: float = ANSWER_SECONDS,
    ) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ConfigurationError(
                "the destination's url is not an address", hint="It begins with https:// and names a host."
            )
        # httpx notes whole addresses, and a query can hold an e-mail address or the token of an upload.
        logging.getLogger("httpx").setLevel(logging.WARNING)
        self.origin = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
        self.pacer = pacer
        self._on_call = on_call
        self._http = httpx.Client(
            base_url=url,
            headers={"User-Agent": "shift-etl", "Accept": "application/json", **(headers or {})},
            timeout=httpx.Timeout(timeout, connect=CONNECT_SECONDS),
            # A proxy that the environment names is for the world outside: this machine is reached without.
            trust_env=not _is_loopback(parts.hostname),
        )

    def request(
        self,
        method: str,
        path: str,
        *,
        json: object = None,
        content: str | bytes | BinaryIO | None = None,
        data: Mapping[str, str] | None = None,
        files: Mapping[str, tuple[str, BinaryIO, str]] | None = None,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        paced: bool = True,
    ) -> Response:
        """Send one request and return its answer, whatever its status.

        ``data`` and ``files`` (name, open file, media type) make a multipart form; a file is read while it is sent, and
        never held whole. ``paced=False`` is for calls that the CRM does not count.
        Raises ``Again`` for an answer that did not come, and ``Stop`` for a request that cannot be sent at all. A 429
        has slowed the pacer down before it is returned.
        """
        bare_path = urlsplit(path).path
        where = f"{method} {bare_path}"
        started = self.pacer.wait() if paced else self.pacer.now()
        begun = time.perf_counter()
        answer: httpx.Response | None = None
        failure: str | None = None
        try:
            answer = self._http.request(
                method, path, json=json, content=content, data=data, files=files, params=params, headers=headers
            )
        except (httpx.LocalProtocolError, httpx.InvalidURL, httpx.UnsupportedProtocol, UnicodeEncodeError) as error:
            # The error's own words quote the header, and with it the key.
            failure = type(error).__name__
            raise Stop(
                "the request cannot be sent",
                where=where,
                hint="Is there a line break, or a letter that is not ASCII, in the url, the user or the API key?",
            ) from None
        except httpx.RequestError as error:
            failure = type(error).__name__
            raise self._lost(error, where) from error
        finally:
            if self._on_call:
                self._on_call(
                    Call(
                        method=method,
                        path=bare_path,
                        status=answer.status_code if answer is not None else None,
                        seconds=time.perf_counter() - begun,
                        request_id=_request_id(answer.headers) if answer is not None else None,
                        error=failure,
                        attempt=attempt.get(),
                    )
                )
        response = Response(answer.status_code, answer.headers, answer.content, started)
        if response.status == 429 or (response.status == 503 and response.retry_after is not None):
            self.slow_down(response)
        return response

    def slow_down(self, response: Response) -> None:
        """Tell the pacer of a rate limit. Only for one that the status does not show: a 429 does this by itself."""
        self.pacer.slow_down(response.retry_after, started=response.started)

    def close(self) -> None:
        """End the connections; whoever still waits for a turn gets ``Again``."""
        self.pacer.stop()
        self._http.close()

    def _lost(self, error: httpx.RequestError, where: str) -> Again | Stop:
        if "CERTIFICATE_VERIFY_FAILED" in str(error):
            return Stop(
                f"the certificate of {self.origin} is not to be trusted",
                where=where,
                hint="Is the address right? A certificate authority of your own is named by SSL_CERT_FILE.",
            )
        if isinstance(error, _NEVER_SENT):
            return Again(
                f"no connection to {self.origin}",
                arrived=False,
                where=where,
                hint="Is the address right, is the CRM running, and is this machine online?",
            )
        if isinstance(error, httpx.TimeoutException):
            return Again(f"{self.origin} gave no answer in time", arrived=True, where=where)
        return Again(f"the connection to {self.origin} was lost before the answer came", arrived=True, where=where)


def _request_id(headers: Mapping[str, str]) -> str | None:
    return next((headers[name] for name in _REQUEST_IDS if name in headers), None)


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
