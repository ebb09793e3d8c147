"""The life of a record as the ledger tells it: how it should look if nobody else touched it, and what it was before."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from shift.destination import Destination
from shift.ledger import Ledger, Write

_EMPTY: tuple[Any, ...] = (None, "", [], {})


def bases(ledger: Ledger, object: str, keys: Sequence[str]) -> dict[str, dict[str, Any]]:
    """By key: each record of an object as our writes alone would have left it; those that were never seen are left out.

    What somebody else wrote meanwhile is in the snapshots of our later writes too, and so these are no base to tell
    from who changed a field.
    """
    lived = {key: expected(writes) for key, writes in ledger.writes(object, keys).items()}
    return {key: record for key, record in lived.items() if record is not None}


def expected(writes: Sequence[Write]) -> dict[str, Any] | None:
    """The record as our writes alone would have left it; None where the ledger never saw it after one of them.

    It is the record as it was first seen, and over that each field that we sent later, as the CRM then showed it: so
    that somebody's change counts whenever it was made.
    """
    record: dict[str, Any] | None = None
    for write in writes:
        if write.after is None:
            record = None
            continue
        after = json.loads(write.after)
        if record is None or write.status in ("created", "adopted"):
            record = after
        elif write.body is not None:
            record |= {field: after.get(field) for field in json.loads(write.body)}
    return record


def before(writes: Sequence[Write], runs: Collection[int]) -> dict[str, Any]:
    """Each field that these runs wrote, as it was before: what a restore sends."""
    fields: dict[str, Any] = {}
    for write in writes:
        if write.run in runs and write.body is not None and write.before is not None:
            held = json.loads(write.before)
            for field, sent in json.loads(write.body).items():
                fields.setdefault(field, _alike_in_form(sent, held.get(field)))
    return fields


def changed(
    destination: Destination, object: str, expected: Mapping[str, Any], now: str, removed: Collection[str] = ()
) -> list[str]:
    """The fields that somebody changed; ``removed`` are ids whose disappearance empties fields by itself.

    A field that the record does not show any more was taken out of the data model, which is no change of the record.
    """
    was = destination.lasting(object, expected)
    return [
        field
        for field, value in destination.lasting(object, json.loads(now)).items()
        if not _unchanged(was.get(field), value, removed)
    ]


def texts(value: Any) -> set[str]:
    """Every text in a record, at any depth: among them the ids of the records that it points to."""
    if isinstance(value, str):
        return {value}
    members = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return {text for member in members for text in texts(member)}


def without_empties(value: Any) -> Any:
    """The same without what is empty, as a create takes it."""
    if isinstance(value, dict):
        members = {name: without_empties(member) for name, member in value.items()}
        return {name: member for name, member in members.items() if member not in _EMPTY or member is False}
    return [without_empties(member) for member in value] if isinstance(value, list) else value


def _unchanged(was: Any, now: Any, removed: Collection[str]) -> bool:
    if was == now or (_empty(was) and _empty(now)):
        return True
    if isinstance(was, str) and was in removed:
        return _empty(now)
    if isinstance(was, dict) and isinstance(now, dict):
        return all(_unchanged(was.get(name), now.get(name), removed) for name in was.keys() | now.keys())
    return False


def _empty(value: Any) -> bool:
    return value is None or value == "" or value == [] or (isinstance(value, dict) and all(map(_empty, value.values())))


def _alike_in_form(sent: Any, held: Any) -> Any:
    """Of an object, the members that we sent: the CRM may show more than it takes."""
    if not isinstance(sent, dict) or any(name.startswith("$") for name in sent):
        return held
    members = held if isinstance(held, dict) else {}
    return {name: _alike_in_form(value, members.get(name)) for name, value in sent.items()}
