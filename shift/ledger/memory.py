"""What the ledger remembers: every question that planning, loading and rolling back ask of it."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

from shift.destination import Workspace
from shift.ledger.entries import DATA_MODEL, Freed, Gone, Intent, OpenIntent, Run, SchemaNote, Status, Write

# The last word on each of an object's records in a run.
_ENDS = """
select key, status, max(intent)
from intents join outcomes using (intent)
where run = ? and object = ? and operation <> 'upload' and status not in ('refused', 'absent')
group by key
"""


class Memory(ABC):
    """The questions; where the answers are read is the business of the ``Ledger``."""

    @abstractmethod
    def flush(self) -> None:
        """Make durable what waits: only that is read."""

    @abstractmethod
    def _rows(self, query: str, values: Sequence[Any] = ()) -> list[Any]:
        """The rows of a query."""

    def workspace(self) -> tuple[str, Workspace] | None:
        """The destination's name and the workspace whose ledger this is; None for a reader before the first run."""
        meta = dict(self._rows("select name, value from meta"))
        if "destination" not in meta:
            return None
        return meta["destination"], Workspace(meta["workspace_id"], meta["workspace_name"])

    def identity(self) -> str:
        """What tells this ledger from every other, also from one that was begun anew in its place."""
        [(value,)] = self._rows("select value from meta where name = 'identity'")
        return str(value)

    def last_row(self, table: str) -> int:
        """The number of a table's last row; rows are numbered as they come."""
        self.flush()
        [(number,)] = self._rows(f"select coalesce(max(rowid), 0) from {table}")
        return int(number)

    def runs(self) -> list[Run]:
        """All runs, oldest first."""
        rows = self._rows(
            "select run, command, pid, started_at, ended_at, status, message "
            "from runs left join run_ends using (run) order by run"
        )
        return [Run(*row) for row in rows]

    def open_intents(self) -> list[OpenIntent]:
        """The intents without an outcome, oldest first."""
        rows = self._rows(
            "select intents.intent, intents.noted_at, operation, object, key, intents.id, hash, body, before "
            "from intents left join outcomes using (intent) where outcomes.intent is null order by intents.intent"
        )
        return [OpenIntent(number, datetime.fromisoformat(at), Intent(*rest)) for number, at, *rest in rows]

    def paused_automations(self) -> dict[str, str]:
        """By id: the name of each automation that was paused, or was about to be, and was not resumed since."""
        rows = self._rows("select event, id, name from automations where event <> 'made' order by rowid")
        paused: dict[str, str] = {}
        for event, id, name in rows:
            if event == "resumed":
                paused.pop(id, None)
            else:
                paused[id] = name
        return paused

    def last_write(self) -> datetime | None:
        """When something was last written to the CRM, or was about to be."""
        self.flush()
        [(at,)] = self._rows(
            "select max(noted_at) from (select noted_at from intents order by rowid desc limit 1) union all "
            "select noted_at from (select noted_at from outcomes order by rowid desc limit 1) "
            "order by 1 desc nulls last limit 1"
        )
        return datetime.fromisoformat(at) if at else None

    def progress(self, run: int) -> list[tuple[str, int, int]]:
        """(object, rows settled, rows planned) of a run, in the order in which it writes them; the data model first."""
        self.flush()
        rows = self._rows(
            "select object, case when object = ? "
            "then (select count(*) from schema_changes where run = planned.run and event = 'made') "
            "else (select count(distinct key) from intents join outcomes using (intent) "
            "where intents.run = planned.run and intents.object = planned.object and operation <> 'upload' "
            "and status not in ('refused', 'absent', 'freed')) end, rows "
            "from planned where run = ? order by planned.rowid",
            (DATA_MODEL, run),
        )
        return [(object, done, planned) for object, done, planned in rows]

    def totals(self) -> list[tuple[str, str, int]]:
        """(object, status, records): how many records of each object have which last word."""
        self.flush()
        rows = self._rows(
            "select object, status, count(*) from (select object, key, status, max(intent) from intents "
            "join outcomes using (intent) where operation <> 'upload' and status not in ('refused', 'absent', 'kept') "
            "group by object, key) group by object, status order by object, status"
        )
        return [(object, status, records) for object, status, records in rows]

    def calls_since(self, at: datetime) -> int:
        """How many calls were noted since then."""
        self.flush()
        [(count,)] = self._rows("select count(*) from calls where noted_at >= ?", (as_written(at),))
        return int(count)

    def sent_and_lost(self, object: str, keys: Sequence[str]) -> set[str]:
        """Those of the keys of which a create of ours once went out unanswered and was not found afterwards.

        If such a record turns up later, it is ours: the call was slower than the look-up.
        """
        rows = self._rows(
            "select distinct key from intents join outcomes using (intent) where object = ? "
            "and operation = 'create' and status = 'absent' and key in (select value from json_each(?))",
            (object, json.dumps(list(keys))),
        )
        return {key for (key,) in rows}

    def ids(self, object: str, keys: Iterable[str]) -> dict[str, str]:
        """By key: the CRM's id of each record that is in by our doing; those that are not in are left out."""
        self.flush()
        rows = self._rows(
            "select key, status, coalesce(outcomes.id, intents.id) from intents join outcomes using (intent) "
            "where object = ? and key in (select value from json_each(?)) and status in "
            "('created', 'updated', 'adopted', 'freed', 'restored', 'gone', 'deleted') order by intent",
            (object, json.dumps(list(keys))),
        )
        ids: dict[str, str] = {}
        for key, status, id in rows:
            if status in ("gone", "deleted"):
                ids.pop(key, None)
            else:
                ids[key] = id
        return ids

    def waiting_upload(self, object: str, key: str, hash: str) -> str | None:
        """What names a file that was uploaded for a record whose create never got its answer since; else None."""
        self.flush()
        rows = self._rows(
            "select outcomes.id from intents join outcomes using (intent) where object = ? and key = ? and hash = ? "
            "and status = 'uploaded' and not exists ("
            "select 1 from intents as later join outcomes as said using (intent) "
            "where later.object = intents.object and later.key = intents.key and said.rowid > outcomes.rowid "
            "and said.status in ('created', 'updated', 'rejected')) order by intent desc limit 1",
            (object, key, hash),
        )
        return rows[0][0] if rows else None

    def uploads(self, object: str, key: str, hash: str) -> list[str]:
        """What each file of this hash is named by that was ever uploaded for the record."""
        self.flush()
        rows = self._rows(
            "select outcomes.id from intents join outcomes using (intent) where object = ? and key = ? and hash = ? "
            "and status = 'uploaded' order by intent",
            (object, key, hash),
        )
        return [id for (id,) in rows]

    def last_snapshots(self, object: str, keys: Sequence[str]) -> dict[str, str]:
        """By key: the record's body as the CRM showed it after our last write."""
        rows = self._rows(
            "select key, snapshots.body from intents join snapshots using (intent) "
            "where object = ? and key in (select value from json_each(?)) order by intent",
            (object, json.dumps(list(keys))),
        )
        return dict(rows)

    def writes(self, object: str, keys: Sequence[str]) -> dict[str, list[Write]]:
        """By key: what this ledger did to the record, oldest first, with the record before and after each step."""
        self.flush()
        rows = self._rows(
            "select key, run, status, intents.body, before, snapshots.body from intents join outcomes using (intent) "
            "left join snapshots using (intent) where object = ? and key in (select value from json_each(?)) "
            "and (status in ('created', 'updated', 'adopted', 'freed', 'deleted', 'restored') "
            "or (status = 'foreign' and operation = 'restore')) order by intents.intent",
            (object, json.dumps(list(keys))),
        )
        writes: dict[str, list[Write]] = {}
        for key, *rest in rows:
            writes.setdefault(key, []).append(Write(*rest))
        return writes

    def gone(self) -> list[Gone]:
        """The records that somebody deleted, as far as the last word on each of them goes; by object and key."""
        self.flush()
        rows = self._rows(
            "select object, key, id, ours > 0 from "
            "(select object, key, status, coalesce(outcomes.id, intents.id) as id, "
            "sum(status in ('created', 'updated', 'adopted', 'freed', 'restored')) as ours, max(intent) "
            "from intents join outcomes using (intent) "
            "where operation <> 'upload' and status not in ('refused', 'absent', 'kept') group by object, key) "
            "where status = 'gone' and id is not null order by object, key"
        )
        return [Gone(object, key, id, bool(ours)) for object, key, id, ours in rows]

    def freed(self, object: str) -> list[Freed]:
        """The records whose last write gave up a unique value for another record to take, by key."""
        # Intents are durable at once, so that there is nothing to wait for where nothing was freed.
        if not self._rows("select 1 from intents where object = ? and operation = 'free' limit 1", (object,)):
            return []
        self.flush()
        rows = self._rows(
            "with freed as (select key from intents where object = ?1 and operation = 'free'), "
            "settled as (select intents.*, outcomes.status, outcomes.message from intents join outcomes using (intent) "
            "where object = ?1 and key in (select key from freed) and operation <> 'upload'), "
            "wrote as (select *, max(intent) from settled where status in "
            "('created', 'updated', 'adopted', 'freed', 'restored', 'deleted', 'gone') group by key), "
            "said as (select *, max(intent) from settled where status not in ('refused', 'absent', 'kept') "
            "group by key) "
            "select wrote.key, wrote.id, wrote.body, wrote.before, said.hash, said.status, said.message "
            "from wrote join said using (key) where wrote.operation = 'free' order by wrote.key",
            (object,),
        )
        return [Freed(*row) for row in rows]

    def counts(self, run: int, object: str) -> dict[Status, int]:
        """How many of an object's records came to which end in a run, each counted once."""
        self.flush()
        return dict(self._rows(f"select status, count(*) from ({_ENDS}) group by status", (run, object)))

    def ends(self, run: int, object: str) -> list[tuple[str, Status]]:
        """(key, status): to which end each of an object's records came in a run."""
        self.flush()
        return self._rows(f"select key, status from ({_ENDS})", (run, object))

    def not_made(self, run: int, object: str) -> list[str]:
        """The keys of an object's records that are not in the CRM after this run tried, or not there by our doing."""
        rows = self._rows(
            "select distinct key from intents join outcomes using (intent) where run = ? and object = ? "
            "and (status in ('foreign', 'gone') or (status = 'rejected' and operation = 'create'))",
            (run, object),
        )
        return [key for (key,) in rows]

    def sent_twice(self) -> list[tuple[str, str, str, str | None]]:
        """(object, key, id, what was sent) of records that a second create made, the first having led to nothing."""
        self.flush()
        return self._rows(
            "select distinct made.object, made.key, outcomes.id, made.body from outcomes as said "
            "join intents as first on first.intent = said.intent and first.operation = 'create' "
            "join intents as made on made.object = first.object and made.key = first.key "
            "and made.operation = 'create' and made.intent > first.intent "
            "join outcomes on outcomes.intent = made.intent and outcomes.status = 'created' "
            "where said.status = 'absent' order by made.intent"
        )

    def doubles(self, run: int) -> int:
        """How many records were found in a run that stand beside another of the same row."""
        [(count,)] = self._rows("select count(*) from doubles where run = ? and not kept", (run,))
        return int(count)

    def held_back(self, run: int, object: str) -> list[str]:
        """The keys of an object's rows that a run did not send because a parent is not in."""
        return [key for (key,) in self._rows("select key from held_back where run = ? and object = ?", (run, object))]

    def unfinished_schema(self) -> list[SchemaNote]:
        """Objects and fields that were about to be made, and never noted as made."""
        rows = self._rows(
            "select object, field, 'intended', null, details from schema_changes as meant where event = 'intended' "
            "and not exists (select 1 from schema_changes as made where made.event in ('made', 'refused') "
            "and made.rowid > meant.rowid and made.object = meant.object and made.field is meant.field)"
        )
        return [SchemaNote(*row) for row in rows]

    def made_schema(self) -> list[SchemaNote]:
        """Objects, fields and choices that were made and not removed since, oldest first."""
        rows = self._rows(
            "select object, field, event, id, details from schema_changes as made where event = 'made' "
            "and not exists (select 1 from schema_changes as gone where gone.event = 'removed' "
            "and gone.rowid > made.rowid and gone.object = made.object and gone.field is made.field "
            "and gone.details = made.details) order by rowid"
        )
        return [SchemaNote(*row) for row in rows]


def as_written(at: datetime) -> str:
    """A time as the ledger writes it: UTC, ISO 8601, milliseconds."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds")
