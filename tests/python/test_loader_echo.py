"""A third loader, put together from loaders/README.md as its reader would: it keeps its side, and it moves a clinic."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from uuid import uuid4

import echo
import loader_conformance as conformance
import pytest
from loader_conformance import Subject
from support import shift, write_files

from shift.destination import Row, Settings
from shift.http import Client, Pacer

PAGE = Path(__file__).parents[2] / "loaders" / "README.md"
KEY = "key-of-the-tests"
PROJECT = """
name: echo_clinic
to: echo
destinations:
  echo:
    loader: echo
    url: "{url}"
    api_key: {key}
    requests_per_minute: 60000
"""


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with echo.start(KEY, ("person", "company")) as address:
        yield address


@pytest.fixture(scope="module")
def loader(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page's Python, in its order, as one file."""
    blocks = re.findall(r"^```python\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    path = tmp_path_factory.mktemp("loaders") / "echo.py"
    path.write_text("\n\n".join(blocks), encoding="utf-8")
    return path


@pytest.fixture
def subject(loader: Path, url: str) -> Subject:
    return Subject(
        connect=imported(loader).connect,
        settings=Settings("echo", url=url, api_key=KEY),
        object="person",
        rows=lambda count: [person(f"Zoë {at}") for at in range(count)],
        refused=lambda: person(None),
        changes={"name": "Another name"},
        tables=frozenset({"people"}),
        troubled=troubled,
    )


@contextmanager
def troubled(trouble: str) -> Iterator[Settings]:
    with echo.start(KEY, ("person",), trouble) as address:
        yield Settings("echo", url=address, api_key=KEY)


def imported(path: Path) -> ModuleType:
    spec = spec_from_file_location("echo_of_the_page", path)
    assert spec is not None and spec.loader is not None
    module = module_from_spec(spec)
    sys.modules[module.__name__] = module
    spec.loader.exec_module(module)
    return module


def person(name: str | None) -> Row:
    id = str(uuid4())
    return Row(key=id, id=id, payload=json.dumps({"id": id, "name": name}, ensure_ascii=False))


class TestConnecting(conformance.Connecting): ...


class TestPulling(conformance.Pulling): ...


class TestWriting(conformance.Writing): ...


class TestUpdating(conformance.Updating): ...


class TestDeleting(conformance.Deleting): ...


class TestTroubled(conformance.Troubled): ...


class TestLoading(conformance.Loading): ...


class TestOwnIds(conformance.OwnIds): ...


def test_a_clinic_moves_through_it(tmp_path: Path, loader: Path, url: str) -> None:
    files = {
        "project.yml": PROJECT.format(url=url, key=KEY),
        "loaders/echo.py": loader.read_text(encoding="utf-8"),
        "sources/cliniko.yml": """
            sources:
              - name: cliniko
                schema: raw
                tables:
                  - name: patients
                    files: ["patients*.csv"]
                    columns: [{name: id, type: id}, {name: last_name}]
        """,
        "models/echo/echo__person.sql": """
            select
                'person-' || id as id,
                last_name as name,
            from {{ source('cliniko', 'patients') }}
        """,
        "models/echo/echo__sample_traits.sql": """
            select
                'person' as object,
                id as key,
                left(name, 1) as trait,
            from {{ ref('echo__person') }}
        """,
        "models/echo/echo.yml": "models: [{name: echo__person, config: {load: {object: person, key: id}}}]",
        "exports/patients.csv": "id,last_name\n1,Ng\n2,Ó Briain\n",
    }
    write_files(tmp_path, files)
    for words in (["build"], ["load", "--sample", "1", "--yes"], ["diff"], ["load", "--yes"], ["diff"]):
        answer = shift(tmp_path, *words)
        assert answer.code == 0, f"{words}: {answer.out}{answer.err}"
    assert names(loader, url) == {"person-1": "Ng", "person-2": "Ó Briain"}
    again = json.loads(shift(tmp_path, "plan", "--output", "json").out)
    assert [(one["object"], one["unchanged"]) for one in again["objects"]] == [("person", 2)]
    answer = shift(tmp_path, "rollback", "--all", "--yes")
    assert answer.code == 0, answer.out + answer.err
    assert names(loader, url) == {}


def names(loader: Path, url: str) -> dict[str, str]:
    """The name of each person whom the clinic's project made, by id."""
    client = Client(url, pacer=Pacer(60_000))
    with closing(imported(loader).connect(Settings("echo", url=url, api_key=KEY), client)) as crm:
        people = {record.id: json.loads(record.body)["name"] for record in crm.every("person")}
    return {id: name for id, name in people.items() if id.startswith("person-")}
