"""Who takes over from each practitioner: the model `<destination>__owners`, over what the last pull found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from shift.errors import ModelError
from shift.graph import Graph

if TYPE_CHECKING:
    import duckdb

MISSING = "missing"
_COLUMNS = ("practitioner_id", "name", "email", "member_id", "member_name", "member_email", "found_by", "records")


@dataclass(frozen=True, slots=True)
class Owner:
    """A practitioner, and the member of the CRM who takes over; no member where ``found_by`` is "missing".

    ``records`` is how many records hang on the practitioner.
    """

    practitioner_id: str
    name: str | None
    email: str | None
    member_id: str | None
    member_name: str | None
    member_email: str | None
    found_by: str
    records: int


def owners(graph: Graph, connection: duckdb.DuckDBPyConnection) -> list[Owner]:
    """Every practitioner, in the order of the model.

    Raises ModelError where the project has no such model, or one without these columns.
    """
    project = graph.project
    name = f"{project.destination.loader}__owners"
    if name not in graph.models:
        raise ModelError(
            f"the project has no model {name}, which says who takes over from each practitioner",
            where="models/",
            hint=f"Its columns are {', '.join(_COLUMNS)}.",
        )
    relation = connection.table(graph.models[name].relation)
    lacking = [column for column in _COLUMNS if column not in relation.columns]
    if lacking:
        raise ModelError(f"the model has no column {', '.join(lacking)}", where=graph.models[name].shown)
    return [Owner(*row) for row in relation.select(*_COLUMNS).fetchall()]
