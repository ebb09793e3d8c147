"""A load into a twin of Twenty, as a process of its own that ends itself at a certain call, as `kill -9` would.

    python load_that_dies.py PROJECT CALL

CALL is the write that is answered and not noted; 0 is a load that lives. The project has its staging tables already.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from shift import ledger, pulling
from shift.connecting import connected
from shift.database import open_database
from shift.http import Call
from shift.loading import Patience, Writer, load, settle_open
from shift.planning import make_plan
from shift.project import open_project
from shift.staging import Parent, StagingModel

COMPANY = StagingModel("twenty__company", "twenty.company", "company", "id", ("id", "name"))
PERSON = StagingModel(
    "twenty__person",
    "twenty.person",
    "person",
    "id",
    ("id", "name", "emails", "companyId"),
    parents=(Parent("companyId", "company"),),
)


def main(project: Path, fatal_call: int) -> int:
    writes = 0

    def die(call: Call) -> None:
        nonlocal writes
        writes += call.method == "POST" and "/batch/" in call.path
        if writes and writes == fatal_call:
            os._exit(9)

    opened = open_project(project)
    connection = open_database(opened.database)
    with connected(opened, die) as destination:
        workspace = destination.workspace()
        with ledger.writing(opened.ledger, "twenty", workspace) as book, book.run("load") as run:
            writer = Writer(destination, book, Patience(first=0.01, longest=0.05, settled_after=0.5))
            settle_open(writer)
            pulling.pull(connection, destination.pull(), [])
            make_plan(connection, (COMPANY, PERSON), book)
            return load(writer, connection, (COMPANY, PERSON), run=run, concurrency=2).exit_code


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), int(sys.argv[2])))
