"""Staging against the ledger and the CRM: what a load would create, update and leave alone, and what stands in its way.

The plan's counts are a value; its rows are tables in DuckDB, from which a load takes its work:

    plan.rows       model, object, key, id, hash (of the payload), bytes (of what is sent), there (whether the record is
                    in the CRM), action, reason (of held_back, blocked and flagged), payload (to create: what is sent;
                    to update and adopt: the whole row, nulls in place; else null)
    plan.frees      unique values that a record gives up before others are written: see ``claims``
    plan.gone       records that the source has no more: see ``gone``
    plan.lost, plan.foreign   what the pull alone tells of records: see ``pulled``

The actions: *create*, *update*, *unchanged*; *matched* (looked up; to update is what `when_matched` columns change),
*linked* (to a record that was there, and is left alone), *adopt* (there already, not by us, and accepted); *delete* and
*flagged* (the source has it no more); *held_back* (a record that it points to is not in), *blocked* (refused before,
deleted by somebody, …).
"""

from __future__ import annotations

from shift.planning.beside import beside
from shift.planning.costs import Cost, Pace
from shift.planning.looked_at import UNCONFIRMED, mapping_hash
from shift.planning.making import OWN_FINDINGS, make_plan, require_clear
from shift.planning.rows import FOREIGN, FOREIGN_RECORDS, GONE, ensure_table
from shift.planning.values import (
    ACTIONS,
    WRITING,
    Action,
    Beside,
    Choices,
    Loss,
    ObjectPlan,
    OnMissing,
    Plan,
    Reason,
)

__all__ = [
    "ACTIONS",
    "FOREIGN",
    "FOREIGN_RECORDS",
    "GONE",
    "OWN_FINDINGS",
    "UNCONFIRMED",
    "WRITING",
    "Action",
    "Beside",
    "Choices",
    "Cost",
    "Loss",
    "ObjectPlan",
    "OnMissing",
    "Pace",
    "Plan",
    "Reason",
    "beside",
    "ensure_table",
    "make_plan",
    "mapping_hash",
    "require_clear",
]
