"""Starting a twin in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

_PATIENCE_SECONDS = 10
# The folder that holds the package: the child must find the same shift, installed or not.
_ROOT = Path(__file__).resolve().parents[3]


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
    arguments = ["--port", str(port), "--api-key", api_key, "--latency", str(latency), "--with-parent"]
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
    process = subprocess.Popen(
        [sys.executable, "-m", "shift.sandbox.twenty", *arguments],
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(_ROOT), os.environ.get("PYTHONPATH", "")])},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        encoding="utf-8",
    )
    try:
        assert process.stdin is not None and process.stdout is not None
        line = process.stdout.readline()
        if " ready at " not in line:
            raise RuntimeError(f"the twin of Twenty did not start (exit code {process.wait(_PATIENCE_SECONDS)})")
        yield line.rsplit(" ", 1)[1].strip()
    finally:
        _end(process)


def _end(process: subprocess.Popen[str]) -> None:
    """Close its standard input, which it takes for the end; then insist."""
    if process.stdin:
        process.stdin.close()
    try:
        process.wait(_PATIENCE_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    if process.stdout:
        process.stdout.close()
