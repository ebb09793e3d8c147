"""The life of a record as the ledger tells it, for records, writes and edits of any kind."""

from __future__ import annotations

import json
from typing import Any

import pytest
from fakes import MemoryCRM
from hypothesis import given
from hypothesis import strategies as st

from shift.ledger import Write
from shift.loading import lives

TEXT = st.none() | st.text(max_size=3)
FIELDS = {
    "name": TEXT,
    "age": st.none() | st.integers(0, 3),
    "address": st.none() | st.fixed_dictionaries({"street": TEXT, "city": TEXT}),
    "tags": st.none() | st.lists(st.text(max_size=2), max_size=2),
}
records = st.fixed_dictionaries(FIELDS)
some_fields = st.fixed_dictionaries({}, optional=FIELDS)
steps = st.lists(st.tuples(st.sampled_from(["ours", "theirs"]), some_fields), max_size=6)
CRM = MemoryCRM()


def lived(first: dict[str, Any], steps: list[tuple[str, dict[str, Any]]]) -> tuple[list[Write], dict[str, Any]]:
    """The ledger's writes, a run each, and the record at last: ours are noted, theirs are not."""
    now = dict(first)
    writes = [Write(1, "created", None, None, json.dumps(now))]
    for run, (who, fields) in enumerate(steps, start=2):
        before = json.dumps(now)
        now |= fields
        if who == "ours":
            writes.append(Write(run, "updated", json.dumps(fields), before, json.dumps(now)))
    return writes, now


@given(records, steps)
def test_what_is_expected_is_what_we_alone_would_have_made(
    first: dict[str, Any], steps: list[tuple[str, dict[str, Any]]]
) -> None:
    writes, _ = lived(first, steps)
    _, ours = lived(first, [step for step in steps if step[0] == "ours"])
    assert lives.expected(writes) == ours


@given(records, steps)
def test_somebodys_change_shows_unless_we_wrote_the_field_after_it(
    first: dict[str, Any], steps: list[tuple[str, dict[str, Any]]]
) -> None:
    writes, now = lived(first, steps)
    expected = lives.expected(writes)
    assert expected is not None
    told = lives.changed(CRM, "person", expected, json.dumps(now))
    assert set(told) == {name for name in FIELDS if _filled({name: expected[name]}) != _filled({name: now[name]})}
    assert lives.changed(CRM, "person", expected, json.dumps(expected)) == []


@given(records, st.lists(some_fields, min_size=1, max_size=5), st.integers(2, 6))
def test_what_is_given_back_undoes_the_runs_and_no_others(
    first: dict[str, Any], ours: list[dict[str, Any]], since: int
) -> None:
    writes, now = lived(first, [("ours", fields) for fields in ours])
    _, then = lived(first, [("ours", fields) for fields in ours[: since - 2]])
    given_back = lives.before(writes, range(since, 10))
    assert _filled(now | given_back) == _filled(then)


def _filled(value: Any) -> Any:
    """Without what is empty, at any depth."""
    if isinstance(value, dict):
        return {name: _filled(member) for name, member in value.items() if _filled(member) not in (None, "", [], {})}
    return value


def test_of_an_object_only_the_members_that_we_sent_go_back() -> None:
    before = json.dumps({"body": {"markdown": "old", "blocks": "[…]"}, "person": {"id": "7"}, "extra": None})
    body = json.dumps({"body": {"markdown": "new"}, "person": {"$ref": "person:3"}, "extra": {"part": "x"}})
    assert lives.before([Write(2, "updated", body, before, None)], {2}) == {
        "body": {"markdown": "old"},
        "person": {"id": "7"},
        "extra": {"part": None},
    }


def test_after_a_write_that_the_ledger_never_saw_nothing_is_expected() -> None:
    created = Write(1, "created", None, None, json.dumps({"name": "Ng"}))
    unseen = Write(2, "updated", json.dumps({"name": "Lee"}), json.dumps({"name": "Ng"}), None)
    assert lives.expected([created, unseen]) is None
    assert lives.expected([]) is None


@pytest.mark.parametrize(
    ("was", "now", "changed"),
    [
        ({"name": None}, {"name": ""}, []),
        ({"emails": {"primary": "", "more": []}}, {"emails": None}, []),
        ({"name": "Ng"}, {"name": "Ng", "added": None}, []),
        ({"name": "Ng"}, {"name": "Ng", "added": "x"}, ["added"]),
        ({"name": "Ng", "dropped": "x"}, {"name": "Ng"}, []),
        ({"flag": True}, {"flag": False}, ["flag"]),
        ({"flag": None}, {"flag": False}, ["flag"]),
        ({"companyId": "c-1"}, {"companyId": None}, []),
        ({"companyId": "c-2"}, {"companyId": None}, ["companyId"]),
        ({"companyId": "c-1"}, {"companyId": "c-3"}, ["companyId"]),
        ({"links": {"company": "c-1"}}, {"links": {"company": None}}, []),
    ],
)
def test_what_counts_as_a_change(was: dict[str, Any], now: dict[str, Any], changed: list[str]) -> None:
    assert lives.changed(CRM, "person", was, json.dumps(now), removed={"c-1"}) == changed


def test_empties_are_left_out_at_any_depth_and_false_and_zero_stay() -> None:
    body = {"a": None, "b": "", "c": {"d": None, "e": 0, "f": False}, "g": [{"h": ""}, "x"], "i": {}}
    assert lives.without_empties(body) == {"c": {"e": 0, "f": False}, "g": [{}, "x"]}
    assert lives.texts(body) == {"", "x"}
