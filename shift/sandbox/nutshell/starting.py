"""Starting a twin in a process of its own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from shift.sandbox.processes import running

_KEY = "key-of-a-twin"
_USER = "admin@clinic.example"


@contextmanager
def start(
    *,
    api_key: str,
    port: int = 0,
    user: str = _USER,
    members: Sequence[str] = (),
    activity_types: Sequence[str] = (),
    state: Path | None = None,
    requests_per_minute: int | None = None,
    latency: float = 0.0,
    faults: str = "",
    seed: int | None = None,
    behaviour: Mapping[str, str] | None = None,
) -> Iterator[str]:
    """Run a twin for the length of a ``with`` block, which is given its address.

    ``user`` is whose the key is, ``latency`` is milliseconds, ``behaviour`` holds switches by name. The process ends
    with the block, and with this process however that ends. Raises RuntimeError where the twin does not start.
    """
    arguments = ["--port", str(port), "--api-key", api_key, "--user", user, "--latency", str(latency)]
    for member in members:
        arguments += ["--member", member]
    for name in activity_types:
        arguments += ["--activity-type", name]
    for name, value in (behaviour or {}).items():
        arguments += ["--behaviour", f"{name}={value}"]
    named = {"--state": state, "--requests-per-minute": requests_per_minute, "--faults": faults, "--seed": seed}
    for name, given in named.items():
        if given not in (None, ""):
            arguments += [name, str(given)]
    with running("nutshell", arguments) as url:
        yield url


@contextmanager
def prepared(members: Sequence[str], appointment_types: Sequence[str]) -> Iterator[dict[str, str]]:
    """A twin as a clinic has prepared its CRM for the move: with its users, and an activity type for each type of
    appointment. Given are the settings of a destination.
    """
    with start(api_key=_KEY, user=_USER, members=members, activity_types=appointment_types) as url:
        yield {"url": url, "user": _USER, "api_key": _KEY}
