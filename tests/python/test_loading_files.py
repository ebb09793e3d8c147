"""Files that a payload names: sent once each, checked before, and used again when their record was not made."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest
from fakes import MemoryCRM, Trouble, busy, lost
from staged import Clinic, load_that_dies

from shift import ledger
from shift.errors import Again
from shift.planning import Choices
from shift.staging import StagingModel

FILE = StagingModel("crm__file", "crm.file", "file", "id", ("id", "name", "content"))
FILES = 4


@pytest.fixture
def clinic(connection: duckdb.DuckDBPyConnection, tmp_path: Path) -> Clinic:
    exports = tmp_path / "exports"
    (exports / "attachments").mkdir(parents=True)
    connection.execute("create schema crm")
    content = 'struct(file struct("$file" varchar, "$sha256" varchar))[]'
    connection.execute(f"create table crm.file (id varchar, name varchar, content {content})")
    for at in range(1, FILES + 1):
        bytes = f"letter {at}".encode()
        (exports / "attachments" / f"{at}.txt").write_bytes(bytes)
        connection.execute(
            "insert into crm.file values (?, ?, [{'file': {'$file': ?, '$sha256': ?}}])",
            [f"file-{at}", f"Letter {at}", f"attachments/{at}.txt", hashlib.sha256(bytes).hexdigest()],
        )
    crm = MemoryCRM(objects=["file"])
    return Clinic(connection, tmp_path / "ledger.sqlite", crm, (FILE,), exports=exports)


def contents(clinic: Clinic) -> dict[str, bytes]:
    """What each record's file holds in the CRM."""
    return {id: clinic.crm.uploads[one["content"][0]["file"]] for id, one in clinic.crm.records.get("file", {}).items()}


MEANT = {f"file-{at}": f"letter {at}".encode() for at in range(1, FILES + 1)}


def test_each_file_is_uploaded_once_and_named_by_its_record(clinic: Clinic) -> None:
    assert clinic.load().objects[0].counts == {"created": FILES}
    assert contents(clinic) == MEANT
    assert clinic.crm.calls["upload"] == FILES
    clinic.crm.calls.clear()
    assert clinic.load().complete
    assert clinic.crm.calls == {}


def test_an_upload_whose_record_was_not_made_serves_the_next_attempt(clinic: Clinic) -> None:
    clinic.crm.trouble = Trouble(before=lambda call: busy() if call > FILES else None)
    with pytest.raises(Again):
        clinic.load()
    assert contents(clinic) == {}
    clinic.crm.trouble = Trouble()
    assert clinic.load().complete
    assert clinic.crm.calls["upload"] == FILES
    assert contents(clinic) == MEANT


@pytest.mark.parametrize("call", range(1, FILES + 2))
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_load_that_is_killed_goes_on(clinic: Clinic, when: str, call: int) -> None:
    load_that_dies(clinic, when, call)
    assert clinic.load().complete
    assert contents(clinic) == MEANT
    assert clinic.crm.calls["upload"] <= FILES + 1


def test_a_lost_answer_costs_nothing_but_a_repeat(clinic: Clinic) -> None:
    clinic.crm.trouble = Trouble(after=lambda call: lost() if call == 1 else None)
    assert clinic.load().complete
    assert contents(clinic) == MEANT


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda file: file.unlink(), "its file '2.txt' cannot be read: No such file or directory"),
        (lambda file: file.write_text("another"), "its file '2.txt' has changed since the exports were read"),
    ],
)
def test_a_file_that_is_missing_or_changed_rejects_its_row_alone(
    clinic: Clinic, spoil: Callable[[Path], object], words: str
) -> None:
    assert clinic.exports
    file = clinic.exports / "attachments" / "2.txt"
    before = file.read_bytes()
    spoil(file)
    assert clinic.load().objects[0].counts == {"created": FILES - 1, "rejected": 1}
    assert ("file", "file-2", "rejected", words) in clinic.records()
    assert contents(clinic) == {id: bytes for id, bytes in MEANT.items() if id != "file-2"}
    file.write_bytes(before)
    assert clinic.load(choices=Choices(retry_rejected=True)).complete
    assert contents(clinic) == MEANT


def test_a_file_outside_of_the_exports_is_not_sent(clinic: Clinic) -> None:
    clinic.connection.execute(
        "update crm.file set content = [{'file': {'$file': '../ledger.sqlite', '$sha256': null}}]"
    )
    clinic.load()
    assert clinic.crm.calls["upload"] == 0
    assert {status for _, _, status, _ in clinic.records()} == {"rejected"}


def test_a_file_that_the_crm_refuses_rejects_its_row(clinic: Clinic) -> None:
    clinic.crm.trouble = Trouble(refuses=lambda payload: "too large" if payload.get("content") == "3.txt" else None)
    assert clinic.load().objects[0].counts == {"created": FILES - 1, "rejected": 1}
    assert ("file", "file-3", "rejected", "too large") in clinic.records()


def test_a_rejected_record_gets_its_file_anew(clinic: Clinic) -> None:
    """The CRM may not know the file any more: perhaps that is why it refused."""
    clinic.crm.trouble = Trouble(refuses=lambda payload: "unknown file" if payload.get("name") == "Letter 3" else None)
    clinic.load()
    clinic.crm.trouble = Trouble()
    assert clinic.load(choices=Choices(retry_rejected=True)).complete
    assert clinic.crm.calls["upload"] == FILES + 1


def test_a_crm_that_stays_away_leaves_no_intent_open(clinic: Clinic) -> None:
    clinic.crm.trouble = Trouble(before=lambda call: busy() if call > 2 else None)
    with pytest.raises(Again):
        clinic.load()
    with ledger.reading(clinic.path) as book:
        assert book is not None and book.open_intents() == []
    clinic.crm.trouble = Trouble()
    assert clinic.load().complete
    assert contents(clinic) == MEANT
