"""A run's results on the terminal, in dbt's words and with its closing line: models a line each, tests that matter."""

from __future__ import annotations

import shutil
from collections import Counter
from datetime import datetime

import click

from shift.building import FAILURES_KEPT, Result
from shift.graph import Graph, Selection
from shift.invocation import command
from shift.wording import counted

_COLOURS = {"ok": "green", "pass": "green", "warn": "yellow", "fail": "red", "error": "red", "skip": "yellow"}


class Report:
    """Prints each result as it comes, and the summary at the end. Passing tests are named if ``verbose``."""

    def __init__(self, graph: Graph, selection: Selection, *, verbose: bool = False) -> None:
        self._graph = graph
        self._nodes = f"{counted(len(selection.models), 'model')}, {counted(len(selection.tests), 'data test')}"
        self._verbose = verbose
        self._started = datetime.now()
        self._results: list[Result] = []

    def begin(self) -> None:
        """Say what was found."""
        say(f"Found {self._nodes}")
        click.echo()

    def __call__(self, result: Result) -> None:
        """Print one result."""
        self._results.append(result)
        if result.kind == "test" and result.status == "pass" and not self._verbose:
            return
        self._line(self._what(result), self._ending(result), _COLOURS[result.status])

    def end(self) -> None:
        """Print what went wrong, each with its place, and dbt's closing line."""
        seconds = (datetime.now() - self._started).total_seconds()
        click.echo()
        say(f"Finished running {self._nodes} in {seconds:.2f}s.")
        for result in self._results:
            if result.status in ("fail", "error", "warn"):
                click.echo()
                self._explain(result)
        counts = Counter(result.status for result in self._results)
        bad = counts["fail"] + counts["error"]
        click.echo()
        warned = counted(counts["warn"], "warning")
        if bad:
            say(click.style(f"Completed with {counted(bad, 'error')} and {warned}", fg="red"))
        elif counts["warn"]:
            say(click.style(f"Completed with {warned}", fg="yellow"))
        else:
            say(click.style("Completed successfully", fg="green"))
        say(
            f"Done. PASS={counts['ok'] + counts['pass']} WARN={counts['warn']} ERROR={bad} "
            f"SKIP={counts['skip']} TOTAL={len(self._results)}"
        )

    def _what(self, result: Result) -> str:
        if result.kind == "test":
            return f"{result.status.upper()} {result.failures or ''} {result.node}".replace("  ", " ")
        model = self._graph.models[result.node]
        words = {"ok": "OK created", "error": "ERROR creating", "skip": "SKIP"}[result.status]
        return f"{words} {model.relation}"

    @staticmethod
    def _ending(result: Result) -> str:
        if result.status == "skip":
            return "SKIP"
        rows = f"{result.rows:,} rows " if result.rows is not None else ""
        word = {"ok": "OK", "pass": "PASS", "warn": "WARN", "fail": "FAIL", "error": "ERROR"}[result.status]
        return f"{rows or word + ' '}in {result.seconds:.2f}s"

    @staticmethod
    def _line(text: str, ending: str, colour: str) -> None:
        width = min(shutil.get_terminal_size().columns, 100)
        room = max(width - len("00:00:00  ") - len(text) - len(ending) - 4, 2)
        say(f"{text} {'.' * room} [{click.style(ending, fg=colour)}]")

    def _explain(self, result: Result) -> None:
        if result.kind == "model":
            say(click.style(f"Error in model {result.node}", fg="red"))
            click.echo(_indented(result.message or ""))
            return
        test = self._graph.tests[result.node]
        failed, colour = ("Failure", "red") if result.status != "warn" else ("Warning", "yellow")
        say(click.style(f"{failed} in test {result.node}", fg=colour) + f" ({test.where})")
        if result.status == "error":
            click.echo(_indented(result.message or ""))
            return
        kept = f"; the first {FAILURES_KEPT:,} are kept" if (result.failures or 0) > FAILURES_KEPT else ""
        click.echo(f"  Got {counted(result.failures or 0, 'row')}, expected none{kept}.")
        click.echo(f"  See them: {command('show', result.node)}")


def say(text: str) -> None:
    """A line with the time before it."""
    click.echo(f"{datetime.now():%H:%M:%S}  {text}")


def _indented(text: str) -> str:
    return "\n".join(f"  {line}" for line in text.splitlines())
