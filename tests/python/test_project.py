"""A project folder becomes typed values, or an error that says which file, which line and which word."""

from __future__ import annotations

from pathlib import Path

import pytest
from support import MakeProject

from shift.errors import ConfigurationError
from shift.project import open_project

VARS = """
vars:
  - name: country
    default: AU
  - name: drafts
    choices: [exclude, include]
    default: exclude
  - name: limit
    type: number
  - name: source_account
    required: true
    description: Set it once.
"""
PLACES = """
vars:
  - {name: source_account, required: true, description: Set it once.}
  - {name: country, type: country}
  - {name: currency, type: currency}
  - {name: timezone, type: timezone}
"""


def project_yml(*lines: str) -> str:
    return "name: c\nvars:\n  source_account: harbour\n" + "".join(f"{line}\n" for line in lines)


def test_a_folder_without_a_project_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="there is no project.yml here") as caught:
        open_project(tmp_path / "nowhere")
    assert "--project-dir" in str(caught.value)


def test_vars_come_from_the_command_line_then_the_project_then_the_default(make_project: MakeProject) -> None:
    files = {"project.yml": project_yml("  drafts: include"), "models/vars.yml": VARS}
    variables = make_project(files, variables={"country": "NZ"}).variables
    assert variables == {"country": "NZ", "drafts": "include", "limit": None, "source_account": "harbour"}


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("  contry: AU", "project.yml:4: the var 'contry' is declared nowhere\nDid you mean 'country'?"),
        ("  drafts: some", "project.yml:4: the var 'drafts' cannot be 'some'\nKnown: exclude, include."),
        ("  limit: many", "project.yml:4: the var 'limit' wants a number, not 'many'"),
        ("  limit: true", "project.yml:4: the var 'limit' wants a number, not True"),
    ],
)
def test_a_wrong_var_is_named_with_its_line(make_project: MakeProject, line: str, message: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        _ = make_project({"project.yml": project_yml(line), "models/vars.yml": VARS}).variables
    assert str(caught.value) == message


def test_a_required_var_without_a_value_is_an_error(make_project: MakeProject) -> None:
    with pytest.raises(ConfigurationError, match="the var 'source_account' has no value\nSet it once."):
        _ = make_project({"project.yml": "name: c\n", "models/vars.yml": VARS}).variables


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("country", "Australia", "the var 'country' cannot be 'Australia'\nTwo capital letters, as in AU, NZ or GB."),
        ("country", "ZZ", "the var 'country' cannot be 'ZZ'\nTwo capital letters, as in AU, NZ or GB."),
        ("country", "au", "the var 'country' cannot be 'au'\nTwo capital letters, as in AU, NZ or GB."),
        ("country", 61, "the var 'country' wants a country, not 61"),
        ("currency", "dollars", "the var 'currency' cannot be 'dollars'\nThree capital letters, as in AUD."),
        ("timezone", "Melbourne", "the var 'timezone' cannot be 'Melbourne'\nDid you mean 'Australia/Melbourne'?"),
        ("timezone", "sydney", "the var 'timezone' cannot be 'sydney'\nDid you mean 'Australia/Sydney'?"),
        (
            "timezone",
            "Australia/Melborne",
            "the var 'timezone' cannot be 'Australia/Melborne'\nDid you mean 'Australia/Melbourne'?",
        ),
        ("timezone", "+10", "the var 'timezone' cannot be '+10'\nA continent and a city, as in Australia/Melbourne."),
        ("source_account", " ", "the var 'source_account' has no value\nSet it once."),
    ],
)
def test_a_country_a_currency_a_zone_and_a_required_text_are_looked_at(
    make_project: MakeProject, name: str, value: object, message: str
) -> None:
    files = {"project.yml": project_yml(), "models/vars.yml": PLACES}
    with pytest.raises(ConfigurationError) as caught:
        _ = make_project(files, variables={name: value}).variables
    assert str(caught.value) == f"--vars: {message}"


def test_countries_currencies_and_zones_that_there_are_pass(make_project: MakeProject) -> None:
    given = {"country": "NZ", "currency": "NZD", "timezone": "Pacific/Auckland", "source_account": "a"}
    files = {"project.yml": project_yml(), "models/vars.yml": PLACES}
    assert make_project(files, variables=given).variables == given


def test_a_destination_that_is_not_declared_is_refused(make_project: MakeProject) -> None:
    with pytest.raises(ConfigurationError) as caught:
        make_project({}, to="twentie")
    assert str(caught.value) == "--to: no destination is called 'twentie'\nDid you mean 'twenty'?"


def test_an_api_key_is_read_only_when_it_is_used(make_project: MakeProject, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TWENTY_API_KEY", raising=False)
    assert make_project({}).destination.api_key == "{{ env_var('TWENTY_API_KEY') }}"


def test_the_environment_stands_before_the_file(make_project: MakeProject, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TWENTY_URL", "https://from.environment")
    project = make_project({".env": "TWENTY_URL=https://from.file\nTWENTY_API_KEY=only-here\n"})
    assert project.environment["TWENTY_URL"] == "https://from.environment"
    assert project.environment["TWENTY_API_KEY"] == "only-here"


def test_a_table_that_is_declared_twice_is_named(make_project: MakeProject) -> None:
    source = "sources:\n- name: c\n  schema: raw\n  tables:\n  - name: t\n"
    with pytest.raises(ConfigurationError, match="sources/b.yml:5: the source table 't' is declared twice"):
        _ = make_project({"sources/a.yml": source, "sources/b.yml": source}).sources


def test_a_key_must_be_a_column(make_project: MakeProject) -> None:
    table = "{name: t, key: [patientid], columns: [{name: patient_id}]}"
    source = f"sources:\n- name: c\n  schema: raw\n  tables:\n  - {table}\n"
    with pytest.raises(
        ConfigurationError, match="'patientid' of 't' is none of its columns\nDid you mean 'patient_id'"
    ):
        _ = make_project({"sources/a.yml": source}).sources
