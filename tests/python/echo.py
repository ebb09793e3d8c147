"""The CRM of loaders/README.md: it keeps what it was sent and answers it again. Over HTTP, in memory."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit


@contextmanager
def start(api_key: str, objects: tuple[str, ...], trouble: str | None = None) -> Iterator[str]:
    """The service on a free port, for the length of the block. Yields its address.

    The first write meets the trouble: it is refused for the rate limit (``429``), fails and does nothing (``500``), or
    is done and never answered (``drop``).
    """
    records: dict[str, dict[str, dict[str, Any]]] = {name: {} for name in objects}
    using = Lock()
    waiting = [trouble] if trouble else []

    class Handler(_Handler):
        key = api_key
        store = records
        lock = using
        troubles = waiting

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    key: str
    store: dict[str, dict[str, dict[str, Any]]]
    lock: Lock
    troubles: list[str]

    def do_GET(self) -> None:
        self._answer(self._get)

    def do_POST(self) -> None:
        self._answer(self._post)

    def do_PATCH(self) -> None:
        self._answer(self._patch)

    def do_DELETE(self) -> None:
        self._answer(self._delete)

    def log_message(self, format: str, *args: Any) -> None:
        """The tests' output is theirs."""

    def _answer(self, call: Any) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        address = urlsplit(self.path)
        steps = address.path.strip("/").split("/")
        trouble = self.troubles.pop() if self.troubles and self.command != "GET" else None
        if trouble in ("429", "500"):
            status, answer = int(trouble), {"error": "not now"}
        elif self.headers.get("Authorization") != f"Bearer {self.key}":
            status, answer = 401, {"error": "this key opens nothing"}
        elif steps == ["me"]:
            status, answer = 200, {"id": "the-workspace-of-the-tests", "name": "Echo"}
        elif len(steps) < 2 or steps[1] not in self.store:
            status, answer = 404, {"error": f"no object {steps[1:2]}"}
        else:
            with self.lock:
                status, answer = call(self.store[steps[1]], steps[2:], parse_qs(address.query).get("id"), body)
        if trouble == "drop":
            self.close_connection = True
            return
        content = b"" if status == 204 else json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    @staticmethod
    def _get(held: dict[str, Any], _: list[str], ids: list[str] | None, body: bytes) -> tuple[int, Any]:
        return 200, [record for id, record in held.items() if ids is None or id in ids]

    @staticmethod
    def _post(held: dict[str, Any], _: list[str], ids: list[str] | None, body: bytes) -> tuple[int, Any]:
        sent = json.loads(body)
        for record in sent:
            if not isinstance(record.get("name"), str):
                return 422, {"error": "a name is a text"}
            if record["id"] in held:
                return 409, {"error": f"the id {record['id']} is taken"}
        held |= {record["id"]: record for record in sent}
        return 201, sent

    @staticmethod
    def _patch(held: dict[str, Any], steps: list[str], ids: list[str] | None, body: bytes) -> tuple[int, Any]:
        if steps[0] not in held:
            return 404, {"error": f"no record {steps[0]}"}
        held[steps[0]] |= json.loads(body)
        return 200, held[steps[0]]

    @staticmethod
    def _delete(held: dict[str, Any], _: list[str], ids: list[str] | None, body: bytes) -> tuple[int, Any]:
        for id in ids or []:
            held.pop(id, None)
        return 204, None
