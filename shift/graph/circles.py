"""Circles among staging models, and which columns open them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter

from shift.errors import ConfigurationError


@dataclass(frozen=True, slots=True)
class Edge:
    """``column`` of the model ``child`` holds the ``field`` of a row of the model ``parent``."""

    child: str
    column: str
    parent: str
    field: str
    nullable: bool


def open_circles(edges: Mapping[str, Sequence[Edge]], after: Mapping[str, Sequence[str]]) -> frozenset[Edge]:
    """The edges to leave for later, so that the others, and what must come ``after`` what, are no circle.

    Of each circle that is met, the first step that all nullable columns make. Raises ConfigurationError, naming the
    circle and its columns, where there is none.
    """
    deferred: set[Edge] = set()
    while circle := _circle(edges, after, deferred):
        for child, parent in circle:
            step = [edge for edge in edges[child] if edge.parent == parent and edge not in deferred]
            if parent not in after[child] and all(edge.nullable for edge in step):
                deferred.update(step)
                break
        else:
            raise _closed(edges, circle)
    return frozenset(deferred)


def _circle(
    edges: Mapping[str, Sequence[Edge]], after: Mapping[str, Sequence[str]], deferred: set[Edge]
) -> list[tuple[str, str]]:
    """The steps, (child, parent) each, of a circle, from its first model by name on; none where all is in order."""
    before = {
        name: [*(edge.parent for edge in edges[name] if edge not in deferred), *others]
        for name, others in sorted(after.items())
    }
    try:
        TopologicalSorter(before).prepare()
    except CycleError as error:
        around = list(reversed(error.args[1][1:]))  # the sorter names each model before those that need it
        start = around.index(min(around))
        around = around[start:] + around[:start]
        return list(zip(around, around[1:] + around[:1], strict=True))
    return []


def _closed(edges: Mapping[str, Sequence[Edge]], circle: list[tuple[str, str]]) -> ConfigurationError:
    names = " → ".join([*(child for child, _ in circle), circle[0][0]])
    columns = ", ".join(f"{child}.{column}" for child, parent in circle for column in _columns(edges[child], parent))
    return ConfigurationError(
        f"the objects stand in a circle: {names}",
        hint=f"Let a column of it be null: one of {columns}." if columns else "Look at what `load.after` says.",
    )


def _columns(edges: Sequence[Edge], parent: str) -> Iterator[str]:
    """Those that are sent: of these one could be set later."""
    return (edge.column for edge in edges if edge.parent == parent and not edge.column.startswith("_"))
