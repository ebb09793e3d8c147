"""The wire: what is an answer, what is a lost one, what is told of it, and at what pace."""

from __future__ import annotations

import io
import logging
import socket
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shift.errors import Again, ConfigurationError, Stop
from shift.http import LONGEST_PAUSE, Call, Client, Pacer, Response, attempt, retry_after

KEY = "secret-key-of-the-clinic"


# --- a server that does as its path says -------------------------------------------------------------------------


class Server(ThreadingHTTPServer):
    released = threading.Event()


class Handler(BaseHTTPRequestHandler):
    server: Server

    def log_message(self, format: str, *args: object) -> None:
        pass

    def answer(self, status: int, body: bytes = b"{}", **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        if path == "/silent":
            self.server.released.wait(5)
        elif path == "/cut":
            self.send_response(200)
            self.send_header("Content-Length", "1000")
            self.end_headers()
            self.wfile.write(b'{"data":')
            self.close_connection = True
        elif path == "/dropped":
            self.connection.shutdown(socket.SHUT_RDWR)
            self.close_connection = True
        elif path == "/path":
            self.answer(200, f'{{"path": "{self.path}"}}'.encode())
        elif path == "/html":
            self.answer(200, b"<html>")
        elif path.startswith("http://"):
            self.answer(203)
        else:
            self.answer(int(path.rpartition("/")[2]), X_Request_Id="r-1", Retry_After="2")

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.answer(201, body, X_Authorization=self.headers["Authorization"] or "")


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    server = Server(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.released.set()
    server.shutdown()
    thread.join()
    server.server_close()


@contextmanager
def opened(url: str, *, on_call: Callable[[Call], None] | None = None, timeout: float = 5) -> Iterator[Client]:
    client = Client(
        url, pacer=Pacer(60_000), headers={"Authorization": f"Bearer {KEY}"}, on_call=on_call, timeout=timeout
    )
    yield client
    client.close()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


# --- answers ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [200, 201, 204, 302, 400, 404, 429, 500, 503])
def test_any_status_is_an_answer(url: str, status: int) -> None:
    with opened(url) as client:
        response = client.request("GET", f"/status/{status}")
    assert response.status == status
    assert response.ok == (status < 300)
    assert response.retry_after == 2


def test_text_goes_out_as_it_is(url: str) -> None:
    body = '[{"name":  "Zoë"}]'
    with opened(url) as client:
        response = client.request("POST", "/echo", content=body)
    assert response.content == body.encode()
    assert response.headers["x-authorization"] == f"Bearer {KEY}"
    assert response.json() == [{"name": "Zoë"}]


def test_a_file_is_sent_while_it_is_read(url: str, tmp_path: Path) -> None:
    letter = tmp_path / "letter.pdf"
    letter.write_bytes(bytes(range(256)) * 1000)

    class Watched(io.BufferedReader):
        most = 0

        def read(self, size: int | None = -1, /) -> bytes:
            Watched.most = max(Watched.most, letter.stat().st_size if size is None or size < 0 else size)
            return super().read(size)

    with opened(url) as client:
        with Watched(io.FileIO(letter)) as file:
            bare = client.request("POST", "/echo", content=file)
        with Watched(io.FileIO(letter)) as file:
            files = {"0": ("letter.pdf", file, "application/pdf")}
            form = client.request("POST", "/echo", data={"map": "{}"}, files=files)
    assert bare.content == letter.read_bytes()
    assert letter.read_bytes() in form.content
    assert b'filename="letter.pdf"' in form.content and b'name="map"' in form.content
    assert 0 < Watched.most < letter.stat().st_size


def test_each_call_tells_which_try_it_is(url: str) -> None:
    calls: list[Call] = []
    with opened(url, on_call=calls.append) as client:
        client.request("GET", "/status/200")
        token = attempt.set(3)
        client.request("GET", "/status/200")
        attempt.reset(token)
    assert [call.attempt for call in calls] == [1, 3]


def test_a_filter_in_the_path_is_sent_as_it_is_written(url: str) -> None:
    with opened(url) as client:
        response = client.request("GET", "/path?filter=and(id[in]:[a,b],deletedAt[is]:NULL)&limit=2")
    assert response.json() == {"path": "/path?filter=and(id[in]:[a,b],deletedAt[is]:NULL)&limit=2"}


def test_a_url_may_end_in_a_folder(url: str) -> None:
    with opened(f"{url}/crm/") as client:
        assert client.request("GET", "/status/200").status == 200


def test_a_body_of_another_shape_is_a_lost_answer(url: str) -> None:
    with opened(url) as client:
        response = client.request("GET", "/html")
    with pytest.raises(Again) as caught:
        response.json()
    assert caught.value.arrived
    with pytest.raises(Again):
        Response(200, {}, b'{"id": 5}', 0).json(dict[str, str])


@pytest.mark.parametrize("path", ["/silent", "/cut", "/dropped"])
def test_an_answer_that_is_lost_may_have_arrived(url: str, path: str) -> None:
    with opened(url, timeout=0.3) as client, pytest.raises(Again) as caught:
        client.request("GET", path)
    assert caught.value.arrived
    assert caught.value.where == f"GET {path}"


def test_a_connection_that_was_never_made_did_not_arrive() -> None:
    address = f"http://127.0.0.1:{free_port()}"
    with opened(address) as client, pytest.raises(Again) as caught:
        client.request("POST", "/rest/people")
    assert not caught.value.arrived
    assert f"no connection to {address}" in str(caught.value)


@pytest.mark.parametrize("url", ["", "acme.twenty.com", "ftp://acme.twenty.com", "https://", "{{ env_var('URL') }}"])
def test_a_url_that_is_none_is_told(url: str) -> None:
    with pytest.raises(ConfigurationError, match="not an address"):
        Client(url, pacer=Pacer(60))


# --- what is told, and what is not ------------------------------------------------------------------------------


def test_each_request_is_told_once(url: str) -> None:
    calls: list[Call] = []
    with opened(url, on_call=calls.append, timeout=0.3) as client:
        client.request("GET", "/status/404?filter=emails.primaryEmail[eq]:jane@example.com")
        with pytest.raises(Again):
            client.request("GET", "/dropped")
    answered, lost = calls
    assert (answered.method, answered.path, answered.status) == ("GET", "/status/404", 404)
    assert (answered.request_id, answered.error) == ("r-1", None)
    assert (lost.path, lost.status, lost.error) == ("/dropped", None, "RemoteProtocolError")
    assert all(call.seconds > 0 for call in calls)


@pytest.mark.parametrize("key", [f"{KEY}\n", f"{KEY}\x00", f"{KEY}–"])
def test_a_key_that_cannot_be_sent_is_not_shown(url: str, key: str) -> None:
    with opened(url) as client, pytest.raises(Stop, match="cannot be sent") as caught:
        client.request("GET", "/status/200", headers={"Authorization": key})
    # The cause is kept back too, for it quotes the header.
    assert KEY not in "".join(traceback.format_exception(caught.value))


def test_a_password_in_the_url_is_not_shown() -> None:
    with opened(f"http://user:{KEY}@127.0.0.1:{free_port()}") as client, pytest.raises(Again) as caught:
        client.request("GET", "/")
    assert KEY not in str(caught.value)


def test_no_query_is_logged(url: str, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO), opened(url) as client:
        client.request("GET", "/status/200?filter=jane@example.com")
    assert "jane" not in caplog.text


def test_a_proxy_is_for_the_world_outside(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", url)
    for name in ("NO_PROXY", "no_proxy", "ALL_PROXY", "all_proxy", "http_proxy"):
        monkeypatch.delenv(name, raising=False)
    with opened(url) as near, opened("http://crm.example") as far:
        assert near.request("GET", "/status/204").status == 204
        assert far.request("GET", "/status/204").status == 203


# --- Retry-After ------------------------------------------------------------------------------------------------

NOON = datetime(2026, 8, 3, 12, 0, 0, tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (None, None),
        ("", None),
        ("soon", None),
        ("nan", None),
        ("0", 0),
        ("-5", 0),
        ("7", 7),
        (" 1.5 ", 1.5),
        ("999999999", LONGEST_PAUSE),
        ("inf", LONGEST_PAUSE),
        ("Mon, 03 Aug 2026 12:00:30 GMT", 30),
        ("Mon Aug  3 12:00:30 2026", 30),
        ("Mon, 03 Aug 2026 22:00:30 +1000", 30),
        ("Mon, 03 Aug 2026 11:59:00 GMT", 0),
        ("Fri, 31 Dec 9999 23:59:59 GMT", LONGEST_PAUSE),
        ("Mon, 99 Aug 2026 12:00:30 GMT", None),
    ],
)
def test_retry_after(value: str | None, seconds: float | None) -> None:
    assert retry_after(value, now=NOON) == seconds


# --- the pacer --------------------------------------------------------------------------------------------------


class Clock:
    """Time that passes only when somebody sleeps."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def paced(requests_per_minute: float) -> tuple[Pacer, Clock]:
    clock = Clock()
    return Pacer(requests_per_minute, clock=clock, sleep=clock.sleep), clock


def most_in_a_minute(starts: list[float]) -> int:
    return max(sum(1 for other in starts if start <= other < start + 60) for start in starts)


@given(
    requests_per_minute=st.integers(1, 200),
    idle=st.lists(
        st.tuples(st.one_of(st.just(0.0), st.floats(0, 200)), st.one_of(st.none(), st.none(), st.floats(-10, 1e9))),
        min_size=1,
        max_size=300,
    ),
)
def test_no_minute_holds_more_than_is_allowed(requests_per_minute: int, idle: list[tuple[float, float | None]]) -> None:
    pacer, clock = paced(requests_per_minute)
    starts = []
    for seconds, limited in idle:
        clock.sleep(seconds)
        starts.append(pacer.wait())
        if limited is not None:
            pacer.slow_down(limited, started=starts[-1])
    assert most_in_a_minute(starts) <= requests_per_minute
    spaces = [after - before for before, after in pairwise(starts)]
    assert all(space >= 60 / requests_per_minute for space in spaces)


@given(late=st.lists(st.floats(0, 0.01), min_size=100, max_size=300))
def test_who_wakes_late_makes_up_for_it_and_comes_no_closer(late: list[float]) -> None:
    clock = Clock()
    lateness = iter(late)
    pacer = Pacer(90, clock=clock, sleep=lambda seconds: clock.sleep(seconds + next(lateness, 0.0)))
    starts = [pacer.wait() for _ in range(len(late))]
    assert most_in_a_minute(starts) <= 90
    assert all(after - before >= 60 / 90 - 1e-9 for before, after in pairwise(starts))
    assert (starts[-1] - starts[0]) / (len(starts) - 1) <= 60 / 88


def test_ninety_a_minute_pass_a_bucket_that_refills_by_steps() -> None:
    """The bucket of facts 7: 100 tokens, one for each whole 600 ms since the last call that passed."""
    pacer, clock = paced(90)
    tokens, last, passed, begun = 100, clock.now, 0, clock.now
    while clock.now < begun + 300:
        pacer.wait()
        tokens = min(100, tokens + int((clock.now - last) / 0.6))
        assert tokens > 0
        tokens, last, passed = tokens - 1, clock.now, passed + 1
    assert passed / 5 >= 88


def test_threads_share_one_pace() -> None:
    pacer = Pacer(12_000)
    starts: list[float] = []

    def work() -> None:
        for _ in range(10):
            starts.append(pacer.wait())

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    starts.sort()
    assert len(starts) == 40
    assert all(after - before >= 60 / 12_000 for before, after in pairwise(starts))


def test_a_rate_limit_slows_down_and_is_forgotten_slowly() -> None:
    pacer, clock = paced(60)
    usual = pacer.interval
    pacer.slow_down(started=pacer.wait())
    slowed = pacer.interval
    assert slowed == pytest.approx(1.5 * usual)
    before = clock.now
    assert pacer.wait() - before == pytest.approx(slowed)
    for _ in range(10):
        pacer.wait()
    assert usual < pacer.interval < slowed
    for _ in range(50):
        pacer.wait()
    assert pacer.interval == usual


def test_calls_that_meet_one_limit_together_slow_down_once() -> None:
    pacer, _ = paced(60)
    together = [pacer.wait() for _ in range(4)]
    for started in together:
        pacer.slow_down(started=started)
    slowed = pacer.interval
    assert slowed == pytest.approx(1.5 * 60 / 60, rel=0.01)
    pacer.slow_down(started=pacer.wait())
    assert pacer.interval > slowed


@pytest.mark.parametrize(("wish", "pause"), [(30.0, 30.0), (1e9, LONGEST_PAUSE), (0.0, 1.5), (-1.0, 1.5), (None, 1.5)])
def test_a_wish_to_wait_is_heard(wish: float | None, pause: float) -> None:
    pacer, clock = paced(60)
    pacer.slow_down(wish, started=pacer.wait())
    before = clock.now
    assert pacer.wait() - before == pytest.approx(pause, rel=0.01)


def test_the_pace_never_falls_below_one_call_in_ten_seconds() -> None:
    pacer, _ = paced(60)
    for _ in range(50):
        pacer.slow_down(started=pacer.wait())
    assert pacer.interval == pytest.approx(10, rel=0.02)
    slow, _ = paced(2)
    slow.slow_down(started=slow.wait())
    assert slow.interval >= 30


def test_the_client_slows_down_by_itself(url: str) -> None:
    with opened(url) as client:
        usual = client.pacer.interval
        client.request("GET", "/status/500")
        assert client.pacer.interval == usual
        client.request("GET", "/status/429")
        assert client.pacer.interval > usual


def test_uncounted_calls_do_not_wait(url: str) -> None:
    with opened(url) as client:
        client.pacer.slow_down(200, started=client.pacer.now())
        assert client.request("GET", "/status/200", paced=False).ok


def test_whoever_waits_is_let_go_when_the_client_closes(url: str) -> None:
    raised: list[Again] = []

    def work(client: Client) -> None:
        try:
            client.request("GET", "/status/200")
        except Again as error:
            raised.append(error)

    with opened(url) as client:
        client.pacer.slow_down(200, started=client.pacer.now())
        threads = [threading.Thread(target=work, args=(client,)) for _ in range(3)]
        for thread in threads:
            thread.start()
        client.close()
        for thread in threads:
            thread.join(10)
    assert [error.arrived for error in raised] == [False] * 3


@pytest.mark.parametrize("requests_per_minute", [0, -1, float("nan"), float("inf")])
def test_a_pace_that_is_none_is_told(requests_per_minute: float) -> None:
    with pytest.raises(ConfigurationError, match="requests_per_minute"):
        Pacer(requests_per_minute)
