"""dbt's selectors: a name, a folder, a file, `tag:…`, `source:…`; a `+` before or after for ancestors, descendants."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from shift.errors import ConfigurationError
from shift.graph.nodes import Graph
from shift.invocation import command
from shift.strict_yaml import nearest


@dataclass(frozen=True)
class Selection:
    """Names of models and of tests."""

    models: frozenset[str]
    tests: frozenset[str]


def select(graph: Graph, chosen: Iterable[str] = (), excluded: Iterable[str] = ()) -> Selection:
    """The models and tests that the selectors name; with none given, all.

    A test comes along when one of its models was chosen. Raises ConfigurationError for a selector that matches nothing.
    """
    chosen, excluded = _words(chosen), _words(excluded)
    everything = Selection(frozenset(graph.models), frozenset(graph.tests))
    wanted = _union(graph, chosen) if chosen else everything
    left_out = _union(graph, excluded)
    return Selection(wanted.models - left_out.models, wanted.tests - left_out.tests)


def _union(graph: Graph, selectors: list[str]) -> Selection:
    models: set[str] = set()
    tests: set[str] = set()
    for selector in selectors:
        matched = _matched(graph, selector)
        models |= matched.models
        tests |= matched.tests
    tests |= {name for name, test in graph.tests.items() if models.intersection(test.refs)}
    return Selection(frozenset(models), frozenset(tests))


def _matched(graph: Graph, selector: str) -> Selection:
    bare = selector.strip("+")
    if bare.startswith("source:"):
        wanted = bare.removeprefix("source:")
        models = {
            name
            for name, model in graph.models.items()
            if any(wanted in (source, f"{source}.{table}") for source, table in model.sources)
        }
        tests: set[str] = set()
    else:
        models = {name for name, model in graph.models.items() if _fits(bare, name, model.shown, model.tags)}
        tests = {name for name, test in graph.tests.items() if _fits(bare, name, test.file, test.tags)}
    if not models and not tests:
        folders = {model.shown.split("/")[-2] for model in graph.models.values()}
        raise ConfigurationError(
            f"'{selector}' selects nothing",
            hint=nearest(bare, [*graph.models, *graph.tests, *folders]) or f"See what there is: {command('ls')}",
        )
    kin = set(models)
    if selector.startswith("+"):
        kin = kin.union(*(graph.ancestors[name] for name in models))
    if selector.endswith("+"):
        kin |= {name for name in graph.models if models & graph.ancestors[name]}
    return Selection(frozenset(kin), frozenset(tests))


def _fits(word: str, name: str, file: str, tags: Iterable[str]) -> bool:
    """Whether a selector without its pluses names this node: by name, tag, file or folder."""
    if word.startswith("tag:"):
        return word.removeprefix("tag:") in tags
    word = word.removeprefix("path:").rstrip("/")
    return word in (name, file) or f"/{word}/" in f"/{file.rpartition('/')[0]}/"


def _words(selectors: Iterable[str]) -> list[str]:
    return [word for selector in selectors for word in selector.split()]
