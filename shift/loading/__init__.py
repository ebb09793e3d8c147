"""Carry out a plan: objects in load order, batches in a few threads, every step in the ledger before and after.

One load, as the command makes it; whatever ends it, the next one goes on where it stopped:

    with ledger.writing(…) as book, book.run("load"):
        writer = Writer(destination, book, Patience())
        settle_open(writer)                                    # what a killed run left open
        plan = make_plan(connection, staging, book, …)
        provision(writer, connection, plan.schema)
        result = load(writer, connection, staging, …)

    carrying_out  object by object, through a few threads: freed → updated → created → set; what is gone, last
    work          the plan's rows, as batches
    parents       are the records that rows point to still there? What is not in holds back what needs it
    references    ids that only the CRM knows, put into payloads; files uploads what payloads name
    creating      the life of a create; unsure, where the CRM gives ids and an answer was lost
    updating      three_way: what an update would change; changing: the life of a change to a record that is there
    deferring     columns that close a circle; freeing, unique values that move; deleting, what the source has no more,
                  by way of destroying, after lives has told whether anybody changed it
    settling      what an earlier run left open; returning, what was deleted and is there again
    patience      how often, how long, and when to give up
"""

from __future__ import annotations

from shift.loading.carrying_out import LoadResult, ObjectResult, Progress, load
from shift.loading.creating import create
from shift.loading.patience import Patience, Stopped
from shift.loading.returning import note_returned
from shift.loading.settling import settle_open
from shift.loading.updating import OnConflict, adopt, update
from shift.loading.writer import Planned, Writer

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
    "note_returned",
    "settle_open",
    "update",
]
