"""What the CRM is asked before a load or a rollback: what the key may do, what would wake up. Nothing is written."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from shift.destination import Automation, Destination, Rights, SchemaChange
from shift.errors import BlockedError
from shift.findings import Finding
from shift.pausing import Policy, waking
from shift.planning import Plan

if TYPE_CHECKING:
    from shift.loading import Patience
    from shift.undoing import ObjectUndoing

FINDING_NAMES = frozenset(
    ("automations_active", "cannot_write", "cannot_delete", "cannot_change_schema", "cannot_upload")
)


def findings(
    destination: Destination, patience: Patience, plan: Plan, *, automations: Policy | None, by_hand: bool
) -> list[Finding]:
    """What stands in the way of carrying out the plan, in the CRM itself; nothing is asked for one that writes nothing.

    ``automations`` and ``by_hand`` are what project.yml's ``load:`` says of automations and of provisioning.
    """
    objects = plan.written
    if not objects:
        return []
    active = destination.automations()
    woken = patience.read(waking, active, objects) if active else []
    rights = patience.read(destination.rights, objects)
    return [*_of_automations(woken, automations), *_of_rights(rights, plan, by_hand)]


def require_rights_to_undo(
    destination: Destination, patience: Patience, objects: Sequence[ObjectUndoing], made: Sequence[SchemaChange]
) -> None:
    """Raise BlockedError where the key is known to lack a right that a rollback needs; nothing is written.

    ``objects`` say what is deleted and restored; ``made`` is what of the data model is to be removed.
    """
    touched = [one.object for one in objects if one.delete or one.restore]
    if not (touched or made):
        return
    rights = patience.read(destination.rights, touched)
    lacking = [
        what
        for right, needed, what in (
            (rights.delete, any(one.delete for one in objects), "delete records"),
            (rights.write, any(one.restore for one in objects), "write records"),
            (rights.change_schema, bool(made), "change the data model"),
        )
        if needed and right is False
    ]
    if lacking:
        raise BlockedError(
            f"the key may not {', nor '.join(lacking)}, which this rollback needs; nothing was taken back",
            hint="Give the key that right in the CRM, and call it again.",
        )


def _of_automations(woken: Sequence[Automation], policy: Policy | None) -> list[Finding]:
    if not woken:
        return []
    told = {
        None: "have `load: automations:` in project.yml say `pause` or `leave`",
        "pause": "they are stopped for the load",
        "leave": "they are left to it, as project.yml says",
    }[policy]
    message = f"automations that wake up for what is written: {len(woken)}; {told}"
    examples = tuple(f"{one.name} ({one.event})" for one in woken)
    return [Finding("automations_active", message, examples, blocking=policy is None)]


def _of_rights(rights: Rights, plan: Plan, by_hand: bool) -> list[Finding]:
    """Of each right that is known to be missing: what will not work without it."""
    changes = 0 if by_hand else len(plan.schema)
    files = sum(one.uploads for one in plan.objects)
    told = (
        (rights.write, True, "cannot_write", "write records: nothing can be loaded"),
        (
            rights.delete,
            True,
            "cannot_delete",
            "delete records: a rollback will not work, nor will automations be stopped for a load",
        ),
        (
            rights.change_schema,
            changes,
            "cannot_change_schema",
            f"change the data model, and {changes} objects, fields or choices are missing: give it the right, or have "
            "`load: provision:` say `by_hand`",
        ),
        (rights.upload, files, "cannot_upload", f"upload files, and {files:,} are to go"),
    )
    return [Finding(name, f"the key may not {what}") for right, needed, name, what in told if needed and right is False]
