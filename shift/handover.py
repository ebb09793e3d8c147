"""The handover folder: what has no place in the CRM, as files that people can open.

Every model of the schema `handover` becomes a CSV file of its name. A column `source_file` is a file below the exports
folder, copied to `path`; a column `text` is what stands in the file `path`, and not in the CSV. Paths are below the
handover folder. What lies there already, and is no longer named, stays.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from shift.building import run
from shift.database import literal, quoted
from shift.errors import ModelError, ShiftError
from shift.graph import Graph, Model, Selection

if TYPE_CHECKING:
    import duckdb

FOLDER = "handover"
_SCHEMA = "handover"
_FETCHED = 1000  # rows at once: a text may be long


def write(graph: Graph, connection: duckdb.DuckDBPyConnection) -> tuple[Path, ...]:
    """Build the models anew, over the ledger's mirror, and write the folder; the CSV files that it holds now.

    All that is written is for its owner alone. Raises ModelError for a model that does not build or names a path
    outside, and ShiftError where the disk will not have a file, or a file of the exports is gone.
    """
    models = [model for name, model in sorted(graph.models.items()) if model.schema == _SCHEMA]
    for result in run(graph, connection, Selection(frozenset(model.name for model in models), frozenset())):
        if result.status == "error":
            raise ModelError(result.message or f"the model {result.node} does not build")
    project = graph.project
    folder = project.root / FOLDER
    with _told_plainly(folder):
        return tuple(_write(connection, model, folder, project.exports) for model in models)


def _write(connection: duckdb.DuckDBPyConnection, model: Model, folder: Path, exports: Path) -> Path:
    columns = connection.table(model.relation).columns
    listed = ", ".join(quoted(column) for column in columns if column != "text")
    target = folder / f"{model.name.removeprefix(f'{_SCHEMA}__')}.csv"
    _make_room(folder)
    partial = target.with_suffix(".partial")
    connection.execute(
        f"copy (select {listed} from {model.relation}) to {literal(partial.as_posix())} (format csv, header)"
    )
    os.chmod(partial, 0o600)
    partial.replace(target)
    if "source_file" in columns:
        for path, source in _rows(connection, f"select path, source_file from {model.relation}"):
            _copy(_below(exports, source, model), _below(folder, path, model))
    if "text" in columns:
        for path, text in _rows(connection, f"select path, text from {model.relation}"):
            _put(text or "", _below(folder, path, model))
    return target


def _rows(connection: duckdb.DuckDBPyConnection, query: str) -> Iterator[tuple[str, str]]:
    cursor = connection.execute(query)
    while rows := cursor.fetchmany(_FETCHED):
        yield from rows


def _below(folder: Path, path: str, model: Model) -> Path:
    """The path within the folder; what an export says may not lead out of it."""
    found = (folder / path).resolve()
    if not found.is_relative_to(folder.resolve()):
        raise ModelError(f"'{path}' leads out of {folder.name}/", where=model.name)
    return found


def _copy(source: Path, target: Path) -> None:
    """Copy, unless the same file lies there from an earlier time: there may be gigabytes of them."""
    there, wanted = target.stat() if target.exists() else None, source.stat()
    if there and (there.st_size, there.st_mtime_ns) == (wanted.st_size, wanted.st_mtime_ns):
        return
    _make_room(target.parent)
    shutil.copyfile(source, target)
    os.chmod(target, 0o600)
    os.utime(target, ns=(wanted.st_atime_ns, wanted.st_mtime_ns))


def _put(text: str, target: Path) -> None:
    _make_room(target.parent)
    target.touch(mode=0o600)
    target.write_text(text + "\n", encoding="utf-8")


def _make_room(folder: Path) -> None:
    """Make the folder, and those above it, for their owner alone."""
    for each in (*reversed(folder.parents), folder):
        if not each.exists():
            each.mkdir(mode=0o700)


@contextmanager
def _told_plainly(folder: Path) -> Iterator[None]:
    import duckdb

    try:
        yield
    except (OSError, duckdb.IOException) as error:
        raise ShiftError(
            f"the handover folder could not be written: {error}",
            where=str(folder),
            hint="Make room for it, or see that the exports are where they were, and run the command again.",
        ) from None
