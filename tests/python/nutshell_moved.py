"""A synthetic clinic moved whole into a twin of Nutshell, and Nutshell's APIs as whoever reads them sees them."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import httpx
from moved import ACCEPTED, Rows
from support import Answer, shift, write_files

from shift.sandbox.clinic import make
from shift.sandbox.nutshell import start
from shift.starter import new_project

KEY = "key-of-the-tests"
USER = "admin@clinic.example"
FALLBACK = "front.desk@clinic.example"
PROJECT = """
name: synthetic_clinic
to: nutshell
vars:
  source_account: synthetic
  clinical_notes: include
  custom_fields: all
  insurance: {provider: Health Fund, policy: Member Number, group: Shoe Size}
  fallback_owner: front.desk@clinic.example
destinations:
  nutshell:
    loader: nutshell
    url: "{{ env_var('NUTSHELL_URL') }}"
    user: "{{ env_var('NUTSHELL_USER') }}"
    api_key: "{{ env_var('NUTSHELL_API_KEY') }}"
    requests_per_minute: 60000
"""
_PAGE = 100


@dataclass(frozen=True)
class MovedToNutshell:
    """A clinic in Nutshell: its truth, its folder, and the account's two APIs."""

    truth: duckdb.DuckDBPyConnection
    url: str
    folder: Path
    settings: str

    def shift(self, *words: str) -> Answer:
        """A command, as a person would run it."""
        environment = {"NUTSHELL_URL": self.url, "NUTSHELL_USER": USER, "NUTSHELL_API_KEY": KEY}
        return shift(self.folder, *words, "--vars", self.settings, **environment)

    def must(self, *words: str) -> Answer:
        """A command that goes well."""
        answer = self.shift(*words)
        assert answer.code == 0, answer.out + answer.err
        return answer

    def told(self, query: str) -> Rows:
        """Rows of the truth."""
        cursor = self.truth.execute(query)
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    def rpc(self, method: str, **params: Any) -> Any:
        """A call of JSON-RPC that must go well."""
        asked = {"jsonrpc": "2.0", "id": "1", "method": method, "params": params}
        answer = httpx.post(f"{self.url}/api/v1/json", json=asked, auth=(USER, KEY), trust_env=False)
        return answer.raise_for_status().json()["result"]

    def every(self, method: str) -> Rows:
        """All records that a `find` gives, whole, page by page."""
        found: Rows = []
        while len(found) % _PAGE == 0:
            page = self.rpc(method, query={}, limit=_PAGE, page=len(found) // _PAGE + 1, stubResponses=False)
            if not page:
                break
            found += page
        return found

    def rest(self, path: str) -> Any:
        """What REST answers to a GET."""
        answer = httpx.get(f"{self.url}/rest/{path}", auth=(USER, KEY), trust_env=False)
        return answer.raise_for_status().json()

    def handed_over(self, name: str) -> list[dict[str, str]]:
        """The rows of a file of the handover folder."""
        with (self.folder / "handover" / f"{name}.csv").open(newline="", encoding="utf-8") as file:
            return list(csv.DictReader(file))

    def people(self) -> dict[str, dict[str, Any]]:
        """The people that came from the clinic, by their id there."""
        ours = (one for one in self.every("findContacts") if "Cliniko Patient ID" in one["customFields"])
        return {one["customFields"]["Cliniko Patient ID"]: one for one in ours}

    def activities(self) -> Rows:
        return self.every("findActivities")

    def notes(self) -> Rows:
        return list(self.rest("notes?page[limit]=10000")["notes"])


@contextmanager
def begun(
    folder: Path, patients: int, *, behaviour: Mapping[str, str] | None = None, **settings: Any
) -> Iterator[MovedToNutshell]:
    """A clinic of so many patients, built under these settings, and an account that is made ready for it."""
    new_project(folder)
    write_files(folder, {"project.yml": PROJECT})
    truth = make(folder / "exports", patients, seed=3)
    database = truth.database.rename(folder / "truth.duckdb")
    with duckdb.connect(database, read_only=True) as connection:
        emails = connection.execute("select email from practitioners where email is not null").fetchall()
        types = connection.execute("select distinct appointment_type from attendances order by all").fetchall()
        named = [name for (name,) in types if name] + ["Treatment note"]
        members = [email for (email,) in emails] + [FALLBACK]
        with start(api_key=KEY, user=USER, members=members, activity_types=named, behaviour=behaviour) as url:
            clinic = MovedToNutshell(connection, url, folder, json.dumps(settings))
            clinic.must("build")
            yield clinic


@contextmanager
def move(folder: Path, patients: int, **settings: Any) -> Iterator[MovedToNutshell]:
    """A clinic that was moved under these settings, and its account for as long as it is looked at."""
    with begun(folder, patients, **settings) as clinic:
        clinic.must("load", "--yes", *ACCEPTED)
        clinic.must("diff")
        yield clinic
