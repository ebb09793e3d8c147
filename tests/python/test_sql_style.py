"""One style for all SQL of the project, and the few things that DuckDB allows and a payload's hash does not."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FOLDERS = ("models", "macros", "tests", "shift", "benchmarks")
MODELS = sorted((ROOT / "models").rglob("*.sql"))
ALL = sorted(path for folder in FOLDERS for path in (ROOT / folder).rglob("*.sql"))

KEYWORD = re.compile(
    r"\b(all|and|any|as|asc|between|by|case|cast|create|cross|desc|distinct|else|end|except|exclude|exists|false|filter|"
    r"from|full|group|having|ilike|in|inner|is|join|lateral|left|like|limit|not|null|nulls|on|or|order|outer|over|"
    r"partition|qualify|replace|right|select|table|then|true|try_cast|union|using|values|view|when|where|with)\b",
    re.IGNORECASE,
)
NOT_CODE = re.compile(r"'(?:[^']|'')*' | \"[^\"\n]*\" | --[^\n]* | \{\#.*?\#\}", re.VERBOSE | re.DOTALL)
ORDERED_OR_NOT = re.compile(r"\b(list|array_agg|string_agg|group_concat|first|last)\s*\(")


def shown(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def code(path: Path) -> str:
    """A file's SQL with texts and comments blanked out, line for line."""
    text = path.read_text(encoding="utf-8")
    return NOT_CODE.sub(lambda found: re.sub(r"[^\n]", " ", found[0][:-1]) + found[0][-1], text)


def lines(path: Path) -> Iterator[tuple[int, str]]:
    """The numbered lines that hold code."""
    for number, line in enumerate(code(path).splitlines(), start=1):
        if line.strip():
            yield number, line.rstrip()


def indent(line: str) -> int:
    return len(line) - len(line.lstrip())


@pytest.mark.parametrize("path", ALL, ids=shown)
def test_layout(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.endswith("\n") and not text.endswith("\n\n")
    assert [number for number, line in enumerate(text.splitlines(), start=1) if line != line.rstrip()] == []
    assert "\t" not in text
    if path.parts[len(ROOT.parts)] != "shift":  # the synthetic clinic's tables of words may be wide
        assert [number for number, line in enumerate(text.splitlines(), start=1) if len(line) > 120] == []


@pytest.mark.parametrize("path", ALL, ids=shown)
def test_keywords_are_lower_case(path: Path) -> None:
    upper = [(number, word) for number, line in lines(path) for word in KEYWORD.findall(line) if word != word.lower()]
    assert upper == []


@pytest.mark.parametrize("path", ALL, ids=shown)
def test_commas_trail_the_last_column_too(path: Path) -> None:
    assert [number for number, line in lines(path) if line.lstrip().startswith(",")] == []
    bare: list[int] = []
    open_lists: list[int] = []  # how far in each `select` stands whose columns are listed below it
    before = (0, "")
    for number, line in lines(path):
        if re.fullmatch(r"\s*select( distinct)?", line):
            open_lists.append(indent(line))
        elif open_lists and indent(line) == open_lists[-1] and re.match(r"\s*from\b", line):
            open_lists.pop()
            if not before[1].endswith((",", "}")):
                bare.append(before[0])
        before = (number, line)
    assert bare == []


@pytest.mark.parametrize("path", MODELS, ids=shown)
def test_a_model_reads_from_top_to_bottom(path: Path) -> None:
    assert code(path).split()[-4:] == ["select", "*", "from", "final"]


@pytest.mark.parametrize("path", MODELS, ids=shown)
def test_no_order_is_left_to_chance(path: Path) -> None:
    """On two threads an aggregate without an order differs from run to run, and with it a payload's hash."""
    text = code(path)
    assert [
        found[0] for found in ORDERED_OR_NOT.finditer(text) if "order by" not in _arguments(text, found.end())
    ] == []


@pytest.mark.parametrize("path", MODELS, ids=shown)
def test_a_null_is_never_swallowed(path: Path) -> None:
    """`concat('x:', null)` is the text 'x:'; `||` gives null."""
    assert re.findall(r"\bconcat\s*\(", code(path)) == []


def _arguments(text: str, start: int) -> str:
    """What stands between an opening bracket, just before ``start``, and the one that closes it."""
    depth = 1
    for at in range(start, len(text)):
        depth += {"(": 1, ")": -1}.get(text[at], 0)
        if depth == 0:
            return text[start:at]
    return text[start:]
