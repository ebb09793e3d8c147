"""Who is in the workspace already: patients and companies that are linked or told apart, and whose address is whose.

One clinic holds all the cases; each has an address, or a name, of its own.
"""

from __future__ import annotations

import pytest
from clinics import Built, build, copy_project, write_exports


def patient(key: str, name: str, email: str, created: str = "2020-01-01") -> dict[str, str]:
    first, last = name.split(" ")
    return {"Patient ID": key, "First Name": first, "Last Name": last, "Email": email, "Created At": created}


def person(id: str, name: str, email: str, deleted: bool = False) -> str:
    """A statement that puts somebody into the workspace."""
    first, last = name.split(" ")
    return (
        "insert into destination.people by name "
        f"select '{id}' as id, {deleted} as deleted, '{email}' as primary_email, "
        f"'{first}' as first_name, '{last}' as last_name"
    )


def company(id: str, name: str, domain: str, deleted: bool = False) -> str:
    return (
        f"insert into destination.companies by name select '{id}' as id, {deleted} as deleted, "
        f"'{name}' as name, '{domain}' as domain"
    )


def payer(key: str, name: str, email: str, city: str = "Kew") -> dict[str, str]:
    return {"ID": key, "Type": "3rd Party Payer", "Company Name": name, "Email": email, "City": city}


def loaded(object: str, key: str, id: str) -> str:
    return f"insert into ledger.records by name select '{object}' as object, '{key}' as key, '{id}' as id"


PATIENTS = [
    patient("1", "ADA Ng", "Ada@Example.com"),
    patient("2", "Ben Ng", "ben@example.com"),
    patient("3", "Cy Ng", "cy@example.com"),
    patient("later", "Di Ng", "di@example.com", "2021-01-01"),
    patient("first", "Di Ng", "di@example.com", "2020-01-01"),
    patient("6", "Ed Ng", "ed@example.com, other@example.com"),
    patient("loaded", "Flo Ng", "flo@example.com"),
    patient("own", "Gil Ng", "gil@example.com"),
    patient("8", "Hal Ng", "hal@example.com"),
    patient("linked", "Ida Ng", "ida@example.com, family@example.com"),
    patient("10", "Joe Ng", "family@example.com", "2022-01-01"),
]
CONTACTS = [
    payer("21", "Bay Fund", "claims@bayfund.example"),
    payer("22", "Cove Fund", "claims@covefund.example"),
    payer("23", "Dune Fund", "claims@dunefund.example"),
    payer("24", "Eyre Fund", "claims@eyrefund.example"),
    payer("25", "Fjord Fund Pty Ltd", "claims@fjordfund.example"),
    payer("26", "Gulf Fund", "gulffund@gmail.com"),
    payer("27", "Hill Fund", ""),
    payer("28", "Isle Fund", "claims@islefund.example"),
    payer("29", "Isle Fund", "claims@elsewhere.example"),
    payer("30", "Knoll Fund", "claims@knollfund.example", "Kew"),
    payer("31", "Knoll Fund", "claims@knollfund.example", "Hawthorn"),
]
THERE = [
    person("ada", "Ada Ng", "ada@example.com"),
    person("another name", "Bea Ng", "ben@example.com"),
    person("deleted", "Cy Ng", "cy@example.com", deleted=True),
    person("di", "Di Ng", "di@example.com"),
    person("other ed", "Ed Ng", "other@example.com"),
    person("ed", "Ed Ng", "ed@example.com"),
    person("flo", "Flo Ng", "flo@example.com"),
    loaded("person", "loaded", "flo of ours"),
    person("hal of ours", "Hal Ng", "hal@example.com"),
    loaded("person", "gone since", "hal of ours"),
    person("ida", "Ida Ng", "ida@example.com"),
    company("bay", "BAY fund", "https://www.bayfund.example/"),
    company("cove", "Cove Fund", "covefund.example"),
    company("another name", "Dune", "dunefund.example"),
    company("deleted", "Eyre Fund", "eyrefund.example", deleted=True),
]


def staged(tmp_path_factory: pytest.TempPathFactory, existing_people: str) -> Built:
    project = copy_project(tmp_path_factory.mktemp("project"))
    files = {"Patients-Cliniko-20260801.csv": PATIENTS, "Contacts-Cliniko-20260801.csv": CONTACTS}
    exports = write_exports(tmp_path_factory.mktemp("exports"), files)
    models = ("+twenty__person", "+twenty__company")
    variables = {"existing_people": existing_people}
    own = build(project, exports, *models, variables=variables).values(
        "select id from twenty.person where _patient_id = 'own'"
    )
    before = [*THERE, person(own[0], "Gil Ng", "gil@example.com")]
    built = build(project, exports, *models, variables=variables, before=before)
    assert built.broken == []
    return built


@pytest.fixture(scope="module")
def link(tmp_path_factory: pytest.TempPathFactory) -> Built:
    return staged(tmp_path_factory, "link")


@pytest.fixture(scope="module")
def separate(tmp_path_factory: pytest.TempPathFactory) -> Built:
    return staged(tmp_path_factory, "separate")


def whom(built: Built, key: str) -> str | None:
    """Whom of the workspace a patient is."""
    [linked] = built.values(f"select _linked_id from twenty.person where _patient_id = '{key}'")
    return None if linked is None else str(linked)


def addresses(built: Built, key: str) -> tuple[str | None, list[str], str | None]:
    """A patient's primary address, their further ones, and the one that another person holds."""
    [row] = built.rows(f"select emails, sharedEmail from twenty.person where _patient_id = '{key}'")
    emails = row["emails"] or {"primaryEmail": None, "additionalEmails": None}
    return emails["primaryEmail"], emails["additionalEmails"] or [], row["sharedEmail"]


def test_who_holds_the_address_and_has_the_name_is_the_same_person(link: Built) -> None:
    assert whom(link, "1") == "ada"
    ids = link.values("select id from twenty.person where _patient_id = '1'")
    assert ids == ["ada"], "what hangs on the patient hangs on that person"


@pytest.mark.parametrize("key", ["2", "3"], ids=["another name", "soft-deleted"])
def test_an_address_that_somebody_else_holds_is_shared(link: Built, key: str) -> None:
    [(primary, further, shared)] = [addresses(link, key)]
    assert (whom(link, key), primary, further) == (None, None, [shared])


def test_nobody_is_linked_unless_it_is_asked_for(separate: Built) -> None:
    assert separate.values("select distinct _linked_id from twenty.person") == [None]
    assert separate.values("select distinct _linked_id from twenty.company") == [None]
    assert addresses(separate, "1") == (None, ["ada@example.com"], "ada@example.com")


def test_one_person_stands_for_one_patient(link: Built) -> None:
    assert (whom(link, "first"), whom(link, "later")) == ("di", None)
    assert addresses(link, "later") == (None, ["di@example.com"], "di@example.com")


def test_of_two_people_the_one_with_the_first_address_is_meant(link: Built) -> None:
    assert whom(link, "6") == "ed"


def test_a_patient_who_was_loaded_stays_that_record(link: Built) -> None:
    assert whom(link, "loaded") is None
    assert addresses(link, "loaded") == (None, ["flo@example.com"], "flo@example.com")


def test_our_own_records_are_never_somebody_who_is_there(link: Built) -> None:
    """Neither a patient's own record, nor that of another who is gone since; it holds its address, though."""
    assert (whom(link, "own"), addresses(link, "own")) == (None, ("gil@example.com", [], None))
    assert (whom(link, "8"), addresses(link, "8")) == (None, (None, ["hal@example.com"], "hal@example.com"))


def test_a_linked_patient_claims_no_address_of_the_others(link: Built, separate: Built) -> None:
    assert whom(link, "linked") == "ida"
    assert addresses(link, "10") == ("family@example.com", [], None)
    assert addresses(separate, "10") == (None, ["family@example.com"], "family@example.com")


COMPANIES = {
    "Bay Fund": ("bay", None),
    "Cove Fund": ("cove", None),
    "Dune Fund": (None, None),
    "Eyre Fund": (None, None),
    "Fjord Fund Pty Ltd": (None, "https://fjordfund.example"),
    "Gulf Fund": (None, None),
    "Hill Fund": (None, None),
    "Isle Fund": (None, None),
    "Knoll Fund": (None, None),
}


@pytest.mark.parametrize("name", COMPANIES)
def test_a_company_is_known_by_its_domain_and_its_name(link: Built, name: str) -> None:
    """A domain is told where it is certain: nobody has it there or here, and the company is called so."""
    rows = link.rows(f"select _linked_id, domainName from twenty.company where name = '{name}'")
    assert {(row["_linked_id"], row["domainName"] and row["domainName"]["primaryLinkUrl"]) for row in rows} == {
        COMPANIES[name]
    }
    assert len(rows) == (2 if name == "Knoll Fund" else 1)
