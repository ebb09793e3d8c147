"""The README's commands: what they print, and that each shell that there is hands them out alike."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from docs.generate import COMMANDS, README, blocks, masked, run_blocks
from shift.cli import COMMANDS as LISTED

ROOT = Path(__file__).parents[2]
SHELLS = [shell for shell in ("zsh", "dash") if shutil.which(shell)]
# A program that only tells its words, and what was exported to it; the plan is a blocked one.
PROGRAMS = ("shift-etl", "grep", "head", "mv", "sed", "tail")
SAYS = """#!/bin/sh
printf '%s\n' "$(printf '<%s>' "${0##*/}" "$@") $TWENTY_URL $TWENTY_API_KEY" >> "$SAID"
[ "$1" != plan ]
"""
RENDER = "from docs.generate import commands_page; print(commands_page(), end='')"
# `shift build` as a command of ours: at the start of a line or of a quotation, and not as `uv run shift build`.
BARE = re.compile(rf"(?:^|[`'\"(]|\n)\s*(?:\$ )?shift (?:{'|'.join(LISTED)}|-)")


def test_the_readmes_commands_do_what_it_says(tmp_path: Path) -> None:
    folder = tmp_path / "clinics"
    folder.mkdir()
    listed = blocks(README.read_text(encoding="utf-8"))
    assert any(block.serves for block in listed) and any(block.output for block in listed)
    printed = run_blocks(listed, "bash", folder)
    said = [(masked(now), masked(block.output)) for now, block in zip(printed, listed, strict=True) if block.output]
    assert [now for now, _ in said] == [then for _, then in said], "run `make docs`, and read what changed"


def words(shell: str, folder: Path) -> list[str]:
    """What each program of the README is told by a shell; in no order, since those of a pipe begin together."""
    (folder / "harbour_clinic").mkdir(parents=True)
    (folder / "bin").mkdir()
    for name in PROGRAMS:
        (folder / "bin" / name).write_text(SAYS, encoding="utf-8")
        (folder / "bin" / name).chmod(0o755)
    script = "\n".join(block.commands for block in blocks(README.read_text(encoding="utf-8")))
    environment = {"PATH": str(folder / "bin"), "SAID": str(folder / "said")}
    subprocess.run([str(shutil.which(shell)), "-e", "-c", script], cwd=folder, env=environment, check=True)
    return sorted((folder / "said").read_text(encoding="utf-8").splitlines())


@pytest.mark.parametrize("shell", SHELLS)
def test_every_shell_says_the_readmes_commands_alike(shell: str, tmp_path: Path) -> None:
    said = words("bash", tmp_path / "bash")
    assert any(line.startswith("<shift-etl><rollback>") for line in said), "to the last block"
    assert words(shell, tmp_path / shell) == said


def test_the_page_of_commands_is_fresh() -> None:
    # In a process of its own: click keeps for good by which words a command was first asked for help.
    page = subprocess.run([sys.executable, "-c", RENDER], cwd=ROOT, capture_output=True, encoding="utf-8", check=True)
    assert COMMANDS.read_text(encoding="utf-8") == page.stdout, "run `make docs`"


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md", "loaders/README.md", "docs/commands.md"])
def test_no_page_types_a_bare_shift(page: str) -> None:
    assert BARE.findall((ROOT / page).read_text(encoding="utf-8")) == []


def test_no_message_types_a_bare_shift() -> None:
    """In zsh it would do nothing, and exit 0."""
    said = [
        (path.relative_to(ROOT).as_posix(), node.value)
        for path in sorted((ROOT / "shift").rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and BARE.search(node.value)
    ]
    assert said == []


@pytest.mark.parametrize("target", ["demo", "test"])
def test_the_makefile_has_the_readmes_two_commands(target: str) -> None:
    assert f"make {target}" in README.read_text(encoding="utf-8")
    assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(encoding="utf-8"), flags=re.MULTILINE)
