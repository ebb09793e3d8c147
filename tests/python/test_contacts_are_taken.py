"""Whatever stands in a cell of Cliniko's: what is sent as a phone or an e-mail, the CRM takes, and stores as it is."""

from __future__ import annotations

from hypothesis import example, given
from hypothesis import strategies as st

from shift.functions import email_normal, phone_parts
from shift.sandbox.twenty import phones
from shift.sandbox.twenty.composites import read_composite
from shift.sandbox.twenty.schema import Field

EMAILS = Field(id="f", object_id="o", type="EMAILS", name="emails", label="Emails")
CELLS = st.one_of(
    st.text(),
    st.text("0123456789+-() extEXT#,;/.\u00a0", max_size=24),
    st.from_regex(r"(\+|00)?\d{6,15}( ?(ext|x) ?\d{1,4})?", fullmatch=True),
)
ADDRESSES = st.one_of(
    st.text(),
    st.emails(),
    st.from_regex(r"[\w.+'ßİ-]{1,70}@[\w.-]{1,70}(\.[a-zß]{1,6})?", fullmatch=True),
)


@given(CELLS, st.sampled_from(["AU", "NZ", "GB", "US"]))
@example("0412 345 678", "AU")
@example("1300 555 012", "AU")
@example("+800 1234 5678", "AU")
def test_a_number_that_is_sent_is_stored_as_it_is(text: str, country: str) -> None:
    parts = phone_parts(text, country)
    if parts is not None:
        stored = phones.parse(parts["number"], parts["country_code"], parts["calling_code"])
        assert (stored.number, stored.country_code, stored.calling_code) == tuple(parts.values())


@given(ADDRESSES)
@example(" Home@Example.COM ")
@example("zoë+x@example.com")
@example("İ@example.com")
def test_an_address_that_is_sent_is_stored_as_it_is(text: str) -> None:
    address = email_normal(text)
    if address is not None:
        stored = read_composite(EMAILS, {"primaryEmail": address, "additionalEmails": [address]}, None)
        assert stored == {"primaryEmail": address, "additionalEmails": [address]}
