"""How other people's records were before the first load, kept beside the ledger; and what is not so any more.

It serves the proof of a rollback and nothing else: the ledger alone says what is ours, and how it was.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from shift.database import literal
from shift.destination import Destination, Record
from shift.loading import lives
from shift.loading.writer import Writer

if TYPE_CHECKING:
    import duckdb


class Difference(Struct, frozen=True):
    """A record that is not as it should be, or as it was; ``what`` says how."""

    object: str
    id: str
    what: str


def path_for(ledger: Path) -> Path:
    """Where the baseline of a ledger lies: beside it, so that it outlives what can be built again."""
    return ledger.with_suffix(".baseline.parquet")


def keep(connection: duckdb.DuckDBPyConnection, path: Path) -> None:
    """Keep what the last pull found, where nothing of ours is in the CRM: before the first load, and after a rollback.

    Reads ``destination.records``, where there was a pull, and the mirrored ledger.
    """
    told = "from duckdb_tables() where schema_name = 'destination' and table_name = '_pulled'"
    ours = "select 1 from ledger.records where id is not null limit 1"
    if connection.execute(told).fetchone() is None or connection.execute(ours).fetchone():
        return
    unfinished = path.with_name(f"{path.name}.new")
    os.close(os.open(unfinished, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600))
    connection.execute(
        f"copy (from destination.records) to {literal(str(unfinished))} (format parquet, use_tmp_file false)"
    )
    os.replace(unfinished, path)


def differences(
    writer: Writer,
    connection: duckdb.DuckDBPyConnection,
    path: Path | None,
    objects: Iterable[str],
    there: Callable[[str], bool],
) -> tuple[Difference, ...] | None:
    """What others made, changed and deleted since, of these objects and those of the baseline; None without a baseline.

    ``there`` says whether the CRM has an object still. Reads ``undoing.standing``.
    """
    if path is None or not path.exists():
        return None
    kept = f"read_parquet({literal(str(path))})"
    known = {object for (object,) in connection.execute(f"select distinct object from {kept}").fetchall()}
    found: list[Difference] = []
    for object in sorted({*known, *objects}):
        was = connection.execute(f"select id, deleted, body from {kept} where object = ?", [object]).fetchall()
        standing = connection.execute("select id from undoing.standing where object = ?", [object]).fetchall()
        ours = {id for (id,) in standing}
        before = {id: Record(id, body, deleted) for id, deleted, body in was if id not in ours}
        now = _every(writer, object, ours) if there(object) else {}
        found += _compare(writer.destination, object, before, now)
    return tuple(found)


def _every(writer: Writer, object: str, ours: Collection[str]) -> dict[str, Record]:
    every = writer.destination.every
    return writer.patience.read(lambda: {one.id: one for one in every(object) if one.id not in ours})


def _compare(
    destination: Destination, object: str, before: Mapping[str, Record], now: Mapping[str, Record]
) -> Iterator[Difference]:
    for id in sorted(before.keys() | now.keys()):
        was, there = before.get(id), now.get(id)
        if there is None:
            yield Difference(object, id, "is not there any more")
        elif was is None:
            yield Difference(object, id, "was made since")
        elif was.deleted != there.deleted:
            yield Difference(object, id, "was deleted" if there.deleted else "was undeleted")
        elif fields := lives.changed(destination, object, json.loads(was.body), there.body):
            yield Difference(object, id, f"was changed in {', '.join(fields)}")
