"""The files of records, read back: what was uploaded is what the CRM gives out, by its hash.

It fills `readback.files`. Only records that were sent with a file are asked for; each file is a call, and is not kept.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from shift.database import append, column_types
from shift.destination import Record, StoredFile
from shift.errors import Refused

if TYPE_CHECKING:
    import duckdb

_WITH_FILES = """
select
    object,
    id,
    records.body::varchar,
from readback.sent
inner join readback.records using (object, id)
where contains(sent.body::varchar, '"$file":')
order by object, id
"""

_COLUMNS = column_types("object varchar, id varchar, field varchar, name varchar, sha256 varchar, size_bytes bigint")


def read_back(connection: duckdb.DuckDBPyConnection, files: Callable[[str, Record], Sequence[StoredFile]]) -> None:
    """Fetch the files of all that was read back, by ``Destination.files``. One that the CRM refuses is not there."""
    rows: list[tuple[str, str, str, str, str, int]] = []
    for object, id, body in connection.execute(_WITH_FILES).fetchall():
        try:
            found = files(object, Record(id, body))
        except Refused:
            continue
        rows += [(object, id, one.field, one.name, one.sha256, one.size_bytes) for one in found]
    connection.execute("delete from readback.files")
    append(connection, "readback.files", _COLUMNS, rows)
