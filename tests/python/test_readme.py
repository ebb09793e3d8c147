"""The README's commands, run through each shell that there is: all of them have a `shift` of their own."""

from __future__ import annotations

import ast
import re
import shutil
from pathlib import Path

import pytest

from docs.generate import COMMANDS, README, blocks, commands_page, masked, run_blocks
from shift.cli import COMMANDS as LISTED

ROOT = Path(__file__).parents[2]
SHELLS = [shell for shell in ("bash", "zsh") if shutil.which(shell)]
# `shift build` as a command of ours: at the start of a line or of a quotation, and not as `uv run shift build`.
BARE = re.compile(rf"(?:^|[`'\"(]|\n)\s*(?:\$ )?shift (?:{'|'.join(LISTED)}|-)")


@pytest.mark.parametrize("shell", SHELLS)
def test_the_readmes_commands_do_what_it_says(shell: str, tmp_path: Path) -> None:
    folder = tmp_path / "clinics"
    folder.mkdir()
    listed = blocks(README.read_text(encoding="utf-8"))
    assert any(block.serves for block in listed) and any(block.output for block in listed)
    printed = run_blocks(listed, shell, folder)
    said = [(masked(now), masked(block.output)) for now, block in zip(printed, listed, strict=True) if block.output]
    assert [now for now, _ in said] == [then for _, then in said], "run `make docs`, and read what changed"


def test_the_page_of_commands_is_fresh() -> None:
    assert COMMANDS.read_text(encoding="utf-8") == commands_page(), "run `make docs`"


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
