"""From a project's files to the graph: find models and tests, settle their configuration, compile them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cached_property
from pathlib import Path
from typing import Any

import msgspec

from shift import strict_yaml
from shift.database import quoted
from shift.errors import ConfigurationError, ModelError
from shift.graph.nodes import DataTest, Graph, Model, Stage, TestConfig
from shift.project import ModelColumn, ModelConfig, OptionsFrom, Project, files_below
from shift.strict_yaml import nearest
from shift.templating import Names, Rendered, Templates

_AFTER_A_LOAD = ("ledger", "readback")
_REFERENCE = re.compile(r"^\s*(ref|source)\s*\(")
_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*$")


def read_graph(project: Project) -> Graph:
    """Find, check and compile all models and tests of the project.

    Raises ConfigurationError or ModelError, with file and line, for what does not fit together.
    """
    reader = _Reader(project)
    return Graph(project, reader.templates, reader.models, reader.tests)


class _Reader:
    """Reads a project's folder into models and tests; the attributes are the result."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self.models: dict[str, Model] = {}
        self.tests: dict[str, DataTest] = {}
        self._files = self._find_models()
        self.templates = Templates(project, Names({}, {}))
        self._configs = {name: self._config_of(name) for name in self._files}
        self._away = {name: reason for name in self._files if (reason := self._reason_to_stay_away(name))}
        relations = {name: self._relation(name) for name in self._files if name not in self._away}
        sources = {
            (source.name, table.name): f"{source.schema}.{_identifier(table.name)}"
            for source, table in project.sources.values()
        }
        self.templates.names = Names(relations, sources, self._away)
        for name in relations:
            self._read_model(name)
        for name in self.models:
            self._read_generic_tests(name)
        self._read_singular_tests()

    def _find_models(self) -> dict[str, Path]:
        files: dict[str, Path] = {}
        for path in files_below(self.project.root / "models", ".sql"):
            if (first := files.setdefault(path.stem, path)) != path:
                raise ConfigurationError(
                    f"there are two models called '{path.stem}'",
                    where=self.project.shown(first),
                    hint=f"Also {self.project.shown(path)}.",
                )
        for name, described in self.project.described.items():
            if name not in files:
                raise ConfigurationError(
                    f"no file in models/ is called '{name}.sql'",
                    where=described.where("name"),
                    hint=nearest(name, files),
                )
        return files

    # Configuration: project.yml's tree, then the YAML beside the model, then config() within it.

    def _config_of(self, name: str) -> ModelConfig:
        path = self._files[name].relative_to(self.project.root / "models")
        merged: dict[str, Any] = {}
        tree: Any = self.project.file.models
        steps: tuple[str, ...] = ("models",)
        for part in ("", *path.parts[:-1], name):
            if part:
                tree, steps = tree.get(part, {}), (*steps, part)
            if not isinstance(tree, dict):
                raise ConfigurationError("this wants a map", where=self.project.document.where(*steps))
            settings = {key[1:]: value for key, value in tree.items() if key.startswith("+")}
            strict_yaml.convert(settings, ModelConfig, {}, self.project.document.where(*steps))
            merged.update(settings)
        described = self.project.described.get(name)
        if described:
            given = msgspec.to_builtins(described.properties.config)
            default = msgspec.to_builtins(ModelConfig())
            merged.update({key: value for key, value in given.items() if value != default[key]})
        return msgspec.convert(merged, ModelConfig)

    def _relation(self, name: str) -> str:
        schema, table = self._schema_and_table(name)
        return f"{_identifier(schema)}.{_identifier(table)}"

    def _schema_and_table(self, name: str) -> tuple[str, str]:
        prefix, separator, rest = name.partition("__")
        if not separator:
            prefix, rest = self._files[name].parent.name, name
        return self._configs[name].schema or prefix, rest

    def _reason_to_stay_away(self, name: str) -> str | None:
        """Why a model does not take part, or None."""
        described = self.project.described.get(name)
        where = described.where("config", "enabled") if described else self.project.document.where("models")
        if not self._truth(self._configs[name].enabled, where):
            return "that model is not enabled"
        folder = self._files[name].relative_to(self.project.root / "models").parts[0]
        if self._is_of_another_destination(folder):
            return f"that model belongs to the destination '{folder}', and this run goes to '{self.project.to}'"
        return None

    def _is_of_another_destination(self, name: str) -> bool:
        """Whether a folder of models, or a source, is there for a destination other than the one that was chosen."""
        loader = self.project.destination.loader if self.project.to else None
        return name in self._destination_folders and name != loader

    @cached_property
    def _destination_folders(self) -> set[str]:
        """The folders of models/ that hold staging tables: each belongs to the loader of its name."""
        root = self.project.root / "models"
        return {self._files[name].relative_to(root).parts[0] for name, config in self._configs.items() if config.load}

    def _truth(self, value: bool | str, where: str) -> bool:
        if isinstance(value, bool):
            return value
        result = self.templates.expression(value, name=where)
        return result if isinstance(result, bool) else str(result).strip().lower() == "true"

    # Models and their tests.

    def _read_model(self, name: str) -> None:
        path = self._files[name]
        shown = self.project.shown(path)
        text = path.read_text(encoding="utf-8")
        config = self._configs[name]
        relation = self._relation(name)
        rendered = self.templates.render(text, name=shown, this=relation)
        if rendered.away:
            other = rendered.away[0]
            raise ConfigurationError(f"ref('{other}'): {self._away[other]}", where=shown)
        inline = strict_yaml.convert(rendered.config, ModelConfig, {}, shown)
        for key in sorted(set(rendered.config) - {"materialized", "tags"}):
            raise ConfigurationError(f"config() may not set '{key}'", where=shown, hint="Set it in the model's YAML.")
        described = self.project.described.get(name)
        where = described.where() if described else shown
        columns = [
            column
            for index, column in enumerate(described.properties.columns if described else [])
            if described and self._truth(column.enabled, described.where("columns", index, "enabled"))
        ]
        self.models[name] = Model(
            name=name,
            shown=shown,
            schema=self._schema_and_table(name)[0],
            relation=relation,
            materialized=inline.materialized or config.materialized or "table",
            tags=(*config.tags, *inline.tags),
            text=text,
            sql=_statement(rendered, shown),
            refs=tuple(dict.fromkeys([*rendered.refs, *self._named_in_yaml(config, columns, where)])),
            sources=tuple(dict.fromkeys(rendered.sources)),
            described=described,
            load=config.load,
            columns=tuple(columns),
            by_setting=isinstance(config.enabled, str),
        )

    def _named_in_yaml(self, config: ModelConfig, columns: Iterable[ModelColumn], where: str) -> Iterator[str]:
        """The models whose tables tell a staging table's fields and choices: they are built before it is checked."""
        named = [config.load.fields if config.load else None]
        named += [
            column.field.options.from_ if column.field and isinstance(column.field.options, OptionsFrom) else None
            for column in columns
        ]
        for reference in filter(None, named):
            yield from self.templates.reference(reference, name=where).refs

    def _read_generic_tests(self, name: str) -> None:
        model = self.models[name]
        if model.described is None:
            return
        properties = model.described.properties
        for index, entry in enumerate(properties.data_tests):
            self._add_generic_test(model, None, entry, model.described.where("data_tests", index))
        for at, column in enumerate(properties.columns):
            if column in model.columns:
                for index, entry in enumerate(column.data_tests):
                    where = model.described.where("columns", at, "data_tests", index)
                    self._add_generic_test(model, column.name, entry, where)

    def _add_generic_test(self, model: Model, column: str | None, entry: str | dict[str, Any], where: str) -> None:
        if isinstance(entry, str):
            entry = {entry: {}}
        if len(entry) != 1:
            raise ConfigurationError("a test is one name, with its arguments below it", where=where)
        (test, given), *_ = entry.items()
        arguments = dict(given or {})
        config = strict_yaml.convert(arguments.pop("config", {}), TestConfig, {}, where)
        given_name = arguments.pop("name", None)
        if not self._truth(config.enabled, where):
            return
        target = f"(select * from {model.relation} where {config.where})" if config.where else model.relation
        rendered_arguments: dict[str, Any] = {"model": target}
        refs = [model.name]
        for key, value in arguments.items():
            if isinstance(value, str) and _REFERENCE.match(value):
                evaluated = self.templates.reference(value, name=where)
                if evaluated.away:
                    return
                refs += evaluated.refs
                value = evaluated.sql
            rendered_arguments[key] = value
        if column is not None:
            rendered_arguments["column_name"] = _identifier(column)
        rendered = self.templates.call_test(test, rendered_arguments, name=where)
        rendered.refs = [*refs, *rendered.refs]
        base = given_name or "_".join([test, model.name, *([column] if column else [])])
        name, number = base, 2
        while name in self.tests:
            name, number = f"{base}_{number}", number + 1
        of: dict[str, Any] = {"kind": test, "model": model.name, "column": column, "arguments": arguments}
        self._add_test(name, rendered, config, where=where, sql=rendered.sql, **of)

    def _read_singular_tests(self) -> None:
        root = self.project.root / "tests"
        for path in files_below(root, ".sql"):
            if path.relative_to(root).parts[0] in ("generic", "python"):
                continue
            shown = self.project.shown(path)
            text = path.read_text(encoding="utf-8")
            rendered = self.templates.render(text, name=shown)
            config = strict_yaml.convert(rendered.config, TestConfig, {}, shown)
            belongs = [*path.relative_to(root).parts[:-1], *(source for source, _ in rendered.sources)]
            elsewhere = rendered.away or any(map(self._is_of_another_destination, belongs))
            if elsewhere or not self._truth(config.enabled, shown):
                continue
            if path.stem in self.tests:
                raise ConfigurationError(f"there are two tests called '{path.stem}'", where=shown)
            folder = path.relative_to(root).parts[0]
            sql = _statement(rendered, shown)
            self._add_test(path.stem, rendered, config, where=shown, sql=sql, text=text, folder=folder)

    def _add_test(
        self, name: str, rendered: Rendered, config: TestConfig, *, folder: str = "", **properties: Any
    ) -> None:
        self.tests[name] = DataTest(
            name=name,
            refs=tuple(dict.fromkeys(rendered.refs)),
            sources=tuple(dict.fromkeys(rendered.sources)),
            severity=config.severity,
            stage=self._stage(folder, rendered.sources),
            tags=tuple(config.tags),
            **properties,
        )

    def _stage(self, folder: str, sources: Iterable[tuple[str, str]]) -> Stage:
        """Tests in tests/plan/ are findings of the plan; what reads the ledger or the read-back waits for a load.

        Only what a test itself reads counts: a model may remember keys from the ledger, and all that stands on it is
        tested before a load all the same.
        """
        if folder == "plan":
            return "plan"
        read = {self.project.sources[source][0].schema for source in sources}
        return "reconciliation" if folder == "reconciliation" or read.intersection(_AFTER_A_LOAD) else "build"


def _statement(rendered: Rendered, shown: str) -> str:
    """The SQL of a file, as it can stand within another statement."""
    sql = rendered.sql.rstrip().rstrip(";").rstrip()
    if not sql:
        raise ModelError("there is no SQL in it", where=shown)
    return sql


def _identifier(name: str) -> str:
    return name if _PLAIN.match(name) else quoted(name)
