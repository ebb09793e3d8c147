"""What the graph tells planning and loading of a staging table: which object its rows become, and what comes first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from shift.destination import FieldDefinition, ObjectDefinition


@dataclass(frozen=True, slots=True)
class Parent:
    """An edge of the load order: ``column`` holds a value of ``field`` (the id or the key) of a row of ``object``."""

    column: str
    object: str
    field: str = "id"


@dataclass(frozen=True, slots=True)
class StagingModel:
    """One staging table, built; planning and loading receive them in load order.

    ``relation`` is its table in DuckDB (``twenty.person``), ``object`` the CRM's own name for what its rows become,
    ``key`` the column that names a row in the source. ``columns`` are those that are sent: all but the ones that start
    with ``_``. ``mode`` "match" means that its rows are looked up and never created; of these, the columns in
    ``when_matched`` alone are written. ``deferred`` are columns that close a circle: left out when a record is created,
    set by an update once the whole circle is in; ``parents`` has their edges too. ``fields`` and ``define`` are what
    the workspace must have before the first row goes out.

    ``at_home`` are the columns that start with ``_``. Two of them have a meaning. A row with a ``_linked_id`` stands
    for a record that was in the CRM before: it is not written, and its dependants point to that record. ``_found_by``
    tells how a row was matched; nothing is written to one that is the "fallback".
    """

    name: str
    relation: str
    object: str
    key: str
    columns: tuple[str, ...]
    mode: Literal["write", "match"] = "write"
    parents: tuple[Parent, ...] = ()
    fields: tuple[FieldDefinition, ...] = ()
    define: ObjectDefinition | None = None
    when_matched: tuple[str, ...] = ()
    deferred: tuple[str, ...] = ()
    at_home: tuple[str, ...] = ()

    @property
    def written(self) -> tuple[str, ...]:
        """The columns that may be sent."""
        return self.columns if self.mode == "write" else self.when_matched
