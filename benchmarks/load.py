"""Wall time of `shift-etl load`, from its first to its last record call, over that of a bare script that posts the same
bodies in the same batches at the same concurrency. At most 1.25: with a twin that answers as fast as it can, in some
3 ms a call, and with slower ones, up to what a real Twenty was seen to take for a batch of 60. The twin runs on this
machine too: where that has two processors, the first figure says how much of the other one a load needs.

One load goes through a small forwarder, which keeps its bodies. Then, in turns against a new twin each time: the load,
timed by the calls in its ledger; all records removed; the bare script. At last, without a limit: a second load, which
finds nothing to send.
"""

from __future__ import annotations

import itertools
import json
import shutil
import sqlite3
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
from _measure import compared, demo_project, shift

from shift.sandbox.twenty import start

SPEEDS = ((0, 5), (15, 3), (40, 3), (200, 1))  # milliseconds a call, and rounds; 200: contracts/twenty/throughput
CONCURRENCY = 2
KEY = "key-of-the-benchmark"
HEADERS = {"Authorization": f"Bearer {KEY}", "Content-Type": "application/json"}

Bodies = list[tuple[str, bytes]]


@contextmanager
def forwarder(url: str, kept: Bodies) -> Iterator[str]:
    """A server that passes every request on, and keeps the bodies of those that create records."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle_one(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            if self.path.startswith("/rest/batch/"):
                kept.append((self.path, body))
            headers = {"Authorization": self.headers["Authorization"], "Content-Type": "application/json"}
            answer = client.request(self.command, self.path, content=body, headers=headers)
            self.send_response(answer.status_code)
            self.send_header("Content-Type", answer.headers.get("Content-Type", "application/json"))
            self.send_header("Content-Length", str(len(answer.content)))
            self.end_headers()
            self.wfile.write(answer.content)

        do_GET = do_POST = do_PATCH = do_DELETE = handle_one

        def log_message(self, format: str, *args: Any) -> None:
            pass

    with httpx.Client(base_url=url, trust_env=False, timeout=60) as client:
        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            server.server_close()


def load(folder: Path, url: str) -> None:
    """Load into an empty workspace, under a new ledger."""
    for old in (folder / "state").glob("*"):
        old.unlink()
    seconds(folder, url, "load", "--yes", "--accept", "all")


def seconds(folder: Path, url: str, *words: str) -> float:
    """Wall time of a whole command against the twin."""
    started = time.perf_counter()
    shift(*words, folder=folder, environment={"TWENTY_URL": url, "TWENTY_API_KEY": KEY})
    return time.perf_counter() - started


def wall_seconds(folder: Path) -> float:
    """From the start of the first call that creates records to the end of the last, by the ledger of the last load."""
    with sqlite3.connect(folder / "state" / "ledger.sqlite") as ledger:
        rows = ledger.execute("select noted_at, seconds from calls where path like '/rest/batch/%'").fetchall()
    ledger.close()
    ends = [(datetime.fromisoformat(at).timestamp(), seconds) for at, seconds in rows]
    return float(max(end for end, _ in ends) - min(end - seconds for end, seconds in ends))


def post(url: str, bodies: Bodies) -> float:
    """The bare script: the same bodies, object after object, a few threads each; seconds of wall time."""
    with httpx.Client(base_url=url, headers=HEADERS, trust_env=False, timeout=60) as client:
        client.get("/rest/people?limit=1")

        def send(request: tuple[str, bytes]) -> None:
            client.post(request[0], content=request[1]).raise_for_status()

        started = time.perf_counter()
        for _, group in itertools.groupby(bodies, key=lambda request: request[0]):
            with ThreadPoolExecutor(CONCURRENCY) as pool:
                list(pool.map(send, group))
        return time.perf_counter() - started


def remove_all(url: str, bodies: Bodies) -> None:
    """Destroy the records that the load made, children first."""
    with httpx.Client(base_url=url, headers=HEADERS, trust_env=False, timeout=60) as client:
        for path, body in reversed(bodies):
            ids = ",".join(record["id"] for record in json.loads(body))
            client.delete(f"/rest/{path.rsplit('/', 1)[1]}?filter=id[in]:[{ids}]").raise_for_status()


def main() -> None:
    """Keep the bodies once, then load and post in turns."""
    bodies: Bodies = []
    with demo_project() as folder:
        project = folder / "project.yml"
        text = project.read_text(encoding="utf-8")
        text = text.replace("requests_per_minute: 90", "requests_per_minute: 1000000")
        text = text.replace("# clinical_notes: include", "clinical_notes: include #")
        project.write_text(text, encoding="utf-8")
        shutil.rmtree(folder / "exports" / "attachments")  # an uploaded file serves once, and no script could repeat it
        shift("build", folder=folder)
        with start(api_key=KEY, automations=False) as url, forwarder(url, bodies) as through:
            load(folder, through)
        records = sum(len(json.loads(body)) for _, body in bodies)
        print(f"load: {records:,} records in {len(bodies)} calls")
        for latency, rounds in SPEEDS:
            ours, bare = zip(*[in_turns(folder, bodies, latency) for _ in range(rounds)], strict=True)
            compared(f"load, {latency} ms a call more", ours, bare, limit=1.25)
        with start(api_key=KEY, automations=False) as url:
            load(folder, url)
            print(f"nothing to send: {seconds(folder, url, 'load', '--yes', '--accept', 'all'):.1f} s")


def in_turns(folder: Path, bodies: Bodies, latency: float) -> tuple[float, float]:
    """Seconds of a load and of the bare script, against one new twin."""
    with start(api_key=KEY, automations=False, latency=latency) as url:
        load(folder, url)
        ours = wall_seconds(folder)
        remove_all(url, bodies)
        return ours, post(url, bodies)


if __name__ == "__main__":
    main()
