"""What benchmarks share: a demo clinic in a project folder, and whole processes measured by the operating system."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory


def shift(*words: str, folder: Path, environment: Mapping[str, str] | None = None) -> list[str]:
    """Run a command of shift in a project's folder; the words as a command line, for `cpu_seconds` too."""
    command = [sys.executable, "-m", "shift", *words]
    done = subprocess.run(
        command, cwd=folder, env={**os.environ, **(environment or {})}, capture_output=True, text=True
    )
    if done.returncode != 0:
        sys.exit(f"{' '.join(command)} failed:\n{done.stdout}{done.stderr}")
    return command


def cpu_seconds(command: Sequence[str], folder: Path | None = None) -> float:
    """User and system time of one run of a process, its children included."""
    before = os.times()
    subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL)
    after = os.times()
    return (after.children_user - before.children_user) + (after.children_system - before.children_system)


def compared(name: str, ours: Sequence[float], bare: Sequence[float], limit: float, unit: str = "s") -> None:
    """Print both medians with their ranges, and the median of the ratios pair by pair."""
    ratio = statistics.median(one / other for one, other in zip(ours, bare, strict=True))
    print(f"{name}: {_shown(ours, unit)} against {_shown(bare, unit)}, ratio {ratio:.2f} (at most {limit})")


@contextmanager
def demo_project(patients: int = 500) -> Iterator[Path]:
    """A new project folder with the exports of a synthetic clinic."""
    with TemporaryDirectory(prefix="shift-bench-") as parent:
        folder = Path(parent) / "clinic"
        shift("init", str(folder), folder=Path(parent))
        shift("synth", "--patients", str(patients), "--out", "exports", folder=folder)
        (folder / "exports" / "truth.duckdb").unlink()
        yield folder


def _shown(values: Sequence[float], unit: str) -> str:
    return f"{statistics.median(values):.2f} {unit} ({min(values):.2f} to {max(values):.2f})"
