"""A load into a twin, as a process of its own that ends itself at a certain call, as `kill -9` would.

    python load_that_dies.py PROJECT CALL [HANDS]

CALL is the call that the CRM carried out and this process never noted: of those that create or change records, as far
as their address tells that, once the plan is made; 0 is a load that lives. HANDS are the threads, 2 unless told. The
project has its staging tables already.
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

TWENTY = (
    StagingModel("twenty__company", "twenty.company", "company", "id", ("id", "name")),
    StagingModel(
        "twenty__person",
        "twenty.person",
        "person",
        "id",
        ("id", "name", "emails", "companyId"),
        parents=(Parent("companyId", "company"),),
    ),
)
NUTSHELL = (
    StagingModel(
        "nutshell__person",
        "nutshell.person",
        "person",
        "Cliniko Patient ID",
        ("Cliniko Patient ID", "name", "emails", "owner"),
    ),
    StagingModel(
        "nutshell__activity",
        "nutshell.activity",
        "activity",
        "_key",
        ("name", "description", "activityType", "startTime", "endTime", "contacts", "status"),
        parents=(Parent("_person", "person", "Cliniko Patient ID"),),
    ),
    StagingModel(
        "nutshell__note",
        "nutshell.note",
        "note",
        "_key",
        ("parent", "body"),
        parents=(Parent("_person", "person", "Cliniko Patient ID"),),
    ),
)
STAGING = {"twenty": TWENTY, "nutshell": NUTSHELL}
HASTE = Patience(first=0.01, longest=0.05, settled_after=0.5, look_after=(0.1, 0.3, 0.6), send_again_after=1.5)


def main(project: Path, fatal_call: int, hands: int = 2) -> int:
    writes = 0
    planned = False

    def die(call: Call) -> None:
        nonlocal writes
        writes += planned and call.method in ("POST", "PATCH") and call.path.startswith(("/rest/", "/api/v1/json"))
        if writes and writes == fatal_call:
            os._exit(9)

    opened = open_project(project)
    staging = STAGING[opened.to or ""]
    connection = open_database(opened.database)
    with connected(opened, die) as destination:
        workspace = destination.workspace()
        with ledger.writing(opened.ledger, opened.to or "", workspace) as book, book.run("load") as run:
            writer = Writer(destination, book, HASTE)
            settle_open(writer)
            pulling.pull(connection, destination.pull(), [])
            make_plan(connection, staging, book)
            planned = True
            return load(writer, connection, staging, run=run, concurrency=hands).exit_code


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), *map(int, sys.argv[2:])))
