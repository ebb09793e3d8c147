"""CPU time of landing 1,000,000 appointments of 22 columns over that of DuckDB's bare read of the same file.

At most 1.5, with a peak below 1 GiB. A second file, with guarded ids, line ends of two kinds and a few broken rows,
says what mending costs; nothing is promised for it.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from _measure import compared, cpu_seconds

from shift.database import literal, open_database

ROWS = 1_000_000
ROUNDS = 3

GENERATE = """
copy (
    select
        540000000000000000 + i as "Appointment ID",
        strftime(timestamp '2016-01-01' + interval (i) minute, '%Y-%m-%d %H:%M:%S +1000') as "Start Time",
        strftime(timestamp '2016-01-01' + interval (i + 30) minute, '%Y-%m-%d %H:%M:%S +1000') as "End Time",
        'Randy Savage' as "Practitioner",
        514810972972521916 + i % 20 as "Practitioner ID",
        'Patient ' || i % 50000 as "Patient",
        479516700664923158 + i % 50000 as "PatientID(s)",
        'patient' || i % 50000 || '@example.com' as "Patient Email",
        'Initial, Consultation' as "Appointment Type",
        'Osteopathy' as "Appointment Category",
        'Healthy Times' as "Business",
        514810976554457178 as "Business ID",
        if(i % 5 = 0, 'Bring "scans"' || chr(10) || repeat(md5(i::varchar), 4), null) as "Appointment Notes",
        'false' as "Did Not Arrive",
        'true' as "Patient Arrived",
        'true' as "SMS Reminder Sent",
        null as "Cancellation Time",
        null as "Cancellation Reason",
        1 as "Number of Patients",
        1 as "Maximum Number of Patients",
        strftime(timestamp '2016-01-01' + interval (i - 5000) minute, '%Y-%m-%d %H:%M:%S +1000') as "Created At",
        strftime(timestamp '2016-01-01' + interval (i - 4000) minute, '%Y-%m-%d %H:%M:%S +1000') as "Updated At"
    from range($rows) as appointments(i)
) to {target} (header)
"""
LAND = """
import resource, sys
from datetime import UTC, datetime
from pathlib import Path
from shift.database import open_database
from shift.landing import land
from shift.project import open_project
project = open_project(Path(sys.argv[1]))
tables = [t for s, t in project.sources.values() if s.schema == "raw" and t.name == "appointments"]
with open_database(Path(sys.argv[3])) as connection:
    land(connection, tables, Path(sys.argv[2]), landed_at=datetime.now(UTC))
    counted = connection.execute("select landed, unreadable from raw._files").fetchone()
print(*counted, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
"""
BARE = """
import sys
from pathlib import Path
from shift.database import open_database
with open_database(Path(sys.argv[3])) as connection:
    bare = "create table t as select * from read_csv(?, all_varchar = true)"
    connection.execute(bare, [sys.argv[2] + "/appointments.csv"])
"""


def main() -> None:
    """Print seconds, ratio and peak memory."""
    root = Path(__file__).parents[1]
    with TemporaryDirectory(prefix="shift-bench-") as folder:
        good, spoiled = Path(folder, "good"), Path(folder, "spoiled")
        good.mkdir()
        spoiled.mkdir()
        with open_database(None) as connection:
            target = literal(str(good / "appointments.csv"))
            connection.execute(GENERATE.format(target=target), {"rows": ROWS})
        spoil(good / "appointments.csv", spoiled / "appointments.csv")

        def run(program: str, exports: Path) -> list[str]:
            database = Path(folder, "x.duckdb")
            database.unlink(missing_ok=True)
            return [sys.executable, "-c", program, str(root), str(exports), str(database)]

        ours, bare = [], []
        for _ in range(ROUNDS):
            bare.append(cpu_seconds(run(BARE, good), root))
            ours.append(cpu_seconds(run(LAND, good), root))
        compared("landing", ours, bare, limit=1.5)
        compared("landing, mended", [cpu_seconds(run(LAND, spoiled), root)], bare[:1], limit=float("inf"))
        for exports in (good, spoiled):
            said = subprocess.run(run(LAND, exports), cwd=root, check=True, capture_output=True, text=True).stdout
            landed, unreadable, peak = said.splitlines()[-1].split()
            print(f"{exports.name}: {landed} rows landed, {unreadable} unreadable, peak {peak} MiB (at most 1024)")


def spoil(source: Path, target: Path) -> None:
    """The same rows with guarded ids, every thousandth line ended with CRLF, every hundred-thousandth cut short."""
    with source.open("rb") as lines, target.open("wb") as output:
        for number, line in enumerate(lines):
            if number and re.match(rb"\d{18},", line):
                line = b'="' + line[:18] + b'"' + line[18:]
            if number % 1000 == 999:
                line = line.rstrip(b"\n") + b"\r\n"
            output.write(b'"cut\n' if number % 100_000 == 77_777 else line)


if __name__ == "__main__":
    main()
