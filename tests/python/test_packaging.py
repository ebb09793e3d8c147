"""The wheel, the source distribution and an editable install: what is in them, and that they work alike."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import tomllib
import venv
import zipfile
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from shift import __version__
from shift.commands.sandbox import LIBRARIES

ROOT = Path(__file__).parents[2]
SETTINGS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
STARTER_FOLDERS = (
    "sources",
    "models",
    "macros",
    "tests/generic",
    "tests/staging",
    "tests/plan",
    "tests/reconciliation",
)


def run(*command: str | Path, folder: Path) -> str:
    """What a command prints; a non-zero exit fails the test with all that it said."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(
        [str(word) for word in command], cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    said = done.stdout.decode("utf-8", "replace")
    assert done.returncode == 0, said
    return said


def build(kind: str, checkout: Path, out: Path) -> Path:
    """Build a `wheel` or an `sdist` with the backend itself, so that nothing is fetched."""
    run(sys.executable, "-c", f"from setuptools.build_meta import *; build_{kind}({str(out)!r})", folder=checkout)
    (built,) = out.iterdir()
    return built


@pytest.fixture(scope="session")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy to build in: building leaves folders behind, and they would find their way into the next wheel."""
    copy = tmp_path_factory.mktemp("a checkout") / "any name"
    unwanted = shutil.ignore_patterns(".git", ".venv", "__pycache__", "build", "*.egg-info", "target", ".*_cache")
    shutil.copytree(ROOT, copy, ignore=unwanted)
    return copy


@pytest.fixture(scope="session")
def wheel(checkout: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build("wheel", checkout, tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="session", params=["wheel", "editable"])
def installed(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fresh environment's folder of scripts, with shift in it; only its dependencies are borrowed from this one."""
    environment = tmp_path_factory.mktemp("an environment")
    venv.create(environment, with_pip=False, symlinks=os.name != "nt")
    places = {"base": str(environment), "platbase": str(environment)}
    scripts = Path(sysconfig.get_path("scripts", "venv", places))
    borrowed = Path(sysconfig.get_path("purelib", "venv", places)) / "borrowed.pth"
    borrowed.write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
    pip: list[str | Path] = [
        sys.executable,
        "-m",
        "pip",
        "--python",
        scripts / "python",
        "install",
        "--quiet",
        "--no-deps",
        "--no-index",
    ]
    if request.param == "wheel":
        run(*pip, request.getfixturevalue("wheel"), folder=environment)
    else:
        run(*pip, "--no-build-isolation", "--editable", request.getfixturevalue("checkout"), folder=environment)
    return scripts


def names_in(archive: Path) -> set[str]:
    return {name for name in zipfile.ZipFile(archive).namelist() if not name.endswith("/")}


def test_the_wheels_only_package_is_shift(wheel: Path) -> None:
    assert {name.split("/")[0] for name in names_in(wheel)} == {"shift", f"shift_etl-{__version__}.dist-info"}


def test_the_wheel_holds_the_engine_the_starter_and_nothing_else(wheel: Path) -> None:
    engine = {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "shift").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    starter = {".env.example", "cli.py", "project.yml", "loaders/README.md"}
    starter |= {path.relative_to(ROOT).as_posix() for path in (ROOT / "loaders").glob("*.py")}
    starter |= {
        path.relative_to(ROOT).as_posix()
        for folder in STARTER_FOLDERS
        for path in (ROOT / folder).rglob("*")
        if path.is_file()
    }
    expected = engine | {f"shift/starter/{name}" for name in starter}
    assert {name for name in names_in(wheel) if ".dist-info/" not in name} == expected


def test_a_wheel_from_the_source_distribution_is_the_same(wheel: Path, checkout: Path, tmp_path: Path) -> None:
    (tmp_path / "sdist").mkdir()
    (tmp_path / "wheel").mkdir()
    with tarfile.open(build("sdist", checkout, tmp_path / "sdist")) as archive:
        archive.extractall(tmp_path, filter="data")
    unpacked = tmp_path / f"shift_etl-{__version__}"
    assert names_in(build("wheel", unpacked, tmp_path / "wheel")) == names_in(wheel)
    assert (unpacked / "tests" / "python" / Path(__file__).name).is_file()


@pytest.mark.parametrize("program", ["shift", "shift-etl", "python -m shift"])
def test_the_program_answers_to_each_of_its_names(installed: Path, tmp_path: Path, program: str) -> None:
    first, *rest = program.split()
    assert run(installed / first, *rest, "--version", folder=tmp_path) == f"shift-etl {__version__}\n"


@pytest.mark.parametrize("module", ["cli", "loaders", "models", "setup", "tests"])
def test_nothing_else_of_ours_can_be_imported(installed: Path, tmp_path: Path, module: str) -> None:
    look = f"import importlib.util; print(importlib.util.find_spec({module!r}))"
    assert run(installed / "python", "-c", look, folder=tmp_path) == "None\n"


def test_a_project_made_by_an_install_is_the_starter_and_builds(installed: Path, tmp_path: Path) -> None:
    program = installed / "shift-etl"
    run(program, "init", "clinic", folder=tmp_path)
    for folder in STARTER_FOLDERS:
        for path in (ROOT / folder).rglob("*"):
            if path.is_file():
                copied = tmp_path / "clinic" / path.relative_to(ROOT)
                assert copied.read_bytes() == path.read_bytes()
    run(program, "synth", "--patients", "20", "--seed", "1", "--out", "clinic/exports", folder=tmp_path)
    run(program, "build", "--project-dir", "clinic", folder=tmp_path)
    listed = run(installed / "python", "cli.py", "ls", folder=tmp_path / "clinic")
    assert "twenty__person" in listed


def test_the_extra_is_what_the_sandbox_asks_for() -> None:
    extra = SETTINGS["project"]["optional-dependencies"]["sandbox"]
    assert {Requirement(each).name for each in extra} == set(LIBRARIES)


@pytest.mark.parametrize("words", [["demo"], ["sandbox", "twenty", "--api-key", "key"]])
def test_without_the_extra_one_sentence_says_what_to_install(tmp_path: Path, words: list[str]) -> None:
    """An environment that has shift's own libraries, and of the extra's none."""
    for library in Path(sysconfig.get_path("purelib")).iterdir():
        if not library.name.lower().replace("_", "-").startswith(LIBRARIES):
            (tmp_path / library.name).symlink_to(library)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(tmp_path)])}
    done = subprocess.run(
        [sys.executable, "-S", "-m", "shift", *words], cwd=tmp_path, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 2
    assert done.stderr.splitlines() == [
        "Error: the local twins need the library graphql-core, which is not installed",
        "Install shift with its extra: pip install 'shift-etl[sandbox]'",
    ]


@pytest.mark.parametrize(("lock", "also"), [("requirements.lock", "build"), ("requirements-dev.lock", "dev")])
def test_a_lock_holds_what_is_asked_for_and_no_registrys_address(lock: str, also: str) -> None:
    text = (ROOT / lock).read_text(encoding="utf-8")
    assert "://" not in text and "--index" not in text and "--hash=sha256:" in text
    locked = re.findall(r"^([a-z0-9-]+)==([^ ]+)", text, flags=re.MULTILINE)
    project = SETTINGS["project"]
    asked = [*project["dependencies"], *project["optional-dependencies"]["sandbox"]]
    asked += [each for each in SETTINGS["dependency-groups"][also] if isinstance(each, str)]
    for requirement in map(Requirement, asked):
        assert any(name == requirement.name and version in requirement.specifier for name, version in locked), (
            f"{lock} lacks {requirement}: run `make lock`"
        )
