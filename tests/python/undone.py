"""A rollback of a clinic in memory, as the command does it, and how its CRM looks."""

from __future__ import annotations

from contextlib import closing
from typing import Any

from fakes import MemoryCRM
from staged import Clinic

from shift import ledger
from shift.database import open_database
from shift.loading import Writer, settle_open
from shift.undoing import Undoing, Undone, prepare, undo

LOAD_ORDER = ("person", "task")


def roll_back(clinic: Clinic, run: int | None = None, **options: Any) -> tuple[Undoing, Undone]:
    """What a killed run left open is settled, then the rollback is prepared and carried out."""
    concurrency = options.pop("concurrency", 1)
    with (
        ledger.writing(clinic.path, "crm", clinic.crm.workspace()) as book,
        closing(open_database(None)) as connection,
    ):
        writer = Writer(clinic.crm, book, clinic.patience())
        settle_open(writer)
        undoing = prepare(writer, connection, run, load_order=LOAD_ORDER, **options)
        return undoing, undo(writer, connection, undoing, concurrency=concurrency)


def left(undone: Undone) -> dict[str, str]:
    """Why records were left, by object and key."""
    return {f"{one.object} {one.key}": one.reason for one in undone.left}


def everything(crm: MemoryCRM) -> Any:
    """What the CRM holds: an empty field and none are the same."""
    return _filled({object: held for object, held in crm.records.items() if held})


def _filled(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _filled(member) for name, member in value.items() if member is not None}
    return value
