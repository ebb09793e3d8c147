"""`schema`: the shapes of the YAML files as JSON Schema, so that editors complete and check them."""

from __future__ import annotations

from pathlib import Path

import click

from shift.commands.common import with_project
from shift.project import Project


@click.command()
@with_project
@click.option(
    "--out", type=click.Path(file_okay=False, path_type=Path), help="Where to write them.  [default: target/schema]"
)
def command(project: Project, out: Path | None) -> None:
    """Write a JSON Schema for project.yml and for the YAML files in sources/ and models/.

    An editor with YAML support uses one when a file's first line names it:

    \b
      # yaml-language-server: $schema=target/schema/project.json

    \b
    Example:
      shift-etl schema
    """
    import json

    import msgspec

    from shift.project import ModelsFile, ProjectFile, SourcesFile

    folder = out or project.database.parent / "schema"
    folder.mkdir(parents=True, exist_ok=True)
    for name, shape in {"project": ProjectFile, "sources": SourcesFile, "models": ModelsFile}.items():
        document = msgspec.json.schema(shape)
        document = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": f"shift: {name}", **document}
        path = folder / f"{name}.json"
        path.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
        click.echo(f"Wrote {project.shown(path)}")
