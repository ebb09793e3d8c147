"""The twin answers as the real server did: every recorded exchange, one case each."""

from __future__ import annotations

from functools import cache

import pytest
from sandbox.twenty_fixtures import FIXTURES, OUT, STATUS_ONLY, WORKSPACES
from sandbox.twenty_replay import KEYS, Exchange, Outcome, Replay, exchanges

from shift.sandbox.twenty import start

EXCHANGES = [exchange for topics in WORKSPACES for topic in topics for exchange in exchanges(topic)]


@cache
def outcomes(workspace: tuple[str, ...]) -> dict[str, Outcome]:
    """Play the topics that happened on one workspace, in their order, against a new twin."""
    keys = {role: key for role, key in KEYS.items() if role in ("data_only", "revoked")}
    played: dict[str, Outcome] = {}
    limit = 100 if "rate-limit" in workspace else None
    with start(api_key=KEYS["admin"], keys=keys, workflow_delay=3600, requests_per_minute=limit) as url:
        replay = Replay(url)
        for topic in workspace:
            for exchange in exchanges(topic):
                for prepare in FIXTURES.get((topic, exchange.number), ()):
                    prepare(replay)
                played[exchange.id] = replay.play(exchange)
        replay.close()
    return played


def _workspace(topic: str) -> tuple[str, ...]:
    return next(topics for topics in WORKSPACES if topic in topics)


@pytest.mark.parametrize("exchange", EXCHANGES, ids=lambda exchange: exchange.id)
def test_exchange(exchange: Exchange) -> None:
    outcome = outcomes(_workspace(exchange.topic))[exchange.id]
    reason = OUT.get((exchange.topic, exchange.number))
    if reason:
        pytest.skip(f"out: {reason}")
    if exchange.reduced or (exchange.topic, exchange.number) in STATUS_ONLY:
        assert outcome.status == exchange.status, outcome.body
    else:
        assert outcome.difference is None


def test_few_are_out() -> None:
    assert len(OUT) <= 0.03 * len(EXCHANGES)


def test_every_error_on_records_is_held_in_full() -> None:
    errors = [
        one for one in EXCHANGES if one.status >= 400 and not one.path.startswith(("/rest/metadata", "/metadata"))
    ]
    assert len(errors) > 100
    assert [one.id for one in errors if one.reduced or (one.topic, one.number) in {**STATUS_ONLY, **OUT}] == []
