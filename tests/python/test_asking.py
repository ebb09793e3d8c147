"""What the CRM is asked before a load, and what is told of its answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import pytest
from fakes import MemoryCRM
from test_pausing import WakingCRM

from shift import asking
from shift.destination import FieldDefinition, Rights
from shift.errors import BlockedError
from shift.loading import Patience
from shift.planning import ACTIONS, ObjectPlan, Plan
from shift.undoing import ObjectUndoing

BORN = FieldDefinition("person", "bornOn", "DATE", "Born On")
NOTHING = Rights(read=True, write=False, delete=False, change_schema=False, upload=False)


@dataclass
class AskedCRM(MemoryCRM):
    answer: Rights = NOTHING
    asked: list[str] = field(default_factory=list)

    def rights(self, objects: Sequence[str]) -> Rights:
        self.asked += objects
        return self.answer


def plan(uploads: int = 0, creates: int = 1, **more: Any) -> Plan:
    counts = dict.fromkeys(ACTIONS, 0) | {"create": creates}
    idle = ObjectPlan("task", "crm__task", dict.fromkeys(ACTIONS, 0) | {"unchanged": 7})
    return Plan((ObjectPlan("person", "crm__person", counts, uploads=uploads), idle), **more)


def found(crm: MemoryCRM, plan: Plan, policy: Literal["pause", "leave"] | None = None, *, by_hand: bool = False) -> Any:
    told = asking.findings(crm, Patience(), plan, automations=policy, by_hand=by_hand)
    assert {one.name for one in told} <= asking.FINDING_NAMES
    return {one.name: one for one in told}


@pytest.mark.parametrize(
    ("planned", "by_hand", "names"),
    [
        (plan(), False, {"cannot_write", "cannot_delete"}),
        (plan(schema=(BORN,)), False, {"cannot_write", "cannot_delete", "cannot_change_schema"}),
        (plan(schema=(BORN,)), True, {"cannot_write", "cannot_delete"}),
        (plan(uploads=3), False, {"cannot_write", "cannot_delete", "cannot_upload"}),
    ],
)
def test_what_will_not_work_is_named_by_what_the_plan_needs(planned: Plan, by_hand: bool, names: set[str]) -> None:
    crm = AskedCRM()
    told = found(crm, planned, by_hand=by_hand)
    assert told.keys() == names
    assert all(one.blocking for one in told.values())
    assert crm.asked == ["person"]
    assert "rollback" in told["cannot_delete"].message


def test_a_right_of_which_nothing_is_known_is_not_missing() -> None:
    assert found(AskedCRM(answer=Rights()), plan(uploads=1, schema=(BORN,))) == {}


@pytest.mark.parametrize(
    ("undoing", "made", "words"),
    [
        (ObjectUndoing("person", delete=2, restore=0, left=0), (), "may not delete records, which"),
        (ObjectUndoing("person", delete=0, restore=1, left=0), (), "may not write records, which"),
        (ObjectUndoing("person", delete=0, restore=0, left=4), (BORN,), "may not change the data model, which"),
        (
            ObjectUndoing("person", delete=1, restore=1, left=0),
            (BORN,),
            "delete records, nor write records, nor change",
        ),
    ],
)
def test_a_rollback_is_refused_by_what_it_needs(
    undoing: ObjectUndoing, made: Sequence[FieldDefinition], words: str
) -> None:
    with pytest.raises(BlockedError, match=words):
        asking.require_rights_to_undo(AskedCRM(), Patience(), [undoing], made)
    asking.require_rights_to_undo(AskedCRM(answer=Rights()), Patience(), [undoing], made)


def test_a_rollback_that_takes_nothing_back_asks_nothing() -> None:
    crm = AskedCRM()
    asking.require_rights_to_undo(crm, Patience(), [ObjectUndoing("person", 0, 0, left=3)], ())
    assert crm.asked == []


def test_a_plan_that_writes_nothing_asks_nothing() -> None:
    crm = AskedCRM()
    assert found(crm, plan(creates=0)) == {}
    assert crm.asked == []


@pytest.mark.parametrize(("policy", "blocks"), [(None, True), ("pause", False), ("leave", False)])
def test_what_would_wake_up_is_a_question_until_somebody_decides(
    policy: Literal["pause", "leave"] | None, blocks: bool
) -> None:
    told = found(WakingCRM(), plan(), policy)
    assert told.keys() == {"automations_active"}
    assert told["automations_active"].blocking == blocks
    assert told["automations_active"].examples == ("Greet new people (person.created)",)
