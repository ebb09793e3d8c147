"""From a destination in project.yml to a live connection: its loader, its settings filled in, its pace."""

from __future__ import annotations

import importlib
import importlib.machinery
import importlib.util
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import sha1
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shift.destination import Destination, Settings
from shift.errors import ConfigurationError
from shift.project import Project
from shift.starter import starter_root
from shift.strict_yaml import nearest
from shift.templating import environment_text

if TYPE_CHECKING:
    from shift.http import Call, Pacer


class CallNotes:
    """Where calls are noted: kept until a ledger is open (its workspace is asked for by a call), then handed on."""

    def __init__(self) -> None:
        self._waiting: list[Call] = []
        self._note: Callable[[Call], None] = self._waiting.append

    def __call__(self, call: Call) -> None:
        self._note(call)

    def hand_on(self, note: Callable[[Call], None]) -> None:
        """Give what was kept to ``note``, and from now on every call."""
        self._note = note
        while self._waiting:
            note(self._waiting.pop(0))


@contextmanager
def connected(
    project: Project, on_call: Callable[[Call], None] | None = None, pacer: Pacer | None = None
) -> Iterator[Destination]:
    """The destination that was chosen, connected; its connections end with the block.

    ``pacer`` is for a caller that may have to stop those who wait for their turn.
    Raises ConfigurationError for a loader that is not there, a variable that is not set, or a setting that the loader
    does not take. No call is made: bad credentials show with the first one.
    """
    from shift.http import Client, Pacer

    configured = project.destination
    where = project.document.where("destinations", project.to or "")
    connect, default_url = _loader(
        project, configured.loader, project.document.where("destinations", project.to or "", "loader")
    )
    settings = Settings(
        name=project.to or "",
        url=_filled_in(project, "url", configured.url) or default_url,
        user=_filled_in(project, "user", configured.user),
        api_key=_filled_in(project, "api_key", configured.api_key),
        batch_size=configured.batch_size,
        options={name: _option(project, value) for name, value in configured.options.items()},
    )
    if not settings.url:
        raise ConfigurationError("the destination has no url", where=where)
    client = Client(settings.url, pacer=pacer or Pacer(configured.requests_per_minute), on_call=on_call)
    try:
        yield connect(settings, client)
    finally:
        client.close()


def _loader(project: Project, name: str, where: str) -> tuple[Callable[..., Destination], str | None]:
    """The loader's ``connect``, and the URL that its module gives where project.yml need not name one."""
    folders = [project.root / "loaders", starter_root() / "loaders"]
    path = next((found for folder in folders if (found := folder / f"{name}.py").is_file()), None)
    if path is None:
        known = {file.stem for folder in folders for file in folder.glob("*.py")}
        raise ConfigurationError(f"there is no loader '{name}'", where=where, hint=nearest(name, known))
    module = _imported(path, project.shown(path))
    connect = getattr(module, "connect", None)
    if not callable(connect):
        raise ConfigurationError("a loader needs the function connect(settings, client)", where=project.shown(path))
    return connect, getattr(module, "URL", None)


def _imported(path: Path, shown_as: str) -> Any:
    """The loader's module. Its folder counts as a package of its own: ``from .helper import …`` finds ``helper.py``."""
    package = f"shift_loaders_{sha1(str(path.parent).encode()).hexdigest()[:12]}"
    spec = importlib.machinery.ModuleSpec(package, None, is_package=True)
    spec.submodule_search_locations = [str(path.parent)]
    for name in [name for name in sys.modules if name == package or name.startswith(f"{package}.")]:
        del sys.modules[name]  # what was imported from this folder before may have been edited since
    sys.modules[package] = importlib.util.module_from_spec(spec)
    importlib.invalidate_caches()
    try:
        return importlib.import_module(f"{package}.{path.stem}")
    except (ImportError, SyntaxError) as error:
        raise ConfigurationError(f"the loader cannot be imported: {error}", where=shown_as) from error


def _filled_in(project: Project, key: str, text: str | None) -> str | None:
    where = project.document.where("destinations", project.to or "", key)
    return environment_text(text, project, where=where) if text else None


def _option(project: Project, value: Any) -> Any:
    return _filled_in(project, "options", value) if isinstance(value, str) else value
