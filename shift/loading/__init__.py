"""Carry out a plan: objects in load order, batches in a few threads, every step in the ledger before and after.

One load, as the command makes it; whatever ends it, the next one goes on where it stopped:

    with ledger.writing(…) as book, book.run("load"):
        writer = Writer(destination, book, Patience())
        settle_open(writer)                                    # what a killed run left open
        plan = make_plan(connection, staging, book, …)
        provision(writer, connection, plan.schema)
        result = load(writer, connection, staging, …)
"""

from __future__ import annotations

from shift.loading.carrying_out import LoadResult, ObjectResult, Progress, load
from shift.loading.creating import Planned, Writer, create
from shift.loading.patience import Patience, Stopped
from shift.loading.settling import settle_open
from shift.loading.updating import OnConflict, adopt, update

__all__ = [
    "LoadResult",
    "ObjectResult",
    "OnConflict",
    "Patience",
    "Planned",
    "Progress",
    "Stopped",
    "Writer",
    "adopt",
    "create",
    "load",
    "settle_open",
    "update",
]
