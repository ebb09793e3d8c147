"""Objects, fields and choices that the models need: which the CRM lacks, making them, and removing them again.

Every step is noted in the ledger before and after it, with all that undoing it takes.
"""

from __future__ import annotations

from shift.provisioning.changes import describe
from shift.provisioning.making import provision
from shift.provisioning.needs import BY_HAND, FINDING_NAMES, Needs, compare, judged, left_to_a_person
from shift.provisioning.removing import left_by_hand, made, remove

__all__ = [
    "BY_HAND",
    "FINDING_NAMES",
    "Needs",
    "compare",
    "describe",
    "judged",
    "left_by_hand",
    "left_to_a_person",
    "made",
    "provision",
    "remove",
]
