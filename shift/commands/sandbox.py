"""`sandbox NAME`: a local twin of a CRM. The names are the folders of shift/sandbox that can be started."""

from __future__ import annotations

from importlib import metadata
from pathlib import Path

import click

from shift.commands.groups import ModuleGroup
from shift.errors import ConfigurationError

LIBRARIES = ("graphql-core", "python-multipart", "starlette", "uvicorn")  # those of the extra `sandbox`
_SANDBOX = Path(__file__).parents[1] / "sandbox"


def twins() -> list[str]:
    """The names of the twins that can be started."""
    return sorted(path.parent.name for path in _SANDBOX.glob("*/__main__.py"))


def require_libraries() -> None:
    """Raise ConfigurationError where shift was installed without what its twins need."""
    for library in LIBRARIES:
        try:
            metadata.version(library)
        except metadata.PackageNotFoundError:
            raise ConfigurationError(
                f"the local twins need the library {library}, which is not installed",
                hint="Install shift with its extra: pip install 'shift-etl[sandbox]'",
            ) from None


class Twins(ModuleGroup):
    """A command for each twin."""

    def modules(self) -> dict[str, str]:
        return {name: f"shift.sandbox.{name}.__main__" for name in twins()}


@click.command(cls=Twins)
def command() -> None:
    """Start a local twin of a CRM, which answers as the real one was recorded to.

    It runs until it is interrupted, and keeps its records in memory. `COMMAND --help` says what else it can be told.

    \b
    Example:
      shift-etl sandbox twenty --port 8200 --api-key secret
    """
    require_libraries()
