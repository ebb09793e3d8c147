"""Where a value comes from: the set of its origins, and in which of two ways each matters."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

# Around a text that came from a setting: the setting's name, and the text.
_SETTING = re.compile("\ue002(.*?)\ue003(.*?)\ue004", re.DOTALL)
_TEXT_OR_SETTING = re.compile(rf"(?P<kept>--[^\n]*|'(?:[^']|'')*'|\"[^\"]*\")|{_SETTING.pattern}", re.DOTALL)

Kind = Literal["column", "setting", "constant", "unknown"]


class Origin(NamedTuple):
    """``name`` is a column as `source.table.column`, a setting, or SQL: a constant, or what could not be followed.

    The column `*` of a table means its rows: which, and how many.
    """

    kind: Kind
    name: str


@dataclass(frozen=True)
class Origins:
    """All that a value hangs on: what ``feeds`` it, what only ``decides``, and the models that it came ``through``.

    ``value`` is the value itself, as SQL, where it is nothing but a constant.
    """

    feeds: frozenset[Origin] = frozenset()
    decides: frozenset[Origin] = frozenset()
    through: frozenset[str] = frozenset()
    value: str | None = None

    def __or__(self, other: Origins) -> Origins:
        return union((self, other))

    @property
    def deciding(self) -> Origins:
        """The same where it is no part of the value. What a constant decides is decided for good."""
        return Origins(decides=self.decides | {origin for origin in self.feeds if origin.kind != "constant"})

    @property
    def is_constant(self) -> bool:
        return all(origin.kind in ("constant", "setting") for origin in self.feeds)

    @property
    def told(self) -> Origins:
        """Without the constants that only shape what else there is: formats, separators, words of a translation."""
        feeds = frozenset(origin for origin in self.feeds if origin.kind != "constant")
        return replace(self, feeds=feeds, value=None) if feeds else self

    def also(self, more: Origins) -> Origins:
        """The same value, hanging on more."""
        return replace(self | more, value=self.value)

    def by_way_of(self, model: str) -> Origins:
        return replace(self, through=self.through | {model})

    def named(self, kind: Kind) -> tuple[str, ...]:
        """The names of what feeds, of one kind."""
        return _told(origin.name for origin in self.feeds if origin.kind == kind)

    @property
    def deciding_columns(self) -> tuple[str, ...]:
        """The names of the columns that only decide."""
        return _told(origin.name for origin in self.decides - self.feeds if origin.kind == "column")


NOTHING = Origins()


def union(parts: Iterable[Origins]) -> Origins:
    found = tuple(parts)
    return Origins(
        frozenset().union(*(each.feeds for each in found)),
        frozenset().union(*(each.decides for each in found)),
        frozenset().union(*(each.through for each in found)),
    )


def column_of(table: str, name: str) -> Origins:
    return Origins(frozenset({Origin("column", f"{table}.{name}")}))


def unknown(sql: str) -> Origins:
    """What cannot be followed, and so could be anything."""
    return Origins(frozenset({Origin("unknown", unmarked(sql))}))


def constant(sql: str) -> Origins:
    """A constant of a query, or the settings that stand in its text."""
    settings = {Origin("setting", name) for name, _ in _SETTING.findall(sql)}
    return Origins(frozenset(settings or {Origin("constant", sql)}), value=unmarked(sql))


def marked(setting: str, text: str) -> str:
    """A setting's text so that it can be told in what is made of it."""
    return f"\ue002{setting}\ue003{text}\ue004"


def unmarked(text: str) -> str:
    return _SETTING.sub(r"\2", text)


def marked_in_texts(sql: str) -> str:
    """SQL with the marks in its texts alone: elsewhere, a setting is a piece of SQL."""
    return _TEXT_OR_SETTING.sub(lambda found: found["kept"] or unmarked(found[0]), sql)


def _told(names: Iterable[str]) -> tuple[str, ...]:
    """Sorted; the rows of a table only where none of its columns, which no row is without, is among them."""
    found = set(names)
    tables = {name.rpartition(".")[0] for name in found if not name.endswith(".*")}
    return tuple(sorted(name for name in found if not (name.endswith(".*") and name[:-2] in tables)))
