"""What `shift` can do: the commands, a line each. A command's module is imported when it is called, not before."""

from __future__ import annotations

import errno
import sys

import click

from shift.commands.groups import ModuleGroup

COMMANDS = {
    "init": "Make a project folder for one clinic.",
    "demo": "Move a synthetic clinic into a local twin of a CRM, from end to end.",
    "audit": "Say what the exports hold and lack, and what will become of it, before anything moves.",
    "build": "Land the exports, run the models, test them.",
    "run": "Run models, without landing and without tests.",
    "test": "Run tests; after a load, the reconciliation too.",
    "ls": "List models, tests and sources.",
    "show": "Show a model's rows; of a staging model, what will go out.",
    "compile": "Write the SQL that the models become.",
    "lineage": "Say which column of the exports feeds which field of the CRM.",
    "pull": "Land what the CRM holds: users, fields, people.",
    "owners": "Say who takes over from each practitioner.",
    "plan": "Say what a load would create, update, leave alone, and what stands in its way.",
    "load": "Carry the plan out, noting every step in the ledger.",
    "diff": "Read the CRM back, compare every field, and reconcile.",
    "rollback": "Take back what a load wrote, leaving what others made of it.",
    "status": "Say what was loaded, and whether a load is running.",
    "rejects": "List the records that the CRM refused, in its words.",
    "sandbox": "Start a local twin of a CRM.",
    "synth": "Write the exports of a synthetic clinic.",
    "schema": "Write a JSON Schema of each kind of YAML file, for editors.",
    "clean": "Remove what can be built again.",
    "purge": "Delete all that is kept of a migration, its ledger among it.",
}


class Commands(ModuleGroup):
    """Their help lines are the table above, so that `--help` is instant."""

    def modules(self) -> dict[str, str]:
        return {name: f"shift.commands.{name}" for name in COMMANDS}

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


def _print_version(ctx: click.Context, _: click.Parameter, asked: bool) -> None:
    if asked and not ctx.resilient_parsing:
        from shift import __version__

        click.echo(f"shift-etl {__version__}")
        ctx.exit()


@click.command(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 80})
@click.option(
    "--version", is_flag=True, expose_value=False, is_eager=True, callback=_print_version, help="The version."
)
def cli() -> None:
    """Move a clinic out of Cliniko and into a CRM.

    Exports become DuckDB tables, SQL reshapes them, and a thin loader posts them in the order of their relations.

    `shift` is a builtin of bash and zsh, so type `shift-etl` (or `uv run shift`).
    """


def main() -> None:
    """The console command. Exits 0, 1 (failed), 2 (used or configured wrongly), 3 (loaded, some held back), 130."""
    from shift.errors import BlockedError, ShiftError

    try:
        cli(prog_name="shift-etl", standalone_mode=False)
    except click.exceptions.Exit as leave:
        sys.exit(leave.exit_code)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except ShiftError as error:
        _print_error(_readable(str(error)) if isinstance(error, BlockedError) else str(error))
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        click.echo("Interrupted.", err=True)
        sys.exit(130)
    except BrokenPipeError:  # the reader of a pipe has seen enough
        sys.stderr.close()
        sys.exit(1)
    except OSError as error:  # a file or folder that was named, or a full disk: not a fault of ours
        if error.filename is None and error.errno != errno.ENOSPC:
            raise
        _print_error(f"{error.filename or 'the disk'}: {error.strerror}")
        sys.exit(1)


def _print_error(text: str) -> None:
    click.echo(f"{click.style('Error:', fg='red', bold=True)} {text}", err=True)


def _readable(text: str) -> str:
    """What blocks, broken at 80 columns; a line with a command of ours stays whole, to be pasted."""
    from shift.commands.common import wrapped
    from shift.invocation import program

    lines = text.splitlines()
    return "\n".join(line if program() in line else wrapped(line, then="    ") for line in lines)


if __name__ == "__main__":
    main()
