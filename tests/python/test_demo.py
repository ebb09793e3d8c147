"""`demo`: the whole path, as a person sees it at 80 columns, and nothing left behind."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import pytest
from support import shift, shift_process


def demo(*words: str, folder: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "COLUMNS": "80", "TMPDIR": str(folder), "TWENTY_URL": "http://crm.example.com"}
    command = [sys.executable, "-m", "shift", "demo", "--patients", "30", *words]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=120)


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> tuple[subprocess.CompletedProcess[str], Path]:
    folder = tmp_path_factory.mktemp("demo")
    return demo(folder=folder), folder


def test_every_step_is_done_and_all_that_was_sent_reads_back(
    shown: tuple[subprocess.CompletedProcess[str], Path],
) -> None:
    done, _ = shown
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.findall(r"^── (\w+)", done.stdout, flags=re.MULTILINE) == ["build", "load", "diff", "load", "diff"]
    read_back = done.stdout.rpartition("── diff")[2]
    people = re.search(r"^\s*person\s+(\d+)\s+(\d+)\s+(\d+)\s+(\d+)", read_back, flags=re.MULTILINE)
    assert people is not None and people.groups() == ("30", "30", "0", "0")


def test_it_fits_80_columns(shown: tuple[subprocess.CompletedProcess[str], Path]) -> None:
    done, folder = shown
    text = done.stdout.replace(sys.executable, "python")
    text = re.sub(rf"{re.escape(str(folder))}/shift-demo-\w+", "", text)  # these may be longer than a line
    assert [line for line in text.splitlines() if len(line) > 80] == []


def test_it_leaves_nothing_behind(shown: tuple[subprocess.CompletedProcess[str], Path]) -> None:
    done, folder = shown
    assert list(folder.iterdir()) == []
    address = re.search(r"http://127\.0\.0\.1:\d+", done.stdout)
    assert address is not None
    with pytest.raises(URLError):
        urlopen(address[0], timeout=1)


def test_a_folder_that_is_named_is_kept_and_can_be_looked_into(tmp_path: Path) -> None:
    done = shift(tmp_path, "demo", "--dir", "clinic", "--patients", "5")
    assert done.code == 0, done.out + done.err
    assert {"project.yml", "state", "target"} <= {path.name for path in (tmp_path / "clinic").iterdir()}
    again = shift_process(tmp_path, "status", "--project-dir", "clinic")
    assert again.code == 0, again.err


def test_it_shows_the_other_crm_too(tmp_path: Path) -> None:
    done = shift(tmp_path, "demo", "--to", "nutshell", "--patients", "10")
    assert done.code == 0, done.out + done.err
    read_back = done.out.rpartition("── diff")[2]
    people = re.search(r"^\s*person\s+(\d+)\s+(\d+)\s+(\d+)\s+(\d+)", read_back, flags=re.MULTILINE)
    assert people is not None and people.groups() == ("10", "10", "0", "0")
    assert "--to nutshell" in done.out.splitlines()[-1]


def test_a_folder_with_something_in_it_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").touch()
    done = demo("--dir", ".", folder=tmp_path)
    assert (done.returncode, done.stderr.splitlines()[0]) == (2, "Error: .: it is not empty")
