"""Whether the exports folder still holds what was landed from it."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from shift.database import tables_in
from shift.landing import attachments, files, tables
from shift.project import SourceTable

if TYPE_CHECKING:
    import duckdb


def not_landed(
    connection: duckdb.DuckDBPyConnection, source_tables: Sequence[SourceTable], exports: Path
) -> list[str] | None:
    """The files that came, changed or went since the last landing, each with what became of it, by name.

    None where there is nothing to compare: no landing yet, no such folder, or none that holds any export.
    """
    if "_files" not in tables_in(connection, "raw"):
        return None
    of_files = [table for table in source_tables if not table.name.startswith("_")]
    with closing(files.find(exports, of_files)) as found:
        there = {one.name: attachments.sha256(one.path) if one.problem is None else "" for one in found}
    if not there:
        return None
    beside = attachments.find(exports, of_files, tables.known_hashes(connection))
    there |= {f"{one.folder}/{one.path}": one.sha256 for one in beside}
    landed = dict(
        connection.execute(
            "select file, sha256 from raw._files union all select folder || '/' || path, sha256 from raw._attachments"
        ).fetchall()
    )
    return [
        f"{name}: {'new' if name not in landed else 'not there any more' if name not in there else 'changed'}"
        for name in sorted(there.keys() | landed.keys())
        if there.get(name) != landed.get(name)
    ]
