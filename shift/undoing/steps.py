"""What the ledger says is to be done for each record that the chosen runs wrote.

`undoing.standing` holds every write of every run that no rollback has taken back: intent, run, object, key, id, hash,
status (as in the ledger; *absent* for a create whose answer was lost, and of which nothing was found then).
"""

from __future__ import annotations

from collections.abc import Sequence
from operator import attrgetter
from typing import TYPE_CHECKING, Literal

from msgspec import Struct

if TYPE_CHECKING:
    import duckdb

Action = Literal["delete", "restore", "recreate"]

_LOST = "the answer that told who made it was lost"
_DOUBLE = "it stands beside another record of the same row"


class Step(Struct, frozen=True):
    """One record. ``hash`` is what the ledger will know of its payload once this is done.

    *delete*: the chosen runs made it. *restore*: they changed it, or took it into their care (``adopted``). *recreate*:
    they deleted it. ``doubtful`` says why it may be another's: its call was lost, and nothing was to be found then; or
    it is a double of the record that this ledger goes on with.
    """

    object: str
    key: str
    id: str
    action: Action
    hash: str
    adopted: bool = False
    doubtful: str | None = None


def read_standing(connection: duckdb.DuckDBPyConnection) -> None:
    """Make `undoing.standing` from the mirrored ledger."""
    connection.execute("create schema if not exists undoing")
    connection.execute(_STANDING)


def steps(connection: duckdb.DuckDBPyConnection, runs: Sequence[int]) -> list[Step]:
    """The steps that undo these runs, by object and key. A record without an id was never there."""
    rows = connection.execute(_STEPS, [list(runs)]).fetchall()
    found = [
        Step(object, key, id, _action(first), hash, first == "adopted", _LOST if first is None else None)
        for object, key, id, first, hash in rows
    ]
    found += [
        Step(object, f"{key} ({id})", id, "delete", "", doubtful=_DOUBLE)
        for object, key, id in connection.execute(_DOUBLES, [list(runs)]).fetchall()
    ]
    return sorted(found, key=attrgetter("object", "key"))


def made(connection: duckdb.DuckDBPyConnection, runs: Sequence[int]) -> set[str]:
    """The ids of all records that these runs made, also of those that a rollback has removed already."""
    return {id for (id,) in connection.execute(_MADE, [list(runs)]).fetchall()}


def objects(connection: duckdb.DuckDBPyConnection, load_order: Sequence[str]) -> list[str]:
    """All objects of the ledger, parents before children: as they load today, and as they once loaded.

    An object that no model fills any more comes after the one before which it was first written.
    """
    known = [object for (object,) in connection.execute(_OBJECTS).fetchall()]
    ordered = [object for object in load_order if object in known]
    for at, object in enumerate(known):
        if object not in ordered:
            ordered.insert(ordered.index(known[at - 1]) + 1 if at else 0, object)
    return ordered


def _action(first: str | None) -> Action:
    """What undoes the first of the writes undoes those after it."""
    if first in ("created", None):
        return "delete"
    return "recreate" if first == "deleted" else "restore"


_STANDING = """
create or replace table undoing.standing as
with written as (
    select
        intents.intent,
        intents.run,
        intents.object,
        intents.key,
        coalesce(outcomes.id, intents.id) as id,
        intents.hash,
        outcomes.status,
    from ledger.intents as intents
    join ledger.outcomes as outcomes on outcomes.intent = intents.intent
    where outcomes.status in ('created', 'updated', 'adopted', 'freed', 'deleted', 'restored')
        or (outcomes.status = 'absent' and intents.operation = 'create')
        or (outcomes.status = 'foreign' and intents.operation = 'restore')
),
taken_back as (
    select distinct written.intent
    from written
    join written as later on later.object = written.object and later.key = written.key
    join ledger.undoings as undoings on undoings.run = later.run and undoings.undone = written.run
    where later.intent > written.intent
),
final as (
    select *
    from written
    where run not in (select run from ledger.undoings)
        and intent not in (select intent from taken_back)
)
select * from final
"""
_STEPS = """
with begun as (
    select
        object,
        key,
        min(intent) as first_intent,
    from undoing.standing
    where list_contains(?, run)
    group by object, key
),
final as (
    select
        standing.object,
        standing.key,
        arg_max(standing.id, intent) as id,
        arg_min(status, intent) filter (intent >= first_intent and status <> 'absent') as first_status,
        coalesce(arg_max(hash, intent) filter (intent < first_intent and status <> 'absent'), '') as hash,
    from undoing.standing as standing
    join begun on begun.object = standing.object and begun.key = standing.key
    group by standing.object, standing.key
)
select * from final
where id is not null
order by object, key
"""
_DOUBLES = """
select distinct
    doubles.object,
    doubles.key,
    doubles.id,
from ledger.doubles as doubles
join ledger.intents as intents on intents.object = doubles.object and intents.key = doubles.key
where not doubles.kept
    and list_contains(?, intents.run)
"""
_MADE = """
select coalesce(outcomes.id, intents.id) as id
from ledger.intents as intents
join ledger.outcomes as outcomes on outcomes.intent = intents.intent
where outcomes.status = 'created'
    and list_contains(?, intents.run)
"""
_OBJECTS = "select object from ledger.intents group by object order by min(intent)"
