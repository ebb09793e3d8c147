"""How this program was called, so that every command it names in a message works when it is pasted.

`shift` alone is a builtin of bash, zsh and dash: bash complains, and zsh does nothing and exits 0. So no message ever
names a bare `shift`.
"""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path, PurePath

PROGRAM = "shift-etl"
_STARTED_IN = Path.cwd()
_carried: list[str] = []


def program(*words: str) -> str:
    """``program("init", "DIR")``: the words to type, given how this process was started."""
    return " ".join([_called_as(sys.argv[0], os.environ), *words])


def command(*words: str) -> str:
    """As ``program``, for a command on the project that this process works on: with the options that lead to it."""
    return " ".join([program(*words), *_carried])


def carry(**options: object) -> None:
    """Have every ``command`` name these options: those that were given here, and would be wanted there too."""
    _carried[:] = [
        word
        for name, value in options.items()
        if value
        for word in (f"--{name.replace('_', '-')}", shlex.quote(str(value)))
    ]


def _called_as(argv0: str, environment: Mapping[str, str]) -> str:
    if "UV_RUN_RECURSION_DEPTH" in environment:  # uv sets it for what `uv run` starts
        return f"uv run {PROGRAM}"
    name = PurePath(argv0).name
    if name == "cli.py":
        return f"python {_quoted(argv0)}"
    if name == "__main__.py":
        return f"{_quoted(_short(sys.executable))} -m shift"
    found = shutil.which(PROGRAM)
    program = Path(argv0).with_name(f"{PROGRAM}.exe" if argv0.endswith(".exe") else PROGRAM)
    if found is not None and (not program.exists() or os.path.samefile(found, program)):
        return PROGRAM
    return _quoted(_short(str(program)))


def _short(path: str) -> str:
    """A path below the current folder as a person there would type it."""
    try:
        below = Path(path).relative_to(_STARTED_IN)
    except ValueError:
        return path
    return str(below)


def _quoted(path: str) -> str:
    return f'"{path}"' if " " in path else path
