"""What the tests of landing share: a small source, and a folder of exports that lands in memory."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path

from shift.landing import LandedFile, Landing
from shift.project import SourceColumn, SourceTable

NOW = datetime(2026, 8, 1, 9, 30, tzinfo=UTC)

LandFolder = Callable[[Mapping[str, bytes | str]], Landing]

PEOPLE = SourceTable(
    name="people",
    files=["People*"],
    key=["person_id"],
    columns=[
        SourceColumn(name="person_id", header="Person ID", type="id", aliases=["id"], required=True),
        SourceColumn(name="first_name", header="First Name"),
        SourceColumn(name="note", header="Note", aliases=["Notes", "Remark"]),
    ],
)
VISITS = SourceTable(
    name="visits",
    files=["Visits*"],
    joins={"person_ids": "people.person_id"},
    columns=[
        SourceColumn(name="person_ids", header="PersonID(s)", type="text_list", aliases=["Person ID"]),
        SourceColumn(name="starts_at", header="Start Time", type="timestamp"),
        SourceColumn(name="kind", header="Kind"),
    ],
)
WAIT_LIST = SourceTable(name="wait_list", files=["Wait?list*"])
TABLES = [PEOPLE, VISITS, WAIT_LIST]


def write_exports(folder: Path, files: Mapping[str, bytes | str]) -> Path:
    """A folder of exports; texts are written in UTF-8, their line ends as they are."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    return folder


def the_file(landing: Landing, name: str) -> LandedFile:
    """What a landing says of one file."""
    return next(file for file in landing.files if file.file == name)
