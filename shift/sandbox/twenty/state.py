"""Keeping a workspace in a file, and taking it up again."""

from __future__ import annotations

import random
from pathlib import Path

import msgspec

from shift.sandbox.serving import write_whole
from shift.sandbox.twenty.schema import Object
from shift.sandbox.twenty.table import Row
from shift.sandbox.twenty.workspace import StoredFile, Workspace


class _State(msgspec.Struct):
    id: str
    standard_application: str
    custom_application: str
    objects: list[Object]
    rows: dict[str, list[Row]]
    positions: dict[str, int]
    files: list[StoredFile]


def save(workspace: Workspace, path: Path) -> None:
    """Write the whole workspace; the file is replaced at once or not at all."""
    state = _State(
        id=workspace.id,
        standard_application=workspace.standard_application,
        custom_application=workspace.custom_application,
        objects=list(workspace.objects.values()),
        rows={of: list(table.rows.values()) for of, table in workspace.tables.items()},
        positions={of: table.next_position for of, table in workspace.tables.items()},
        files=list(workspace.files.values()),
    )
    write_whole(path, msgspec.msgpack.encode(state))


def load(path: Path, seed: int | None) -> Workspace:
    """The workspace that was saved. Raises ValueError for a file that holds none."""
    try:
        state = msgspec.msgpack.decode(path.read_bytes(), type=_State)
    except msgspec.DecodeError as error:
        raise ValueError(f"{path} holds no workspace: {error}") from None
    workspace = Workspace(random.Random(seed))
    workspace.id = state.id
    workspace.standard_application, workspace.custom_application = state.standard_application, state.custom_application
    for of in state.objects:
        workspace.add_object(of)
    for of_id, rows in state.rows.items():
        workspace.tables[of_id].put_back(rows)
        workspace.tables[of_id].next_position = state.positions[of_id]
    workspace.files = {file.id: file for file in state.files}
    return workspace
