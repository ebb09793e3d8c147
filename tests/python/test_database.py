"""DuckDB is opened in one way: in UTC, for its owner alone, and with a plain word about who else holds the file."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from shift.database import literal, open_database, quoted
from shift.errors import ConfigurationError, ShiftError


def test_the_machines_zone_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Australia/Sydney")
    with open_database(None) as connection:
        assert connection.execute("select current_setting('TimeZone')").fetchone() == ("UTC",)


@pytest.mark.skipif(os.name == "nt", reason="Windows keeps rights elsewhere")
def test_the_file_is_its_owners(tmp_path: Path) -> None:
    path = tmp_path / "target" / "shift.duckdb"
    open_database(path).close()
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700


def test_a_setting_that_duckdb_does_not_know_is_named() -> None:
    with pytest.raises(ConfigurationError, match="DuckDB does not take 'memory_limt: 1GB'"):
        open_database(None, settings={"memory_limt": "1GB"})


def test_a_program_that_holds_the_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "shift.duckdb"
    script = f"import duckdb; c = duckdb.connect({str(path)!r}); print('open', flush=True); input()"
    with subprocess.Popen([sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout is not None and other.stdout.readline()
        with pytest.raises(ShiftError) as caught:
            open_database(path)
        other.communicate(b"\n")
    assert f"(process {other.pid})" in str(caught.value)
    assert "Close it" in str(caught.value)


def test_names_and_texts_are_quoted() -> None:
    with open_database(None) as connection:
        name, text = 'a "b"', "it's"
        assert connection.execute(f"select {literal(text)} as {quoted(name)}").fetchall() == [(text,)]
        assert connection.execute(f"select {literal(text)} as {quoted(name)}").description[0][0] == name
