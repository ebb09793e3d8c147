"""Conditions on records: read from a REST query string or from GraphQL's JSON, and run (contracts/twenty/rest-list).

``filter=name.lastName[eq]:Doe,or(jobTitle[is]:NULL,id[in]:[a,b])``; ``{"name": {"lastName": {"eq": "Doe"}}}``.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

from shift.sandbox.twenty.errors import Refusal, bad_value
from shift.sandbox.twenty.schema import SUBFIELDS, UNIQUE_SUBFIELD, Field, Object
from shift.sandbox.twenty.table import Row, Table
from shift.sandbox.twenty.values import READERS
from shift.sandbox.twenty.workspace import Workspace, unknown_field

COMPARATORS = "eq neq in containsAny is gt gte lt lte startsWith endsWith like ilike".split()
_BASE = re.compile(r"([\w.]+)\[(\w+)\]:(.*)", re.DOTALL)
_GROUP = re.compile(r"(and|or|not)\((.*)\)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Condition:
    """``path`` is a field, or a composite and its part."""

    path: tuple[str, ...]
    comparator: str
    value: Any


@dataclass(frozen=True, slots=True)
class Group:
    """``and``, ``or`` or ``not`` of its parts."""

    word: str
    parts: tuple[Filter, ...]


Filter: TypeAlias = Condition | Group
Test: TypeAlias = Callable[[Row], bool]


# --- reading ------------------------------------------------------------------------------------------------------


def from_query(query: str) -> Filter | None:
    """A REST filter. The server counts brackets without regard to quotes."""
    missing = query.count("(") - query.count(")")
    if missing:
        which = "close" if missing > 0 else "open"
        raise Refusal(f"'filter' invalid. {abs(missing)} {which} bracket is missing in the query")
    parts = tuple(_from_part(part) for part in _split(query))
    if not parts:
        return None
    return parts[0] if len(parts) == 1 else Group("and", parts)


def from_json(value: Any) -> Filter | None:
    """A GraphQL filter."""
    parts = tuple(_from_json_parts(value or {}, ()))
    if not parts:
        return None
    return parts[0] if len(parts) == 1 else Group("and", parts)


def _split(query: str) -> list[str]:
    """The parts between commas that stand in no quotes, brackets or parentheses."""
    parts, depth, quoted, start = [], 0, False, 0
    for at, sign in enumerate(query):
        if sign == '"':
            quoted = not quoted
        elif not quoted and sign in "([":
            depth += 1
        elif not quoted and sign in ")]":
            depth -= 1
        elif sign == "," and not quoted and depth == 0:
            parts.append(query[start:at])
            start = at + 1
    return [part for part in [*parts, query[start:]] if part.strip()]


def _from_part(part: str) -> Filter:
    group = _GROUP.fullmatch(part.strip())
    if group:
        return Group(group[1], tuple(_from_part(inner) for inner in _split(group[2])))
    base = _BASE.fullmatch(part.strip())
    if base is None:
        raise Refusal(f"'filter' invalid for '{part}'. eg: price[gte]:10")
    path, comparator, value = tuple(base[1].split(".")), base[2], base[3]
    if comparator not in COMPARATORS:
        raise Refusal(f"'filter' invalid for '{part}', comparator {comparator} not in {', '.join(COMPARATORS)}")
    return Condition(path, comparator, _value(comparator, value))


def _value(comparator: str, value: str) -> Any:
    if comparator in ("in", "containsAny"):
        if not (value.startswith("[") and value.endswith("]")):
            raise Refusal(
                f"'filter' invalid for '{comparator}' operator. Received '{value}' but array value expected "
                "eg: 'field[in]:[value_1,value_2]'"
            )
        # Split at every comma, even one in quotes: such a value is never found (contracts/twenty/verification).
        return [_unquoted(item.strip()) for item in value[1:-1].split(",") if item.strip()]
    return _unquoted(value)


def _unquoted(value: str) -> str:
    return value[1:-1] if len(value) > 1 and value[0] == value[-1] == '"' else value


def _from_json_parts(value: dict[str, Any], path: tuple[str, ...]) -> Iterator[Filter]:
    for key, inner in value.items():
        if key in ("and", "or"):
            members = inner if isinstance(inner, list) else [inner]
            yield Group(key, tuple(found for member in members if (found := from_json(member))))
        elif key == "not":
            yield Group("not", tuple(_from_json_parts(inner, path)))
        elif isinstance(inner, dict) and key not in COMPARATORS:
            yield from _from_json_parts(inner, (*path, key))
        else:
            yield Condition(path, key, inner)


# --- running ------------------------------------------------------------------------------------------------------


def matching(workspace: Workspace, of: Object, wanted: Filter | None, *, deleted: bool = False) -> list[Row]:
    """The rows that fit, in the order of their ids. Soft-deleted ones only where the filter names ``deletedAt``,
    or ``deleted`` asks for them.
    """
    table = workspace.table(of)
    with_deleted = deleted or (wanted is not None and _names_deleted(wanted))
    test = _compiled(of, wanted) if wanted is not None else _always
    narrowed = _candidates(table, of, wanted) if wanted is not None else None
    ids = table.ids if narrowed is None else sorted(found for found in narrowed if found in table.rows)
    rows = table.rows
    if with_deleted or not table.deleted:
        return [row for found in ids if test(row := rows[found])]
    return [row for found in ids if "deletedAt" not in (row := rows[found]) and test(row)]


def _always(row: Row) -> bool:
    return True


def _names_deleted(wanted: Filter) -> bool:
    if isinstance(wanted, Group):
        return any(_names_deleted(part) for part in wanted.parts)
    return wanted.path == ("deletedAt",)


def _candidates(table: Table, of: Object, wanted: Filter) -> set[str] | None:
    """Ids among which all matches are, where an index knows them."""
    if isinstance(wanted, Group):
        if wanted.word == "and":
            return next((found for part in wanted.parts if (found := _candidates(table, of, part)) is not None), None)
        return None
    if wanted == Condition(("deletedAt",), "is", "NOT_NULL"):
        return set(table.deleted)
    values = {"eq": [wanted.value], "in": wanted.value}.get(wanted.comparator)
    if not isinstance(values, list) or any(value in (None, "") or isinstance(value, (dict, list)) for value in values):
        return None
    if wanted.path == ("id",):
        return {str(value).lower() for value in values}
    name = wanted.path[0]
    if name in table.links:
        return {found for value in values for found in table.pointing_at(name, str(value).lower())}
    field = of.fields.get(name)
    part = UNIQUE_SUBFIELD.get(field.type) if field else None
    indexed = field is not None and name in table.unique and (part is not None or field.type == "TEXT")
    if not indexed or wanted.path[1:] != ((part,) if part else ()):
        return None
    holders = (table.unique[name].get(value) for value in values)
    return {holder for holder in holders if holder is not None}


def _compiled(of: Object, wanted: Filter) -> Test:
    if isinstance(wanted, Condition):
        return _condition(of, wanted)
    tests = [_compiled(of, part) for part in wanted.parts]
    if wanted.word == "and":
        return lambda row: all(test(row) for test in tests)
    if wanted.word == "or":
        return lambda row: any(test(row) for test in tests)
    return lambda row: not all(test(row) for test in tests)


def _condition(of: Object, wanted: Condition) -> Test:
    name, *parts = wanted.path or ("",)
    field = _field(of, name)
    if field.type in SUBFIELDS and (not parts or parts[0] not in SUBFIELDS[field.type]):
        raise Refusal(
            f'Sub field "{parts[0] if parts else wanted.comparator}" not found for composite type: {field.type}'
        )
    if parts and field.type not in SUBFIELDS:
        raise unknown_field(of, ".".join(wanted.path))
    if wanted.comparator not in _FITTING:
        raise bad_value(f"Comparator {wanted.comparator} is not known")
    fits = _FITTING[wanted.comparator](_coerced(field, parts, wanted))
    if parts:
        part = parts[0]
        return lambda row: fits((row.get(name) or {}).get(part) or None)
    return lambda row: fits(row.get(name))


def _field(of: Object, name: str) -> Field:
    for field in of.fields.values():
        if field.column == name:
            return field
    raise unknown_field(of, name)


def _coerced(field: Field, parts: list[str], wanted: Condition) -> Any:
    """The value as the field stores it; REST sends all as text."""
    if wanted.comparator == "is":
        return wanted.value
    if isinstance(wanted.value, list):
        return [_coerced_one(field, parts, value) for value in wanted.value]
    if wanted.comparator in ("like", "ilike", "startsWith", "endsWith"):
        return wanted.value
    return _coerced_one(field, parts, wanted.value)


def _coerced_one(field: Field, parts: list[str], value: Any) -> Any:
    if value is None or value == "":
        return None
    if parts:
        return float(value) if parts[0] in ("amountMicros", "addressLat", "addressLng") else value
    if isinstance(value, str) and field.type in ("NUMBER", "POSITION"):
        try:
            return float(value)
        except ValueError:
            raise bad_value(f"Invalid number value '{value}' for field \"{field.name}\"") from None
    if isinstance(value, str) and field.type == "BOOLEAN":
        return value == "true"
    if field.type in ("UUID", "RELATION", "DATE", "DATE_TIME"):
        return READERS[field.type](field, value)
    return value


Fits: TypeAlias = Callable[[Any], bool]


def _like(pattern: Any, flags: int = 0) -> Fits:
    expression = "".join(".*" if sign == "%" else "." if sign == "_" else re.escape(sign) for sign in str(pattern))
    compiled = re.compile(expression, re.DOTALL | flags)
    return lambda stored: isinstance(stored, str) and compiled.fullmatch(stored) is not None


def _compared(compare: Callable[[Any, Any], Any]) -> Callable[[Any], Fits]:
    """Nothing compares with a missing value."""
    return lambda value: lambda stored: stored is not None and value is not None and bool(compare(stored, value))


# What each comparator makes of its value: a test of what is stored.
_FITTING: dict[str, Callable[[Any], Fits]] = {
    "eq": lambda value: lambda stored: bool(stored == value),
    "neq": lambda value: lambda stored: bool(stored != value),
    "in": lambda values: lambda stored: stored is not None and stored in values,
    "is": lambda value: lambda stored: (stored is None) == (str(value).upper() == "NULL"),
    "containsAny": lambda values: lambda stored: isinstance(stored, list) and any(item in values for item in stored),
    "gt": _compared(operator.gt),
    "gte": _compared(operator.ge),
    "lt": _compared(operator.lt),
    "lte": _compared(operator.le),
    "startsWith": lambda value: lambda stored: isinstance(stored, str) and stored.startswith(str(value)),
    "endsWith": lambda value: lambda stored: isinstance(stored, str) and stored.endswith(str(value)),
    "like": _like,
    "ilike": lambda value: _like(value, re.IGNORECASE),
}
