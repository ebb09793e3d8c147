"""What a table's columns hang on, and of which parts the table was put together."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from shift.lineage.origins import NOTHING, Origins, constant, union

_MISSING = constant("NULL")  # what a part has where only others have the column


@dataclass(frozen=True)
class Relation:
    """A table, or what a query gives.

    ``rows`` is what decides which rows there are, and ``copies`` which and how many: a left join only adds copies.
    ``rest`` is what columns hang on that cannot be named beforehand, such as those of a pivot. ``parts`` are those of a
    union that a constant column tells apart: after `where kind = 'email'` one of them is left.
    """

    columns: Mapping[str, Origins]
    rows: Origins = NOTHING
    copies: Origins = NOTHING
    rest: Origins | None = None
    parts: tuple[Relation, ...] = ()

    def column(self, name: str) -> Origins | None:
        """The column that has this name, in whichever case."""
        found = self.columns.get(name)
        return found or next((each for other, each in self.columns.items() if other.lower() == name.lower()), None)

    @property
    def everything(self) -> Origins:
        return union([*self.columns.values(), self.rest or NOTHING])

    def changed(self, change: Callable[[Origins], Origins]) -> Relation:
        """The same with every column changed."""
        return replace(
            self,
            columns={name: change(origins) for name, origins in self.columns.items()},
            rest=self.rest and change(self.rest),
            parts=tuple(part.changed(change) for part in self.parts),
        )

    def renamed(self, names: Sequence[str]) -> Relation:
        """The same with its first columns called otherwise: `as listed (a, b)`."""
        if not self.columns and self.rest is not None:
            return replace(self, columns=dict.fromkeys(names, self.rest))
        called = [*names, *list(self.columns)[len(names) :]]
        return replace(
            self,
            columns=dict(zip(called, self.columns.values(), strict=False)),
            parts=tuple(part.renamed(names) for part in self.parts),
        )

    def without_copies(self) -> Relation:
        """The same where it is known that no row is there twice."""
        return replace(self, copies=self.rows, parts=tuple(part.without_copies() for part in self.parts))

    def where(self, column: str, values: set[str], *, are_meant: bool) -> Relation:
        """Without the parts whose column is a constant, and none of these (or one of them, if they are not meant)."""
        kept = [part for part in self.parts if _may_be(part.column(column), values, are_meant)]
        if not kept or len(kept) == len(self.parts):
            return self
        return kept[0] if len(kept) == 1 else put_together(kept)


def put_together(parts: Sequence[Relation]) -> Relation:
    """All rows of all parts, the columns by name."""
    names = list(dict.fromkeys(name for part in parts for name in part.columns))
    rests = [part.rest for part in parts if part.rest is not None]
    flat = tuple(
        replace(each, columns={name: each.columns.get(name) or each.rest or _MISSING for name in names})
        for part in parts
        for each in part.parts or (part,)
    )
    whole = Relation(
        {name: union(each.columns[name] for each in flat) for name in names},
        union(each.rows for each in parts),
        union(each.copies for each in parts),
        union(rests) if rests else None,
    )
    return replace(whole, parts=flat) if are_told_apart(flat) else whole


def are_told_apart(parts: Sequence[Relation]) -> bool:
    """Whether some column is a constant in one part and not the same in all."""
    values = ({(part.column(name) or NOTHING).value for part in parts} for name in parts[0].columns)
    return any(len(each) > 1 for each in values)


def _may_be(origins: Origins | None, values: set[str], are_meant: bool) -> bool:
    return origins is None or origins.value is None or (origins.value in values) == are_meant
