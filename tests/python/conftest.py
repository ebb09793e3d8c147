"""Fixtures that many rooms share: a small project of one's own, and a DuckDB in memory."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from unittest.mock import patch

import duckdb
import pytest
from clinics import copy_project
from jinja2 import FileSystemBytecodeCache
from moved import Moved, move
from support import PROJECT, MakeProject, write_files

from shift import templating
from shift.database import open_database
from shift.project import Project, open_project

_COMPILED_BEFORE = templating._compiled_before


@pytest.fixture(scope="session", autouse=True)
def _compiled_once(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Templates are compiled once, not once for each project's folder, which costs two seconds."""
    cache = FileSystemBytecodeCache(str(tmp_path_factory.mktemp("templates")))
    with patch.object(templating, "_compiled_before", lambda _: cache):
        yield


@pytest.fixture
def compiled_in_the_project(monkeypatch: pytest.MonkeyPatch) -> None:
    """Compiled templates are kept where a person's are."""
    monkeypatch.setattr(templating, "_compiled_before", _COMPILED_BEFORE)


@pytest.fixture
def make_project(tmp_path: Path) -> MakeProject:
    """A function that writes files to a new folder and opens it as a project; project.yml may be left out."""

    def make(files: Mapping[str, str], **options: Any) -> Project:
        write_files(tmp_path, {"project.yml": PROJECT, **files})
        return open_project(tmp_path, **options)

    return make


@pytest.fixture
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    """DuckDB in memory, as every command opens it."""
    opened = open_database(None)
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project's own SQL and YAML, whose graph is read once a worker. Tests change nothing in it."""
    return copy_project(tmp_path_factory.mktemp("project"))


@pytest.fixture(scope="session")
def moved_whole(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Moved]:
    """A synthetic clinic of 80 patients, moved with all that it has. Tests look, and change nothing in the CRM."""
    insurance = {"provider": "Health Fund", "member_id": "Member Number", "policy": "Member Number"}
    folder = tmp_path_factory.mktemp("whole") / "clinic"
    with move(folder, 80, custom_fields="all", insurance=insurance) as clinic:
        yield clinic
