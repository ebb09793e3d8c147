"""The scope of a migration before anything moves: what the models in models/audit/ say of the exports.

Each of them is a section of the audit, titled by its description, in the order in which YAML describes them; what no
YAML describes comes last. A column `_entry` holds proposals: entries for the YAML file in models/ that is called like
the section, where somebody may confirm them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shift import strict_yaml
from shift.building import run
from shift.errors import ConfigurationError, ModelError
from shift.graph import Graph, Model, Selection, select
from shift.landing import land
from shift.moving import ensure_sources
from shift.project import ModelsFile

if TYPE_CHECKING:
    import duckdb

FOLDER = "models/audit"
_ENTRY = "_entry"
_HEADING = """\
# Custom fields of Cliniko's. Each that is `confirmed: true` becomes a field of the CRM; the others stay behind.
#   type: text, number, date, yes_no, choice, or choices for several at once
#   name: what the field is to be called in the CRM's API, where the label is not to say it
#   clinical: true for one that goes only where clinical notes go
custom_fields:
"""


@dataclass(frozen=True)
class Section:
    """One table of the audit. ``name`` is the model's without its schema; rows have a value for each column."""

    name: str
    model: str
    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]


@dataclass(frozen=True)
class Proposal:
    """Entries for a file of the project, as YAML texts; ``what`` they are entries of, in words."""

    what: str
    file: str
    entries: tuple[str, ...]


def audit(graph: Graph, connection: duckdb.DuckDBPyConnection) -> list[Section]:
    """Land the exports, build what the audit stands on, and read every section. Needs no CRM.

    Raises ExportError where there is nothing to land, and ModelError for a model that does not build.
    """
    project = graph.project
    land(connection, project.exported, project.exports, landed_at=datetime.now(UTC))
    ensure_sources(connection, project)
    # What an earlier build made of other exports must not pass for a build of these.
    connection.execute("drop table if exists main.run_results")
    models = select(graph, [f"+{model.name}" for model in section_models(graph)]).models
    for result in run(graph, connection, Selection(models, frozenset())):
        if result.status == "error":
            raise ModelError(result.message or f"the model {result.node} does not build")
    return [_section(model, connection) for model in section_models(graph)]


def section_models(graph: Graph) -> list[Model]:
    """The models that are sections, in the order of the audit; ConfigurationError where the project has none."""
    there = [model for model in graph.models.values() if model.shown.startswith(f"{FOLDER}/")]
    if not there:
        raise ConfigurationError(f"there are no models in {FOLDER}/, so there is nothing to tell", where=FOLDER)
    described = list(graph.project.described)
    return sorted(
        there, key=lambda model: (described.index(model.name) if model.described else len(described), model.name)
    )


def _section(model: Model, connection: duckdb.DuckDBPyConnection) -> Section:
    cursor = connection.execute(f"select * from {model.relation}")
    return Section(
        name=model.name.removeprefix(f"{model.schema}__"),
        model=model.name,
        title=model.description or model.name,
        columns=tuple(column[0] for column in cursor.description),
        rows=tuple(cursor.fetchall()),
    )


def proposals(sections: Sequence[Section]) -> list[Proposal]:
    """What the sections propose; one without entries has nothing to add."""
    return [
        Proposal(
            what=section.name.replace("_", " "),
            file=f"models/{section.name}.yml",
            entries=tuple(entry for row in section.rows if (entry := row[section.columns.index(_ENTRY)]) is not None),
        )
        for section in sections
        if _ENTRY in section.columns
    ]


def propose(path: Path, entries: Sequence[str], *, shown_as: str) -> None:
    """Write the entries at the end of a YAML file of models; what stands there stays.

    Raises ConfigurationError, and leaves the file as it was, where they cannot be put at its end.
    """
    before = path.read_text(encoding="utf-8") if path.exists() else _HEADING
    text = "\n".join([before.rstrip("\n"), *entries, ""])
    try:
        strict_yaml.parse(text, ModelsFile, shown_as=shown_as)
    except ConfigurationError as error:
        raise ConfigurationError(
            f"the proposed entries do not fit at its end: {error.message}",
            where=error.where,
            hint="Let the list that they belong to be the last in the file, its items indented as the proposed ones.",
        ) from None
    path.write_text(text, encoding="utf-8")
