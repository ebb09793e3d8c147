"""Running the twin: its workspace from the state's file or new, behind a server that saves it at the end."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from shift.sandbox import serving
from shift.sandbox.twenty import fresh, state
from shift.sandbox.twenty.app import Twin
from shift.sandbox.twenty.faults import Fault, Mischief
from shift.sandbox.twenty.keys import Key
from shift.sandbox.twenty.limits import Bucket
from shift.sandbox.twenty.workflow import PeopleWorkflow

READY = "Twenty (twin) ready at "


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
    listening = serving.listen(options.port)
    workspace.url = serving.address(listening)
    workspace.listeners.append(PeopleWorkflow(workspace, options.workflow_delay))

    def save() -> None:
        if options.state:
            state.save(workspace, options.state)

    def die() -> None:
        save()
        os._exit(serving.KILLED)

    twin = Twin(
        workspace,
        _keys(options),
        Bucket(options.requests_per_minute) if options.requests_per_minute else None,
        Mischief(options.faults, options.seed),
        options.latency,
        die,
    )
    serving.run(twin.application(), listening, f"{READY}{workspace.url}", save, with_parent=options.with_parent)


def _keys(options: Options) -> dict[str, Key]:
    return {options.api_key: Key("shift", "admin")} | {key: Key(role, role) for role, key in options.keys.items()}
