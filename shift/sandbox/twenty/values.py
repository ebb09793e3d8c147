"""What a field takes, and what is stored of it: the values of scalar fields (contracts/twenty/standard-objects).

A stored value of None means "no value": an empty text and an absent one are the same to this server. Every reader
raises Refusal with the server's own words.
"""

from __future__ import annotations

import datetime
import re
import uuid
from collections.abc import Callable
from typing import Any

from shift.sandbox.twenty.errors import Refusal, bad_value, inspect
from shift.sandbox.twenty.schema import Field

_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.IGNORECASE)
_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_DATE_TIME = re.compile(r"\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d+)?)?\s?(Z|[+-]\d\d(:?\d\d)?)?)?")
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")
_LARGEST_EXACT = 2**53


def is_uuid(value: Any) -> bool:
    return isinstance(value, str) and _UUID.fullmatch(value) is not None


def text(value: Any, path: str) -> str | None:
    """A text as it is stored. Only NUL is refused, and that with a 500."""
    if value is None:
        return None
    if not isinstance(value, str):
        raise bad_value(f'Invalid string value {inspect(value)} for text field "{path}"')
    if "\x00" in value:
        raise Refusal("Data validation error.", status=500, error="InternalServerErrorException")
    return (value if value.isascii() else _LONE_SURROGATE.sub("\ufffd", value)) or None


def number(value: Any, path: str) -> int | float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise bad_value(f'Invalid number value {inspect(value)} for field "{path}"')
    return as_double(value)


def as_double(value: int | float) -> int | float:
    """A number as JavaScript holds it: beyond 2^53 digits are lost (contracts/twenty/standard-objects, bigint)."""
    if isinstance(value, float):
        return int(value) if value.is_integer() else value
    return int(float(value)) if abs(value) > _LARGEST_EXACT else value


def uuid_(value: Any, path: str) -> str | None:
    if value is None:
        return None
    if not is_uuid(value):
        raise bad_value(f'Invalid UUID value {inspect(value)} for field "{path}"')
    return str(value).lower()


def date_time(value: Any, path: str) -> str | None:
    """ISO 8601; a day is its midnight, no zone is UTC. Stored as UTC with milliseconds, the rest cut off."""
    if value is None:
        return None
    moment = _moment(value)
    if moment is None:
        raise bad_value(
            f"Invalid value {inspect(value)} for date-time field \"{path}\". Expected format: 'YYYY-MM-DDTHH:mm:ssZ'"
        )
    return iso(moment)


def iso(moment: datetime.datetime) -> str:
    """``2026-01-02T03:04:05.123Z``."""
    return moment.astimezone(datetime.UTC).replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"


def date(value: Any, path: str) -> str | None:
    """``YYYY-MM-DD``; a time of day in UTC is cut off, any other offset is refused."""
    if value is None:
        return None
    valid = False
    if isinstance(value, str) and _DATE.match(value):
        cut = len(value) == 10 or value.endswith("Z")
        valid = cut and _moment(value) is not None
    if not valid:
        raise bad_value(f"Invalid value {inspect(value)} for date field \"{path}\". Expected format: 'YYYY-MM-DD'")
    return str(value)[:10]


def _moment(value: Any) -> datetime.datetime | None:
    if not isinstance(value, str) or not _DATE_TIME.fullmatch(value):
        return None
    try:
        moment = datetime.datetime.fromisoformat(value)
        return moment.replace(tzinfo=datetime.UTC) if moment.tzinfo is None else moment.astimezone(datetime.UTC)
    except (ValueError, OverflowError):
        return None


def _text_field(field: Field, value: Any) -> str | None:
    return text(value, field.name)


def _number_field(field: Field, value: Any) -> int | float | None:
    return number(value, field.name)


def _boolean_field(field: Field, value: Any) -> bool | None:
    if value is not None and not isinstance(value, bool):
        raise bad_value(f'Invalid boolean value {inspect(value)} for field "{field.name}"')
    return value


def _uuid_field(field: Field, value: Any) -> str | None:
    return uuid_(value, field.column or field.name)


def _select_field(field: Field, value: Any) -> str | None:
    if value is None:
        return None
    if value not in field.choices:
        raise _not_a_choice(value, field.name, field.choices)
    return str(value)


def _rating_field(field: Field, value: Any) -> str | None:
    if value is not None and not isinstance(value, str):
        raise bad_value(f'Invalid string value {inspect(value)} for text field "{field.name}"')
    return _select_field(field, value)


def _not_a_choice(value: Any, path: str, choices: list[str]) -> Refusal:
    shown = value if isinstance(value, str) else inspect(value)
    return bad_value(f'Invalid value "{shown}" for field "{path}". Valid values are: {", ".join(choices)}')


def choice(value: Any, path: str, choices: list[str]) -> str:
    if value not in choices:
        raise _not_a_choice(value, path, choices)
    return str(value)


def _multi_select_field(field: Field, value: Any) -> list[str] | None:
    if value is None:
        return None
    values = value if isinstance(value, list) else [value]
    if any(item not in field.choices for item in values):
        raise bad_value(f'Invalid value {inspect(values)} for multi select field "{field.name}"')
    return values or None


def _array_field(field: Field, value: Any) -> list[str] | None:
    if value is None:
        return None
    values = value if isinstance(value, list) else [value]
    if any(not isinstance(item, str) for item in values):
        raise bad_value(f'Invalid value {inspect(value)} for field "{field.name} - Array values need to be string"')
    return values or None


def _json_field(field: Field, value: Any) -> Any:
    import msgspec

    if isinstance(value, str):
        try:
            return msgspec.json.decode(value)
        except msgspec.DecodeError:
            raise bad_value(f'Invalid object value {inspect(value)} for field "{field.name}"') from None
    return value


def _position_field(field: Field, value: Any) -> Any:
    """A number, "first" or "last"; the latter two are left for the table to settle."""
    if value in ("first", "last"):
        return value
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise bad_value(f'Invalid position value {inspect(value)} for field "{field.name}"')
    return value


def _read_only_field(field: Field, value: Any) -> Any:
    raise bad_value(f"{field.name} {field.type}-typed field does not support write operations")


READERS: dict[str, Callable[[Field, Any], Any]] = {
    "TEXT": _text_field,
    "NUMBER": _number_field,
    "NUMERIC": _number_field,
    "BOOLEAN": _boolean_field,
    "UUID": _uuid_field,
    "RELATION": _uuid_field,
    "DATE": lambda field, value: date(value, field.name),
    "DATE_TIME": lambda field, value: date_time(value, field.name),
    "SELECT": _select_field,
    "RATING": _rating_field,
    "MULTI_SELECT": _multi_select_field,
    "ARRAY": _array_field,
    "RAW_JSON": _json_field,
    "POSITION": _position_field,
    "TS_VECTOR": _read_only_field,
}


def new_uuid(bits: int) -> str:
    """A version 4 UUID of 128 random bits."""
    return str(uuid.UUID(int=bits, version=4))
