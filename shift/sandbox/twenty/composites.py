"""What composite fields take, and what is stored of them (contracts/twenty/standard-objects, emptying, nulls).

Some merge what is sent into what is stored, some replace parts that were not sent: names, addresses and money keep
every part that is left out; e-mails lose the primary one when only further ones are sent; phones lose the further ones;
links are replaced whole. A composite of None or {} changes nothing; one whose parts are all null is emptied.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from shift.sandbox.twenty import phones, rich_text
from shift.sandbox.twenty.errors import Refusal, bad_value, inspect
from shift.sandbox.twenty.schema import SUBFIELDS, Field, empty_composite
from shift.sandbox.twenty.values import as_double, choice, text

SOURCES = ["EMAIL", "CALENDAR", "WORKFLOW", "AGENT", "API", "IMPORT", "MANUAL", "SYSTEM", "WEBHOOK", "APPLICATION"]

# Looser than one would think: all that was seen to pass has one @, no blank and no quote.
_EMAIL = re.compile(r"""[^\s@"]{1,64}@[^\s@]{1,255}""")
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*://", re.IGNORECASE)
_HOST = re.compile(r"[^\s/?#@]+\.[^\s/?#@.]{2,}(:\d+)?")

Stored = dict[str, Any]


def read_composite(field: Field, value: Any, before: Stored | None) -> Stored | None:
    """The composite as it is stored once ``value`` was written over ``before``; None where nothing is left."""
    if value is None and field.type == "RICH_TEXT":
        raise Refusal("Cannot read properties of null (reading 'blocknote')", error="TypeError")
    if value is None:
        return before
    if not isinstance(value, (dict, list)):
        raise bad_value(f'Invalid object value {inspect(value)} for field "{field.name}"')
    parts = value if isinstance(value, dict) else {str(index): item for index, item in enumerate(value)}
    for name in parts:
        if name not in SUBFIELDS[field.type]:
            kind = field.type.replace("_", " ").lower()
            raise bad_value(f'Invalid subfield {name} for {kind} field "{field.name}"')
    if not parts:
        return before
    empty = empty_composite(field.type)
    stored = _READERS[field.type](field.name, parts, before or empty)
    return None if stored == empty else stored


def _texts(path: str, parts: dict[str, Any]) -> Stored:
    return {name: text(value, f"{path}.{name}") or "" for name, value in parts.items()}


def _full_name(path: str, parts: dict[str, Any], before: Stored) -> Stored:
    return before | _texts(path, parts)


def _address(path: str, parts: dict[str, Any], before: Stored) -> Stored:
    coordinates = {name: parts[name] for name in ("addressLat", "addressLng") if name in parts}
    numbers = {name: _coerced(value, f"{path}.{name}") for name, value in coordinates.items()}
    return before | _texts(path, {name: value for name, value in parts.items() if name not in coordinates}) | numbers


def _currency(path: str, parts: dict[str, Any], before: Stored) -> Stored:
    sent: Stored = {}
    if "amountMicros" in parts:
        amount = _coerced(parts["amountMicros"], f"{path}.amountMicros")
        sent["amountMicros"] = None if amount is None else as_double(math.trunc(amount))
    if "currencyCode" in parts:
        sent["currencyCode"] = text(parts["currencyCode"], f"{path}.currencyCode")
    return before | sent


def _coerced(value: Any, path: str) -> int | float | None:
    """A number, or a text that JavaScript would take for one."""
    if value is None or (isinstance(value, (int, float)) and not isinstance(value, bool)):
        return value
    try:
        found = float(value)
    except (TypeError, ValueError):
        raise bad_value(f'Invalid number value NaN for field "{path}"') from None
    return int(found) if found.is_integer() else found


def _emails(path: str, parts: dict[str, Any], before: Stored) -> Stored:
    sent: Stored = {"primaryEmail": _email(parts.get("primaryEmail"), f"{path}.primaryEmail")}
    if "additionalEmails" in parts:
        further = _list(parts["additionalEmails"], f"{path}.additionalEmails")
        sent["additionalEmails"] = [_email(value, f"{path}.additionalEmails") for value in further]
    return before | sent


def _email(value: Any, path: str) -> str:
    if value is None or value == "":
        return ""
    if not isinstance(value, str) or not _EMAIL.fullmatch(value):
        raise bad_value(f'Invalid string value {inspect(value)} for email field "{path}"')
    return value.lower()


def _phones(path: str, parts: dict[str, Any], before: Stored) -> Stored:
    further = _list(parts.get("additionalPhones"), f"{path}.additionalPhones")
    sent: Stored = {"additionalPhones": [_further_phone(phone, path) for phone in further]}
    if any(name in parts for name in SUBFIELDS["PHONES"][:3]):
        number, country, calling = (_texts(path, {key: parts.get(key)})[key] for key in SUBFIELDS["PHONES"][:3])
        phone = phones.parse(number, country, calling)
        sent["primaryPhoneNumber"] = phone.number
        sent["primaryPhoneCountryCode"] = phone.country_code
        sent["primaryPhoneCallingCode"] = phone.calling_code
    return before | sent


def _further_phone(value: Any, path: str) -> Stored:
    # A plain text is lost without a word (contracts/twenty/rest-errors, "additional phones: string list").
    if not isinstance(value, dict) or not value:
        return {}
    parts = {
        key: text(value.get(key), f"{path}.additionalPhones") or "" for key in ("number", "countryCode", "callingCode")
    }
    phone = phones.parse(parts["number"], parts["countryCode"], parts["callingCode"])
    return {"number": phone.number, "callingCode": phone.calling_code, "countryCode": phone.country_code}


def _links(path: str, parts: dict[str, Any], before: Stored) -> Stored:
    url = _url(parts.get("primaryLinkUrl"), f"{path}.primaryLinkUrl")
    label = text(parts.get("primaryLinkLabel"), f"{path}.primaryLinkLabel") or ""
    further = [link for link in _list(parts.get("secondaryLinks"), f"{path}.secondaryLinks") if isinstance(link, dict)]
    secondary = [{"url": _url(link.get("url"), path), "label": text(link.get("label"), path) or ""} for link in further]
    return {
        "primaryLinkLabel": label if url else "",
        "primaryLinkUrl": url,
        "secondaryLinks": [link for link in secondary if link["url"]],
    }


def _url(value: Any, path: str) -> str:
    """A link as it is stored: host in lower case, no slash at its end."""
    given = text(value, path)
    if given is None:
        return ""
    scheme = _SCHEME.match(given)
    host, rest = _split(given if scheme else f"//{given}")
    if not _HOST.fullmatch(host):
        raise Refusal("The URL of the link is not valid", error="Error", code="INVALID_URL")
    return f"{scheme[0].lower() if scheme else ''}{host.lower()}{rest}".removesuffix("/")


def _split(url: str) -> tuple[str, str]:
    try:
        parts = urlsplit(url)
    except ValueError:
        return "", ""
    return parts.netloc, url.split("//", 1)[1][len(parts.netloc) :]


def _rich_text(path: str, parts: dict[str, Any], before: Stored) -> Stored:
    blocknote = text(parts.get("blocknote"), f"{path}.blocknote")
    markdown = text(parts.get("markdown"), f"{path}.markdown")
    if blocknote is not None:
        rendered = rich_text.to_markdown(blocknote)
        if rendered is None:
            raise bad_value(f'Invalid blocknote value for field "{path}.blocknote" - must contain valid JSON')
        return {"blocknote": blocknote, "markdown": rendered if markdown is None else markdown}
    return {"blocknote": rich_text.to_blocknote(markdown) if markdown else None, "markdown": markdown or ""}


def _actor(path: str, parts: dict[str, Any], before: Stored) -> Stored:
    if "source" in parts:
        choice(parts["source"], f"{path}.source", SOURCES)
    return before | parts


def _list(value: Any, path: str) -> list[Any]:
    if value is None:
        return []
    if not isinstance(value, list):
        raise bad_value(f'Invalid object value {inspect(value)} for field "{path}"')
    return value


_READERS: dict[str, Callable[[str, dict[str, Any], Stored], Stored]] = {
    "FULL_NAME": _full_name,
    "ADDRESS": _address,
    "CURRENCY": _currency,
    "EMAILS": _emails,
    "PHONES": _phones,
    "LINKS": _links,
    "RICH_TEXT": _rich_text,
    "ACTOR": _actor,
}
