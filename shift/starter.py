"""The starter project: the models, tests and sources that a new clinic begins with.

In a checkout it is the checkout itself; in a wheel it lies beside this module, in `starter/`.
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import yaml

from shift.errors import ConfigurationError
from shift.project import open_project

# A clinic's own: the rest of a checkout (the engine, its tests, its documents) stays behind. Loaders do too: those that
# travel with the package are found there, and a project's folder is looked into first.
_COPIED = (
    "project.yml",
    "cli.py",
    ".env.example",
    "sources",
    "models",
    "macros",
    "tests",
    "loaders/README.md",
)
_LEFT_BEHIND = shutil.ignore_patterns(".*", "__pycache__", "python")  # tests/python is the engine's own

_GITIGNORE = """\
# Health data, credentials, the ledger, and what can be built again
.env
/exports/
/handover/
/state/
/target/
__pycache__/
"""


def starter_root() -> Path:
    """The folder that holds the starter's project.yml."""
    packaged = Path(__file__).with_name("starter")
    return packaged if packaged.is_dir() else Path(__file__).parents[1]


def new_project(folder: Path, *, like: Path | None = None, to: str | None = None) -> str:
    """Make a project in ``folder``, named after it, and return that name.

    ``like`` is the project to begin with, in place of the starter; ``to`` the destination that the new one names.
    Raises ConfigurationError where the folder holds anything already, or where there is no such project or destination.
    """
    source = open_project(like or starter_root(), to=to)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        kind = "is not empty" if folder.is_dir() else "is a file"
        raise ConfigurationError(f"it {kind}", where=str(folder), hint="Name a folder that does not exist yet.")
    for name in _COPIED:
        original, copy = source.root / name, folder / name
        copy.parent.mkdir(parents=True, exist_ok=True)
        if original.is_dir():
            shutil.copytree(original, copy, ignore=_LEFT_BEHIND)
        elif original.is_file():
            shutil.copyfile(original, copy)
    (folder / "exports").mkdir()
    (folder / ".gitignore").write_text(_GITIGNORE, encoding="utf-8")
    name = _project_name(folder)
    _name_in(folder / "project.yml", name=name, source_account=name, to=source.to)
    return name


def _name_in(path: Path, **values: str | None) -> None:
    """Set keys in project.yml where they stand, so that its comments stay."""
    text = path.read_text(encoding="utf-8")
    for key, value in values.items():
        text = re.sub(rf"^( *{key}: *)[^ #\n]+", rf"\g<1>{value}", text, count=1, flags=re.MULTILINE)
    path.write_text(text, encoding="utf-8")


def _project_name(folder: Path) -> str:
    """The folder's name in the letters that a project's may have: `Harbour Clinic` becomes `harbour_clinic`."""
    name = re.sub(r"[^a-z0-9]+", "_", folder.resolve().name.lower()).strip("_") or "my_clinic"
    return name if isinstance(yaml.safe_load(name), str) else f"clinic_{name}"  # YAML reads `2026` and `no` otherwise
