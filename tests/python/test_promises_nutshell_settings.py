"""What settings promise of Nutshell, read from its APIs: notes as files, visits held back, sites as companies."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from nutshell_moved import MovedToNutshell, move


@pytest.fixture(scope="module")
def moved(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MovedToNutshell]:
    settings = {"treatment_notes": "files", "future": "hold", "locations": "companies", "attachment_limit_mb": 0.0001}
    with move(tmp_path_factory.mktemp("nutshell") / "clinic", 20, **settings) as clinic:
        yield clinic


def test_notes_are_files_and_not_in_the_crm(moved: MovedToNutshell) -> None:
    told = moved.told("select * from treatment_notes where not draft")
    written = {
        path.stem: path.read_text(encoding="utf-8") for path in moved.folder.rglob("handover/files/*/notes/*.md")
    }
    assert len(told) == len(written) > 0
    for row in told:
        [text] = [text for name, text in written.items() if name.endswith(f"({row['note_id']})")]
        assert row["author"] in text.splitlines()[0]
        for answer in row["answers"]:
            assert all(one in text for one in answer["texts"])
    assert not any("[cliniko note=" in note["body"] for note in moved.notes())


def test_what_is_to_come_is_not_there(moved: MovedToNutshell) -> None:
    [counts] = moved.told("""
        select count(*) filter (starts_at <= as_of) as past, count(*) filter (starts_at > as_of) as to_come
        from attendances cross join clinic
    """)
    assert counts["to_come"] > 0
    assert len(moved.activities()) == counts["past"]


def test_clinic_sites_are_companies(moved: MovedToNutshell) -> None:
    sites = {row["business"] for row in moved.told("select distinct business from attendances")}
    companies = {one["name"]: one["customFields"] for one in moved.every("findAccounts")}
    assert sites <= set(companies)
    assert {companies[site]["Kind"] for site in sites} == {"Clinic site"}


def test_large_files_are_flagged(moved: MovedToNutshell) -> None:
    told = moved.told("select file, size from attachments")
    bodies = [note["body"] for note in moved.notes()]
    large = [row for row in told if row["size"] > 100]
    assert large
    assert sum("It is larger than 0.0001 MB." in body for body in bodies) == len(large)
