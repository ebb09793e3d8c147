"""A plan in a file, to be carried out later, and only if all is then as it was.

The file holds no record: a hash for each staging table and for each row that was pulled, how far the ledger was, and
what the person chose. `load FILE` pulls and plans anew, and compares. What this ledger wrote in between, such as a load
of the same file that was interrupted, is no change; what others wrote to our records meanwhile is one.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import msgspec

from shift import pulling
from shift.database import literal, quoted
from shift.destination import Workspace
from shift.errors import BlockedError, ConfigurationError
from shift.invocation import command
from shift.ledger import Ledger
from shift.moving import Prepared
from shift.payloads import payload_expression
from shift.planning import Choices
from shift.project import LoadPolicy, Project
from shift.staging import StagingModel

if TYPE_CHECKING:
    import duckdb

_DATA_MODEL = frozenset({"objects", "fields"})
# A record's JSON, as those of its values that are not empty.
_BODY = """(
    select string_agg(leaf.fullkey || '=' || (leaf.atom ->> '$'), chr(30) order by leaf.fullkey)
    from json_tree(body::json) as leaf
    where leaf.type not in ('OBJECT', 'ARRAY', 'NULL') and (leaf.atom ->> '$') not in ('', 'false')
)"""


class SavedPlan(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a plan was made of. ``staging`` is a hash by model, ``pulled`` by table of `destination` and the row's id.

    ``made_at`` is UTC, ISO 8601. ``ledger`` is the ledger's identity (null: there was none), ``written`` the number of
    its last intent, ``made`` that of its last note about the data model.
    """

    format: Literal[1]
    made_at: str
    destination: str
    workspace: str
    policy: LoadPolicy
    accepted: tuple[str, ...]
    retry_rejected: bool
    sample: int | None
    staging: Mapping[str, str]
    deletes: int
    pulled: Mapping[str, Mapping[str, str]]
    ledger: str | None
    written: int
    made: int

    @property
    def choices(self) -> Choices:
        return Choices(frozenset(self.accepted), self.retry_rejected, self.sample)


def taken(
    connection: duckdb.DuckDBPyConnection,
    project: Project,
    workspace: Workspace,
    ledger: Ledger | None,
    prepared: Prepared,
    choices: Choices,
) -> SavedPlan:
    """What the plan that was just made was made of. The ledger's mirror must be fresh."""
    return SavedPlan(
        format=1,
        made_at=datetime.now(UTC).isoformat(timespec="seconds"),
        destination=project.to or "",
        workspace=workspace.id,
        policy=project.file.load,
        accepted=tuple(sorted(choices.accepted)),
        retry_rejected=choices.retry_rejected,
        sample=choices.sample,
        staging=_staging(connection, prepared, choices.sample),
        deletes=sum(one.counts["delete"] for one in prepared.plan.objects),
        pulled=_pulled(connection),
        ledger=ledger.identity() if ledger else None,
        written=ledger.last_row("intents") if ledger else 0,
        made=ledger.last_row("schema_changes") if ledger else 0,
    )


def write(path: Path, plan: SavedPlan) -> None:
    """Save a plan for its owner alone."""
    with open(os.open(path, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "wb") as file:
        file.write(msgspec.json.format(msgspec.json.encode(plan), indent=2) + b"\n")
    os.chmod(path, 0o600)


def read(path: Path) -> SavedPlan:
    """Read a plan. Raises ConfigurationError for a file that holds none."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=SavedPlan)
    except (OSError, msgspec.MsgspecError) as error:
        raise ConfigurationError(
            f"this is no saved plan: {error}", where=str(path), hint=f"Make one: {command('plan', '--out', 'FILE')}"
        ) from None


def require_same(connection: duckdb.DuckDBPyConnection, saved: SavedPlan, now: SavedPlan) -> None:
    """Raise BlockedError where anything that the plan was made of has changed, but by this ledger's own writes.

    The ledger's mirror must be fresh.
    """
    changed = _differences(saved, now, _written_since(connection, saved))
    if changed:
        lines = "\n".join(f"  {line}" for line in changed)
        raise BlockedError(
            f"the plan was made at {saved.made_at}, and is not true any more:\n{lines}",
            hint=f"Look at a new one: {command('plan')}",
        )


def _differences(saved: SavedPlan, now: SavedPlan, ours: frozenset[str]) -> list[str]:
    if (saved.destination, saved.workspace) != (now.destination, now.workspace):
        return [f"it is for the workspace {saved.workspace} of {saved.destination}"]
    if saved.ledger is not None and saved.ledger != now.ledger:
        return ["it goes on from another ledger than the one in state/"]
    found = [f"the rows of {name} have changed" for name in _changed(saved.staging, now.staging)]
    # What provisioning changes is compared only while this ledger has made nothing since.
    left_out = _DATA_MODEL if saved.made != now.made else frozenset()
    found += [
        f"the CRM has changed: {name}"
        for name in sorted((saved.pulled.keys() | now.pulled.keys()) - left_out)
        if not ours.issuperset(_changed(saved.pulled.get(name, {}), now.pulled.get(name, {})))
    ]
    if saved.policy != now.policy:
        found.append("`load:` in project.yml has changed")
    if now.deletes > saved.deletes:
        found.append(f"more records would be deleted: {now.deletes:,} instead of {saved.deletes:,}")
    return found


def _written_since(connection: duckdb.DuckDBPyConnection, saved: SavedPlan) -> frozenset[str]:
    """The ids of the records that this ledger wrote after the plan was saved, and of automations that it stopped."""
    rows = connection.execute(
        """
        select coalesce(outcomes.id, intents.id) from ledger.intents as intents
        left join ledger.outcomes as outcomes using (intent)
        where intents.intent > $written and intents.operation <> 'upload'
            and outcomes.status in ('created', 'updated', 'adopted', 'freed', 'deleted', 'restored')
        union all
        select id from ledger.automations where noted_at >= $made_at::timestamptz
        """,
        {"written": saved.written, "made_at": saved.made_at},
    ).fetchall()
    return frozenset(id for (id,) in rows if id is not None)


def _changed(before: Mapping[str, str], after: Mapping[str, str]) -> list[str]:
    return sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))


def _staging(connection: duckdb.DuckDBPyConnection, prepared: Prepared, sample: int | None) -> dict[str, str]:
    """A hash of the keys and payloads of each model's rows, whatever of them was sent already."""
    return {model.name: _hash_of_rows(connection, model, sample) for model in prepared.staging}


def _hash_of_rows(connection: duckdb.DuckDBPyConnection, model: StagingModel, sample: int | None) -> str:
    key = f"{quoted(model.key)}::varchar"
    sampled = f"where {key} in (select key from sample.rows where model = {literal(model.name)})"
    [(told,)] = connection.execute(
        f"select bit_xor(md5_number(concat_ws(chr(31), {key}, {payload_expression(connection, model)})))::varchar "
        f"from {model.relation} {sampled if sample is not None and model.mode == 'write' else ''}"
    ).fetchall()
    return told or "no rows"


def _pulled(connection: duckdb.DuckDBPyConnection) -> dict[str, dict[str, str]]:
    """By table of `destination` and by id, a hash of the row; of a table without ids, one of all of it, in no order."""
    tables = connection.execute(
        "select table_name, list(column_name order by column_name) from duckdb_columns() "
        "where schema_name = 'destination' and not starts_with(table_name, '_') group by table_name"
    ).fetchall()
    return {table: _hashes(connection, table, columns) for table, columns in tables}


def _hashes(connection: duckdb.DuckDBPyConnection, table: str, columns: list[str]) -> dict[str, str]:
    """What is empty is left out, so that a field that was made since, and that nobody filled in, is no change."""
    row = ", ".join(f"{literal(name + '=')} || {_value(table, name)}" for name in columns)
    id = "id" if "id" in columns else "'all'"
    rows = connection.execute(
        f"select {id}, sum(md5_number_lower(concat_ws(chr(31), {row}))::hugeint)::varchar "
        f"from destination.{quoted(table)} group by {id}"
    ).fetchall()
    return dict(rows)


def _value(table: str, column: str) -> str:
    return _BODY if (table, column) == (pulling.RECORDS, "body") else f"{quoted(column)}::varchar"
