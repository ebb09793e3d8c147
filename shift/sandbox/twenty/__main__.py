"""``python -m shift.sandbox.twenty``, and the command `sandbox twenty` of shift."""

from __future__ import annotations

from pathlib import Path

import click

KEY_ROLES = ("data_only", "read_only", "revoked")


@click.command("twenty")
@click.option("--port", type=click.IntRange(0, 65535), default=0, show_default=True, help="0 takes a free one.")
@click.option("--api-key", required=True, metavar="KEY", help="The key that may do everything.")
@click.option(
    "--key",
    "keys",
    multiple=True,
    metavar="ROLE=KEY",
    help="A further key: data_only (no delete, no data model, no upload), read_only, or revoked.",
)
@click.option("--member", "members", multiple=True, metavar="EMAIL", help="A workspace member beside the admin.")
@click.option(
    "--state",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Take up from here, save here at the end.",
)
@click.option("--requests-per-minute", type=click.IntRange(1), metavar="N", help="Limit the rate; no limit without it.")
@click.option("--latency", type=click.FloatRange(0), default=0.0, metavar="MS", help="Milliseconds before each answer.")
@click.option("--faults", default="", metavar="LIST", help="Faults, by comma; see below.")
@click.option("--seed", type=int, help="Makes ids and faults the same each time.")
@click.option(
    "--workflow-delay",
    type=click.FloatRange(0),
    default=5.0,
    show_default=True,
    metavar="SECONDS",
    help="How late the built-in workflow on new people runs.",
)
@click.option("--no-automations", is_flag=True, help="Begin with the built-in workflow on new people stopped.")
@click.option("--with-parent", is_flag=True, help="End when standard input closes.")
def command(
    port: int,
    api_key: str,
    keys: tuple[str, ...],
    members: tuple[str, ...],
    state: Path | None,
    requests_per_minute: int | None,
    latency: float,
    faults: str,
    seed: int | None,
    workflow_delay: float,
    no_automations: bool,
    with_parent: bool,
) -> None:
    """A local twin of Twenty 2.21: a new workspace with its sample records, on the loopback.

    \b
    --faults takes kind:when by comma, for instance drop:every=7,500:first=2
      drop    do the write, then close the connection without an answer
      garble  do the write, then answer a 2xx whose body is cut short
      stall   do the write, then answer only after ten minutes
      kill    do the write, then end the process (--state is saved first)
      429     refuse for the rate limit, doing nothing
      500     fail, doing nothing
      refuse  refuse the n-th new record, for good, and its batch
    when: every=N, call=N, first=N (counted in write calls), or rate=F.
    """
    from shift.sandbox.twenty import faults as faults_
    from shift.sandbox.twenty.server import Options, serve

    try:
        struck = faults_.parse(faults)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--faults") from None
    further = dict(part.partition("=")[::2] for part in keys)
    if not set(further) <= set(KEY_ROLES):
        raise click.BadParameter(f"the role is one of {', '.join(KEY_ROLES)}", param_hint="--key")
    options = Options(
        port=port,
        api_key=api_key,
        keys=further,
        members=members,
        state=state,
        requests_per_minute=requests_per_minute,
        latency=latency / 1000,
        faults=struck,
        seed=seed,
        workflow_delay=workflow_delay,
        automations=not no_automations,
        with_parent=with_parent,
    )
    try:
        serve(options)
    except OSError as error:
        raise click.ClickException(f"port {port} cannot be used: {error.strerror}") from None
    except ValueError as error:
        raise click.ClickException(str(error)) from None


if __name__ == "__main__":
    command()
