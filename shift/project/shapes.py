"""The shapes of project.yml and of the YAML files in sources/ and models/: the whole of what these may say."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

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
    """A setting that models read with `var()`. One without a default is null until project.yml sets it.

    A country is two letters (ISO 3166), a currency three (ISO 4217), a timezone a name that DuckDB knows.
    """

    name: str
    type: Literal["text", "number", "boolean", "list", "map", "timestamp", "country", "currency", "timezone"] = "text"
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
