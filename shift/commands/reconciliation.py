"""How the reconciliation report is printed; what `load`, `diff` and `test` share."""

from __future__ import annotations

import shutil
import textwrap
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import click

from shift.commands.common import print_table, print_wrapped, wrapped
from shift.reconciling import Promise
from shift.wording import counted

_GUTTERS, _NARROWEST = 8, 24
_TIE = "\N{NO-BREAK SPACE}"
_WORDS = {"pass": "holds", "warn": "note", "fail": "BROKEN", "error": "ERROR", "skip": "skipped"}


def print_promises(promises: Sequence[Promise]) -> None:
    """A line each with its figures, and below them the exceptions."""
    if not promises:
        return
    click.echo("\nReconciliation\n")
    taken = max(len(one.name) for one in promises) + max(len(_word(one)) for one in promises) + _GUTTERS
    room = max(shutil.get_terminal_size().columns - taken, _NARROWEST)
    print_table(
        ["promise", "", "figures"],
        [(one.name, _word(one), _figures(one, room)) for one in promises],
    )
    for one in promises:
        if one.exceptions:
            told = f"{counted(one.failures, 'exception')}, such as" if one.failures else "it did not run"
            click.echo(wrapped(f"{one.name}: {told}", then="  "))
            for exception in one.exceptions:
                print_wrapped(exception, first="  - ", then="    ")


def promises_as_json(promises: Sequence[Promise]) -> list[dict[str, Any]]:
    """The report for programs."""
    return [
        {
            "test": one.test,
            "status": one.status if one.asked else "not_asked",
            "failures": one.failures,
            "figures": dict(one.figures),
            "exceptions": list(one.exceptions),
        }
        for one in promises
    ]


def broken(promises: Sequence[Promise]) -> bool:
    """Whether a promise does not hold, or could not be looked at."""
    return any(one.status not in ("pass", "warn") for one in promises)


def _word(promise: Promise) -> str:
    return _WORDS.get(promise.status, promise.status) if promise.asked else "not asked"


def _figures(promise: Promise, width: int) -> str:
    """Counts of nothing are left out; where there is nothing else, the first is told.

    No line parts a figure's name from its value.
    """
    if not promise.asked:
        return ""
    told = [(name, value) for name, value in promise.figures.items() if value or not isinstance(value, int)]
    text = ", ".join(
        _shown(value) if name == "rows" else f"{name.replace('_', ' ')} {_shown(value)}".replace(" ", _TIE)
        for name, value in told or [*promise.figures.items()][:1]
    )
    return textwrap.fill(text, width, break_long_words=False, break_on_hyphens=False).replace(_TIE, " ")


def _shown(value: int | Decimal) -> str:
    """A sum of money has two places, unless it needs more."""
    if isinstance(value, int):
        return f"{value:,}"
    cents = value.quantize(Decimal("0.01"))
    return f"{cents if cents == value else value.normalize():,}"
