"""``python -m shift.sandbox.nutshell``, and the command `sandbox nutshell` of shift."""

from __future__ import annotations

from pathlib import Path

import click


@click.command("nutshell")
@click.option("--port", type=click.IntRange(0, 65535), default=0, show_default=True, help="0 takes a free one.")
@click.option("--api-key", required=True, metavar="KEY", help="The key, for both APIs.")
@click.option(
    "--user", default="admin@clinic.example", show_default=True, metavar="EMAIL", help="Whose key it is; administers."
)
@click.option("--member", "members", multiple=True, metavar="EMAIL", help="A further user.")
@click.option("--activity-type", "activity_types", multiple=True, metavar="NAME", help="No API can add one later.")
@click.option(
    "--state",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Take up from here, save here at the end.",
)
@click.option("--requests-per-minute", type=click.IntRange(1), metavar="N", help="Limit the rate; no limit without it.")
@click.option("--latency", type=click.FloatRange(0), default=0.0, metavar="MS", help="Milliseconds before each answer.")
@click.option("--faults", default="", metavar="LIST", help="Faults, by comma; see below.")
@click.option("--seed", type=int, help="Makes faults and the account's id the same each time.")
@click.option("--behaviour", "switches", multiple=True, metavar="NAME=VALUE", help="A switch; see below.")
@click.option("--with-parent", is_flag=True, help="End when standard input closes.")
def command(
    port: int,
    api_key: str,
    user: str,
    members: tuple[str, ...],
    activity_types: tuple[str, ...],
    state: Path | None,
    requests_per_minute: int | None,
    latency: float,
    faults: str,
    seed: int | None,
    switches: tuple[str, ...],
    with_parent: bool,
) -> None:
    """A local twin of Nutshell: one account behind JSON-RPC and REST, on the loopback.

    \b
    --faults takes kind:when by comma, for instance drop:every=7,500:first=2
      drop    do the write, then close the connection without an answer
      garble  do the write, then answer a 2xx whose body is cut short
      stall   do the write, then answer only after ten minutes
      kill    do the write, then end the process (--state is saved first)
      429     refuse for the rate limit, doing nothing
      500     fail, doing nothing
      refuse  refuse the n-th new record, for good
    when: every=N, call=N, first=N (counted in write calls), or rate=F.

    \b
    --behaviour sets what nobody outside knows for certain; the first is the default
      rest=on|absent                        whether this plan has REST
      rest_unknown_fields=ignore|refuse     REST and custom fields that are not defined
      activity_custom_fields=ignore|refuse  custom fields on an activity
      create_cancelled=refuse|take          a new activity that is cancelled
      impersonation=off|on                  what another user's name is worth
      rpc_owner=take|ignore                 an owner, sent by JSON-RPC
      lead_files=ignore|refuse|take|append  files that editLead is sent
      filter=contains|exact                 how a filter by a custom field compares
      retry_after=none|SECONDS              the header of a 429
      custom_field_cap=none|N               most definitions for people, and for companies
      search_lag=0|SECONDS                  until searches find a new record
    """
    from shift.sandbox import faults as faults_
    from shift.sandbox.nutshell import behaviour
    from shift.sandbox.nutshell.server import Options, serve

    try:
        struck = faults_.parse(faults)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--faults") from None
    try:
        behaving = behaviour.parse(switches)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--behaviour") from None
    options = Options(
        port=port,
        api_key=api_key,
        user=user,
        members=members,
        activity_types=activity_types,
        state=state,
        requests_per_minute=requests_per_minute,
        latency=latency / 1000,
        faults=struck,
        seed=seed,
        behaviour=behaving,
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
