"""Starting a twin in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

_PATIENCE_SECONDS = 10
# The folder that holds the package: the child must find the same shift, installed or not.
_ROOT = Path(__file__).resolve().parents[2]


@contextmanager
def running(twin: str, arguments: Sequence[str]) -> Iterator[str]:
    """Run ``python -m shift.sandbox.<twin>`` for the length of a ``with`` block, which is given its address.

    The process ends with the block, and with this process however that ends. Raises RuntimeError where it does not
    start.
    """
    process = subprocess.Popen(
        [sys.executable, "-m", f"shift.sandbox.{twin}", *arguments, "--with-parent"],
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(_ROOT), os.environ.get("PYTHONPATH", "")])},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        encoding="utf-8",
    )
    try:
        assert process.stdin is not None and process.stdout is not None
        line = process.stdout.readline()
        if " ready at " not in line:
            raise RuntimeError(f"the twin of {twin} did not start (exit code {process.wait(_PATIENCE_SECONDS)})")
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
