"""Wall time of `shift-etl build` for a clinic of 50,000 patients, 1,000,000 appointments and 20,000 notes.

At most 60 s on two cores that have nothing else to do: the machine's load and the CPU time are printed beside it. Then
the models that took longest, and what landing and all tests took.
"""

from __future__ import annotations

import os
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from _measure import cpu_seconds, shift

from shift.database import open_database
from shift.sandbox.clinic import make

SHOWN = 8


def main() -> None:
    """Make the clinic, build it once, and print what took how long."""
    with TemporaryDirectory(prefix="shift-bench-") as parent:
        folder = Path(parent) / "clinic"
        command = [*shift("init", str(folder), folder=Path(parent))[:-2], "build"]
        make(folder / "exports", patients=50_000, appointments=1_000_000, notes=20_000)
        (folder / "exports" / "truth.duckdb").unlink()
        load, started = os.getloadavg()[0], time.perf_counter()
        cpu = cpu_seconds(command, folder)
        wall = time.perf_counter() - started
        with open_database(folder / "target" / "shift.duckdb", read_only=True) as connection:
            models = connection.execute(
                "select node, seconds from run_results where kind = 'model' order by seconds desc"
            ).fetchall()
            [(tests,)] = connection.execute("select sum(seconds) from run_results where kind = 'test'").fetchall()
    print(f"large build: {wall:.0f} s (at most 60), {cpu:.0f} s of CPU, at a load of {load:.1f} beforehand")
    parts = {"landing and start": wall - tests - sum(seconds for _, seconds in models), "all tests": tests}
    for name, seconds in [*parts.items(), *models[:SHOWN]]:
        print(f"  {name:<36}{seconds:>6.1f} s")


if __name__ == "__main__":
    main()
