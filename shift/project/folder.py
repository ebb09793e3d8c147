"""A project's folder: its files, read and checked, and where everything in it lies."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

from shift import strict_yaml
from shift.errors import ConfigurationError
from shift.invocation import program
from shift.project.shapes import (
    CustomField,
    DestinationSettings,
    ModelProperties,
    ModelsFile,
    ProjectFile,
    Source,
    SourcesFile,
    SourceTable,
    VariableDeclaration,
)
from shift.project.variables import checked_variable
from shift.strict_yaml import Document

Key = TypeVar("Key")
Value = TypeVar("Value")


@dataclass(frozen=True)
class Described:
    """A model's properties with the place where they stand."""

    properties: ModelProperties
    document: Document[ModelsFile]
    index: int

    def where(self, *steps: str | int) -> str:
        return self.document.where("models", self.index, *steps)


@dataclass(frozen=True)
class Project:
    """A project folder, read and checked. Paths are absolute; ``to`` is the destination that was chosen."""

    root: Path
    file: ProjectFile
    document: Document[ProjectFile]
    to: str | None
    given_vars: Mapping[str, Any] = field(default_factory=dict)
    given_exports: Path | None = None

    @property
    def exports(self) -> Path:
        return self.given_exports or self.root / self.file.exports

    @property
    def database(self) -> Path:
        return self.root / "target" / "shift.duckdb"

    @property
    def compiled(self) -> Path:
        return self.root / "target" / "compiled"

    def write_compiled(self, shown: str, sql: str) -> Path:
        """Keep what a file of models or tests was compiled to, where a person may look it up."""
        path = self.compiled / shown
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(sql + "\n", encoding="utf-8")
        return path

    @property
    def ledger(self) -> Path:
        """The ledger of the destination that was chosen; which file that is, the ledger's room knows."""
        from shift.ledger import path_for

        return path_for(self.root / "state", self.to or "")

    def shown(self, path: Path) -> str:
        """A path as messages name it: from the project's folder, with forward slashes."""
        return path.relative_to(self.root).as_posix() if path.is_relative_to(self.root) else str(path)

    @cached_property
    def sources(self) -> dict[tuple[str, str], tuple[Source, SourceTable]]:
        """Every declared source table, by (source name, table name)."""
        found: dict[tuple[str, str], tuple[Source, SourceTable]] = {}
        for document in self._documents("sources", SourcesFile):
            for at, source in enumerate(document.value.sources):
                for below, table in enumerate(source.tables):
                    where = document.where("sources", at, "tables", below)
                    _check_columns(table, where)
                    told = f"the source table '{table.name}' is declared twice"
                    _add(found, (source.name, table.name), (source, table), told, where)
        return found

    @property
    def exported(self) -> list[SourceTable]:
        """The tables that exports land in, and landing's own."""
        return [table for source, table in self.sources.values() if source.schema == "raw"]

    @cached_property
    def described(self) -> dict[str, Described]:
        """What the YAML files say of each model, by model name."""
        found: dict[str, Described] = {}
        for document in self._model_documents:
            for index, properties in enumerate(document.value.models):
                here = Described(properties, document, index)
                if other := found.get(properties.name):
                    raise ConfigurationError(
                        f"the model '{properties.name}' is described twice",
                        where=here.where(),
                        hint=f"Also at {other.where()}.",
                    )
                found[properties.name] = here
        return found

    @cached_property
    def declarations(self) -> dict[str, VariableDeclaration]:
        """Every declared var."""
        declared: dict[str, VariableDeclaration] = {}
        for document in self._model_documents:
            for index, declaration in enumerate(document.value.vars):
                told = f"the var '{declaration.name}' is declared twice"
                _add(declared, declaration.name, declaration, told, document.where("vars", index))
        return declared

    @cached_property
    def variables(self) -> dict[str, Any]:
        """Every declared var with its value: the command line's, else project.yml's, else its default."""
        declared = self.declarations
        values = {name: declaration.default for name, declaration in declared.items()}
        for name, value in self.file.vars.items():
            values[name] = checked_variable(declared, name, value, self.document.where("vars", name))
        for name, value in self.given_vars.items():
            values[name] = checked_variable(declared, name, value, "--vars")
        for name, declaration in declared.items():
            if declaration.required and values[name] is None:
                raise ConfigurationError(
                    f"the var '{name}' has no value", where=self.document.where("vars"), hint=declaration.description
                )
        return values

    @cached_property
    def custom_fields(self) -> tuple[CustomField, ...]:
        """Every entry for a custom field, confirmed or not."""
        found: dict[tuple[str, str | None, str], CustomField] = {}
        for document in self._model_documents:
            for index, entry in enumerate(document.value.custom_fields):
                key = (entry.of, entry.section, entry.custom_field)
                told = f"the custom field '{entry.custom_field}' has two entries"
                _add(found, key, entry, told, document.where("custom_fields", index))
        return tuple(found.values())

    @property
    def environment(self) -> dict[str, str]:
        """The environment, and the project's .env behind it."""
        return {**self._env_file, **os.environ}

    @cached_property
    def _env_file(self) -> dict[str, str]:
        from dotenv import dotenv_values

        return {name: value for name, value in dotenv_values(self.root / ".env").items() if value is not None}

    @property
    def destination(self) -> DestinationSettings:
        """The settings of the destination that was chosen, as they stand in project.yml."""
        if self.to is None:
            raise ConfigurationError(
                "no destination was named", where="project.yml:1", hint="Set `to:` in project.yml, or give --to."
            )
        return self.file.destinations[self.to]

    def with_to(self, to: str | None) -> Project:
        """The project with another destination chosen; ConfigurationError if project.yml does not declare it."""
        if to is not None and to not in self.file.destinations:
            raise ConfigurationError(
                f"no destination is called '{to}'",
                where=self.document.where("to") if to == self.file.to else "--to",
                hint=strict_yaml.nearest(to, self.file.destinations),
            )
        return replace(self, to=to)

    @cached_property
    def _model_documents(self) -> list[Document[ModelsFile]]:
        return list(self._documents("models", ModelsFile))

    def _documents(self, folder: str, shape: type[Any]) -> Iterator[Document[Any]]:
        for path in files_below(self.root / folder, ".yml", ".yaml"):
            yield strict_yaml.read(path, shape, shown_as=self.shown(path))


def files_below(folder: Path, *suffixes: str) -> list[Path]:
    """All files below a folder with one of the endings, in an order that does not depend on the file system."""
    return sorted(path for path in folder.rglob("*") if path.suffix in suffixes and path.is_file())


def open_project(
    folder: Path, *, to: str | None = None, variables: Mapping[str, Any] | None = None, exports: Path | None = None
) -> Project:
    """Read the project in ``folder``. Raises ConfigurationError where there is none, or where project.yml is wrong."""
    root = folder.resolve()
    path = root / "project.yml"
    if not path.is_file():
        raise ConfigurationError(
            "there is no project.yml here",
            where=str(folder),
            hint=f"Go to a project's folder, name one with --project-dir, or make one: {program('init', 'DIR')}",
        )
    document = strict_yaml.read(path, ProjectFile, shown_as="project.yml")
    project = Project(
        root=root,
        file=document.value,
        document=document,
        to=None,
        given_vars=variables or {},
        given_exports=exports.resolve() if exports else None,
    )
    return project.with_to(to or document.value.to)


def _add(found: dict[Key, Value], key: Key, value: Value, told: str, where: str) -> None:
    """Note what may stand once; ``told`` says that it does not."""
    if key in found:
        raise ConfigurationError(told, where=where)
    found[key] = value


def _check_columns(table: SourceTable, where: str) -> None:
    names = [column.name for column in table.columns]
    folded = [name.lower() for name in names]
    for name in names:
        if folded.count(name.lower()) > 1:
            raise ConfigurationError(f"the column '{name}' of '{table.name}' is declared twice", where=where)
    for key in table.key:
        if key not in names:
            raise ConfigurationError(
                f"the key '{key}' of '{table.name}' is none of its columns",
                where=where,
                hint=strict_yaml.nearest(key, names),
            )
