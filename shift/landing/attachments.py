"""Patients' own files, in the folders beside the exports: where each lies, its size and its hash."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from shift.landing.files import FOLDERS_OF_FILES, is_export, is_hidden
from shift.project import SourceTable


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file below ``attachments/`` or ``charts/``. ``path`` is its place in that folder, with forward slashes."""

    folder: str
    path: str
    size_bytes: int
    modified_ns: int
    sha256: str


def find(
    exports: Path, tables: Sequence[SourceTable], known: Mapping[tuple[str, str, int, int], str]
) -> Iterator[Attachment]:
    """Every such file in the order of its name, but for the list of them, which is an export.

    ``known`` holds the hashes of the landing before, by folder, path, size and time: there may be gigabytes of files,
    and one that has not changed is not read again.
    """
    for folder in FOLDERS_OF_FILES:
        root = exports / folder
        for path in sorted(root.rglob("*")):
            name = path.relative_to(root)
            if is_hidden(name) or not path.is_file() or is_export(path.relative_to(exports), tables):
                continue
            status = path.stat()
            place = (folder, name.as_posix(), status.st_size, status.st_mtime_ns)
            yield Attachment(*place, sha256=known.get(place) or sha256(path))


def sha256(path: Path) -> str:
    """The hash of a file's bytes, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
