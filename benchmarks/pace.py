"""How near a load comes to what a CRM allows: both figures are of the calls that create records, by the ledger.

against the real limit (100 a minute as a bucket that refills in steps of 600 ms: contracts/twenty/rate-limit), at
`requests_per_minute: 90` and with a full bucket: at least 88 calls a minute over five minutes, and no 429;
against 150 ms a call and no limit: at least 85 % of concurrency / latency over 500 batches of one object.
"""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from shift import ledger, pulling
from shift.connecting import CallNotes, connected
from shift.database import open_database
from shift.loading import Patience, Writer, load
from shift.planning import make_plan
from shift.project import Project, open_project
from shift.sandbox.twenty import start
from shift.staging import StagingModel

KEY = "key-of-the-benchmark"
COMPANY = StagingModel("twenty__company", "twenty.company", "company", "id", ("id", "name"))
LIMIT, PACE, MINUTES, AT_LEAST = 100, 90, 5, 88
LATENCY, BATCHES, CONCURRENCY, SHARE = 150.0, 500, 2, 0.85
BATCH = 2  # rows a call: the calls are what counts


@contextmanager
def project(url: str, requests_per_minute: int) -> Iterator[Project]:
    with TemporaryDirectory(prefix="shift-bench-") as folder:
        destination = (
            f"loader: twenty, url: '{url}', api_key: {KEY}, requests_per_minute: {requests_per_minute}, "
            f"batch_size: {BATCH}, concurrency: {CONCURRENCY}"
        )
        text = f"name: bench\nto: twenty\ndestinations: {{twenty: {{{destination}}}}}\n"
        (Path(folder) / "project.yml").write_text(text, encoding="utf-8")
        yield open_project(Path(folder))


def calls_of_a_load(opened: Project, batches: int) -> list[tuple[float, float, int]]:
    """(start, end, status) of each call that creates, in order; seconds."""
    notes = CallNotes()
    with closing(open_database(None)) as connection, connected(opened, notes) as destination:
        connection.execute("create schema twenty")
        connection.execute(
            f"create table twenty.company as select uuid()::varchar as id, 'Company ' || number as name "
            f"from range({batches * BATCH}) as numbers(number)"
        )
        with ledger.writing(opened.ledger, "twenty", destination.workspace()) as book, book.run("load") as run:
            notes.hand_on(book.note_call)
            pulling.pull(connection, destination.pull(), [])
            make_plan(connection, (COMPANY,), book)
            load(Writer(destination, book, Patience()), connection, (COMPANY,), run=run, concurrency=CONCURRENCY)
    with closing(sqlite3.connect(opened.ledger)) as noted:
        rows = noted.execute("select noted_at, seconds, status from calls where path like '/rest/batch/%'").fetchall()
    ends = [(datetime.fromisoformat(at).timestamp(), seconds, status) for at, seconds, status in rows]
    return sorted((end - seconds, end, status) for end, seconds, status in ends)


def at_the_limit(minutes: float) -> bool:
    with start(api_key=KEY, automations=False, requests_per_minute=LIMIT) as url, project(url, PACE) as opened:
        calls = calls_of_a_load(opened, round(minutes * PACE) + 1)
    starts = [begun for begun, _, _ in calls]
    a_minute = (len(starts) - 1) / (starts[-1] - starts[0]) * 60
    limited = sum(status == 429 for _, _, status in calls)
    print(f"pace: {a_minute:.1f} calls a minute over {minutes:g} minutes (at least {AT_LEAST}), {limited} times 429")
    return a_minute >= AT_LEAST and not limited


def without_a_limit(batches: int) -> bool:
    with start(api_key=KEY, automations=False, latency=LATENCY) as url, project(url, 1_000_000) as opened:
        calls = calls_of_a_load(opened, batches)
    seconds = max(end for _, end, _ in calls) - calls[0][0]
    share = len(calls) / seconds / (CONCURRENCY / LATENCY * 1000)
    print(f"pace: {share:.0%} of {CONCURRENCY} / {LATENCY:.0f} ms over {batches} batches (at least {SHARE:.0%})")
    return share >= SHARE


if __name__ == "__main__":
    held = [without_a_limit(BATCHES), at_the_limit(MINUTES)]
    sys.exit(0 if all(held) else 1)
