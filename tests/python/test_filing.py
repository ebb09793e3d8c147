"""The files of records, read back: only of records that were sent with one, and by what the CRM gives out."""

from __future__ import annotations

from collections.abc import Sequence

import duckdb

from shift import comparing, filing
from shift.destination import Record, StoredFile
from shift.errors import Refused


def test_what_the_crm_gives_out_is_noted(connection: duckdb.DuckDBPyConnection) -> None:
    comparing.ensure_tables(connection)
    connection.execute(
        """
        insert into readback.sent (object, key, id, body) values
            ('attachment', '1', 'a', '{"file": [{"fileId": {"$file": "x.txt", "$sha256": "h"}}]}'),
            ('attachment', '2', 'b', '{"file": [{"fileId": {"$file": "y.txt", "$sha256": "h"}}]}'),
            ('attachment', '3', 'gone', '{"file": [{"fileId": {"$file": "z.txt", "$sha256": "h"}}]}'),
            ('person', '4', 'c', '{"name": "a $file"}');
        insert into readback.records values
            ('attachment', 'a', '{"id": "a"}'), ('attachment', 'b', '{"id": "b"}'), ('person', 'c', '{"id": "c"}')
        """
    )
    asked: list[tuple[str, Record]] = []

    def files(object: str, record: Record) -> Sequence[StoredFile]:
        asked.append((object, record))
        if record.id == "b":
            raise Refused("the file was not given: HTTP 404")
        return [StoredFile("file", "x.txt", "h", 3)]

    for _ in range(2):
        filing.read_back(connection, files)
        told = connection.execute("select * from readback.files").fetchall()
        assert told == [("attachment", "a", "file", "x.txt", "h", 3)]
    assert asked[:2] == [("attachment", Record("a", '{"id": "a"}')), ("attachment", Record("b", '{"id": "b"}'))]
    assert len(asked) == 4
