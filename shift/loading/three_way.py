"""Three records, field by field: our row, the record as our writes alone left it (the base), and the record now."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Comparison:
    """What our row would change, by field, and which of these fields somebody else changed since we wrote them.

    ``agreed`` are the fields that somebody else brought to what our row has come to say.
    """

    changes: Mapping[str, Any]
    conflicts: tuple[str, ...]
    agreed: Mapping[str, Any]


def compare(ours: Mapping[str, Any], base: Mapping[str, Any], theirs: Mapping[str, Any]) -> Comparison:
    """A field changes where our row differs from the base and from the record now; ``ours`` is the whole row."""
    changed = {field: value for field, value in ours.items() if not same(value, base.get(field))}
    agreed = {field: value for field, value in changed.items() if same(value, theirs.get(field))}
    changes = {field: value for field, value in changed.items() if field not in agreed}
    conflicts = tuple(field for field in changes if base.get(field) != theirs.get(field))
    return Comparison(changes, conflicts, agreed)


def same(ours: Any, theirs: Any) -> bool:
    """Whether the CRM holds what we mean: it may hold more members of an object, and empty and absent are the same."""
    if isinstance(ours, dict):
        held = theirs if isinstance(theirs, dict) else {}
        return all(same(value, held.get(member)) for member, value in ours.items())
    if isinstance(ours, list) and isinstance(theirs, list):
        return len(ours) == len(theirs) and all(same(mine, other) for mine, other in zip(ours, theirs, strict=True))
    if ours in (None, "", []) and not isinstance(ours, bool):
        return theirs in (None, "", [], {}) and not isinstance(theirs, bool)
    return bool(ours == theirs)
