"""Whether anybody has looked at what this mapping does: a full load wants a `diff` of a sample first."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import msgspec

from shift.findings import Finding
from shift.graph import Graph
from shift.invocation import command

if TYPE_CHECKING:
    import duckdb

UNCONFIRMED = "unconfirmed_mapping"


def mapping_hash(graph: Graph) -> str:
    """What tells one mapping from another: the compiled SQL of all that the staging tables stand on, and what YAML says
    of these tables. A setting counts by what it does to the SQL.
    """
    staging = sorted(name for name, model in graph.models.items() if model.load)
    digest = hashlib.sha256()
    for name in sorted(frozenset[str]().union(*(graph.ancestors[one] for one in staging))):
        digest.update(f"{name}\0{graph.models[name].sql}\0".encode())
    for name in staging:
        model = graph.models[name]
        digest.update(msgspec.json.encode([name, model.load, model.columns]))
    return digest.hexdigest()


def unconfirmed(graph: Graph, connection: duckdb.DuckDBPyConnection) -> Finding | None:
    """The finding that nobody has seen yet what this mapping makes of a sample, by the ledger's mirror.

    None for a project that does not say how a sample is drawn.
    """
    if f"{graph.project.destination.loader}__sample_traits" not in graph.models:
        return None
    if connection.execute("select 1 from ledger.looked_at where mapping = ?", [mapping_hash(graph)]).fetchone():
        return None
    steps = f"{command('load', '--sample', '200')}, then {command('diff')}"
    return Finding(UNCONFIRMED, f"nobody has looked yet at what this mapping makes of a sample: {steps}")
