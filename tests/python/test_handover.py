"""The handover folder: tables of the schema `handover` as files, and the files that they name."""

from __future__ import annotations

import csv
import json
import os
import stat
from pathlib import Path

import duckdb
import pytest
from support import MakeProject

from shift import handover
from shift.errors import ModelError, ShiftError
from shift.graph import Graph, read_graph

PRICES = (
    "select 'Tape' as name, 1.50::decimal(18, 2) as price union all select 'Röntgen, \"quoted\"', null order by name"
)
FILES = "select 'files/Ada (1)/scan.png' as path, 'attachments/1/scan.png' as source_file, 'Ada' as person"
NOTES = "select 'files/Ada (1)/notes/1.md' as path, 'Ada' as person, '# Plan' || chr(10) || 'Rest' as text"


def graph(make_project: MakeProject, **models: str) -> Graph:
    return read_graph(make_project({f"models/handover/handover__{name}.sql": sql for name, sql in models.items()}))


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def put(path: Path, data: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def test_a_table_is_a_file(make_project: MakeProject, connection: duckdb.DuckDBPyConnection) -> None:
    found = graph(make_project, prices=PRICES)
    [path] = handover.write(found, connection)
    assert path == found.project.root / "handover" / "prices.csv"
    assert rows(path) == [{"name": 'Röntgen, "quoted"', "price": ""}, {"name": "Tape", "price": "1.50"}]


def test_files_are_copied_and_texts_written(make_project: MakeProject, connection: duckdb.DuckDBPyConnection) -> None:
    found = graph(make_project, files=FILES, notes=NOTES)
    put(found.project.exports / "attachments/1/scan.png", b"\x89PNG")
    listed = handover.write(found, connection)
    folder = found.project.root / "handover"
    assert (folder / "files/Ada (1)/scan.png").read_bytes() == b"\x89PNG"
    assert (folder / "files/Ada (1)/notes/1.md").read_text(encoding="utf-8") == "# Plan\nRest\n"
    assert [sorted(row) for path in listed for row in rows(path)] == [
        ["path", "person", "source_file"],
        ["path", "person"],
    ]


def test_all_of_it_is_for_its_owner_alone(make_project: MakeProject, connection: duckdb.DuckDBPyConnection) -> None:
    found = graph(make_project, files=FILES, notes=NOTES)
    put(found.project.exports / "attachments/1/scan.png", b"x").chmod(0o644)
    handover.write(found, connection)
    folder = found.project.root / "handover"
    modes = {stat.S_IMODE(each.stat().st_mode) for each in (folder, *folder.rglob("*"))}
    assert modes == {0o700, 0o600}


def test_what_has_not_changed_is_not_copied_again(
    make_project: MakeProject, connection: duckdb.DuckDBPyConnection
) -> None:
    found = graph(make_project, files=FILES)
    source = put(found.project.exports / "attachments/1/scan.png", b"old")
    handover.write(found, connection)
    copy = found.project.root / "handover/files/Ada (1)/scan.png"
    first = copy.stat().st_ctime_ns
    handover.write(found, connection)
    assert copy.stat().st_ctime_ns == first
    put(source, b"new")
    os.utime(source, ns=(0, 0))
    handover.write(found, connection)
    assert copy.read_bytes() == b"new"


def test_what_nothing_names_any_more_is_removed_and_what_people_put_there_stays(
    make_project: MakeProject, connection: duckdb.DuckDBPyConnection
) -> None:
    found = graph(make_project, files=FILES, notes=NOTES)
    put(found.project.exports / "attachments/1/scan.png", b"x")
    handover.write(found, connection)
    folder = found.project.root / "handover"
    own = put(folder / "files/Ada (1)/ours.txt", b"put there by a person")
    project = found.project.root / "models/handover/handover__notes.sql"
    project.write_text(NOTES.replace("Ada (1)", "Ada Low (1)"))
    (found.project.root / "models/handover/handover__files.sql").unlink()
    handover.write(read_graph(found.project), connection)
    assert sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()) == [
        ".written.json",
        "files/Ada (1)/ours.txt",
        "files/Ada Low (1)/notes/1.md",
        "notes.csv",
    ]
    assert handover.written(found.project)
    handover.remove(found.project)
    assert [path for path in folder.rglob("*") if path.is_file()] == [own]
    assert not handover.written(found.project)


def test_what_another_destination_names_too_stays(
    make_project: MakeProject, connection: duckdb.DuckDBPyConnection
) -> None:
    found = graph(make_project, prices=PRICES)
    handover.write(found, connection)
    listed = found.project.root / "handover" / ".written.json"
    listed.write_text(json.dumps({**json.loads(listed.read_text()), "other": ["prices.csv"]}))
    handover.remove(found.project)
    assert json.loads(listed.read_text()) == {"other": ["prices.csv"]}
    assert (found.project.root / "handover" / "prices.csv").exists()


def test_what_another_destination_wrote_too_is_told(
    make_project: MakeProject, connection: duckdb.DuckDBPyConnection
) -> None:
    found = graph(make_project, prices=PRICES, notes=NOTES)
    handover.write(found, connection)
    assert handover.shared(found.project) == ()
    listed = found.project.root / "handover" / ".written.json"
    listed.write_text(json.dumps({**json.loads(listed.read_text()), "other": ["prices.csv", "people.csv"]}))
    assert handover.shared(found.project) == ("prices.csv",)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"twenty": 5}', '{"twenty": ["../exports.csv"]}', "\udcff"])
def test_a_list_that_does_not_read_is_told_and_nothing_outside_is_removed(
    make_project: MakeProject, connection: duckdb.DuckDBPyConnection, text: str
) -> None:
    found = graph(make_project, prices=PRICES)
    outside = put(found.project.root / "exports.csv", b"kept")
    put(found.project.root / "handover" / ".written.json", text.encode(errors="surrogateescape"))
    for act in (handover.written, handover.shared, handover.remove, lambda _: handover.write(found, connection)):
        with pytest.raises(ShiftError, match="does not read") as raised:
            act(found.project)
        assert raised.value.hint
    assert outside.read_bytes() == b"kept"


def test_a_load_that_fails_here_leaves_no_file_that_nobody_knows_of(
    make_project: MakeProject, connection: duckdb.DuckDBPyConnection
) -> None:
    found = graph(make_project, files=FILES, notes=NOTES)
    with pytest.raises(ShiftError):
        handover.write(found, connection)
    assert (found.project.root / "handover" / "files.csv").exists()
    handover.remove(found.project)
    assert not (found.project.root / "handover").exists()


def test_of_a_sample_only_those_who_are_in_are_handed_over(
    make_project: MakeProject, connection: duckdb.DuckDBPyConnection
) -> None:
    """A row that tells of nobody, as a price, is written all the same."""
    people = "select 'Ada' as person, '7' as person_id union all select 'Bob', null order by 1"
    notes = f"select '{{0}}' || person || '.md' as path, person as text, person_id from ({people}) order by path"
    found = graph(make_project, people=people, notes=notes.format("notes/"), prices=PRICES)
    folder = found.project.root / "handover"
    handover.write(found, connection)
    assert [len(rows(folder / f"{name}.csv")) for name in ("people", "notes", "prices")] == [2, 2, 2]
    handover.write(found, connection, of_those_in=True)
    assert [len(rows(folder / f"{name}.csv")) for name in ("people", "notes", "prices")] == [1, 1, 2]
    assert [path.name for path in (folder / "notes").iterdir()] == ["Ada.md"]


@pytest.mark.parametrize(
    "row",
    [
        "select '../outside.md' as path, 'x' as text",
        "select '/etc/outside.md' as path, 'x' as text",
        "select 'inside' as path, '../../secret' as source_file",
    ],
)
def test_no_path_leads_outside(make_project: MakeProject, connection: duckdb.DuckDBPyConnection, row: str) -> None:
    with pytest.raises(ModelError, match=r"leads out of"):
        handover.write(graph(make_project, files=row), connection)


def test_a_file_that_is_gone_is_told(make_project: MakeProject, connection: duckdb.DuckDBPyConnection) -> None:
    with pytest.raises(ShiftError, match="could not be written") as raised:
        handover.write(graph(make_project, files=FILES), connection)
    assert "scan.png" in str(raised.value)


def test_a_model_that_does_not_build_is_told(make_project: MakeProject, connection: duckdb.DuckDBPyConnection) -> None:
    with pytest.raises(ModelError, match="handover__prices"):
        handover.write(graph(make_project, prices="select nothing"), connection)
