"""What comes before a load: the pull, the models that stand on it, the sample, the plan."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace

import duckdb

from shift import asking, comparing, pausing, provisioning, pulling, sampling
from shift.building import failed, run
from shift.database import spare_memory
from shift.destination import Destination
from shift.errors import BlockedError, ConfigurationError
from shift.findings import Finding
from shift.graph import Graph, Selection, objects_in_load_order, staging_models
from shift.invocation import command
from shift.ledger import Ledger, mirror
from shift.loading import Patience
from shift.planning import Choices, Pace, Plan, beside, ensure_table, make_plan
from shift.preconditions import OWN_FINDINGS, changed, findings, require_built
from shift.project import Project
from shift.staging import StagingModel

NOT_PULLED = Finding(
    "not_pulled",
    "the CRM was not asked: what it holds is what the last pull found. Not checked: what the key may do, what acts by "
    "itself there, whether it takes the fields' names, and what somebody changed since. Calls are counted by the "
    "batch_size of project.yml, and a CRM that takes one record a call takes many more",
    blocking=False,
)

_SHOWN = 3  # of the models that were built anew


@dataclass(frozen=True)
class Prepared:
    """A plan, and the staging models that it was made of, in load order; for a sample, what was drawn."""

    plan: Plan
    staging: tuple[StagingModel, ...]
    sample: sampling.Sample | None = None


def ensure_sources(connection: duckdb.DuckDBPyConnection, project: Project) -> None:
    """Make what is not there of the tables that models read and only a load fills, empty, so that all of them build."""
    pulling.ensure_tables(connection, pulling.declared_tables(project), project.to or "")
    comparing.ensure_tables(connection)
    pausing.ensure_table(connection)
    ensure_table(connection)
    if connection.execute("select 1 from duckdb_tables() where schema_name = 'ledger'").fetchone() is None:
        mirror(None, connection)


def prepare(
    graph: Graph,
    connection: duckdb.DuckDBPyConnection,
    destination: Destination | None,
    ledger: Ledger | None,
    choices: Choices,
    say: Callable[[str], None] = lambda _: None,
) -> Prepared:
    """Pull, build anew what reads the CRM or the ledger, and plan. Without a destination, the last pull serves.

    ``say`` is told which models changed since they were built. Raises BlockedError where the project was not built, or
    where what was to be built anew does not build.
    """
    refresh(graph, connection, destination, ledger, say)
    spare_memory(connection, graph.project.file.duckdb)
    found = findings(graph, connection, sampled=choices.sample is not None)
    if destination is None:
        found.append(replace(NOT_PULLED, examples=(f"last pull: {pulling.pulled_at(connection) or 'never'}",)))
    staging = staging_models(graph, connection)
    sample = draw_sample(graph, connection, staging, choices.sample) if choices.sample is not None else None
    configured = graph.project.destination
    pace = Pace(configured.requests_per_minute, configured.batch_size)
    if destination is not None:
        limits = destination.limits
        pace = replace(pace, batch_size=limits.batch_size, page=limits.page, creating=destination.calls_to_create)
    needs = provisioning.compare(connection, staging)
    if graph.project.file.load.provision == "by_hand":
        needs = provisioning.left_to_a_person(needs)
    names = {
        NOT_PULLED.name,
        *OWN_FINDINGS,
        *asking.FINDING_NAMES,
        *(name for name, test in graph.tests.items() if test.stage == "plan"),
    }
    plan = make_plan(
        connection,
        staging,
        ledger,
        pace=pace,
        choices=choices,
        on_missing=graph.project.file.load.on_missing,
        beside=beside(graph),
        needs=provisioning.judged(destination, needs) if destination else needs,
        findings=found,
        finding_names=names,
    )
    if destination is not None:
        policy = graph.project.file.load
        asked = asking.findings(
            destination, Patience(), plan, automations=policy.automations, by_hand=policy.provision == "by_hand"
        )
        plan = replace(plan, findings=(*plan.findings, *asked))
    return Prepared(plan, staging, sample)


def draw_sample(
    graph: Graph, connection: duckdb.DuckDBPyConnection, staging: tuple[StagingModel, ...], size: int
) -> sampling.Sample:
    """Fill ``sample.*`` by the destination's model of traits. Raises ConfigurationError where the project has none."""
    name = f"{graph.project.destination.loader}__sample_traits"
    if name not in graph.models:
        raise ConfigurationError(
            f"no model says from whom a sample is chosen: there is no '{name}'",
            where="models",
            hint="It has a row (object, key, trait) for each thing that a record shows.",
        )
    return sampling.draw(connection, staging, graph.models[name].relation, size)


def refresh(
    graph: Graph,
    connection: duckdb.DuckDBPyConnection,
    destination: Destination | None,
    ledger: Ledger | None,
    say: Callable[[str], None] = lambda _: None,
) -> None:
    """Pull, where there is a destination, mirror the ledger, and build anew what reads either, or changed.

    Raises BlockedError where the project was not built, or where one of these models does not build.
    """
    require_built(graph, connection)
    ensure_sources(connection, graph.project)
    if destination is not None:
        pull(graph, connection, destination, ledger)
    mirror(ledger, connection)
    sources = graph.project.sources
    reading = frozenset(
        name
        for name in graph.models
        if any(sources[source][0].schema in (pulling.SCHEMA, "ledger") for source in graph.reads(name))
    )
    _build_anew(graph, connection, reading, say)


def bring_up_to_date(
    graph: Graph, connection: duckdb.DuckDBPyConnection, say: Callable[[str], None] = lambda _: None
) -> None:
    """Build anew the models that changed since they were built, so that their tables are what this mapping makes.

    Raises BlockedError where the project was not built, or where one of these models does not build.
    """
    require_built(graph, connection)
    _build_anew(graph, connection, frozenset(), say)


def pull(
    graph: Graph, connection: duckdb.DuckDBPyConnection, destination: Destination, ledger: Ledger | None
) -> dict[str, int]:
    """Land what the CRM holds as `destination.*`; the number of rows of each table that the loader pulled."""
    project = graph.project
    tables = Patience().read(lambda: list(destination.pull()))
    counts = pulling.pull(connection, tables, pulling.declared_tables(project), project.to or "")
    mirror(ledger, connection)
    Patience().read(pulling.pull_records, connection, destination, objects_in_load_order(graph))
    return dict(counts)


def _build_anew(
    graph: Graph, connection: duckdb.DuckDBPyConnection, models: frozenset[str], say: Callable[[str], None]
) -> None:
    """Run these models, those that changed since they were built with all that stands on them, and their tests."""
    other = changed(graph, connection)
    if other.models:
        say(f"Changed since they were built, and built anew: {_some(graph, other.models)}.")
    models |= {name for name in graph.models if other.models & graph.ancestors[name]}
    tests = other.tests | {
        name for name, test in graph.tests.items() if test.stage == "build" and models.intersection(test.refs)
    }
    results = run(graph, connection, Selection(models, tests))
    broken = [result for result in results if result.kind == "model" and result.status != "ok"]
    if failed(results) and broken:
        raise BlockedError(
            f"the model {broken[0].node} does not build: {broken[0].message}",
            hint=f"Mend it, then run `{command('build')}`.",
        )


def _some(graph: Graph, models: Collection[str]) -> str:
    """The first of these models by name, in the order in which they are built."""
    names = [name for name in graph.order if name in models]
    more = f" and {len(names) - _SHOWN:,} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more
