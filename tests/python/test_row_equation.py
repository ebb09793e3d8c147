"""The row equation: each row's fate is a figure, and after a load every row has one."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from clinics import build, graph_of, write_exports

from shift.planning import GONE

FATES = {
    "created": "loaded",
    "updated": "loaded",
    "restored": "loaded",
    "rejected": "rejected",
    "gone": "gone",
    "foreign": "made_by_others",
    "deleted": "taken_back",
    "conflict": "conflict",
}
IN_THE_CRM = ("created", "updated", "restored", "conflict")


def sums(
    project: Path,
    folder: Path,
    statuses: Sequence[str],
    further: int = 0,
    command: str = "load",
    found: str = "",
) -> list[dict[str, Any]]:
    """The equation of people, one for each last word of the ledger, and so many further of whom it knows nothing."""
    patients = [
        {"Patient ID": f"{at}", "First Name": "Ada", "Last Name": f"Ng {at}"}
        for at in range(1, len(statuses) + further + 1)
    ]
    ledger = [f"insert into ledger.runs by name select 1 as run, '{command}' as command"] + [
        f"insert into ledger.records by name select 'person' as object, '{at}' as key, '{status}' as status, "
        f"if('{status}' in {IN_THE_CRM}, 'id-{at}', null) as id"
        for at, status in enumerate(statuses, start=1)
    ]
    exports = write_exports(folder, {"Patients-Cliniko-20260801.csv": patients})
    built = build(project, exports, "+twenty__person", before=[*ledger, found])
    return built.rows(graph_of(project, "{}").tests["people_add_up"].sql)


def test_each_row_has_a_fate_and_each_fate_is_a_figure(project: Path, tmp_path: Path) -> None:
    [told] = sums(project, tmp_path, list(FATES))
    assert {fate: told[fate] for fate in FATES.values()} == {
        fate: list(FATES.values()).count(fate) for fate in FATES.values()
    }
    assert (told["staged"], told["without_a_fate"], told["_holds"]) == (len(FATES), 0, True)


def test_who_is_found_deleted_by_the_plan_is_gone(project: Path, tmp_path: Path) -> None:
    found = (
        f"insert into plan.rows by name select 'person' as object, '1' as key, 'blocked' as action, '{GONE}' as reason"
    )
    [told] = sums(project, tmp_path, ["created", "created"], found=found)
    assert (told["loaded"], told["gone"], told["_holds"]) == (1, 1, True)


def test_a_row_that_a_load_did_not_bring_in_without_a_reason_is_wrong(project: Path, tmp_path: Path) -> None:
    [told] = sums(project, tmp_path, ["created"], further=2)
    assert (told["staged"], told["loaded"], told["without_a_fate"], told["_holds"]) == (3, 1, 2, False)
    assert told["such_as"] == ["2", "3"]


@pytest.mark.parametrize("command", ["load --sample 200", "rollback --all"])
def test_before_a_whole_load_nothing_is_asked(project: Path, tmp_path: Path, command: str) -> None:
    assert sums(project, tmp_path, ["created"], further=2, command=command) == []
