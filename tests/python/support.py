"""What tests of many rooms share: small projects written from texts, and commands run as a person would."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from shift.project import Project

MakeProject = Callable[..., Project]

PROJECT = """
name: small_clinic
to: twenty
destinations:
  twenty:
    loader: twenty
    url: "{{ env_var('TWENTY_URL') }}"
    api_key: "{{ env_var('TWENTY_API_KEY') }}"
"""


def write_files(folder: Path, files: Mapping[str, str]) -> None:
    """Write texts to paths below a folder, their common indent removed."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text).lstrip("\n"), encoding="utf-8")


@dataclass(frozen=True)
class Answer:
    """What a command printed, and how it ended."""

    code: int
    out: str
    err: str


def shift(folder: Path, *words: str, **environment: str) -> Answer:
    """Run a command as a person would, in a process of its own, with ``folder`` as the project."""
    done = subprocess.run(
        [sys.executable, "-m", "shift", *words],
        cwd=folder,
        env={**os.environ, **environment},
        capture_output=True,
        encoding="utf-8",
        timeout=120,
        check=False,
    )
    return Answer(done.returncode, done.stdout, done.stderr)
