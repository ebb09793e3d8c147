"""Which runs a rollback undoes: the newest, one by its number, or all.

A run counts as undone once a rollback of it came to its end; what that left alone still stands, and is tried again with
every rollback of that run or of an older one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from shift.errors import BlockedError, ConfigurationError
from shift.invocation import command

if TYPE_CHECKING:
    import duckdb


def choose(connection: duckdb.DuckDBPyConnection, run: int | None, *, everything: bool = False) -> tuple[int, ...]:
    """The numbers of the runs to undo, oldest first; none where there is nothing to undo.

    Reads the mirrored ledger and ``undoing.standing``. Raises ConfigurationError for a run that is none, or is a
    rollback itself, and BlockedError where a later run, which stands, wrote the same records.
    """
    writing = _numbers(connection, "select run from undoing.standing union select undone from ledger.undoings")
    undone = set(_numbers(connection, _UNDONE))
    if everything:
        return tuple(writing)
    if run is None:
        standing = [number for number in writing if number not in undone]
        if not standing:
            return ()
        run = standing[-1]
    else:
        _check(connection, run)
    chosen = [number for number in writing if number == run or (number > run and number in undone)]
    _check_later(connection, run, chosen)
    return tuple(chosen)


def _check(connection: duckdb.DuckDBPyConnection, run: int) -> None:
    commands = dict(connection.execute("select run, command from ledger.runs").fetchall())
    if run not in commands:
        raise ConfigurationError(f"there is no run {run}", hint=f"See them: {command('status')}")
    if commands[run].startswith("rollback"):
        raise ConfigurationError(
            f"run {run} is a rollback itself", hint=f"What it removed comes back with: {command('load')}"
        )


def _check_later(connection: duckdb.DuckDBPyConnection, run: int, chosen: Sequence[int]) -> None:
    later = connection.execute(_LATER, {"run": run, "chosen": list(chosen)}).fetchall()
    if later:
        told = ", ".join(f"run {number} ({records:,})" for number, records in later)
        raise BlockedError(
            f"later runs wrote records of run {run}: {told}",
            hint=f"Undo these first, the newest before the others: {command('rollback', str(later[0][0]))}",
        )


def _numbers(connection: duckdb.DuckDBPyConnection, query: str) -> list[int]:
    return sorted(number for (number,) in connection.execute(query).fetchall())


_UNDONE = """
select distinct undoings.undone
from ledger.undoings as undoings
join ledger.runs as rollbacks on rollbacks.run = undoings.run
where rollbacks.status = 'done'
"""
_LATER = """
with written as (
    select
        object,
        key,
    from undoing.standing
    where list_contains($chosen, run)
)
select
    run,
    count(distinct (object, key)) as records,
from undoing.standing
join written using (object, key)
where not list_contains($chosen, run)
    and run > $run
    and status <> 'absent'
group by run
order by run desc
"""
