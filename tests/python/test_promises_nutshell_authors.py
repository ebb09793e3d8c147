"""Notes in the name of their author, where the key may write so; where it may not, that is told first."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

from moved import ACCEPTED
from nutshell_moved import FALLBACK, MovedToNutshell, begun

FINDING = "key_may_not_impersonate"


def findings(account: MovedToNutshell) -> set[str]:
    planned = account.shift("plan", "--output", "json", *ACCEPTED)
    return {one["name"] for one in json.loads(planned.out)["findings"]}


def authors(account: MovedToNutshell) -> dict[str, str]:
    """By the Cliniko id of each treatment note that is there: the address of the user whose it is."""
    found = {}
    for note in account.notes():
        key = note["body"].partition("[cliniko note=")[2].partition("]")[0]
        if key.isdigit():
            told = account.rpc("getNote", noteId=int(note["id"].partition("-")[0]))
            found[key] = account.rpc("getUser", userId=told["user"]["id"])["emails"][0]
    return found


def test_a_note_is_its_authors(tmp_path: Path) -> None:
    with begun(tmp_path / "clinic", 3, behaviour={"impersonation": "on"}, impersonate=True) as account:
        assert FINDING not in findings(account)
        account.must("load", "--yes", *ACCEPTED)
        told = account.told(f"""
            select notes.note_id, lower(coalesce(any_value(practitioners.email), '{FALLBACK}')) as email
            from treatment_notes as notes
            left join practitioners on notes.author = practitioners.name
            where not notes.draft
            group by notes.note_id
        """)
        assert len({row["email"] for row in told}) > 1
        assert authors(account) == {row["note_id"]: row["email"] for row in told}


def test_a_key_that_may_not_impersonate_writes_nothing(tmp_path: Path) -> None:
    with begun(tmp_path / "clinic", 3, behaviour={"impersonation": "off"}, impersonate=True) as account:
        assert FINDING in findings(account)
        assert account.shift("load", "--yes", *ACCEPTED).code == 1
        assert account.every("findContacts") == account.notes() == []
        assert account.must("status").out == "Nothing was loaded yet.\n"

        # How a real key shows it is not known: whoever accepts that has the first notes tell, one for each thread.
        tried = account.shift("load", "--yes", *ACCEPTED, "--accept", FINDING)
        assert tried.code == 1
        assert "notes are not logged as their author" in tried.err
        assert 1 <= len(authors(account)) <= 2

        replace(account, settings="{}").must("load", "--yes", *ACCEPTED)
        [told] = account.told("select count(*) as notes from treatment_notes where not draft")
        assert len(authors(account)) == told["notes"]
