"""A synthetic clinic moved whole into a twin of the CRM, and the CRM's API as whoever reads it sees it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
import httpx
from support import Answer, shift, write_files

from shift.sandbox.clinic import make
from shift.sandbox.twenty import start
from shift.starter import new_project

KEY = "key-of-the-tests"
PROJECT = """
name: synthetic_clinic
to: twenty
vars:
  source_account: synthetic
  clinical_notes: include
  fallback_owner: front.desk@clinic.example
destinations:
  twenty:
    loader: twenty
    url: "{{ env_var('TWENTY_URL') }}"
    api_key: "{{ env_var('TWENTY_API_KEY') }}"
    requests_per_minute: 60000
"""

# What a person would look at first: a sample, and who may read what goes.
ACCEPTED = ("--accept", "unconfirmed_mapping", "--accept", "who_reads_clinical_notes")

Rows = list[dict[str, Any]]


@dataclass(frozen=True)
class Moved:
    """A clinic that was moved: its truth, and the records of its CRM."""

    truth: duckdb.DuckDBPyConnection
    url: str
    folder: Path
    settings: str

    def shift(self, *words: str) -> Answer:
        """A command, as a person would run it."""
        return shift(self.folder, *words, "--vars", self.settings, TWENTY_URL=self.url, TWENTY_API_KEY=KEY)

    def told(self, query: str) -> Rows:
        """Rows of the truth."""
        cursor = self.truth.execute(query)
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    def records(self, plural: str) -> Rows:
        """Every record of an object."""
        return records(self.url, plural)

    def send(self, method: str, path: str, body: dict[str, Any] | None = None) -> None:
        """A call to the CRM that must go well."""
        headers = {"Authorization": f"Bearer {KEY}"}
        httpx.request(method, self.url + path, json=body, headers=headers, trust_env=False).raise_for_status()

    def ours(self, plural: str) -> dict[str, dict[str, Any]]:
        """The records that came from the clinic, by their id there."""
        return {one["sourceSystemId"]: one for one in self.records(plural) if one.get("sourceSystemId")}


@contextmanager
def move(folder: Path, patients: int, **settings: Any) -> Iterator[Moved]:
    """A clinic of so many patients, moved under these settings, and its CRM for as long as it is looked at."""
    new_project(folder)
    write_files(folder, {"project.yml": PROJECT})
    truth = make(folder / "exports", patients, seed=3)
    database = truth.database.rename(folder / "truth.duckdb")
    with duckdb.connect(database, read_only=True) as connection:
        rows = connection.execute("select email from practitioners where email is not null").fetchall()
        members = [email for (email,) in rows] + ["front.desk@clinic.example"]
        with start(api_key=KEY, members=members, automations=False) as url:
            clinic = Moved(connection, url, folder, json.dumps(settings))
            for step in (["build"], ["load", "--yes", *ACCEPTED], ["diff"]):
                answer = clinic.shift(*step)
                assert answer.code == 0, answer.out + answer.err
            yield clinic


def records(url: str, plural: str) -> Rows:
    """Every record of an object in the twin at an address, by the API, page by page."""
    found: Rows = []
    after = ""
    with httpx.Client(base_url=url, headers={"Authorization": f"Bearer {KEY}"}, trust_env=False) as client:
        while True:
            page = client.get(f"/rest/{plural}?limit=200{after}").raise_for_status().json()
            found += page["data"][plural]
            if not page["pageInfo"]["hasNextPage"]:
                return found
            after = f"&starting_after={page['pageInfo']['endCursor']}"


def cents(money: dict[str, Any]) -> Decimal:
    """An amount as the CRM answers it, in the clinic's currency."""
    assert money["currencyCode"] == "AUD"
    return Decimal(money["amountMicros"]) / 1_000_000


@cache
def label(moved: Moved, object: str, name: str, value: str) -> str:
    """The label of a choice of a select field."""
    [found] = [option["label"] for option in field(moved, object, name)["options"] if option["value"] == value]
    return str(found)


def field(moved: Moved, object: str, name: str) -> dict[str, Any]:
    """A field's definition, by the metadata API."""
    [found] = [one for one in data_model(moved) if one["nameSingular"] == object]
    [wanted] = [one for one in found["fields"] if one["name"] == name]
    return dict(wanted)


def data_model(moved: Moved) -> Rows:
    """Every object with its fields, by the metadata API."""
    answer = httpx.get(
        f"{moved.url}/rest/metadata/objects?limit=200", headers={"Authorization": f"Bearer {KEY}"}, trust_env=False
    ).json()
    return list(answer["data"])
