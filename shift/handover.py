"""The handover folder: what has no place in the CRM, as files that people can open.

Every model of the schema `handover` becomes a CSV file of its name. A column `source_file` is a file below the exports
folder, copied to `path`; a column `text` is what stands in the file `path`, and not in the CSV. Paths are below the
handover folder. A column `person_id` is the id in the CRM of whom a row tells, null where nobody there stands for them.

What an earlier load wrote, and nothing names any more, is removed: a list beside the files says, by destination, which
they are. What people put there themselves stays.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from shift.building import run
from shift.database import literal, quoted
from shift.errors import ModelError, ShiftError
from shift.graph import Graph, Model, Selection

if TYPE_CHECKING:
    import duckdb

    from shift.project import Project

FOLDER = "handover"
SCHEMA = "handover"
_LIST = ".written.json"
_FETCHED = 1000  # rows at once: a text may be long


@dataclass(frozen=True, slots=True)
class _Table:
    """What goes into one CSV file: ``rows`` is what stands after `from`."""

    model: Model
    columns: tuple[str, ...]
    rows: str

    @property
    def csv(self) -> str:
        return f"{self.model.name.removeprefix(f'{SCHEMA}__')}.csv"


def write(graph: Graph, connection: duckdb.DuckDBPyConnection, *, of_those_in: bool = False) -> tuple[Path, ...]:
    """Build the models anew, over the ledger's mirror, and write the folder; the CSV files that it holds now.

    ``of_those_in``: where a table tells of people, only the rows of those who are in the CRM. All that is written is
    for its owner alone. Raises ModelError for a model that does not build or names a path outside, and ShiftError where
    the disk will not have a file, or a file of the exports is gone.
    """
    models = [model for name, model in sorted(graph.models.items()) if model.schema == SCHEMA]
    for result in run(graph, connection, Selection(frozenset(model.name for model in models), frozenset())):
        if result.status == "error":
            raise ModelError(result.message or f"the model {result.node} does not build")
    project = graph.project
    folder, destination = project.root / FOLDER, project.to or ""
    tables = [_table(connection, model, of_those_in) for model in models]
    with _told_plainly(folder):
        files = {table.csv for table in tables}
        files.update(path for table in tables for path in _paths(connection, table, folder))
        lists = _lists(folder)
        # Before the first file, so that a load that is killed here leaves none that nobody knows of.
        _note(folder, {**lists, destination: files.union(lists.get(destination, ()))})
        for table in tables:
            _write(connection, table, folder, project.exports)
        _keep(folder, destination, files)
    return tuple(folder / table.csv for table in tables)


def written(project: Project) -> bool:
    """Whether the folder holds what a load into the project's destination wrote. Raises ShiftError as ``remove``."""
    return (project.to or "") in _lists(project.root / FOLDER)


def shared(project: Project) -> tuple[str, ...]:
    """The files that loads into other destinations wrote too, as paths below the folder; the last load's words stand.

    Raises ShiftError as ``remove``.
    """
    lists = _lists(project.root / FOLDER)
    return tuple(sorted(set(lists.get(project.to or "", ())) & _of_others(lists, project.to or "")))


def remove(project: Project) -> None:
    """Remove what loads into the project's destination wrote, and into no other.

    Raises ShiftError where the list of what loads wrote does not read, or the disk will not let go.
    """
    folder = project.root / FOLDER
    with _told_plainly(folder):
        _keep(folder, project.to or "", ())


def _table(connection: duckdb.DuckDBPyConnection, model: Model, of_those_in: bool) -> _Table:
    columns = tuple(connection.table(model.relation).columns)
    known = of_those_in and "person_id" in columns
    return _Table(model, columns, f"{model.relation} where person_id is not null" if known else model.relation)


def _paths(connection: duckdb.DuckDBPyConnection, table: _Table, folder: Path) -> Iterator[str]:
    """The files that a table names, besides its own."""
    if {"source_file", "text"}.intersection(table.columns):
        for (path,) in _rows(connection, f"select path from {table.rows}"):
            yield _below(folder, path, table.model.name).relative_to(folder.resolve()).as_posix()


def _write(connection: duckdb.DuckDBPyConnection, table: _Table, folder: Path, exports: Path) -> None:
    shown = ", ".join(quoted(column) for column in table.columns if column != "text")
    target = folder / table.csv
    partial = target.with_suffix(".partial")
    connection.execute(f"copy (select {shown} from {table.rows}) to {literal(partial.as_posix())} (format csv, header)")
    os.chmod(partial, 0o600)
    partial.replace(target)
    if "source_file" in table.columns:
        for path, source in _rows(connection, f"select path, source_file from {table.rows}"):
            _copy(_below(exports, source, table.model.name), _below(folder, path, table.model.name))
    if "text" in table.columns:
        for path, text in _rows(connection, f"select path, text from {table.rows}"):
            _put(text or "", _below(folder, path, table.model.name))


def _lists(folder: Path) -> dict[str, list[str]]:
    """By destination: the files that its loads wrote, as paths below the folder, and none outside."""
    path = folder / _LIST
    if not path.exists():
        return {}
    try:
        lists = msgspec.json.decode(path.read_bytes(), type=dict[str, list[str]])
        for file in (file for files in lists.values() for file in files):
            _below(folder, file, _LIST)
    except (OSError, ValueError, msgspec.DecodeError, ModelError) as error:
        raise ShiftError(
            f"the list of what loads wrote to {FOLDER}/ does not read: {error}",
            where=str(path),
            hint=f"Take out of {FOLDER}/ what people put there, and delete the rest: the next load writes it anew.",
        ) from None
    return lists


def _note(folder: Path, lists: Mapping[str, Collection[str]]) -> None:
    told = {destination: sorted(files) for destination, files in lists.items() if files}
    if not told:
        _remove(folder, folder / _LIST)
        return
    partial = (folder / _LIST).with_suffix(".partial")
    _put(msgspec.json.format(msgspec.json.encode(told), indent=1).decode(), partial)
    partial.replace(folder / _LIST)


def _of_others(lists: Mapping[str, Collection[str]], destination: str) -> set[str]:
    return {file for other, files in lists.items() if other != destination for file in files}


def _keep(folder: Path, destination: str, files: Collection[str]) -> None:
    """Of what loads into the destination wrote, keep these files alone, and those that other destinations name too."""
    lists = _lists(folder)
    for file in set(lists.get(destination, ())).difference(files, _of_others(lists, destination)):
        _remove(folder, folder / file)
    _note(folder, {**lists, destination: files})


def _remove(folder: Path, file: Path) -> None:
    """Remove a file, and the folders that it leaves empty."""
    file.unlink(missing_ok=True)
    for parent in file.parents:
        if not parent.is_relative_to(folder) or (parent.exists() and any(parent.iterdir())):
            return
        if parent.exists():
            parent.rmdir()


def _rows(connection: duckdb.DuckDBPyConnection, query: str) -> Iterator[tuple[str, ...]]:
    cursor = connection.execute(query)
    while rows := cursor.fetchmany(_FETCHED):
        yield from rows


def _below(folder: Path, path: str, where: str) -> Path:
    """The path within the folder; what an export or a list says may not lead out of it."""
    found = (folder / path).resolve()
    if not found.is_relative_to(folder.resolve()):
        raise ModelError(f"'{path}' leads out of {folder.name}/", where=where)
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
