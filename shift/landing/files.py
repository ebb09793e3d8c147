"""Which files are there, what is inside those that are packed, and what those are that are no CSV at all."""

from __future__ import annotations

import gzip
import shutil
import zipfile
import zlib
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory

from shift.landing.headers import by_name
from shift.project import SourceTable

# Folders of the exports that hold patients' own files; only the list of them is an export.
FOLDERS_OF_FILES = ("attachments", "charts")

_ZIP = (b"PK\x03\x04", b"PK\x05\x06")
_GZIP = b"\x1f\x8b"
_OF_WINDOWS = ("thumbs.db", "desktop.ini")
_SIGNATURES = (
    (b"%PDF-", "a PDF"),
    (b"\x89PNG", "a picture"),
    (b"\xff\xd8\xff", "a picture"),
    (b"GIF8", "a picture"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Excel workbook or another Office document"),
    (b"{\\rtf", "a text document (RTF)"),
    (b"SQLite format 3\x00", "an SQLite database"),
    (b"PAR1", "a Parquet file"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive, which is not unpacked here"),
    (b"Rar!\x1a\x07", "a RAR archive, which is not unpacked here"),
    (b"BZh", "a bzip2 file, which is not unpacked here"),
    (b"\xfd7zXZ\x00", "an xz file, which is not unpacked here"),
)
_DOCUMENTS = {
    "xl/workbook": "an Excel workbook",
    "word/document": "a Word document",
    "ppt/presentation": "a presentation",
    "content.xml": "an OpenDocument spreadsheet or text",
    "Index/Document.iwa": "a Numbers or Pages document",
}


@dataclass(frozen=True, slots=True)
class Found:
    """A file by its name within the exports, with its bytes at ``path``; or what it is instead of an export.

    ``workshop`` is an empty folder for whoever reads it.
    """

    name: str
    path: Path
    workshop: Path
    problem: str | None = None


def find(exports: Path, tables: Sequence[SourceTable]) -> Generator[Found, None, None]:
    """Every file below the folder in the order of its name, unpacked; each may be read until the next is asked for."""
    for path in sorted(exports.rglob("*"), key=lambda path: path.relative_to(exports).as_posix()):
        name = path.relative_to(exports)
        is_broken_link = path.is_symlink() and not path.exists()
        if is_hidden(name) or not (path.is_file() or is_broken_link) or not is_export(name, tables):
            continue
        with TemporaryDirectory(prefix="shift-") as workshop:
            shown = name.as_posix().encode("utf-8", "replace").decode()
            if shown != name.as_posix():
                yield Found(shown, path, Path(workshop), "its name is not in UTF-8: rename it")
            else:
                yield from _unpacked(shown, path, Path(workshop))


def is_hidden(name: Path) -> bool:
    """Whether a file is the operating system's or an editor's own."""
    return any(part.startswith((".", "~$")) for part in name.parts) or name.name.lower() in _OF_WINDOWS


def is_export(name: Path, tables: Sequence[SourceTable]) -> bool:
    """Whether a file of the exports folder is to be landed, by its place alone."""
    folder = name.parts[0].lower()
    if len(name.parts) == 1 or folder not in FOLDERS_OF_FILES:
        return True
    lists = [table for table in tables if table.name.endswith(FOLDERS_OF_FILES)]
    return len(name.parts) == 2 and (name.name.lower() == "index.csv" or by_name(lists, name.name) is not None)


def _unpacked(name: str, path: Path, workshop: Path) -> Iterator[Found]:
    try:
        with path.open("rb") as file:
            head = file.read(4)
    except OSError as error:
        yield Found(name, path, workshop, f"it cannot be read: {error.strerror}")
        return
    if head in _ZIP:
        yield from _members(name, path, workshop)
    elif head.startswith(_GZIP):
        yield _gunzipped(name, path, workshop)
    else:
        yield Found(name, path, workshop, not_csv(path))


def _gunzipped(name: str, path: Path, workshop: Path) -> Found:
    target = workshop / "unpacked.csv"
    try:
        with gzip.open(path) as source, target.open("wb") as output:
            shutil.copyfileobj(source, output)
    except (gzip.BadGzipFile, EOFError, zlib.error):
        return Found(name, path, workshop, "a gzip file that is damaged or breaks off")
    return Found(name, target, workshop, not_csv(target))


def _members(name: str, path: Path, workshop: Path) -> Iterator[Found]:
    try:
        archive = zipfile.ZipFile(path)
    except zipfile.BadZipFile:
        yield Found(name, path, workshop, "a zip file that is damaged or breaks off")
        return
    with archive:
        names = archive.namelist()
        for start, what in _DOCUMENTS.items():
            if any(member.startswith(start) for member in names):
                yield Found(name, path, workshop, f"{what}, not a CSV")
                return
        if not names:
            yield Found(name, path, workshop, "an empty zip file")
        for member in archive.infolist():
            parts = PurePosixPath(member.filename).parts
            if not member.is_dir() and not any(part.startswith((".", "__MACOSX")) for part in parts):
                yield _member(archive, member, f"{name}/{member.filename}", workshop)


def _member(archive: zipfile.ZipFile, member: zipfile.ZipInfo, name: str, workshop: Path) -> Found:
    target = workshop / "unpacked.csv"
    if archive.namelist().count(member.filename) > 1:
        return Found(name, target, workshop, "one of several files of this name in the zip file: unpack them first")
    if member.flag_bits & 1:
        return Found(name, target, workshop, "locked with a password: unpack it first")
    try:
        with archive.open(member) as source, target.open("wb") as output:
            shutil.copyfileobj(source, output)
    except (zipfile.BadZipFile, EOFError, zlib.error, NotImplementedError):
        return Found(name, target, workshop, "a zipped file that is damaged, or packed in a way unknown here")
    return Found(name, target, workshop, not_csv(target))


def not_csv(path: Path) -> str | None:
    """What a file is, where its first bytes say that it is no CSV; None where it may be one."""
    with path.open("rb") as file:
        head = file.read(1024)
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    if not text.strip(b"\x00\xff\xfe"):
        return "an empty file"
    for signature, what in _SIGNATURES:
        if head.startswith(signature):
            return what if "which" in what else f"{what}, not a CSV"
    if head.startswith((*_ZIP, _GZIP)):
        return "an archive within an archive: unpack it first"
    if text.startswith(b"<"):
        is_page = b"<html" in text or text.startswith(b"<!doctype html")
        return f"{'a web page, perhaps a login page' if is_page else 'an XML file'}, not a CSV"
    if text.startswith((b"{", b"[")):
        return "a JSON file, not a CSV"
    return None
