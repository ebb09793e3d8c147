"""Fixtures that many rooms share: a small project of one's own, and a DuckDB in memory."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import duckdb
import pytest
from support import PROJECT, MakeProject, write_files

from shift.database import open_database
from shift.project import Project, open_project


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
