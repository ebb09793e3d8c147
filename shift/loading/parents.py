"""Before an object starts: are the records that its rows point to still in the CRM?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from shift.database import literal, quoted
from shift.destination import Row
from shift.errors import Stop
from shift.invocation import command
from shift.loading.updating import note_gone
from shift.loading.writer import Planned, Writer, looks, read_records
from shift.staging import StagingModel

if TYPE_CHECKING:
    import duckdb

_MOST_MISSING = 0.01


def begin(connection: duckdb.DuckDBPyConnection) -> None:
    """Forget which records an earlier load looked up, and see which objects have any that this one will not write."""
    connection.execute("create or replace temp table looked_up (object varchar, id varchar)")
    connection.execute(
        "create or replace temp view there_before as select object, key, id from plan.rows "
        "where there and action not in ('create', 'update', 'adopt')"
    )


def look_up(writer: Writer, connection: duckdb.DuckDBPyConnection, model: StagingModel) -> bool:
    """Look for the parents that this load did not write itself; whether any of them is gone.

    What is gone is noted in the ledger, and put out of reach, so that the rows that need it are held back. Raises Stop
    where more than one in a hundred are gone, though not for a single one: such a workspace is not what the plan saw.
    """
    gone = False
    there = {object for (object,) in connection.execute("select distinct object from there_before").fetchall()}
    for object in dict.fromkeys(parent.object for parent in model.parents if parent.object in there):
        needed = _needed(connection, model, object)
        missing: list[tuple[str, str]] = []
        for some in looks(needed):
            found = read_records(writer, object, [id for _, id in some])
            missing += [(key, id) for key, id in some if id not in found]
        if len(missing) > max(1, _MOST_MISSING * len(needed)):
            raise Stop(
                f"{len(missing)} of {len(needed)} {object} records that others point to are not in the CRM any more",
                hint=f"Was the workspace emptied or set back? See what is left of it: {command('diff')}",
            )
        connection.execute("insert into looked_up select ?, unnest(?::varchar[])", [object, [id for _, id in needed]])
        if missing:
            note_gone(writer, object, [Planned(Row(key, id, ""), "") for key, id in missing])
            keys, ids = zip(*missing, strict=True)
            connection.execute(
                "insert into out_of_reach select ?, unnest(?::varchar[]), unnest(?::varchar[]), ?",
                [object, list(keys), list(ids), "was deleted in the CRM"],
            )
            gone = True
    return gone


def _needed(connection: duckdb.DuckDBPyConnection, model: StagingModel, object: str) -> list[tuple[str, str]]:
    """(key, id) of the records of one object that rows to be written point to, which nobody has looked at yet."""
    edges = " union ".join(
        f"select above.key, above.id from plan.rows as rows "
        f"join {model.relation} as staged on staged.{quoted(model.key)}::varchar = rows.key "
        f"join there_before as above on above.object = {literal(object)} "
        f"and above.{'id' if parent.field == 'id' else 'key'} = staged.{quoted(parent.column)}::varchar "
        f"where rows.model = {literal(model.name)} and rows.action in ('create', 'update', 'adopt')"
        for parent in model.parents
        if parent.object == object
    )
    looked_up = f"select id from looked_up where object = {literal(object)}"
    return connection.execute(f"select key, id from ({edges}) where id not in ({looked_up}) order by key").fetchall()
