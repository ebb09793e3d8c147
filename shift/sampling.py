"""A sample of a clinic: a few patients with all that hangs on them, and all that these records hang on themselves.

Which patients is a matter for SQL that a person can read and edit: the model ``<destination>__sample_traits`` has a row
(object, key, trait) for each thing that a record shows, such as a practitioner or a status. Patients are chosen until
every trait is seen, each time the one who shows most that was not seen yet; then others, in an order that has nothing
to do with who they are and is the same every time.

The sample is closed. From the chosen it walks down every edge of the load order, to what points to them, and to what
points to that; then only up, so that no record of the sample points out of it. It is left in DuckDB:

    sample.chosen   place, object, key, and shows (how many traits it was the first to show)
    sample.rows     model, object, key: the staging rows of the sample
    sample.unseen   trait: those that more patients than asked for would be needed to show
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from shift.database import literal, quoted
from shift.errors import ConfigurationError
from shift.staging import StagingModel

if TYPE_CHECKING:
    import duckdb

_TABLES = """
create schema if not exists sample;
create or replace table sample.chosen (place integer, object varchar, key varchar, shows bigint);
create or replace table sample.rows (model varchar, object varchar, key varchar);
create or replace table sample.unseen (trait varchar);
create or replace temp table traits (key varchar, trait varchar);
create or replace temp table edges (child_model varchar, child varchar, parent_model varchar, parent varchar);
"""

_NEXT = """
insert into sample.chosen
select ?, ?, key, count(*)
from traits
group by key
order by count(*) desc, md5(key), key
limit 1
returning key
"""

_SEEN = "delete from traits where trait in (select trait from traits where key = ?)"

_CLOSE = """
insert into sample.rows
with recursive down as (
    select
        ? as model,
        key,
    from sample.chosen
    union
    select
        edges.child_model,
        edges.child,
    from down
    inner join edges on down.model = edges.parent_model and down.key = edges.parent
),

up as (
    select * from down
    union
    select
        edges.parent_model,
        edges.parent,
    from up
    inner join edges on up.model = edges.child_model and up.key = edges.child
)

select
    up.model,
    models.object,
    up.key,
from up
inner join (select unnest(?::varchar[]) as model, unnest(?::varchar[]) as object) as models using (model)
"""


@dataclass(frozen=True, slots=True)
class Sample:
    """What was drawn: how many were ``chosen`` of which object, and the traits that nobody of them shows."""

    object: str
    chosen: int
    unseen: tuple[str, ...] = ()


def draw(connection: duckdb.DuckDBPyConnection, staging: Sequence[StagingModel], traits: str, size: int) -> Sample:
    """Fill ``sample.*`` with a closed slice around ``size`` records of the object that the table ``traits`` speaks of.

    The same tables give the same sample, and a larger one holds every smaller one. Raises ConfigurationError where
    ``traits`` speaks of no written object, or of several.
    """
    connection.execute(_TABLES)
    model = _root(connection, staging, traits)
    connection.execute(
        f"insert into traits select distinct key, trait from {traits} "
        f"where trait is not null and key in (select {quoted(model.key)}::varchar from {model.relation})"
    )
    _cover(connection, model, size)
    connection.execute("insert into sample.unseen select distinct trait from traits order by trait")
    _fill_up(connection, model, size)
    written = [one for one in staging if one.mode == "write"]
    for child in written:
        _note_edges(connection, child, written)
    connection.execute(_CLOSE, [model.name, [one.name for one in written], [one.object for one in written]])
    connection.execute("drop table traits; drop table edges")
    [(chosen,)] = connection.execute("select count(*) from sample.chosen").fetchall()
    unseen = connection.execute("select trait from sample.unseen order by trait").fetchall()
    return Sample(model.object, chosen, tuple(trait for (trait,) in unseen))


def _root(connection: duckdb.DuckDBPyConnection, staging: Sequence[StagingModel], traits: str) -> StagingModel:
    """The staging model whose rows are chosen from."""
    objects = [object for (object,) in connection.execute(f"select distinct object from {traits}").fetchall()]
    found = [model for model in staging if model.mode == "write" and model.object in objects]
    if len(objects) > 1 or (objects and len(found) != 1):
        raise ConfigurationError(
            f"a sample is chosen from one object that one model writes, not from {', '.join(sorted(objects))}",
            where=traits,
        )
    if not found:
        raise ConfigurationError("there is nobody to choose a sample from", where=traits, hint="The table is empty.")
    return found[0]


def _cover(connection: duckdb.DuckDBPyConnection, model: StagingModel, size: int) -> None:
    """Choose until every trait is seen, or ``size`` are chosen."""
    for place in range(1, size + 1):
        chosen = connection.execute(_NEXT, [place, model.object]).fetchone()
        if chosen is None:
            return
        connection.execute(_SEEN, [chosen[0]])


def _fill_up(connection: duckdb.DuckDBPyConnection, model: StagingModel, size: int) -> None:
    """Choose others by a hash of their key."""
    key = f"{quoted(model.key)}::varchar"
    connection.execute(
        f"""
        insert into sample.chosen
        with others as (
            select {key} as key
            from {model.relation}
            where {key} not in (select key from sample.chosen)
        )
        select
            (select count(*) from sample.chosen) + row_number() over (order by md5(key), key) as place,
            ? as object,
            key,
            0 as shows,
        from others
        qualify place <= ?
        """,
        [model.object, size],
    )


def _note_edges(connection: duckdb.DuckDBPyConnection, child: StagingModel, written: Sequence[StagingModel]) -> None:
    """Every pair of rows of which the first points to the second."""
    for edge in child.parents:
        for parent in (one for one in written if one.object == edge.object):
            pointed_at = "id" if edge.field == "id" else parent.key
            connection.execute(
                f"""
                insert into edges
                select
                    {literal(child.name)},
                    child.{quoted(child.key)}::varchar,
                    {literal(parent.name)},
                    parent.{quoted(parent.key)}::varchar,
                from {child.relation} as child
                inner join {parent.relation} as parent
                    on child.{quoted(edge.column)}::varchar = parent.{quoted(pointed_at)}::varchar
                """
            )
