"""Making a plan, and holding a load to it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from shift import provisioning
from shift.errors import BlockedError, ConfigurationError
from shift.findings import Finding
from shift.ledger import Ledger, mirror
from shift.planning import claims, costs, gone, looked_at, pulled, rows, told
from shift.planning.costs import Pace
from shift.planning.values import Beside, Choices, OnMissing, Plan, spelt
from shift.staging import StagingModel
from shift.strict_yaml import nearest

if TYPE_CHECKING:
    import duckdb

_PACE, _CHOICES, _BESIDE = Pace(), Choices(), Beside()
OWN_FINDINGS = told.FINDING_NAMES | gone.FINDING_NAMES | provisioning.FINDING_NAMES | {looked_at.UNCONFIRMED}


def make_plan(
    connection: duckdb.DuckDBPyConnection,
    staging: Sequence[StagingModel],
    ledger: Ledger | None,
    *,
    pace: Pace = _PACE,
    choices: Choices = _CHOICES,
    on_missing: OnMissing = "keep",
    beside: Beside = _BESIDE,
    needs: provisioning.Needs | None = None,
    findings: Iterable[Finding] = (),
    finding_names: Collection[str] = (),
) -> Plan:
    """Plan a load of the staging tables, which come in load order.

    ``needs`` is what the CRM lacks, where the CRM's own rules were asked. ``findings`` are those of the project's own
    tests, and ``finding_names`` what they may be called at other times. Mirrors the ledger, and writes the tables of
    the schema `plan`. Raises ModelError for a staging table that cannot be sent, and ConfigurationError for an accepted
    name that no finding has.
    """
    mirror(ledger, connection)
    rows.begin(connection)
    pulled.find(connection)
    gone.find(connection, staging, beside.gone if choices.sample is None else None, on_missing)
    for model in staging:
        rows.judge(connection, model, choices)
    rows.close(connection, staging)
    gone.take_in(connection, staging)
    claims.find(connection, staging, ledger)
    works = told.works(connection, staging, pace)
    needs = needs or provisioning.compare(connection, staging)
    calls = sum(costs.calls(work, pace) for work in works.values())
    plan = Plan(
        objects=tuple(told.object_plan(connection, model, works[model.name], pace) for model in staging),
        schema=needs.changes,
        findings=(
            *findings,
            *needs.findings,
            *told.record_findings(connection),
            *gone.findings(connection, sampled=choices.sample is not None),
        ),
        calls=calls,
        minutes=costs.minutes(calls, pace),
        read_back=told.read_back_calls(connection, pace),
        costs=tuple(costs.of_other_choices(list(works.values()), pace, beside.switches)),
        losses=told.losses(connection, beside.losses),
        owners=told.owners(connection, beside.owners),
    )
    if not plan.writes:
        plan = replace(plan, findings=tuple(one for one in plan.findings if one.name != looked_at.UNCONFIRMED))
    _check_accepted(plan, choices.accepted, finding_names)
    return plan


def require_clear(plan: Plan, accepted: Collection[str] = ()) -> None:
    """Raise BlockedError where a blocking finding stands that was not accepted."""
    standing = plan.blocking(accepted)
    if standing:
        lines = "\n".join(f"  {one.name}: {one.message}" for one in standing)
        raise BlockedError(
            f"{len(standing)} finding{'s' if len(standing) > 1 else ''} before the load:\n{lines}",
            hint=f"Settle {'it' if len(standing) == 1 else 'them'}, or let pass by adding: "
            + " ".join(f"--accept {name}" for name in dict.fromkeys(one.name for one in standing)),
        )


def _check_accepted(plan: Plan, accepted: Collection[str], finding_names: Collection[str]) -> None:
    known = {one.name for one in plan.findings} | OWN_FINDINGS | {*finding_names, "all"}
    for name in accepted:
        if spelt(name) not in known:
            raise ConfigurationError(f"no finding is called '{name}'", where="--accept", hint=nearest(name, known))
