"""YAML files are checked strictly, and every fault is named with its line and the nearest known word."""

from __future__ import annotations

from pathlib import Path

import pytest

from shift import strict_yaml
from shift.errors import ConfigurationError
from shift.project import ModelsFile, ProjectFile, SourcesFile


@pytest.mark.parametrize(
    ("shape", "text", "message"),
    [
        (
            ModelsFile,
            "models:\n- name: a\n  colums: []\n",
            "f.yml:3: 'colums' is not known here\nDid you mean 'columns'?",
        ),
        (ModelsFile, "model: []\n", "f.yml:1: 'model' is not known here\nDid you mean 'models'?"),
        (ModelsFile, "models:\n- columns: []\n", "f.yml:2: the key is missing: 'name'"),
        (ModelsFile, "models:\n- name: 3\n", "f.yml:2: 'name': expected a text, got a whole number"),
        (ModelsFile, "models: 5\n", "f.yml:1: 'models': expected a list, got a whole number"),
        (ModelsFile, "- a\n", "f.yml:1: expected a map, got a list"),
        (ModelsFile, "vars: []\nmodels: []\nvars: []\n", "f.yml:3: the key 'vars' stands here twice"),
        (ModelsFile, "models: [\n", "f.yml:2: this is not YAML: did not find expected node content"),
        (
            SourcesFile,
            "sources:\n- name: c\n  schema: raw\n  tables:\n  - name: t\n    columns:\n    - {name: x, type: txt}\n",
            "f.yml:7: 'type': 'txt' is not one of the choices\nDid you mean 'text'?",
        ),
        (
            ProjectFile,
            "name: c\ndestinations:\n  twenty:\n    loader: twenty\n    batchsize: 4\n",
            "f.yml:5: 'batchsize' is not known here\nDid you mean 'batch_size'?",
        ),
        (
            ProjectFile,
            "name: c\ndestinations:\n  a: {loader: a, batch_size: 9}\n  b:\n    loader: b\n    batch_size: many\n",
            "f.yml:6: 'batch_size': expected a whole number, got a text",
        ),
        (ProjectFile, "name: c\ndestinations:\n  a: {loader: a}\n  b: {}\n", "f.yml:4: the key is missing: 'loader'"),
        (
            ProjectFile,
            "name: c\nload:\n  on_conflict: ask\n",
            "f.yml:3: 'on_conflict': 'ask' is not one of the choices\nKnown: flag, ours, theirs.",
        ),
    ],
)
def test_a_fault_is_named_with_its_line(shape: type, text: str, message: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        strict_yaml.parse(text, shape, shown_as="f.yml")
    assert str(caught.value) == message
    assert caught.value.exit_code == 2


def test_an_empty_file_says_nothing() -> None:
    assert strict_yaml.parse("", ModelsFile, shown_as="f.yml").value == ModelsFile()


def test_a_value_knows_its_line() -> None:
    document = strict_yaml.parse(
        "models:\n- name: a\n- name: b\n  columns:\n  - name: x\n", ModelsFile, shown_as="f.yml"
    )
    assert document.where("models", 1, "columns", 0) == "f.yml:5"
    assert document.where("models", 1, "no such key") == "f.yml:3"


def test_a_file_that_is_not_text_is_named(tmp_path: Path) -> None:
    path = tmp_path / "f.yml"
    path.write_bytes(b"name: \xff\xfe")
    with pytest.raises(ConfigurationError, match="f.yml: cannot be read"):
        strict_yaml.read(path, ProjectFile, shown_as="f.yml")
