"""`demo`: the whole path, as a person sees it at 80 columns, and nothing left behind."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import pytest
from support import shift


def demo(*words: str, folder: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "COLUMNS": "80", "TWENTY_URL": "http://crm.example.com"}
    command = [sys.executable, "-m", "shift", "demo", "--patients", "30", *words]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=300)


def people_read_back(printed: str) -> tuple[str, ...]:
    """How many people the last diff looked at, and found equal, differing, missing."""
    last = printed.rpartition("── diff")[2]
    [counts] = re.findall(r"^\s*person\s+(\d+)\s+(\d+)\s+(\d+)\s+(\d+)", last, flags=re.MULTILINE)
    return tuple(counts)


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> tuple[subprocess.CompletedProcess[str], Path]:
    folder = tmp_path_factory.mktemp("demo")
    return demo("--dir", "clinic", folder=folder), folder


def test_every_step_is_done_and_all_that_was_sent_reads_back(
    shown: tuple[subprocess.CompletedProcess[str], Path],
) -> None:
    done, _ = shown
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.findall(r"^── (\w+)", done.stdout, flags=re.MULTILINE) == ["build", "load", "diff", "load", "diff"]
    assert people_read_back(done.stdout) == ("30", "30", "0", "0")


def test_it_fits_80_columns(shown: tuple[subprocess.CompletedProcess[str], Path]) -> None:
    done, folder = shown
    text = done.stdout.replace(sys.executable, "python").replace(str(folder), "")  # these may be longer than a line
    assert [line for line in text.splitlines() if len(line) > 80] == []


def test_no_twin_is_left_running(shown: tuple[subprocess.CompletedProcess[str], Path]) -> None:
    done, _ = shown
    address = re.search(r"http://127\.0\.0\.1:\d+", done.stdout)
    assert address is not None
    with pytest.raises(URLError):
        urlopen(address[0], timeout=1)


def test_it_shows_the_other_crm_too_and_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    done = shift(tmp_path, "demo", "--to", "nutshell", "--patients", "10")
    assert done.code == 0, done.out + done.err
    assert people_read_back(done.out) == ("10", "10", "0", "0")
    assert done.out.splitlines()[-1].endswith("demo --dir demo_clinic --to nutshell")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_named_is_kept_and_can_be_looked_into(
    shown: tuple[subprocess.CompletedProcess[str], Path],
) -> None:
    done, folder = shown
    assert done.stdout.splitlines()[-1] == "The twin has ended; the project is kept in clinic."
    known = json.loads(shift(folder, "status", "--project-dir", "clinic", "--output", "json").out)
    assert [(run["command"], run["status"]) for run in known["runs"]] == [
        ("load --sample 20", "done"),
        ("load", "done"),
    ]


def test_a_folder_with_something_in_it_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").touch()
    done = demo("--dir", ".", folder=tmp_path)
    assert (done.returncode, done.stderr.splitlines()[0]) == (2, "Error: .: it is not empty")
