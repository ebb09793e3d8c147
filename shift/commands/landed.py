"""What a landing found, printed: a line a kind, and a word for whatever was not read."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from shift.commands.results import say
from shift.landing import LandedFile, Landing, land
from shift.project import Project
from shift.wording import counted

if TYPE_CHECKING:
    import duckdb


def land_exports(project: Project, connection: duckdb.DuckDBPyConnection) -> Landing:
    """Land the project's exports and print what was found."""
    landing = land(connection, project.exported, project.exports, landed_at=datetime.now(UTC))
    by_kind: dict[str, list[LandedFile]] = defaultdict(list)
    for file in landing.landed:
        by_kind[file.kind or ""].append(file)
    say(f"Landed {counted(len(landing.landed), 'file')}, {landing.rows:,} rows, from {project.shown(project.exports)}/")
    for kind, files in sorted(by_kind.items()):
        rows = sum(file.landed for file in files)
        unreadable = sum(file.unreadable for file in files)
        unknown = sorted({column.header for file in files for column in file.unknown})
        notes = [counted(len(files), "file")] if len(files) > 1 else []
        notes += [click.style(f"{unreadable:,} unreadable", fg="red")] if unreadable else []
        notes += [counted(len(unknown), "unknown column")] if unknown else []
        notes += sorted({file.encoding for file in files if file.encoding and file.encoding != "utf-8"})
        click.echo(f"          {kind:<26} {rows:>9,} rows{'  ' if notes else ''}{', '.join(notes)}")
    for file in landing.landed:
        for note in file.notes:
            click.echo(_wrapped(f"{file.file}: {note}"))
    for file in landing.refused:
        click.echo(_wrapped(f"{click.style('not landed', fg='yellow')}  {file.file}: {file.reason}"))
    return landing


def _wrapped(text: str) -> str:
    return click.wrap_text(text, width=80, initial_indent=" " * 10, subsequent_indent=" " * 12)
