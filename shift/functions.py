"""SQL functions that DuckDB lacks, over well-kept libraries: phones, e-mails, HTML to Markdown.

They are slow beside SQL (a phone number takes some 80 µs, a page of HTML a millisecond), so models call them on
distinct values, and are tables: a view over one of them would fail wherever the file is opened without it.

    phone_e164(text, country) -> VARCHAR       '+61412345678', or null where it is no valid number
    phone_parts(text, country) -> STRUCT(number, country_code, calling_code)
                                               '412345678', 'AU', '+61', or null
    email_normal(text) -> VARCHAR              lower case, Unicode-normalised, or null where it is no address
    html_to_markdown(text) -> VARCHAR          Markdown, blocks apart by a blank line
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import duckdb
    from phonenumbers import PhoneNumber

_BLANK_LINES = re.compile(r"\n{3,}")
_MARKUP = re.compile(r"[<&]")


def register(connection: duckdb.DuckDBPyConnection, statements: Iterable[str] | None = None) -> None:
    """Make the functions known to a connection; with ``statements``, only those that the SQL names.

    Functions that the connection knows already are left as they are.
    """
    from duckdb.func import FunctionNullHandling

    known = {name for (name,) in connection.execute("select function_name from duckdb_functions()").fetchall()}
    text = None if statements is None else "\n".join(statements)
    parts = "STRUCT(number VARCHAR, country_code VARCHAR, calling_code VARCHAR)"
    functions: tuple[tuple[Callable[..., str | dict[Any, Any] | None], int, str], ...] = (
        (phone_e164, 2, "VARCHAR"),
        (phone_parts, 2, parts),
        (email_normal, 1, "VARCHAR"),
        (html_to_markdown, 1, "VARCHAR"),
    )
    for function, texts, returned in functions:
        name = function.__name__
        if name in known or (text is not None and name not in text):
            continue
        connection.create_function(
            name,
            function,
            ["VARCHAR"] * texts,
            returned,
            # Without this DuckDB takes a null that a function returns for an error.
            null_handling=FunctionNullHandling.SPECIAL,
        )


def phone_e164(text: str | None, country: str | None) -> str | None:
    """A phone number as E.164; ``country`` (two letters) is for numbers without their country."""
    import phonenumbers

    number = _phone(text, country)
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164) if number else None


def phone_parts(text: str | None, country: str | None) -> dict[str, str] | None:
    """A phone number as CRMs store it apart: national significant number, country, calling code."""
    import phonenumbers

    number = _phone(text, country)
    if number is None:
        return None
    region = phonenumbers.region_code_for_number(number)
    if region is None or region == phonenumbers.REGION_CODE_FOR_NON_GEO_ENTITY:
        return None
    return {
        "number": phonenumbers.national_significant_number(number),
        "country_code": region,
        "calling_code": f"+{number.country_code}",
    }


def email_normal(text: str | None) -> str | None:
    """An e-mail address in the one form by which two are compared. No look-up in the DNS."""
    from email_validator import EmailNotValidError, validate_email

    if text is None:
        return None
    try:
        # The address may be one of a test domain: whether it exists is not asked here.
        found = validate_email(text.strip(), check_deliverability=False, test_environment=True)
    except EmailNotValidError:
        return None
    return unicodedata.normalize("NFC", f"{found.local_part}@{found.ascii_domain}").lower()


def html_to_markdown(text: str | None) -> str | None:
    """HTML, or text with entities, as Markdown. Text without either comes back as it is."""
    if text is None or not _MARKUP.search(text):
        return text
    from markdownify import markdownify

    converted: str = markdownify(
        text, heading_style="ATX", bullets="-", escape_asterisks=False, escape_underscores=False
    )
    lines = "\n".join(line.rstrip() for line in converted.replace("\xa0", " ").splitlines())
    return _BLANK_LINES.sub("\n\n", lines).strip()


def _phone(text: str | None, country: str | None) -> PhoneNumber | None:
    import phonenumbers

    if text is None:
        return None
    try:
        number = phonenumbers.parse(text, country.upper() if country else None)
    except phonenumbers.NumberParseException:
        return None
    return number if phonenumbers.is_valid_number(number) else None
