"""The clinic's project: project.yml, and the YAML beside sources and models, as typed values.

An unknown key is an error with file, line and the nearest known word, and the command `schema` writes the same shapes
as JSON Schema for editors. Nothing here runs Jinja, so that `build` needs no credentials.

shapes     what the files may say
variables  what a var may be
folder     the project's folder, read and checked
"""

from shift.project.folder import Described, Project, files_below, open_project
from shift.project.shapes import (
    FieldSettings,
    LoadPolicy,
    LoadSettings,
    ModelColumn,
    ModelConfig,
    ModelsFile,
    OptionsFrom,
    ProjectFile,
    SourceColumn,
    SourcesFile,
    SourceTable,
)

__all__ = [
    "Described",
    "FieldSettings",
    "LoadPolicy",
    "LoadSettings",
    "ModelColumn",
    "ModelConfig",
    "ModelsFile",
    "OptionsFrom",
    "Project",
    "ProjectFile",
    "SourceColumn",
    "SourceTable",
    "SourcesFile",
    "files_below",
    "open_project",
]
