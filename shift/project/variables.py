"""What a var may be: each value is checked against its declaration before any model reads it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import Any

from shift import strict_yaml
from shift.errors import ConfigurationError
from shift.project.shapes import VariableDeclaration

_TYPES: dict[str, tuple[type, ...]] = {
    "number": (int, float),
    "boolean": (bool,),
    "list": (list,),
    "map": (dict,),
}
_TEXTS = (str,)


def checked_variable(declared: Mapping[str, VariableDeclaration], name: str, value: Any, where: str) -> Any:
    """The value, or the default where it is null. Raises ConfigurationError for what the declaration does not allow."""
    declaration = declared.get(name)
    if declaration is None:
        near = strict_yaml.nearest(name, declared) or "Declare it under `vars:` in a YAML file in models/."
        raise ConfigurationError(f"the var '{name}' is declared nowhere", where=where, hint=near)
    if value is None:
        return declaration.default
    is_boolean = isinstance(value, bool)
    if not isinstance(value, _TYPES.get(declaration.type, _TEXTS)) or (is_boolean and declaration.type == "number"):
        raise ConfigurationError(f"the var '{name}' wants a {declaration.type}, not {value!r}", where=where)
    if declaration.required and isinstance(value, str) and not value.strip():
        raise ConfigurationError(f"the var '{name}' has no value", where=where, hint=declaration.description)
    if hint := _not_allowed(declaration, value):
        raise ConfigurationError(f"the var '{name}' cannot be {value!r}", where=where, hint=hint)
    return value


def _not_allowed(declaration: VariableDeclaration, value: Any) -> str | None:
    """What else it could be, where it cannot be this."""
    if declaration.choices and value not in declaration.choices:
        return f"Known: {', '.join(declaration.choices)}."
    match declaration.type:
        case "country" if value not in _countries():
            return "Two capital letters, as in AU, NZ or GB."
        case "currency" if not re.fullmatch("[A-Z]{3}", value):
            return "Three capital letters, as in AUD."
        case "timezone" if value not in _zones():
            return _nearest_zone(value)
    return None


def _countries() -> frozenset[str]:
    """ISO 3166's codes, as far as any has telephones."""
    from phonenumbers import SUPPORTED_REGIONS

    return frozenset(SUPPORTED_REGIONS)


@cache
def _zones() -> frozenset[str]:
    """DuckDB's own list: the machine may have none, or another."""
    import duckdb

    with duckdb.connect() as connection:
        return frozenset(name for (name,) in connection.execute("select name from pg_timezone_names()").fetchall())


def _nearest_zone(value: str) -> str:
    """A zone is mostly called by its city alone, and has its continent before it. `Etc/GMT+10` is west of Greenwich."""
    places = (zone for zone in sorted(_zones(), reverse=True) if not zone.startswith("Etc/"))
    cities = {zone.rpartition("/")[2]: zone for zone in places}
    city = strict_yaml.close(value.rpartition("/")[2].replace(" ", "_"), cities)
    return f"Did you mean '{cities[city]}'?" if city else "A continent and a city, as in Australia/Melbourne."
