"""Running a twin: a socket on the loopback, one line when it is ready, and a clean end that saves the state."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import uvicorn
from starlette.applications import Starlette
from uvicorn.protocols.http.h11_impl import H11Protocol

KILLED = 137


def run(
    application: Starlette, listening: socket.socket, line: str, save: Callable[[], None], *, with_parent: bool
) -> None:
    """Serve until SIGTERM or SIGINT, or until standard input closes (``with_parent``); ``line`` says that it is ready.

    The application finds the connection of a request in ``request.state.transport``, so that a fault can cut it.
    """
    config = uvicorn.Config(
        application,
        http=_Protocol,
        ws="none",
        lifespan="off",
        log_level="warning",
        access_log=False,
        h11_max_incomplete_event_size=256 * 1024,
        timeout_graceful_shutdown=2,
    )
    # Records live long: looking through them all for rubbish would only cost time.
    gc.freeze()
    gc.set_threshold(100_000, 50, 1000)
    server = _Server(config, line, save)
    if with_parent:
        threading.Thread(target=_end_with_parent, args=(server,), daemon=True).start()
    for sign in (signal.SIGINT, signal.SIGTERM):
        # Once it has shut down, uvicorn raises the signal that told it to again: that must not count as a crash.
        signal.signal(sign, lambda *_: None)
    server.run(sockets=[listening])


def write_whole(path: Path, content: bytes) -> None:
    """The file is replaced at once or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f"{path.name}.partial")
    partial.write_bytes(content)
    os.replace(partial, path)


def address(listening: socket.socket) -> str:
    return "http://{}:{}".format(*listening.getsockname())


def listen(port: int) -> socket.socket:
    """A socket on the loopback; port 0 takes a free one. Raises OSError where the port is taken."""
    # Named TCP in full, else asyncio leaves Nagle's algorithm on and each answer waits 40 ms.
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    if sys.platform != "win32":
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind(("127.0.0.1", port))
    except OSError:
        listening.close()
        raise
    return listening


def _end_with_parent(server: uvicorn.Server) -> None:
    """Wait until whoever started us closes our standard input, or ends."""
    sys.stdin.buffer.read()
    server.should_exit = True


class _Server(uvicorn.Server):
    """Says when it is ready, and saves when it ends."""

    def __init__(self, config: uvicorn.Config, line: str, save: Callable[[], None]) -> None:
        super().__init__(config)
        self._line = line
        self._save = save

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        print(self._line, flush=True)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        await super().shutdown(sockets=sockets)
        self._save()


class _Protocol(H11Protocol):
    """Shows the application its transport, so that a fault can cut the connection."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self.app_state = {**self.app_state, "transport": transport}
        super().connection_made(transport)
