"""YAML files into typed values; whatever is wrong is named with its file and line, and the nearest known word.

PyYAML's C parser gives the nodes with their lines, msgspec checks them against the types. Both are quick enough that
a project of many files still starts at once.
"""

from __future__ import annotations

import difflib
import functools
import operator
import re
import types
import typing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeAlias, TypeVar, Union

import msgspec
import yaml

from shift.errors import ConfigurationError

T = TypeVar("T")
Steps: TypeAlias = tuple[str | int, ...]
Lines: TypeAlias = dict[Steps, int]

_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_AT = re.compile(r" - at `(?:key in )?(\$[^`]*)`$")
_UNKNOWN = re.compile(r"unknown field `([^`]+)`")
_MISSING = re.compile(r"missing required field `([^`]+)`")
_INVALID_ENUM = re.compile(r"Invalid enum value '([^']*)'")
_STEP = re.compile(r"\.([A-Za-z_][A-Za-z0-9_\-]*)|\[(\d+)\]|\[(\.\.\.)\]")
_QUOTED = re.compile(r"`([^`]+)`")
_KINDS = {
    "str": "a text",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "array": "a list",
    "object": "a map",
    "null": "nothing",
}
_READABLE = 60  # so many words are listed


@dataclass(frozen=True)
class Document(Generic[T]):
    """A checked YAML file: its value, and where each of its keys and items stands."""

    value: T
    shown_as: str
    lines: Lines

    def where(self, *steps: str | int) -> str:
        """``file:line`` of a path such as ``("models", 0, "columns", 2)``, or of the nearest key above it."""
        return f"{self.shown_as}:{_line(self.lines, steps)}"


def read(path: Path, shape: type[T], *, shown_as: str) -> Document[T]:
    """Read one YAML file as ``shape``; ``shown_as`` is how messages name the file.

    Raises ConfigurationError, with file and line, for YAML that does not parse, an unknown or doubled key, a missing
    key, or a value of the wrong type.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise ConfigurationError("no such file", where=shown_as) from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"cannot be read: {error}", where=shown_as) from None
    return parse(text, shape, shown_as=shown_as)


def parse(text: str, shape: type[T], *, shown_as: str) -> Document[T]:
    """As ``read``, from text."""
    lines: Lines = {}
    loader = _Loader(text)
    try:
        node = loader.get_single_node()
        value = {} if node is None else _plain(loader, node, (), lines, shown_as)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise ConfigurationError(f"this is not YAML: {error.problem}", where=f"{shown_as}:{line}") from None
    except yaml.YAMLError as error:
        raise ConfigurationError(f"this is not YAML: {error}", where=shown_as) from None
    finally:
        loader.dispose()
    return Document(convert(value, shape, lines, shown_as), shown_as, lines)


def convert(value: Any, shape: type[T], lines: Lines, shown_as: str) -> T:
    """A plain value as ``shape``, or a ConfigurationError that names the line of what is wrong.

    With no ``lines``, ``shown_as`` is the whole of the place.
    """
    try:
        return msgspec.convert(value, shape)
    except msgspec.ValidationError as error:
        raise _explained(str(error), value, shape, lines, shown_as) from None


def _plain(loader: Any, node: yaml.Node, at: Steps, lines: Lines, shown_as: str) -> Any:
    """A node as plain Python, noting the line of every key and item."""
    lines.setdefault(at, node.start_mark.line + 1)
    if isinstance(node, yaml.MappingNode):
        result: dict[Any, Any] = {}
        for key_node, value_node in node.value:
            key = loader.construct_object(key_node, deep=True)
            line = key_node.start_mark.line + 1
            if not isinstance(key, (str, int, float, bool)):
                raise ConfigurationError("a key must be a plain word", where=f"{shown_as}:{line}")
            key = key if isinstance(key, str) else str(key_node.value)
            if key in result:
                raise ConfigurationError(f"the key '{key}' stands here twice", where=f"{shown_as}:{line}")
            lines[(*at, key)] = line
            result[key] = _plain(loader, value_node, (*at, key), lines, shown_as)
        return result
    if isinstance(node, yaml.SequenceNode):
        return [_plain(loader, item, (*at, index), lines, shown_as) for index, item in enumerate(node.value)]
    return loader.construct_object(node, deep=True)


def _explained(problem: str, value: Any, shape: type, lines: Lines, shown_as: str) -> ConfigurationError:
    """msgspec's message with a line in place of its path, words for its types, and the nearest known word."""
    found = _AT.search(problem)
    message = problem[: found.start()] if found else problem
    steps = _named(_steps(found[1]) if found else (), value, shape)
    name = next((f"'{step}': " for step in reversed(steps) if isinstance(step, str)), "")
    hint = None
    if unknown := _UNKNOWN.search(message):
        hint = nearest(unknown[1], _words_at(shape, steps))
        steps = (*steps, unknown[1])
        message = f"'{unknown[1]}' is not known here"
    elif missing := _MISSING.search(message):
        message = f"the key is missing: '{missing[1]}'"
    elif enum := _INVALID_ENUM.search(message):
        hint = nearest(enum[1], _choices(shape, steps))
        message = f"{name}'{enum[1]}' is not one of the choices"
    else:
        message = name + _QUOTED.sub(_in_words, message[0].lower() + message[1:])
    where = f"{shown_as}:{_line(lines, steps)}" if lines else shown_as
    return ConfigurationError(message, where=where, hint=hint)


def _in_words(found: re.Match[str]) -> str:
    return " or ".join(_KINDS.get(kind, f"'{kind}'") for kind in found[1].split(" | "))


def _line(lines: Lines, steps: Steps) -> int:
    """The line of a path, or of the nearest key above it."""
    while steps and steps not in lines:
        steps = steps[:-1]
    return lines.get(steps, 1)


def nearest(word: str, known: typing.Iterable[str]) -> str | None:
    """«Did you mean …?» for a misspelt word, else the list of what is known, if it is not too long to be read."""
    words = sorted(set(known))
    if found := close(word, words):
        return f"Did you mean '{found}'?"
    return f"Known: {', '.join(words)}." if 0 < len(words) <= _READABLE else None


def close(word: str, known: typing.Iterable[str]) -> str | None:
    """The known word that a misspelt one is likeliest to mean."""
    words = sorted(set(known))
    found = difflib.get_close_matches(word, words, n=1, cutoff=0.6)
    return next(iter(found or (other for other in words if other.lower() == word.lower())), None)


def _steps(path: str) -> Steps:
    """``$.models[0].columns`` as a tuple; ``...`` stands for a key that msgspec does not name."""
    return tuple(name or any_key or int(index) for name, index, any_key in _STEP.findall(path))


def _named(steps: Steps, value: Any, shape: Any) -> Steps:
    """The steps with their unnamed keys filled in: of such a map, the first whose value does not fit."""
    while "..." in steps:
        at = steps.index("...")
        there = functools.reduce(operator.getitem, steps[:at], value)
        faulty = [key for key, item in there.items() if not _fits(item, _at(shape, (*steps[:at], key)))]
        steps = (*steps[:at], *faulty[:1], *steps[at + 1 :])
    return steps


def _fits(value: Any, shapes: list[Any]) -> bool:
    try:
        msgspec.convert(value, functools.reduce(operator.or_, shapes))
    except msgspec.ValidationError:
        return False
    return True


def _shapes(shape: Any) -> list[Any]:
    """The struct types within an annotation such as ``list[X] | None``."""
    if typing.get_origin(shape) in (Union, types.UnionType):
        return [inner for option in typing.get_args(shape) for inner in _shapes(option)]
    return [shape]


def _at(shape: Any, steps: Steps) -> list[Any]:
    """The annotations that stand at a path below ``shape``."""
    current = _shapes(shape)
    for step in steps:
        following: list[Any] = []
        for option in current:
            arguments = typing.get_args(option)
            if isinstance(step, int) and arguments:
                following += _shapes(arguments[0])
            elif isinstance(option, type) and issubclass(option, msgspec.Struct):
                for known in msgspec.structs.fields(option):
                    if known.encode_name == step:
                        following += _shapes(known.type)
            elif typing.get_origin(option) is dict:
                following += _shapes(arguments[1])
        current = following
    return current


def _words_at(shape: Any, steps: Steps) -> list[str]:
    return [
        known.encode_name
        for option in _at(shape, steps)
        if isinstance(option, type) and issubclass(option, msgspec.Struct)
        for known in msgspec.structs.fields(option)
    ]


def _choices(shape: Any, steps: Steps) -> list[str]:
    return [str(word) for option in _at(shape, steps) for word in typing.get_args(option)]
