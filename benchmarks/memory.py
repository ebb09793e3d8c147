"""Peak memory of a load of 500,000 records: at most 400 MiB. And the second load of 100,000, with nothing to send: no
call, and at most 2 seconds for its local part, which is to mirror the ledger and to plan.

Each runs in a process of its own, against a CRM that answers at once and keeps nothing.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from shift import ledger, pulling
from shift.database import open_database, spare_memory
from shift.destination import Destination, Found, Limits, Outcome, Record, Row, Table, Workspace
from shift.loading import LoadResult, Patience, Writer, load, settle_open
from shift.planning import make_plan
from shift.staging import StagingModel

RECORDS, MOST_MIB = 500_000, 400
AGAIN, MOST_SECONDS = 100_000, 2.0
PERSON = StagingModel("crm__person", "crm.person", "person", "sourceId", ("id", "sourceId", "name", "emails", "notes"))
STAGING = """
create schema crm;
create table crm.person as
select
    uuid()::varchar as id,
    'patient:' || number as sourceId,
    {'firstName': 'Person', 'lastName': number::varchar} as name,
    {'primaryEmail': 'p' || number || '@example.test'} as emails,
    repeat('What was said in the room. ', 10) as notes,
from range(?) as numbers(number)
"""


class Nowhere(Destination):
    """A CRM that takes everything."""

    limits = Limits(batch_size=60, batch_bytes=4_000_000)

    def workspace(self) -> Workspace:
        return Workspace("w-1", "Bench")

    def pull(self) -> Iterator[Table]:
        yield Table("objects", ("name",), [("person",)])
        yield Table("fields", ("object", "name", "type", "options", "relation_target"), [])

    def create(self, object: str, rows: Sequence[Row]) -> Sequence[Outcome]:
        return [Outcome(row.key, row.id or "", Record(row.id or "", row.payload)) for row in rows]

    def find(self, object: str, rows: Sequence[Row]) -> Sequence[Found]:
        return [Found(row.key, "absent") for row in rows]


def load_once(folder: Path) -> tuple[LoadResult, float]:
    """One load over what is staged, and the seconds until all that is local was done."""
    destination = Nowhere()  # type: ignore[abstract]  # a load of new records calls nothing else
    connection = open_database(folder / "shift.duckdb")
    spare_memory(connection, {})
    pulling.pull(connection, destination.pull(), [])
    with ledger.writing(folder / "ledger.sqlite", "crm", destination.workspace()) as book, book.run("load") as run:
        writer = Writer(destination, book, Patience())
        began = time.perf_counter()
        settle_open(writer)
        make_plan(connection, (PERSON,), book)
        planned = time.perf_counter() - began
        result = load(writer, connection, (PERSON,), run=run)
        ledger.mirror(book, connection)
    connection.close()
    return result, planned


def stage(folder: Path, records: int) -> None:
    connection = open_database(folder / "shift.duckdb")
    for statement in STAGING.strip().split(";\n"):
        connection.execute(statement, [records] if "?" in statement else [])
    connection.close()


def in_a_process(what: str, folder: Path) -> list[float]:
    done = subprocess.run([sys.executable, __file__, what, str(folder)], check=True, capture_output=True, text=True)
    return [float(word) for word in done.stdout.split()]


def main() -> None:
    with TemporaryDirectory(prefix="shift-bench-") as folder:
        stage(Path(folder), RECORDS)
        [peak] = in_a_process("memory", Path(folder))
    print(f"memory: {peak:.0f} MiB at the peak of a load of {RECORDS:,} records (at most {MOST_MIB})")
    with TemporaryDirectory(prefix="shift-bench-") as folder:
        stage(Path(folder), AGAIN)
        load_once(Path(folder))
        in_a_process("again", Path(folder))  # mirrors what the first load noted
        [seconds, written] = in_a_process("again", Path(folder))
    print(f"nothing to send: {seconds:.2f} s for {AGAIN:,} records (at most {MOST_SECONDS:g}), {written:.0f} written")
    sys.exit(0 if peak <= MOST_MIB and seconds <= MOST_SECONDS and not written else 1)


if __name__ == "__main__":
    if sys.argv[1:2] == ["memory"]:
        load_once(Path(sys.argv[2]))
        print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
    elif sys.argv[1:2] == ["again"]:
        result, planned = load_once(Path(sys.argv[2]))
        print(planned, sum(sum(one.counts.values()) for one in result.objects))
    else:
        main()
