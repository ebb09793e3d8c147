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
    with ``_``. ``mode`` "match" means that its rows are looked up and never written. ``fields`` and ``define`` are
    what the workspace must have before the first row goes out.
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
