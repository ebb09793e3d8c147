"""Writes what is generated of the documentation: docs/commands.md, and in the README the outputs of its commands.

A block of the README that begins with ```` ```sh run ```` is run, in order, in one shell and one empty folder, with
`shift-etl` on the PATH. One that begins with ```` ```sh serve ```` is started and left running until the end; the next
begins when it has printed a line. A block ```` ```text ```` right after one that is run is what that one prints.
The tests run the same blocks, and hold the texts to be true.
"""

from __future__ import annotations

import os
import re
import shlex
import socket
import subprocess
import sys
import tempfile
from contextlib import redirect_stdout
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from unittest.mock import patch

import click

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
COMMANDS = ROOT / "docs" / "commands.md"

_BLOCK = re.compile(
    r"^```sh (?P<kind>run|serve)\n(?P<commands>.*?)^```\n(?:\n```text\n(?P<output>.*?)^```\n)?",
    re.MULTILINE | re.DOTALL,
)
_PORT = "8200"  # the README's; a free one takes its place when the blocks are run
_END = "--- end of block ---"
_CHANGING = (
    (re.compile(r"\b\d\d:\d\d:\d\d\b"), "00:00:00"),  # the time of day
    (re.compile(r"\b\d{4}-\d\d-\d\d\b"), "0000-00-00"),
    (re.compile(r"\b\d+(\.\d+)? ?(s|ms|seconds)\b"), "0s"),
    (re.compile(r" \.{2,} "), " .. "),  # dots fill the line
    (re.compile(r"\s+$", re.MULTILINE), ""),
)


@dataclass(frozen=True)
class Block:
    """One block of commands; ``output`` is what the README says that it prints, None where it says nothing."""

    commands: str
    serves: bool
    output: str | None


def blocks(text: str) -> list[Block]:
    """The README's blocks of commands that are run, in order."""
    return [Block(found["commands"], found["kind"] == "serve", found["output"]) for found in _BLOCK.finditer(text)]


def run_blocks(listed: list[Block], shell: str, folder: Path) -> list[str]:
    """Run all blocks in one shell, in an empty folder; what each printed. RuntimeError where a command fails."""
    port = _free_port()
    log = folder.parent / "serving.log"
    script = [f"trap 'kill $serving 2>{os.devnull}' EXIT", f": > {shlex.quote(str(log))}"]
    for block in listed:
        commands = block.commands.replace(_PORT, port)
        if block.serves:
            script += [
                # `exec`, so that the number which is killed at the end is the program's own.
                f"{{ exec {commands.strip()}; }} > {shlex.quote(str(log))} 2>&1 &",
                "serving=$!",
                f"until [ -s {shlex.quote(str(log))} ]; do kill -0 $serving; sleep 0.1; done",
            ]
        else:
            script.append(commands)
        script.append(f"echo {shlex.quote(_END)}")
    done = subprocess.run(
        [shell, "-e", "-o", "pipefail", "-c", "\n".join(script)],
        cwd=folder,
        env=_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
    )
    if done.returncode:
        served = log.read_text(encoding="utf-8")
        raise RuntimeError(f"{shell} ended with {done.returncode}:\n{done.stdout}\nServed:\n{served[-2000:]}")
    printed = done.stdout.replace(port, _PORT).split(f"{_END}\n")
    return printed[:-1]


def masked(output: str) -> str:
    """An output without what differs from run to run: times, dates, durations."""
    for pattern, instead in _CHANGING:
        output = pattern.sub(instead, output)
    return output.strip()


def readme() -> str:
    """The README with the outputs that its commands print now."""
    text = README.read_text(encoding="utf-8")
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "clinics"
        folder.mkdir()
        printed = iter(run_blocks(blocks(text), "bash", folder))

    def with_output(found: re.Match[str]) -> str:
        now = next(printed)
        if found["output"] is None or masked(now) == masked(found["output"]):
            return found[0]
        lines = "\n".join(line.rstrip() for line in now.strip("\n").splitlines())
        return found[0].replace(f"```text\n{found['output']}", f"```text\n{lines}\n")

    return _BLOCK.sub(with_output, text)


def commands_page() -> str:
    """docs/commands.md: the help of every command, and of the commands below it."""
    from shift.cli import cli

    context = click.Context(cli)
    parts = ["# Commands", "Written by `make docs` from each command's `--help`."]
    for name in cli.list_commands(context):
        command = cli.get_command(context, name)
        below = command.list_commands(context) if isinstance(command, click.Group) else []
        for words in ([name], *([name, one] for one in below)):
            shown = StringIO()
            with patch.dict(os.environ, _environment()), redirect_stdout(shown):
                cli.main([*words, "--help"], prog_name="shift-etl", standalone_mode=False)
            parts += [f"## {' '.join(words)}", f"```text\n{shown.getvalue()}```"]
    return "\n\n".join(parts) + "\n"


def _environment() -> dict[str, str]:
    """This one's, with the scripts of the running Python in front, at 80 columns and without colours."""
    scripts = str(Path(sys.executable).parent)
    path = os.pathsep.join([scripts, os.environ.get("PATH", os.defpath)])
    return {**os.environ, "PATH": path, "COLUMNS": "80", "NO_COLOR": "1"}


def _free_port() -> str:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return str(probe.getsockname()[1])


if __name__ == "__main__":
    for page, text in ((COMMANDS, commands_page()), (README, readme())):
        page.write_text(text, encoding="utf-8")
