"""Land a folder of exports: every file is recognised, read and accounted for, and then `raw` changes at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import astuple, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from shift.errors import ExportError
from shift.landing import attachments, encoding, files, headers, tables
from shift.landing.dialect import Dialect, readings
from shift.landing.files import Found
from shift.landing.reading import Reader, Text
from shift.landing.result import LandedFile, Landing
from shift.project import SourceTable
from shift.wording import counted

if TYPE_CHECKING:
    import duckdb


def land(
    connection: duckdb.DuckDBPyConnection, source_tables: Sequence[SourceTable], exports: Path, *, landed_at: datetime
) -> Landing:
    """Land every export below ``exports`` in the tables of the schema ``raw``, in place of what was there.

    Makes ``raw.<table>`` for each of the tables (empty where no file is of its kind), ``raw._files``,
    ``raw._unreadable``, ``raw._columns``, ``raw._attachments``, and of what is declared ``raw._kinds`` and
    ``raw._kind_columns``. Raises ExportError, and leaves ``raw`` as it was,
    where there is no folder or nothing to land in it, where a required table has no file, and where a file lacks a
    required column or has two columns of one name.
    """
    if not exports.is_dir():
        raise ExportError(
            "this is a file, not a folder" if exports.exists() else "there is no such folder",
            where=str(exports),
            hint="Put the exports there, name their folder in project.yml (`exports:`), or give --exports.",
        )
    # A project declares landing's own tables too (`_files` …), so that its models can read them.
    of_files = [table for table in source_tables if not table.name.startswith("_")]
    with _in_order(connection):
        tables.prepare(connection, of_files)
        try:
            landing = _landing(connection, of_files, exports, landed_at)
            tables.swap(connection)
        finally:
            tables.discard(connection)
    return landing


@contextmanager
def _in_order(connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """Rows are numbered as they stand in their file, whatever the project's settings say."""
    setting = connection.execute("select current_setting('preserve_insertion_order')").fetchone()
    connection.execute("set preserve_insertion_order = true")
    try:
        yield
    finally:
        if setting is not None:
            connection.execute(f"set preserve_insertion_order = {bool(setting[0])}")


def _landing(
    connection: duckdb.DuckDBPyConnection, source_tables: Sequence[SourceTable], exports: Path, landed_at: datetime
) -> Landing:
    reader = Reader(connection, landed_at)
    words = headers.vocabularies(source_tables)
    landed_by_hash: dict[str, str] = {}
    found: list[LandedFile] = []
    # Closed, so that no copy of a file outlives an error.
    with closing(files.find(exports, source_tables)) as there:
        for file in there:
            result = _described(file, landed_by_hash)
            if result.reason is None:
                text = _recognised(file, result, source_tables, words, exports.name)
                result = reader.read(text, file.workshop) if isinstance(text, Text) else text
            if result.reason is None:
                landed_by_hash[result.sha256] = file.name
            found.append(result)
    _check_enough(found, source_tables, exports)
    tables.note_kinds(connection, source_tables)
    tables.note_files(connection, found)
    beside = attachments.find(exports, source_tables, tables.known_hashes(connection))
    tables.note(connection, "_attachments", map(astuple, beside))
    filled = {file.kind for file in found if file.reason is None}
    missing = tuple(table.name for table in source_tables if table.name not in filled)
    return Landing(landed_at, tuple(found), missing)


def _described(file: Found, landed_by_hash: Mapping[str, str]) -> LandedFile:
    """A file's line in the report, before it is read; one of the same bytes may have landed already."""
    if file.problem is not None:
        size = file.path.stat().st_size if file.path.is_file() else 0
        return LandedFile(file.name, reason=file.problem, size_bytes=size)
    digest = attachments.sha256(file.path)
    twin = landed_by_hash.get(digest)
    reason = None if twin is None else f"the same file as {twin}, byte for byte"
    size = file.path.stat().st_size
    return LandedFile(file.name, reason=reason, size_bytes=size, sha256=digest, dates=headers.dates(file.name))


def _recognised(
    file: Found,
    result: LandedFile,
    source_tables: Sequence[SourceTable],
    words: headers.Vocabularies,
    folder: str,
) -> Text | LandedFile:
    """The file in UTF-8, with its dialect, kind and columns; or its line in the report, with the reason against it."""
    recognised = encoding.recognise(file.path)
    result = replace(result, encoding=recognised.encoding)
    path = file.path
    if not recognised.encoding.startswith("utf-8"):
        try:
            path = encoding.to_utf8(path, recognised.encoding, file.workshop / "utf8.csv")
        except UnicodeDecodeError:
            return replace(result, reason=f"its text ({recognised.encoding}) is damaged or breaks off")
    options = readings(path)
    if not options:
        return replace(result, reason="a quote in its header does not close")
    dialect = max(options, key=lambda option: (headers.most_known(words, option.headers), len(option.headers)))
    table, reason = headers.kind(source_tables, words, dialect.headers, file.name.rsplit("/", 1)[-1])
    if table is None:
        return replace(result, reason=reason if _is_text(dialect.header_line) else "no text, and so no CSV")
    columns = headers.match(table, dialect.headers, where=f"{folder}/{file.name}")
    result = replace(result, kind=table.name, delimiter=dialect.delimiter, notes=tuple(_notes(recognised, dialect)))
    is_utf8 = path != file.path or not recognised.doubtful
    return Text(path, dialect, table, columns, is_utf8, result)


def _is_text(line: bytes) -> bool:
    """Whether a line has no control characters but tabs and line ends."""
    return not any(byte < 9 for byte in line)


def _notes(recognised: encoding.Recognised, dialect: Dialect) -> Iterator[str]:
    """What is worth telling of a file that lands all the same."""
    places = counted(recognised.doubtful, "place")
    if recognised.doubtful and recognised.encoding == "windows-1252":
        yield f"read as Windows-1252, though {places} could be UTF-8"
    elif recognised.doubtful:
        yield f"read as UTF-8, though {places} cannot be"
    if dialect.separator_line:
        yield "its first line, sep=, was passed over"


def _check_enough(found: Sequence[LandedFile], source_tables: Sequence[SourceTable], exports: Path) -> None:
    where = str(exports)
    if not found:
        raise ExportError("there are no exports in this folder", where=where, hint="Put the CSV files there.")
    kinds = {file.kind for file in found if file.reason is None}
    refused = "\n".join(f"{file.file}: {file.reason}." for file in found if file.reason is not None)
    for table in source_tables:
        if table.required and table.name not in kinds:
            hint = f"Not landed:\n{refused}" if refused else "Export it too, and put the file there."
            raise ExportError(f"none of the files holds the required '{table.name}'", where=where, hint=hint)
    if not kinds:
        raise ExportError("none of the files is an export", where=where, hint=refused)
