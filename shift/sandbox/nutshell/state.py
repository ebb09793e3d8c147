"""Keeping an account in a file, and taking it up again."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec

from shift.sandbox.nutshell.behaviour import Behaviour
from shift.sandbox.nutshell.records import Activity, Definition, FieldKind, File, Lead, Note, Party, Record, User
from shift.sandbox.nutshell.store import Store
from shift.sandbox.serving import write_whole


class _State(msgspec.Struct):
    instance: str
    site: str
    users: dict[int, User]
    activity_types: dict[int, str]
    definitions: dict[FieldKind, dict[str, Definition]]
    contacts: list[Party]
    accounts: list[Party]
    leads: list[Lead]
    activities: list[Activity]
    notes: list[Note]
    files: dict[int, File]
    deletions: list[tuple[str, int, int]]
    series: dict[str, int]


_KINDS = ("contacts", "accounts", "leads", "activities", "notes")


def save(store: Store, path: Path) -> None:
    """Write the whole account; the file is replaced at once or not at all."""
    state = {
        "instance": store.instance,
        "site": store.site,
        "users": store.users,
        "activity_types": store.activity_types,
        "definitions": store.definitions,
        "files": store.files,
        "deletions": store.deletions,
        "series": store.series,
    } | {kind: list(store.records[kind].values()) for kind in _KINDS}
    write_whole(path, msgspec.msgpack.encode(state))


def load(path: Path, behaviour: Behaviour) -> Store:
    """The account that was saved. Raises ValueError for a file that holds none."""
    try:
        state = msgspec.msgpack.decode(path.read_bytes(), type=_State)
    except msgspec.DecodeError as error:
        raise ValueError(f"{path} holds no account: {error}") from None
    store = Store(
        behaviour,
        state.instance,
        state.site,
        users=state.users,
        activity_types=state.activity_types,
        definitions=state.definitions,
        files=state.files,
        deletions=state.deletions,
        series=state.series,
    )
    saved: tuple[Sequence[Record], ...] = (
        state.contacts,
        state.accounts,
        state.leads,
        state.activities,
        state.notes,
    )
    for kind, records in zip(_KINDS, saved, strict=True):
        for one in records:
            one.shown_from = 0.0
            store.records[kind][one.id] = one
    store.index_all()
    return store
