"""What acts by itself in a Twenty: the triggers of its workflows (`contracts/twenty`, workflow-*, fresh-workspace).

A key may not deactivate a workflow. A trigger that is soft-deleted fires no more, though, and once it is restored it
does again (workflow-off-by-api-key). Soft-deleting the workflow would leave it deactivated for good.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec

from shift.destination import Automation, Record
from shift.errors import Refused

from .twenty_data_model import DataModel
from .twenty_wire import LIVE_AND_DELETED, Page, Wire, chunks, record

TRIGGER = "workflowAutomatedTrigger"


class TwentyAutomations:
    """The triggers, by their ids."""

    def __init__(self, wire: Wire, model: DataModel) -> None:
        self._wire = wire
        self._model = model

    def active(self) -> Sequence[Automation]:
        """Those that are not soft-deleted. An event such as `person.upserted` names its object; a timer has none."""
        names = {one["id"]: one.get("name") for one in self._all("workflow")}
        return [
            Automation(one["id"], str(names.get(one.get("workflowId")) or "a workflow"), event, _object(event))
            for one in self._all(TRIGGER)
            for event in [str((one.get("settings") or {}).get("eventName") or one.get("type") or "")]
        ]

    def pause(self, id: str) -> None:
        """Soft-delete the trigger. One that is not there does not fire either."""
        [known] = chunks([id])
        try:
            self._wire.send("DELETE", f"/rest/{self._model.plural(TRIGGER)}/{known}?soft_delete=true")
        except Refused as error:
            if error.status != 404:
                raise

    def resume(self, id: str) -> None:
        """Restore the trigger. rest-list: only the form with a filter works."""
        [known] = chunks([id])
        self._wire.send("PATCH", f"/rest/restore/{self._model.plural(TRIGGER)}?filter=id[eq]:{known}")

    def made_since(self, objects: Sequence[str], since: datetime) -> Sequence[tuple[str, Record]]:
        """Records whose maker is a workflow, since then by the server's clock; soft-deleted ones too."""
        at = since.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        filter = f'and(createdBy.source[eq]:WORKFLOW,createdAt[gte]:"{at}",{LIVE_AND_DELETED})'
        return [
            (object, record(raw))
            for object in objects
            for raw in self._wire.records(self._model.plural(object), filter, Page[msgspec.Raw])
        ]

    def _all(self, object: str) -> Iterator[dict[str, Any]]:
        return self._wire.records(self._model.plural(object), None, Page[dict[str, Any]])


def _object(event: str) -> str | None:
    object, dot, _ = event.partition(".")
    return object if dot else None
