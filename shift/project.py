"""The clinic's project: project.yml, and the YAML beside sources and models, as typed values.

The shapes below are the whole of what these files may say: an unknown key is an error with file, line and the nearest
known word, and the command `schema` writes the same shapes as JSON Schema for editors. Nothing here runs Jinja but
where a value is asked for (destinations, ``enabled``), so that ``build`` needs no credentials.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import msgspec

from shift import strict_yaml
from shift.errors import ConfigurationError
from shift.strict_yaml import Document

ColumnType = Literal["text", "id", "date", "timestamp", "boolean", "money", "integer", "decimal", "json", "text_list"]


class _Shape(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What all shapes share: they are values, and they know all their keys."""


# --- project.yml ------------------------------------------------------------------------------------------------


class LoadPolicy(_Shape, frozen=True):
    """`load:` in project.yml: what a load does where there is a choice."""

    on_conflict: Literal["flag", "theirs", "ours"] = "flag"
    on_missing: Literal["keep", "flag", "delete"] = "keep"
    automations: Literal["pause", "leave"] | None = None
    provision: Literal["api", "by_hand"] = "api"


class DestinationSettings(_Shape, frozen=True):
    """One CRM under `destinations:`. Texts may use Jinja (`env_var`), and are rendered when the CRM is called."""

    loader: str
    url: str | None = None
    user: str | None = None
    api_key: str | None = None
    requests_per_minute: float = 60
    batch_size: int = 60
    concurrency: int = 2
    options: dict[str, Any] = {}


class ProjectFile(_Shape, frozen=True):
    """project.yml."""

    name: str
    to: str | None = None
    exports: str = "exports"
    vars: dict[str, Any] = {}
    load: LoadPolicy = LoadPolicy()
    destinations: dict[str, DestinationSettings] = {}
    models: dict[str, Any] = {}
    tests: dict[str, Any] = {}
    duckdb: dict[str, str | int | float | bool] = {}


# --- sources/*.yml ----------------------------------------------------------------------------------------------


class SourceColumn(_Shape, frozen=True):
    """One column of a source. For exports: its header as Cliniko writes it, and the other ways it was seen written."""

    name: str
    header: str | None = None
    aliases: list[str] = []
    type: ColumnType = "text"
    required: bool = False
    description: str | None = None
    left_out: str | None = None


class SourceTable(_Shape, frozen=True):
    """One table of a source; for an export, how its files are known and what they hold.

    ``left_out`` says why no model reads it, as that of a column says why none reads the column. ``if_missing`` says
    what a clinic without such a file goes without; ``from_api`` marks what no export holds, only Cliniko's API.
    """

    name: str
    description: str | None = None
    files: list[str] = []
    key: list[str] = []
    joins: dict[str, str] = {}
    required: bool = False
    from_api: bool = False
    left_out: str | None = None
    if_missing: str | None = None
    columns: list[SourceColumn] = []


class Source(_Shape, frozen=True):
    """A group of tables that come from one place and land in one schema."""

    name: str
    schema: str
    description: str | None = None
    tables: list[SourceTable] = []


class SourcesFile(_Shape, frozen=True):
    """A YAML file in sources/."""

    sources: list[Source] = []


# --- models/**/*.yml --------------------------------------------------------------------------------------------


class OptionSettings(_Shape, frozen=True):
    """One choice of a select field."""

    label: str
    value: str


class OptionsFrom(_Shape, frozen=True):
    """Choices that a table holds: a model with the columns `label` and `value`."""

    from_: str = msgspec.field(name="from")


class FieldSettings(_Shape, frozen=True):
    """A field of the CRM that is created where the workspace lacks it; `type` is the CRM's word for it.

    `name` defaults to the column's name (for a relation: without its final `Id`); `to` and `inverse` are for
    relations: the object that it points to, and the label of the far side.
    """

    type: str
    label: str
    name: str | None = None
    unique: bool = False
    options: list[OptionSettings] | OptionsFrom | None = None
    to: str | None = None
    inverse: str | None = None


class DefineSettings(_Shape, frozen=True):
    """The labels of a custom object that is created where the workspace lacks it."""

    plural: str
    label: str
    label_plural: str
    icon: str | None = None


class LoadSettings(_Shape, frozen=True):
    """What makes a model a staging table: the CRM's object that its rows become.

    ``fields`` names a model, as `ref('…')`, whose rows are further fields: `object`, `name`, `type`, `label`,
    `description` and `options` (a list of `label` and `value`).
    """

    object: str
    key: str
    mode: Literal["write", "match"] = "write"
    after: list[str] = []
    define: DefineSettings | None = None
    fields: str | None = None


class ModelConfig(_Shape, frozen=True):
    """`config:` of a model, in its YAML or in project.yml's tree of models (there with a `+` before each key)."""

    materialized: Literal["table", "view"] | None = None
    schema: str | None = None
    enabled: bool | str = True
    tags: list[str] = []
    load: LoadSettings | None = None


class ModelColumn(_Shape, frozen=True):
    """One column of a model, and what is claimed of it."""

    name: str
    description: str | None = None
    data_tests: list[str | dict[str, Any]] = []
    field: FieldSettings | None = None
    enabled: bool | str = True
    when_matched: bool = False


class ModelProperties(_Shape, frozen=True):
    """What a YAML file says of one model."""

    name: str
    description: str | None = None
    config: ModelConfig = ModelConfig()
    columns: list[ModelColumn] = []
    data_tests: list[str | dict[str, Any]] = []


class VariableDeclaration(_Shape, frozen=True):
    """A setting that models read with `var()`. One without a default is null until project.yml sets it."""

    name: str
    type: Literal["text", "number", "boolean", "list", "map", "timestamp"] = "text"
    choices: list[str] = []
    default: Any = None
    required: bool = False
    description: str | None = None


class CustomField(_Shape, frozen=True):
    """A custom field of Cliniko's, by its label there, and what it is to be in the CRM once it is `confirmed`.

    ``section`` tells two of one label apart; ``name`` is the field's own in the CRM, made from the label where nothing
    is said. A ``clinical`` one goes where clinical notes go.
    """

    custom_field: str
    of: Literal["patient", "attendance"] = "patient"
    section: str | None = None
    name: str | None = None
    type: Literal["text", "number", "date", "yes_no", "choice", "choices"] = "text"
    clinical: bool = False
    confirmed: bool = True


class ModelsFile(_Shape, frozen=True):
    """A YAML file in models/."""

    models: list[ModelProperties] = []
    vars: list[VariableDeclaration] = []
    custom_fields: list[CustomField] = []


_VARIABLE_TYPES: dict[str, tuple[type, ...]] = {
    "text": (str,),
    "number": (int, float),
    "boolean": (bool,),
    "list": (list,),
    "map": (dict,),
    "timestamp": (str,),
}


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
                    if (source.name, table.name) in found:
                        raise ConfigurationError(f"the source table '{table.name}' is declared twice", where=where)
                    _check_columns(table, where)
                    found[source.name, table.name] = (source, table)
        return found

    @cached_property
    def described(self) -> dict[str, Described]:
        """What the YAML files say of each model, by model name."""
        found: dict[str, Described] = {}
        for document in self._model_documents:
            for index, properties in enumerate(document.value.models):
                here = Described(properties, document, index)
                if properties.name in found:
                    other = found[properties.name].where()
                    raise ConfigurationError(
                        f"the model '{properties.name}' is described twice",
                        where=here.where(),
                        hint=f"Also at {other}.",
                    )
                found[properties.name] = here
        return found

    @cached_property
    def declarations(self) -> dict[str, VariableDeclaration]:
        """Every declared var."""
        declared: dict[str, VariableDeclaration] = {}
        for document in self._model_documents:
            for index, declaration in enumerate(document.value.vars):
                if declaration.name in declared:
                    raise ConfigurationError(
                        f"the var '{declaration.name}' is declared twice", where=document.where("vars", index)
                    )
                declared[declaration.name] = declaration
        return declared

    @cached_property
    def variables(self) -> dict[str, Any]:
        """Every declared var with its value: the command line's, else project.yml's, else its default."""
        declared = self.declarations
        values = {name: declaration.default for name, declaration in declared.items()}
        for name, value in self.file.vars.items():
            values[name] = self._checked_var(declared, name, value, self.document.where("vars", name))
        for name, value in self.given_vars.items():
            values[name] = self._checked_var(declared, name, value, "--vars")
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
                if key in found:
                    raise ConfigurationError(
                        f"the custom field '{entry.custom_field}' has two entries",
                        where=document.where("custom_fields", index),
                    )
                found[key] = entry
        return tuple(found.values())

    @staticmethod
    def _checked_var(declared: Mapping[str, VariableDeclaration], name: str, value: Any, where: str) -> Any:
        declaration = declared.get(name)
        if declaration is None:
            raise ConfigurationError(
                f"the var '{name}' is declared nowhere", where=where, hint=strict_yaml.nearest(name, declared)
            )
        if value is None:
            return declaration.default
        is_boolean = isinstance(value, bool)
        if not isinstance(value, _VARIABLE_TYPES[declaration.type]) or (is_boolean and declaration.type == "number"):
            raise ConfigurationError(f"the var '{name}' wants a {declaration.type}, not {value!r}", where=where)
        if declaration.choices and value not in declaration.choices:
            raise ConfigurationError(
                f"the var '{name}' cannot be {value!r}", where=where, hint=f"Known: {', '.join(declaration.choices)}."
            )
        return value

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
            hint="Go to a project's folder, name one with --project-dir, or make one with `init`.",
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
