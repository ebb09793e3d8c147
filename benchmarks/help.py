"""CPU time of `shift-etl --help` over that of `python -c 'import click'`, measured in turns. At most 1.5 times."""

from __future__ import annotations

import sys

from _measure import compared, cpu_seconds

ROUNDS = 7
# One run is not much longer than the clock's tick, so ten are measured at once.
TEN_TIMES = ["sh", "-c", 'for _ in 1 2 3 4 5 6 7 8 9 10; do "$0" "$@"; done']


def main() -> None:
    """Print both, for ten runs each, and their ratio."""
    ours: list[float] = []
    bare: list[float] = []
    for _ in range(ROUNDS):
        bare.append(cpu_seconds([*TEN_TIMES, sys.executable, "-c", "import click"]))
        ours.append(cpu_seconds([*TEN_TIMES, sys.executable, "-m", "shift", "--help"]))
    compared("help, ten times", ours, bare, limit=1.5)


if __name__ == "__main__":
    main()
