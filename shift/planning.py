"""Staging against the ledger and the CRM: what a load would create, update and leave alone, and what stands in its way.

The plan's counts are a value; its rows are the table ``plan.rows`` in DuckDB, from which a load takes its work:

    model, object, key, id, hash and bytes (of the payload), there (whether the ledger knows the record to be in the
    CRM), action, reason (of held_back and blocked), payload (to create: what is sent; to update and adopt: the whole
    row, nulls in place; else null)

The actions: *create*, *update*, *unchanged*; *matched* (looked up, never written), *adopt* (there already, not by us,
and accepted); *held_back* (a record that it points to is not in), *blocked* (refused before, deleted by somebody, …).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from shift import payloads, provisioning
from shift.database import literal, quoted
from shift.destination import SchemaChange
from shift.errors import BlockedError, ConfigurationError, ModelError
from shift.findings import Finding
from shift.invocation import command
from shift.ledger import Ledger, mirror
from shift.staging import StagingModel
from shift.strict_yaml import nearest

if TYPE_CHECKING:
    import duckdb

Action = Literal["create", "update", "unchanged", "matched", "adopt", "held_back", "blocked"]
ACTIONS: tuple[Action, ...] = ("create", "update", "unchanged", "matched", "adopt", "held_back", "blocked")
FOREIGN_RECORDS = "foreign_records"
_EXAMPLES = 5

# Why a row is blocked, and as which finding it is told: its name, its words, and whether it stands before a load.
_FOREIGN, _GONE, _RENAMED = "made by somebody else", "deleted in the CRM by somebody", "loaded before under another id"
_RECORD_FINDINGS = (
    (_FOREIGN, FOREIGN_RECORDS, "records with our ids that this ledger did not make", True),
    (_GONE, "deleted_in_crm", "records that somebody deleted; they stay deleted", False),
    (_RENAMED, "changed_ids", "records whose id changed: is source_account still the same?", True),
)

_TABLE = """
create or replace table plan.rows (
    model varchar,
    object varchar,
    key varchar,
    id varchar,
    hash varchar,
    bytes bigint,
    there boolean,
    action varchar,
    reason varchar,
    payload varchar
)
"""


@dataclass(frozen=True, slots=True)
class Reason:
    """Why rows of an object are held back or blocked: how many, and the keys of the first."""

    action: Action
    text: str
    rows: int
    examples: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ObjectPlan:
    """What would happen to one object's rows. ``counts`` has every action."""

    object: str
    model: str
    counts: Mapping[Action, int]
    reasons: tuple[Reason, ...] = ()


@dataclass(frozen=True, slots=True)
class Plan:
    """What a load would do, in load order. ``calls`` and ``minutes`` are for its records, at the configured pace."""

    objects: tuple[ObjectPlan, ...]
    schema: tuple[SchemaChange, ...] = ()
    findings: tuple[Finding, ...] = ()
    calls: int = 0
    minutes: float = 0.0

    def blocking(self, accepted: Collection[str] = ()) -> tuple[Finding, ...]:
        """The findings that stand before a load, but those that are accepted by name (``all``: every one)."""
        return tuple(one for one in self.findings if one.blocking and not {one.name, "all"} & set(accepted))

    @property
    def writes(self) -> int:
        """How many records would be written."""
        return sum(one.counts[action] for one in self.objects for action in ("create", "update", "adopt"))


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast a load may go."""

    requests_per_minute: float = 60
    batch_size: int = 60


@dataclass(frozen=True, slots=True)
class Choices:
    """What the person chose: findings accepted by name, and whether refused rows are to be tried once more."""

    accepted: Collection[str] = field(default_factory=frozenset)
    retry_rejected: bool = False


def make_plan(
    connection: duckdb.DuckDBPyConnection,
    staging: Sequence[StagingModel],
    ledger: Ledger | None,
    *,
    pace: Pace = Pace(),
    choices: Choices = Choices(),
    findings: Iterable[Finding] = (),
    finding_names: Collection[str] = (),
) -> Plan:
    """Plan a load of the staging tables, which come in load order.

    ``findings`` are those of the project's own tests, and ``finding_names`` what they may be called at other times.
    Mirrors the ledger, and writes ``plan.rows``. Raises ModelError for a staging table that cannot be sent, and
    ConfigurationError for an accepted name that no finding has.
    """
    mirror(ledger, connection)
    connection.execute("create schema if not exists plan")
    connection.execute(_TABLE)
    written = {model.object for model in staging if model.mode == "write"}
    for model in staging:
        payloads.check(connection, model)
        connection.execute(_rows_of(connection, model, written, choices))
        _fill_in_whole_rows(connection, model)
    _check_keys_across_models(connection)
    objects = tuple(_object_plan(connection, model) for model in staging)
    needs = provisioning.compare(connection, staging)
    calls = sum(_calls(one, pace.batch_size) for one in objects)
    plan = Plan(
        objects=objects,
        schema=needs.changes,
        findings=(*findings, *needs.findings, *_record_findings(connection)),
        calls=calls,
        minutes=calls / pace.requests_per_minute,
    )
    _check_accepted(plan, choices.accepted, finding_names)
    return plan


def require_clear(plan: Plan, accepted: Collection[str] = ()) -> None:
    """Raise BlockedError where a blocking finding stands that was not accepted."""
    standing = plan.blocking(accepted)
    if standing:
        lines = "\n".join(f"  {one.name}: {one.message}" for one in standing)
        raise BlockedError(
            f"{len(standing)} finding{'s' if len(standing) > 1 else ''} before the load:\n{lines}",
            hint=f"Settle it, or let it pass: {command('load', '--accept', standing[0].name)}",
        )


def _rows_of(
    connection: duckdb.DuckDBPyConnection, model: StagingModel, written: Collection[str], choices: Choices
) -> str:
    parents = [parent for parent in model.parents if parent.object in written and parent.object != model.object]
    columns = "".join(f",\n        {quoted(one.column)}::varchar as parent_{at}" for at, one in enumerate(parents))
    joins = "".join(
        f"\nleft join plan.rows as row_{at} on row_{at}.object = {literal(one.object)} "
        f"and row_{at}.{'id' if one.field == 'id' else 'key'} = staged.parent_{at}"
        for at, one in enumerate(parents)
    )
    missing = "".join(
        f"\n            when parent_{at} is not null and coalesce(row_{at}.action, '') not in ('create', 'adopt') "
        f"and row_{at}.there is not true then {literal(f'its {one.object} is not in')}"
        for at, one in enumerate(parents)
    )
    held = f"case{missing} end" if missing else "null"
    payload = payloads.payload_expression(connection, model) if model.mode == "write" else "''"
    return f"""
insert into plan.rows
with payloads as (
    select
        {quoted(model.key)}::varchar as key,
        {payloads.id_expression(model)} as id,
        {payload} as payload{columns}
    from {model.relation}
),
staged as (
    select *, md5(payload) as hash, strlen(payload) as bytes from payloads
),
judged as (
    select
        staged.key,
        coalesce(records.id, staged.id) as id,
        staged.hash,
        staged.bytes,
        staged.payload,
        {"staged.id is not null" if model.mode == "match" else "records.id is not null"} as there,
        {_judgement(model, choices)} as judgement,
        {held} as held
    from staged
    left join ledger.records as records on records.object = {literal(model.object)} and records.key = staged.key{joins}
)
select
    {literal(model.name)},
    {literal(model.object)},
    key,
    id,
    hash,
    bytes,
    there,
    case when judgement in ('create', 'update') and held is not null then 'held_back'
        when judgement in ('create', 'update', 'unchanged', 'matched', 'adopt') then judgement
        else 'blocked'
    end as action,
    case when judgement in ('create', 'update') then held
        when judgement not in ('unchanged', 'matched', 'adopt') then judgement
    end as reason,
    case when action = 'create' then payload end as payload
from judged
"""


def _fill_in_whole_rows(connection: duckdb.DuckDBPyConnection, model: StagingModel) -> None:
    """Few rows change, so whole rows are made for those alone."""
    brought_up = "plan.rows where model = ? and action in ('update', 'adopt')"
    if connection.execute(f"select 1 from {brought_up} limit 1", [model.name]).fetchone():
        key = f"{quoted(model.key)}::varchar"
        connection.execute(
            f"update plan.rows set payload = staged.payload from ("
            f"select {key} as key, {payloads.whole_row_expression(connection, model)} as payload "
            f"from {model.relation} where {key} in (select key from {brought_up})) as staged "
            f"where rows.model = ? and rows.key = staged.key and rows.action in ('update', 'adopt')",
            [model.name, model.name],
        )


def _judgement(model: StagingModel, choices: Choices) -> str:
    """SQL: the action for a row, or the words that say why it is blocked."""
    if model.mode == "match":
        return "case when staged.id is not null then 'matched' else 'nothing in the CRM matches it' end"
    foreign = "adopt" if {FOREIGN_RECORDS, "all"} & set(choices.accepted) else _FOREIGN
    rejected = "false" if choices.retry_rejected else "records.status = 'rejected' and records.seen_hash = staged.hash"
    return f"""case
            when records.key is null then 'create'
            when records.status = 'gone' then {literal(_GONE)}
            when records.status = 'foreign' then {literal(foreign)}
            when {rejected} then 'refused before: ' || records.message
            when records.id is null then 'create'
            when staged.id <> records.id then {literal(_RENAMED)}
            when records.hash = staged.hash then 'unchanged'
            else 'update'
        end"""


def _check_keys_across_models(connection: duckdb.DuckDBPyConnection) -> None:
    """Two models may fill one object, but no record may come from both."""
    twice = connection.execute(
        "select object, key, min(model), max(model) from plan.rows group by object, key having count(*) > 1 "
        "order by object, key limit 1"
    ).fetchone()
    if twice:
        object, key, one, other = twice
        raise ModelError(f"the {object} '{key}' comes from {one} and from {other}", where=other)


def _object_plan(connection: duckdb.DuckDBPyConnection, model: StagingModel) -> ObjectPlan:
    counted: dict[Action, int] = dict(
        connection.execute(
            "select action, count(*) from plan.rows where model = ? group by action", [model.name]
        ).fetchall()
    )
    reasons = connection.execute(
        f"select action, reason, count(*), min(key, {_EXAMPLES}) from plan.rows where model = ? "
        f"and reason is not null group by action, reason order by count(*) desc, reason",
        [model.name],
    ).fetchall()
    return ObjectPlan(
        object=model.object,
        model=model.name,
        counts={action: counted.get(action, 0) for action in ACTIONS},
        reasons=tuple(Reason(action, text, rows, tuple(keys)) for action, text, rows, keys in reasons),
    )


def _record_findings(connection: duckdb.DuckDBPyConnection) -> list[Finding]:
    """What the ledger knows of single records that a person must decide on."""
    findings = []
    for reason, name, message, blocking in _RECORD_FINDINGS:
        count, examples = connection.execute(
            f"select count(*), min(object || ' ' || key, {_EXAMPLES}) from plan.rows where reason = ?", [reason]
        ).fetchall()[0]
        if count:
            findings.append(Finding(name, f"{count:,} {message}", tuple(examples), blocking))
    return findings


def _calls(planned: ObjectPlan, batch_size: int) -> int:
    """Creates go in batches; an update is a call of its own, after one that reads a batch."""
    creates, updates = planned.counts["create"], planned.counts["update"] + planned.counts["adopt"]
    return -(-creates // batch_size) + updates + -(-updates // batch_size)


def _check_accepted(plan: Plan, accepted: Collection[str], finding_names: Collection[str]) -> None:
    own = {name for _, name, _, _ in _RECORD_FINDINGS} | provisioning.FINDING_NAMES
    known = {one.name for one in plan.findings} | own | {*finding_names, "all"}
    for name in accepted:
        if name not in known:
            raise ConfigurationError(f"no finding is called '{name}'", where="--accept", hint=nearest(name, known))
