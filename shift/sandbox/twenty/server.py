"""Running the twin: a socket on the loopback, one line when it is ready, and a clean end that saves the state."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from shift.sandbox.twenty import fresh, state
from shift.sandbox.twenty.app import Twin
from shift.sandbox.twenty.faults import Fault, Mischief
from shift.sandbox.twenty.keys import Key
from shift.sandbox.twenty.limits import Bucket
from shift.sandbox.twenty.workflow import PeopleWorkflow

READY = "Twenty (twin) ready at "
KILLED = 137


@dataclass(frozen=True)
class Options:
    """How the twin behaves; ``keys`` are further keys by their role, ``latency`` and ``workflow_delay`` are seconds."""

    port: int = 0
    api_key: str = "key"
    keys: Mapping[str, str] = field(default_factory=dict)
    members: Sequence[str] = ()
    state: Path | None = None
    requests_per_minute: int | None = None
    latency: float = 0.0
    faults: Sequence[Fault] = ()
    seed: int | None = None
    workflow_delay: float = 5.0
    automations: bool = True
    with_parent: bool = False


def serve(options: Options) -> None:
    """Serve until SIGTERM or SIGINT, or until standard input closes. Raises OSError where the port is taken,
    and ValueError where the state's file holds no workspace.
    """
    if options.state and options.state.exists():
        workspace = state.load(options.state, options.seed)
    else:
        workspace = fresh.workspace(options.seed, options.members, automations=options.automations)
    listening = _listen(options.port)
    workspace.url = "http://{}:{}".format(*listening.getsockname())
    workspace.listeners.append(PeopleWorkflow(workspace, options.workflow_delay))

    def save() -> None:
        if options.state:
            state.save(workspace, options.state)

    def die() -> None:
        save()
        os._exit(KILLED)

    twin = Twin(
        workspace,
        _keys(options),
        Bucket(options.requests_per_minute) if options.requests_per_minute else None,
        Mischief(options.faults, options.seed),
        options.latency,
        die,
    )
    config = uvicorn.Config(
        twin.application(),
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
    server = _Server(config, f"{READY}{workspace.url}", save)
    if options.with_parent:
        threading.Thread(target=_end_with_parent, args=(server,), daemon=True).start()
    for sign in (signal.SIGINT, signal.SIGTERM):
        # Once it has shut down, uvicorn raises the signal that told it to again: that must not count as a crash.
        signal.signal(sign, lambda *_: None)
    server.run(sockets=[listening])


def _keys(options: Options) -> dict[str, Key]:
    return {options.api_key: Key("shift", "admin")} | {key: Key(role, role) for role, key in options.keys.items()}


def _listen(port: int) -> socket.socket:
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
