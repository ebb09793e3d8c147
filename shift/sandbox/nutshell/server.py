"""Running the twin: its account from the state's file or new, behind a server that saves it at the end."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from shift.sandbox import serving
from shift.sandbox.faults import Fault, Mischief
from shift.sandbox.nutshell import state, store
from shift.sandbox.nutshell.app import Twin
from shift.sandbox.nutshell.behaviour import Behaviour
from shift.sandbox.nutshell.door import Window

READY = "Nutshell (twin) ready at "


@dataclass(frozen=True)
class Options:
    """How the twin behaves; ``user`` owns the key, ``latency`` is in seconds."""

    port: int = 0
    api_key: str = "key"
    user: str = "admin@clinic.example"
    members: Sequence[str] = ()
    activity_types: Sequence[str] = ()
    state: Path | None = None
    requests_per_minute: int | None = None
    latency: float = 0.0
    faults: Sequence[Fault] = ()
    seed: int | None = None
    behaviour: Behaviour = field(default_factory=Behaviour)
    with_parent: bool = False


def serve(options: Options) -> None:
    """Serve until SIGTERM or SIGINT, or until standard input closes. Raises OSError where the port is taken,
    and ValueError where the state's file holds no account.
    """
    if options.state and options.state.exists():
        account = state.load(options.state, options.behaviour)
        store.prepare(account, options.members, options.activity_types)
    else:
        account = store.fresh(options.seed, options.user, options.members, options.activity_types, options.behaviour)
    listening = serving.listen(options.port)
    account.origin = serving.address(listening)

    def save() -> None:
        if options.state:
            state.save(account, options.state)

    def die() -> None:
        save()
        os._exit(serving.KILLED)

    twin = Twin(
        account,
        options.api_key,
        Window(options.requests_per_minute) if options.requests_per_minute else None,
        Mischief(options.faults, options.seed),
        options.latency,
        die,
    )
    line = f"{READY}{serving.address(listening)}"
    serving.run(twin.application(), listening, line, save, with_parent=options.with_parent)
