"""What clients send, as the store keeps it: names, e-mails, phones, addresses, times, custom field values."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

import phonenumbers

from shift.sandbox.nutshell.errors import Refusal
from shift.sandbox.nutshell.records import Definition, Labelled, Name

PRIMARY = "--primary"
ADDRESS = ("address_1", "address_2", "address_3", "city", "state", "postalCode", "country")
Read = Callable[[Any], Any]


def name(given: Any) -> Name:
    """A text, of which the last word is the family name, or RPC's parts."""
    if isinstance(given, str):
        first, _, last = given.strip().rpartition(" ")
        return Name(first or last, last if first else "")
    if isinstance(given, dict):
        first, last = (str(given.get(part) or "") for part in ("givenName", "familyName"))
        return Name(first, last, str(given["salutation"]) if given.get("salutation") else None)
    raise Refusal("name must be a text or an object")


def labelled(given: Any, read: Read) -> list[Labelled]:
    """One value, a list, or RPC's map of labels; labels that are mere numbers say nothing."""
    if given in (None, "", [], {}):
        return []
    if isinstance(given, str):
        given = [given]
    if isinstance(given, list):
        return [Labelled(read(one)) for one in given]
    if isinstance(given, dict):
        pairs = [(label, value) for label, value in given.items() if label != PRIMARY]
        return [Labelled(read(value), None if label.isdigit() else label) for label, value in pairs]
    raise Refusal("a list or a map of labels was expected")


def entries(given: Any, read: Read) -> list[Labelled]:
    """REST's list of ``{isPrimary, name, value}``, the primary one first."""
    if not isinstance(given, list) or not all(isinstance(one, dict) and "value" in one for one in given):
        raise Refusal("a list of entries with a value was expected")
    in_order = sorted(given, key=lambda one: not one.get("isPrimary"))
    return [Labelled(read(one["value"]), one.get("name")) for one in in_order]


def email(given: Any) -> str:
    if not isinstance(given, str) or given.count("@") != 1 or given.startswith("@") or given.endswith("@"):
        raise Refusal(f"'{given}' is not a valid email address")
    return given


def text(given: Any) -> str:
    if not isinstance(given, str):
        raise Refusal("a text was expected")
    return given


def phone(given: Any) -> dict[str, Any]:
    """As RPC and REST answer it. What cannot be read as a number stays as it was written."""
    extension = None
    if isinstance(given, dict):
        code, number, extension = (given.get(part) for part in ("countryCode", "number", "extension"))
        given = f"+{code}{number}" if code else str(number or "")
    try:
        parsed = phonenumbers.parse(text(given), None)
    except phonenumbers.NumberParseException:
        return {"countryCode": None, "number": given, "extension": extension, "numberFormatted": given} | {
            "E164": None,
            "countryCodeAndNumber": given,
        }
    return {
        "countryCode": str(parsed.country_code),
        "number": phonenumbers.national_significant_number(parsed),
        "extension": extension or parsed.extension,
        "numberFormatted": phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.NATIONAL),
        "E164": phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164),
        "countryCodeAndNumber": phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.INTERNATIONAL),
    }


def address(given: Any) -> dict[str, Any]:
    if not isinstance(given, dict):
        raise Refusal("an address must be an object")
    return {part: given.get(part) for part in ADDRESS}


def custom(given: Mapping[str, Any], definitions: Mapping[str, Definition], *, texts: bool) -> dict[str, Any]:
    """Values of defined fields, null where one is cleared; ``texts``: REST's are texts alone."""
    return {title: _custom(value, definitions[title], texts=texts) for title, value in given.items()}


def _custom(value: Any, definition: Definition, *, texts: bool) -> Any:
    title = definition.title
    if value is None or value == "":
        return None
    if definition.type == "Currency" and not texts:
        return _money(title, value)
    if definition.type == "Decision" and definition.is_multiple:
        several = value if isinstance(value, list) else [value]
        return [_choice(title, one, definition.choices) for one in several]
    if not isinstance(value, str):
        raise Refusal(f"{title}: a text was expected")
    if definition.type == "Currency":
        return _money(title, {"currency": "USD", "amount": value})
    if definition.type == "Date":
        return _date(title, value)
    return _choice(title, value, definition.choices) if definition.type == "Decision" else value


def _money(title: str, value: Any) -> dict[str, Any]:
    try:
        amount = f"{float(value['amount']):.2f}"
    except (KeyError, TypeError, ValueError):
        raise Refusal(f"{title}: an amount and its currency were expected") from None
    return {"currency": value.get("currency", "USD"), "amount": amount}


def _date(title: str, value: str) -> str:
    try:
        return datetime.fromisoformat(value).date().isoformat()
    except ValueError:
        raise Refusal(f"{title}: '{value}' is not a date") from None


def _choice(title: str, value: Any, choices: Iterable[str]) -> str:
    if value not in choices:
        raise Refusal(f"{title}: '{value}' is not one of its choices")
    return str(value)


def moment(given: Any) -> int | None:
    """RPC's RFC 3339 text, as Unix seconds."""
    if given is None:
        return None
    try:
        parsed = datetime.fromisoformat(given)
    except (TypeError, ValueError):
        raise Refusal(f"'{given}' is not a time") from None
    return int((parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)).timestamp())


def seconds(given: Any) -> int | None:
    """REST's Unix seconds."""
    if given is not None and (isinstance(given, bool) or not isinstance(given, int)):
        raise Refusal(f"'{given}' is not a time in Unix seconds")
    return given


def rfc3339(at: int | None) -> str | None:
    """As RPC writes a time: without a colon in the offset (rpc-contacts, captured)."""
    return None if at is None else datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%S+0000")
