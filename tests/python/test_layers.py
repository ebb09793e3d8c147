"""Who may know whom: read from the imports themselves, lazy ones too. Imports for types alone are free."""

from __future__ import annotations

import ast
import graphlib
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ENGINE = sorted(
    path for path in (ROOT / "shift").rglob("*.py") if "sandbox" not in path.relative_to(ROOT / "shift").parts
)
SANDBOX = sorted((ROOT / "shift" / "sandbox").rglob("*.py"))
LOADERS = sorted((ROOT / "loaders").glob("*.py"))

# What twins share: how one is run, and its faults. It knows none of them.
SHARED_BY_TWINS = {f"shift.sandbox.{path.stem}" for path in SANDBOX if path.parent.name == "sandbox"}

# What stands above the engine, and may be imported by nothing in it.
SKIN = {"cli", "commands", "__main__"}
# The rooms that loaders may know, and all that these may know themselves.
FOUNDATION: dict[str, set[str]] = {"errors": set(), "destination": {"errors"}, "http": {"errors"}}
# The modules that may start a twin or make a clinic; everything else reaches them over HTTP and files.
STARTERS_OF_THE_SANDBOX = {"shift/commands/sandbox.py", "shift/commands/synth.py", "shift/commands/demo.py"}
# Libraries with one room of their own.
KEPT = {"httpx": {"http"}, "sqlite3": {"ledger"}, "jinja2": {"templating"}, "sqlglot": {"lineage"}, "click": SKIN}


def name_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def room_of(module: str) -> str:
    """`shift.graph.reader` and `shift.graph` are the room `graph`; `shift` itself is the room ``""``."""
    return [*module.split("."), ""][1]


def statements(tree: ast.AST) -> Iterator[ast.Import | ast.ImportFrom]:
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            yield node
        elif not (isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"):
            yield from statements(node)


def imports(path: Path) -> set[str]:
    """The modules that a file imports, under their full names."""
    found: set[str] = set()
    for statement in statements(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(statement, ast.Import):
            found |= {alias.name for alias in statement.names}
            continue
        package = name_of(path).split(".") if path.name == "__init__.py" else name_of(path).split(".")[:-1]
        above = package[: len(package) + 1 - statement.level] if statement.level else []
        module = ".".join([*above, *([statement.module] if statement.module else [])])
        found |= {_module_or_member(module, alias.name) for alias in statement.names}
    return found


def _module_or_member(module: str, name: str) -> str:
    """`from shift import errors` imports a module, `from shift.errors import Stop` a member of one."""
    inner = ROOT / Path(*module.split(".")) / name
    return f"{module}.{name}" if inner.with_suffix(".py").is_file() or inner.is_dir() else module


def rooms_known_to(path: Path) -> set[str]:
    return {room_of(module) for module in imports(path) if module.split(".")[0] == "shift"}


def shown(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("path", LOADERS, ids=shown)
def test_a_loader_knows_the_protocol_and_the_wire_alone(path: Path) -> None:
    assert rooms_known_to(path) <= set(FOUNDATION)


@pytest.mark.parametrize("path", SANDBOX, ids=shown)
def test_a_twin_knows_nothing_of_shift_but_itself(path: Path) -> None:
    own = ".".join(name_of(path).split(".")[:3])
    foreign = {module for module in imports(path) if module.split(".")[0] in ("shift", "loaders", "cli")}
    assert {one for one in foreign - SHARED_BY_TWINS if one != own and not one.startswith(own + ".")} == set()


@pytest.mark.parametrize("path", ENGINE, ids=shown)
def test_the_engine_knows_neither_its_skin_nor_the_sandbox_nor_a_loader(path: Path) -> None:
    known = rooms_known_to(path)
    if room_of(name_of(path)) not in SKIN:
        assert known & SKIN == set()
    if shown(path) not in STARTERS_OF_THE_SANDBOX:
        assert "sandbox" not in known
    assert {module.split(".")[0] for module in imports(path)} & {"loaders", "cli", "tests"} == set()


@pytest.mark.parametrize("path", ENGINE, ids=shown)
def test_the_engine_spells_no_crms_name(path: Path) -> None:
    """In no name, and in no text that the program uses; a docstring may give an example."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    docstrings = {
        id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    words = [
        str(getattr(node, attribute)).lower()
        for node in ast.walk(tree)
        if id(node) not in docstrings
        for attribute in ("name", "id", "attr", "arg", "value")
        if isinstance(getattr(node, attribute, None), str)
    ]
    names = {loader.stem for loader in LOADERS}
    assert [word for word in words if any(name in word for name in names)] == []


@pytest.mark.parametrize("room", FOUNDATION)
def test_what_loaders_stand_on_stands_on_little(room: str) -> None:
    assert rooms_known_to(ROOT / "shift" / f"{room}.py") <= FOUNDATION[room]


@pytest.mark.parametrize("library", KEPT)
def test_a_library_is_kept_in_its_room(library: str) -> None:
    users = {room_of(name_of(path)) for path in ENGINE if library in {name.split(".")[0] for name in imports(path)}}
    assert users <= KEPT[library]


def test_rooms_form_no_circle() -> None:
    graph: dict[str, set[str]] = {}
    for path in ENGINE:
        room = room_of(name_of(path))
        graph.setdefault(room, set()).update(rooms_known_to(path) - {room})
    graphlib.TopologicalSorter(graph).prepare()


def test_help_imports_click_and_nothing_heavier() -> None:
    script = """
import sys
before = set(sys.modules)
from shift.cli import cli
cli(["--help"], standalone_mode=False)
loaded = {name.split(".")[0] for name in set(sys.modules) - before}
print(sorted(loaded - sys.stdlib_module_names))
"""
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "['click', 'shift']"


def test_the_table_of_rooms_is_whole() -> None:
    import shift

    table = set(re.findall(r"^    (\w+)/? +\S", shift.__doc__ or "", flags=re.MULTILINE))
    there = {
        path.stem for path in (ROOT / "shift").iterdir() if path.suffix == ".py" or (path / "__init__.py").is_file()
    }
    assert table == there - {"__init__", "__main__", "commands"}
