"""A small project of people and their visits, and the twin of Twenty that it goes to, for tests of whole commands."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import moved
from support import Answer, shift, write_files

KEY = "key-of-the-tests"
PROJECT = """
name: small_clinic
to: twenty
destinations:
  twenty:
    loader: twenty
    url: "{{ env_var('TWENTY_URL') }}"
    api_key: "{{ env_var('TWENTY_API_KEY') }}"
    requests_per_minute: 100000
    batch_size: 4
"""
FILES = {
    "project.yml": PROJECT,
    "sources/cliniko.yml": """
        sources:
          - name: cliniko
            schema: raw
            tables:
              - name: patients
                files: ["patients*.csv"]
                required: true
                columns: [{name: id, type: id, required: true}, {name: last_name}, {name: email}]
    """,
    "sources/twenty.yml": """
        sources:
          - name: twenty
            schema: destination
            tables:
              - name: members
                columns: [{name: id}, {name: email}]
              - {name: objects, columns: [{name: name}]}
              - name: fields
                columns: [{name: object}, {name: name}, {name: type}, {name: options}, {name: relation_target}]
    """,
    "models/twenty/twenty__person.sql": """
        select
            ('11111111-1111-5111-8111-' || lpad(id, 12, '0')) as id,
            id as "sourceSystemId",
            {'lastName': last_name} as name,
            {'primaryEmail': email} as emails,
        from {{ source('cliniko', 'patients') }}
    """,
    "models/twenty/twenty__task.sql": """
        select
            ('22222222-2222-5222-8222-' || lpad(id, 12, '0')) as id,
            id as "sourceSystemId",
            'Visit of ' || last_name as title,
            ('11111111-1111-5111-8111-' || lpad(id, 12, '0')) as _person,
        from {{ source('cliniko', 'patients') }}
    """,
    "models/twenty/twenty.yml": """
        models:
          - name: twenty__person
            config: {load: {object: person, key: sourceSystemId}}
            columns:
              - name: id
                data_tests: [not_null, unique]
              - name: sourceSystemId
                field: {type: TEXT, label: Source System ID, unique: true}
          - name: twenty__task
            config: {load: {object: task, key: sourceSystemId}}
            columns:
              - name: sourceSystemId
                field: {type: TEXT, label: Source System ID, unique: true}
              - name: _person
                data_tests:
                  - relationships: {to: ref('twenty__person'), field: id}
    """,
    "exports/patients.csv": "id,last_name,email\n" + "".join(f"{n},Ng {n},p{n}@clinic.example\n" for n in range(1, 11)),
}


class Clinic:
    """A project folder, and the twin that it goes to."""

    def __init__(self, folder: Path, url: str) -> None:
        self.folder = folder
        self.url = url

    def shift(self, *words: str, **environment: str) -> Answer:
        return shift(self.folder, *words, **{"TWENTY_URL": self.url, "TWENTY_API_KEY": KEY, **environment})

    def built(self, **files: str) -> Clinic:
        write_files(self.folder, FILES | files)
        answer = self.shift("build")
        assert answer.code == 0, answer.out + answer.err
        return self

    def send(self, method: str, path: str, **body: Any) -> Any:
        """What a call of somebody else's to the CRM answers, which must go well."""
        headers = {"Authorization": f"Bearer {KEY}"}
        answer = httpx.request(method, self.url + path, json=body or None, headers=headers, trust_env=False)
        return answer.raise_for_status().json()

    def people(self) -> list[dict[str, Any]]:
        """The people in the twin that carry a source system id."""
        return self.records("people")

    def records(self, plural: str) -> list[dict[str, Any]]:
        return [record for record in self.every(plural) if record.get("sourceSystemId")]

    def every(self, plural: str) -> list[dict[str, Any]]:
        """Whoever's records they are."""
        return moved.records(self.url, plural)
