"""Phone numbers as the server reads and stores them (contracts/twenty/rest-errors, the cases named "phone").

Stored are the national significant number, the country ("AU") and the calling code ("+61"). A number that is too short
or impossible passes as long as its country is known; text after it is lost.
"""

from __future__ import annotations

from dataclasses import dataclass

import phonenumbers

from shift.sandbox.twenty.errors import Refusal


@dataclass(frozen=True, slots=True)
class Phone:
    number: str
    country_code: str
    calling_code: str


def parse(number: str, country_code: str, calling_code: str) -> Phone:
    """Raises Refusal for a number that cannot be read, or parts that contradict each other."""
    if country_code and country_code not in phonenumbers.SUPPORTED_REGIONS:
        raise _refusal(f"Invalid country code {country_code}", "INVALID_PHONE_COUNTRY_CODE")
    if not number:
        return Phone("", country_code, calling_code)
    digits = calling_code.removeprefix("+")
    if calling_code and not digits.isdigit():
        raise _refusal(f"Invalid calling code {calling_code}", "INVALID_PHONE_CALLING_CODE")
    try:
        parsed = phonenumbers.parse(number, country_code or _main_country(digits))
    except phonenumbers.NumberParseException:
        raise _refusal(f"Provided phone number is invalid {number}", "INVALID_PHONE_NUMBER") from None
    found = phonenumbers.region_code_for_number(parsed)
    if country_code and found and found != country_code and number.startswith("+"):
        raise _refusal("Provided and inferred country code are conflicting", "CONFLICTING_PHONE_COUNTRY_CODE")
    if digits and int(digits) != parsed.country_code:
        raise _refusal("Provided and inferred calling code are conflicting", "CONFLICTING_PHONE_CALLING_CODE")
    return Phone(
        phonenumbers.national_significant_number(parsed),
        country_code or found or "",
        calling_code or f"+{parsed.country_code}",
    )


def _main_country(digits: str) -> str | None:
    region = phonenumbers.region_code_for_country_code(int(digits)) if digits else "ZZ"
    return None if region in ("ZZ", "001") else region


def _refusal(message: str, code: str) -> Refusal:
    return Refusal(message, error="Error", code=code)
