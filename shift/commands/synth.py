"""`synth`: the exports of a synthetic clinic."""

from __future__ import annotations

from pathlib import Path

import click


@click.command(
    "synth",
    help="""Write the exports of a synthetic clinic, with the dirt of real ones, and truth.duckdb: what must arrive.

    \b
    Example:
      shift-etl synth --patients 500 --seed 1 --out exports
    """,
)
@click.option("--patients", type=click.IntRange(min=1), default=500, show_default=True, help="How many patients.")
@click.option("--seed", type=int, default=1, show_default=True, help="The same seed gives the same clinic.")
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), required=True, help="The folder to write to.")
@click.option("--appointments", type=click.IntRange(min=0), help="How many, in place of five a patient.")
@click.option("--notes", type=click.IntRange(min=0), help="How many treatment notes, in place of three a patient.")
def command(patients: int, seed: int, out: Path, appointments: int | None, notes: int | None) -> None:
    """Make the clinic, and say what was written."""
    from shift.sandbox.clinic import make

    try:
        truth = make(out, patients, seed, appointments=appointments, notes=notes)
    except FileExistsError as error:
        raise click.UsageError(f"{error}. Name another folder.") from error
    for file, rows in sorted(truth.files.items()):
        click.echo(f"{rows:>9,}  {file}")
    click.echo(f"What must arrive: {truth.database}")
