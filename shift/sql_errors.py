"""DuckDB's error about a compiled text, told of the file that a person edits: its line, a caret, and both places."""

from __future__ import annotations

import re

import duckdb

from shift.errors import ModelError
from shift.graph import Graph

_LINE = re.compile(r"^(LINE (\d+): )(.*)\n( *)(\^+)", re.MULTILINE)
_MARGIN = " " * 9  # as wide as the number and the bar before a line of a file


def explained(graph: Graph, error: duckdb.Error, *, text: str, where: str, sql: str, this: str = "") -> ModelError:
    """``text`` is the file's template, ``sql`` what it became, which ran behind one line of ours.

    A generic test has no text of its own: its SQL is a macro's, and ``where`` is the line that asks for it.
    """
    message = str(error).rstrip()
    found = _LINE.search(message)
    if found is None:
        return ModelError(message, where=where)
    said = message[: found.start()].strip()
    shown, indent = found[3], len(found[4]) - len(found[1])
    if not text:
        return ModelError(f"{said}\n{_MARGIN}{shown}\n{_MARGIN}{' ' * indent}{found[5]}", where=where)

    compiled_line = max(1, int(found[2]) - 1)
    compiled = graph.project.write_compiled(where, sql)
    place = f"Compiled: {graph.project.shown(compiled)}:{compiled_line}"
    line = graph.templates.line_of(text, name=where, compiled_line=compiled_line, this=this)
    excerpt = graph.templates.excerpt(where, line)
    if text.splitlines()[line - 1] == shown:  # no template stands in this line, so the caret fits below it
        caret = f"{_MARGIN}{' ' * indent}{found[5]}"
        return ModelError(f"{said}\n{excerpt}\n{caret}\n{place}", where=f"{where}:{line}:{indent + 1}")
    became = f"{_MARGIN}which became:\n{_MARGIN}{shown}\n{_MARGIN}{' ' * indent}{found[5]}"
    return ModelError(f"{said}\n{excerpt}\n{became}\n{place}", where=f"{where}:{line}")
