"""What tests of many rooms share: small projects written from texts, and commands run as a person would."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from collections.abc import Callable, Mapping
from contextlib import chdir, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from unittest.mock import patch

from shift import cli, invocation
from shift.project import Project

MakeProject = Callable[..., Project]

PROGRAM = str(Path(cli.__file__).with_name("__main__.py"))

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
    """Run a command as a person would, with ``folder`` as the project: in this process, which spares its start."""
    out, err = StringIO(), StringIO()
    invocation.carry()  # nothing of an earlier command
    with (
        chdir(folder),
        patch.dict(os.environ, environment),
        patch.object(sys, "argv", [PROGRAM, *words]),
        patch.object(sys, "stdin", StringIO()),
        redirect_stdout(out),
        redirect_stderr(err),
    ):
        try:
            cli.main()
            code = 0
        except SystemExit as leave:
            assert isinstance(leave.code, int)
            code = leave.code
    return Answer(code, out.getvalue(), err.getvalue())


def shift_process(folder: Path, *words: str, **environment: str) -> Answer:
    """As ``shift``, in a process of its own, as it really is."""
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
