"""What a plan tells of its rows: counts and first reasons of each object, findings, and what is lost on the way."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import fields, replace
from typing import TYPE_CHECKING

from shift.findings import Finding
from shift.owning import Owner
from shift.planning import costs
from shift.planning.rows import FOREIGN, FOREIGN_RECORDS, GONE, RENAMED
from shift.planning.values import ACTIONS, Action, Loss, ObjectPlan, Reason
from shift.staging import StagingModel

if TYPE_CHECKING:
    import duckdb

_EXAMPLES = 5
_FETCHED = 1000  # rows at once: a payload may be long

# The reasons that are findings too: name, words, and whether it stands before a load.
_RECORD_FINDINGS = (
    (FOREIGN, FOREIGN_RECORDS, "records with our ids that this ledger did not make", True),
    (GONE, "deleted_in_crm", "records that somebody deleted; they stay deleted", False),
    (RENAMED, "changed_ids", "records whose id changed: is source_account still the same?", True),
)
FINDING_NAMES = frozenset(name for _, name, _, _ in _RECORD_FINDINGS)


def works(
    connection: duckdb.DuckDBPyConnection, staging: Sequence[StagingModel], pace: costs.Pace
) -> dict[str, costs.Work]:
    """By model: what there is to write. A payload names each file that goes along by `$file`."""
    rows = connection.execute(
        """
        with freed as (
            select
                model,
                count(*) as freed,
            from plan.frees
            group by model
        )

        select
            rows.model,
            any_value(rows.object),
            count(*) filter (where action = 'create'),
            count(*) filter (where action in ('update', 'adopt')),
            count(*) filter (where action = 'delete'),
            coalesce(any_value(freed.freed), 0),
            count(*) filter (where action = 'create' and contains(payload, '"$file"')),
        from plan.rows as rows
        left join freed using (model)
        group by rows.model
        """
    ).fetchall()
    found = {model: costs.Work(*counts) for model, *counts in rows}
    if pace.batch_size == 1:
        further = _further_calls(connection, pace)
        found = {model: replace(work, further=further[model]) for model, work in found.items()}
    return {model.name: found.get(model.name, costs.Work(model.object)) for model in staging}


def _further_calls(connection: duckdb.DuckDBPyConnection, pace: costs.Pace) -> Counter[str]:
    further: Counter[str] = Counter()
    cursor = connection.execute("select model, object, payload from plan.rows where action = 'create'")
    while rows := cursor.fetchmany(_FETCHED):
        for model, object, payload in rows:
            further[model] += pace.creating(object, payload) - 1
    return further


def object_plan(
    connection: duckdb.DuckDBPyConnection, model: StagingModel, work: costs.Work, pace: costs.Pace
) -> ObjectPlan:
    """The rows of one model, counted by action, with the first reasons."""
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
        calls=costs.calls(work, pace),
        uploads=work.uploads,
        freed=work.freed,
    )


def record_findings(connection: duckdb.DuckDBPyConnection) -> Iterator[Finding]:
    """What the ledger knows of single records that a person must decide on."""
    for reason, name, message, blocking in _RECORD_FINDINGS:
        count, examples = connection.execute(
            f"select count(*), min(object || ' ' || key, {_EXAMPLES}) from plan.rows where reason = ?", [reason]
        ).fetchall()[0]
        if count:
            yield Finding(name, f"{count:,} {message}", tuple(examples), blocking)


def losses(connection: duckdb.DuckDBPyConnection, relation: str | None) -> tuple[Loss, ...]:
    """What the project says is lost or shortened (columns object, key, field, what), of the rows that are planned."""
    if relation is None:
        return ()
    rows = connection.execute(
        f"select object, field, what, count(*), min(key, {_EXAMPLES}) from {relation} "
        f"where (object, key) in (select (object, key) from plan.rows) "
        f"group by object, field, what order by count(*) desc, object, field, what"
    ).fetchall()
    return tuple(Loss(object, field, what, count, tuple(keys)) for object, field, what, count, keys in rows)


def owners(connection: duckdb.DuckDBPyConnection, relation: str | None) -> tuple[Owner, ...]:
    """Who takes over from whom, in the order of the project's table."""
    if relation is None:
        return ()
    columns = [field.name for field in fields(Owner)]
    return tuple(Owner(*row) for row in connection.table(relation).select(*columns).fetchall())


def read_back_calls(connection: duckdb.DuckDBPyConnection, pace: costs.Pace) -> int:
    """Calls that a read-back of all that is planned takes afterwards."""
    rows = connection.execute(
        "select count(*) from plan.rows where action in ('create', 'update', 'unchanged', 'adopt') group by object"
    ).fetchall()
    return sum(-(-count // pace.page) for (count,) in rows)
