"""Jinja for models, tests and macros: sandboxed, strict, and able to say on which line of which file it failed.

A text is rendered once. What it asked for on the way (`ref`, `source`, `config`) is noted, and is what the graph is
made of.
"""

from __future__ import annotations

import os
import re
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path
from types import CodeType
from typing import Any

import jinja2
from jinja2 import FileSystemBytecodeCache, StrictUndefined, nodes
from jinja2.exceptions import SecurityError, TemplateError, TemplateSyntaxError
from jinja2.ext import Extension
from jinja2.parser import Parser
from jinja2.sandbox import ImmutableSandboxedEnvironment

import shift
from shift.errors import ConfigurationError, ModelError, ShiftError
from shift.project import Project, files_below
from shift.strict_yaml import nearest

# Marks the start of each line of a template, so that a line of the compiled text leads back to its source.
_MARK = re.compile("\ue000(\\d+)\ue001")
_FAULTS = (TemplateError, ShiftError, ArithmeticError, TypeError, ValueError, LookupError, AttributeError)


@dataclass(frozen=True)
class Names:
    """What templates may refer to: relations by model name, and by (source, table); and models that take no part."""

    models: Mapping[str, str]
    sources: Mapping[tuple[str, str], str]
    away: Mapping[str, str] = field(default_factory=dict)


@dataclass
class Rendered:
    """A compiled text, and what it asked for."""

    sql: str = ""
    refs: list[str] = field(default_factory=list)
    sources: list[tuple[str, str]] = field(default_factory=list)
    away: list[str] = field(default_factory=list)
    config: dict[str, Any] = field(default_factory=dict)


_current: ContextVar[Rendered] = ContextVar("current")


@contextmanager
def _noted() -> Iterator[Rendered]:
    """What is rendered in the block notes here what it asks for."""
    rendered = Rendered()
    token = _current.set(rendered)
    try:
        yield rendered
    finally:
        _current.reset(token)


class _Target:
    """The destination that was chosen, for templates; one that was not is an error only where it is asked for."""

    def __init__(self, project: Project) -> None:
        self._project = project

    @property
    def name(self) -> str | None:
        return self._project.to

    @property
    def loader(self) -> str:
        return self._project.destination.loader


class _TestTag(Extension):
    """`{% test name(model, column_name) %} … {% endtest %}` defines the macro `test_name`, as in dbt."""

    tags = {"test"}

    def parse(self, parser: Parser) -> nodes.Node:
        line = next(parser.stream).lineno
        macro = nodes.Macro(lineno=line)
        macro.name = "test_" + parser.parse_assign_target(name_only=True).name
        parser.parse_signature(macro)
        macro.body = parser.parse_statements(("name:endtest",), drop_needle=True)
        return macro


class Templates:
    """The Jinja environment of a project, with its macros."""

    def __init__(self, project: Project, names: Names) -> None:
        self._project = project
        self._variables = project.variables  # here, so that what is wrong with one is blamed on no file that reads it
        self.names = names
        self._files: dict[str, str] = {}
        self._compiled_before = _compiled_before(project)
        self._environment = ImmutableSandboxedEnvironment(
            undefined=StrictUndefined, extensions=[_TestTag, "jinja2.ext.do"], keep_trailing_newline=True
        )
        self._environment.globals = {
            "ref": self._ref,
            "source": self._source,
            "var": self._var,
            "env_var": self._env_var,
            "custom_fields": lambda: project.custom_fields,
            "config": self._config,
            "target": _Target(project),
            "range": range,
            "dict": dict,
            "zip": zip,
        }
        self.macros: dict[str, str] = {}
        self._load_macros()

    def render(self, text: str, *, name: str, this: str = "") -> Rendered:
        """Render a model or an SQL test; ``name`` is its file as messages show it, ``this`` its relation.

        Raises ModelError with the line and the text of what is wrong.
        """
        self._files.setdefault(name, text)
        with _noted() as rendered:
            try:
                rendered.sql = self._template(self._compile(text, name)).render({"this": this})
            except _FAULTS as error:
                raise self._explained(error, name) from None
        return rendered

    def call_test(self, test: str, arguments: Mapping[str, Any], *, name: str) -> Rendered:
        """Render the generic test ``test``; ``name`` is where it is asked for."""
        macro = self._environment.globals.get(f"test_{test}")
        if macro is None:
            known = [key.removeprefix("test_") for key in self.macros if key.startswith("test_")]
            raise ConfigurationError(f"there is no test '{test}'", where=name, hint=nearest(test, known))
        with _noted() as rendered:
            try:
                rendered.sql = str(macro(**arguments)).strip()  # type: ignore[operator]  # a Jinja macro is callable
            except _FAULTS as error:
                if isinstance(error, TypeError) or "was not provided" in str(error):
                    raise ConfigurationError(f"the test '{test}': {error}", where=name) from None
                raise self._explained(error, name) from None
        return rendered

    def reference(self, call: str, *, name: str) -> Rendered:
        """What `ref('…')` or `source('…', '…')` in YAML becomes; ``name`` is where it stands."""
        with _noted() as rendered:
            try:
                rendered.sql = self._environment.from_string("{{ " + call + " }}").render()
            except _FAULTS as error:
                raise _misplaced(error, call, name) from None
        return rendered

    def expression(self, text: str, *, name: str) -> Any:
        """The value of a text in YAML that may use Jinja: `"{{ var('x') == 'y' }}"` gives True or False."""
        bare = text.strip()
        with _noted():
            try:
                if bare.startswith("{{") and bare.endswith("}}") and "{{" not in bare[2:]:
                    return self._environment.compile_expression(bare[2:-2], undefined_to_none=False)()
                return self._environment.from_string(text).render()
            except _FAULTS as error:
                raise _misplaced(error, text, name) from None

    def line_of(self, text: str, *, name: str, compiled_line: int, this: str = "") -> int:
        """The line of the source that a line of its compiled text came from; for a macro's line, the caller's."""
        tree = self._environment.parse(text, name, name)
        for data in tree.find_all(nodes.TemplateData):
            data.data = _marked(data.data, data.lineno)
        with _noted():
            marked = self._template(self._environment.compile(tree, name, name)).render({"this": this})
        line = 1
        for compiled in marked.split("\n")[:compiled_line]:
            mark = _MARK.match(compiled)
            line = int(mark[1]) if mark else line
        return line

    def excerpt(self, name: str, line: int) -> str:
        """A line of a file that was read, as messages show it."""
        lines = self._files.get(name, "").splitlines()
        return f"{line:>6} | {lines[line - 1]}" if 0 < line <= len(lines) else ""

    # What templates may call.

    def _ref(self, name: str) -> str:
        if name in self.names.away:  # whoever asked may do without: a test does not run then, a model cannot
            _current.get().away.append(name)
            return name
        if name not in self.names.models:
            near = nearest(name, [*self.names.models, *self.names.away])
            hint = near or "A model is called as its file in models/ is, without .sql."
            raise ModelError(f"ref('{name}'): there is no such model", hint=hint)
        _current.get().refs.append(name)
        return self.names.models[name]

    def _source(self, source: str, table: str) -> str:
        if (source, table) not in self.names.sources:
            known = [f"{one}.{other}" for one, other in self.names.sources]
            raise ModelError(
                f"source('{source}', '{table}'): there is no such source table",
                hint=nearest(f"{source}.{table}", known) or "Sources are declared by the YAML files in sources/.",
            )
        _current.get().sources.append((source, table))
        return self.names.sources[source, table]

    def _var(self, name: str, default: Any = None) -> Any:
        if name not in self._variables:
            raise ModelError(
                f"var('{name}'): it is declared nowhere",
                hint=nearest(name, self._variables) or "Declare it under `vars:` in a YAML file in models/.",
            )
        value = self._variables[name]
        return default if value is None else value

    def _env_var(self, name: str, default: str | None = None) -> str:
        if name in _names_in_destinations(self._project):
            raise ModelError(f"env_var('{name}'): a destination's secrets may not pass into SQL")
        value = self._project.environment.get(name, default)
        if value is None:
            raise ModelError(f"env_var('{name}'): it is not set", hint="Set it in the environment, or in .env.")
        return value

    def _config(self, **settings: Any) -> str:
        _current.get().config.update(settings)
        return ""

    # Macros and errors.

    def _load_macros(self) -> None:
        """Every macro of the engine, of macros/ and of tests/generic/ becomes a global name."""
        builtin = Path(__file__).with_name("generic_tests.sql")
        found = [(builtin, "shift/generic_tests.sql")]
        for folder in ("macros", "tests/generic"):
            found += [(path, self._project.shown(path)) for path in files_below(self._project.root / folder, ".sql")]
        for path, shown in found:
            self._files[shown] = path.read_text(encoding="utf-8")
            try:
                template = self._template(self._compile(self._files[shown], shown))
                # Shared, so that a macro may call one of a file that is read after its own.
                module = template.make_module(self._environment.globals, shared=True)
            except (TemplateError, ShiftError) as error:
                raise self._explained(error, shown) from None
            for key in (name for name in vars(module) if not name.startswith("_")):
                if key in self.macros:
                    raise ModelError(
                        f"the macro '{key}' is defined twice", where=shown, hint=f"Also in {self.macros[key]}."
                    )
                self.macros[key] = shown
                self._environment.globals[key] = getattr(module, key)

    def _compile(self, text: str, name: str) -> CodeType:
        """A text as Python code; what was compiled by an earlier command, and is still the same, is read."""
        if self._compiled_before is None:
            return self._environment.compile(text, name, name)
        versions = f"{jinja2.__version__} {shift.__version__}"
        bucket = self._compiled_before.get_bucket(self._environment, name, name, f"{versions}\n{text}")
        if bucket.code is None:
            bucket.code = self._environment.compile(text, name, name)
            self._compiled_before.set_bucket(bucket)
        return bucket.code

    def _template(self, code: CodeType) -> Any:
        return self._environment.template_class.from_code(self._environment, code, self._environment.globals)

    def _explained(self, error: Exception, name: str) -> ShiftError:
        """An error of Jinja's or of a macro's, with the file and line where it rose, unless it knows a place itself."""
        if isinstance(error, ShiftError) and error.where:
            return error
        line, file = 1, name
        if isinstance(error, TemplateSyntaxError):
            line, file = error.lineno, error.name or name
        else:
            for frame in traceback.extract_tb(error.__traceback__):
                if frame.filename in self._files:
                    file, line = frame.filename, frame.lineno or 1
        message = error.message if isinstance(error, (TemplateError, ShiftError)) else str(error)
        if isinstance(error, SecurityError):
            message = f"not allowed in a template: {message}"
        hint = getattr(error, "hint", None)
        excerpt = self.excerpt(file, line)
        if file != name:
            excerpt += f"\nThe macro was called from {name}."
        return ModelError(f"{message}\n{excerpt}".rstrip(), where=f"{file}:{line}", hint=hint)


def _misplaced(error: Exception, text: str, where: str) -> ConfigurationError:
    """An error of a text in YAML."""
    if isinstance(error, ShiftError):
        return ConfigurationError(error.message, where=error.where or where, hint=error.hint)
    return ConfigurationError(f"{text}: {error}", where=where)


def _compiled_before(project: Project) -> FileSystemBytecodeCache | None:
    """Jinja's cache of compiled texts, below target/; none where that folder cannot be written."""
    folder = project.root / "target" / "templates"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError:
        return None
    return FileSystemBytecodeCache(str(folder)) if os.access(folder, os.W_OK) else None


def _marked(data: str, line: int) -> str:
    parts = data.split("\n")
    return "\n".join(f"\ue000{line + offset}\ue001{part}" for offset, part in enumerate(parts))


def _names_in_destinations(project: Project) -> set[str]:
    """The environment variables that project.yml's destinations read."""
    texts = [
        text
        for settings in project.file.destinations.values()
        for text in (settings.url, settings.user, settings.api_key)
        if text
    ]
    return {name for text in texts for name in re.findall(r"env_var\(\s*['\"]([^'\"]+)", text)}


def environment_text(text: str, project: Project, *, where: str) -> str:
    """A text of project.yml's destinations with its `env_var` calls filled in.

    Raises ConfigurationError, naming the variable and never its value, where one is not set.
    """
    if "{{" not in text:
        return text

    def env_var(name: str, default: str | None = None) -> str:
        value = project.environment.get(name, default)
        if not value:
            raise ConfigurationError(
                f"the environment variable {name} is not set", where=where, hint="Set it, or write it into .env."
            )
        return value

    environment = ImmutableSandboxedEnvironment(undefined=StrictUndefined)
    functions: dict[str, Callable[..., str]] = {"env_var": env_var}
    try:
        return environment.from_string(text).render(functions)
    except TemplateError as error:
        raise ConfigurationError(f"{error}", where=where) from None
