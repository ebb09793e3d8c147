"""Starting a twin in a process of its own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from shift.sandbox.processes import running

_KEY = "key-of-a-twin"


@contextmanager
def start(
    *,
    api_key: str,
    port: int = 0,
    keys: Mapping[str, str] | None = None,
    members: Sequence[str] = (),
    state: Path | None = None,
    requests_per_minute: int | None = None,
    latency: float = 0.0,
    faults: str = "",
    seed: int | None = None,
    workflow_delay: float = 5.0,
    automations: bool = True,
) -> Iterator[str]:
    """Run a twin for the length of a ``with`` block, which is given its address.

    ``keys`` are further keys by role, ``latency`` is milliseconds, ``workflow_delay`` seconds. Without
    ``automations`` the built-in workflow on new people is stopped. The process ends with the block, and with this
    process however that ends. Raises RuntimeError where the twin does not start.
    """
    arguments = ["--port", str(port), "--api-key", api_key, "--latency", str(latency)]
    arguments += ["--workflow-delay", str(workflow_delay)]
    if not automations:
        arguments.append("--no-automations")
    for role, key in (keys or {}).items():
        arguments += ["--key", f"{role}={key}"]
    for member in members:
        arguments += ["--member", member]
    named = {"--state": state, "--requests-per-minute": requests_per_minute, "--faults": faults, "--seed": seed}
    for name, value in named.items():
        if value not in (None, ""):
            arguments += [name, str(value)]
    with running("twenty", arguments) as url:
        yield url


@contextmanager
def prepared(members: Sequence[str], appointment_types: Sequence[str]) -> Iterator[dict[str, str]]:
    """A twin as a clinic has prepared its CRM for the move: with its members, and with what the workspace does to new
    records on its own turned off. Given are the settings of a destination.
    """
    with start(api_key=_KEY, members=members, automations=False) as url:
        yield {"url": url, "api_key": _KEY}
