"""The built-in workflow that makes companies of e-mail domains (contracts/twenty/workflow-*).

It is woken by every new person and every written e-mail address, unless the person was made by EMAIL or CALENDAR, as
long as its trigger stands. It runs some seconds later, in the worker: unless the address is of a known free provider,
the person is put into the company of the address's domain, which is made where it is missing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from shift.sandbox.twenty import records
from shift.sandbox.twenty.errors import Refusal
from shift.sandbox.twenty.fresh import WORKFLOW_ON_PEOPLE, sample_id
from shift.sandbox.twenty.records import Actor
from shift.sandbox.twenty.schema import Object
from shift.sandbox.twenty.table import Row, Table
from shift.sandbox.twenty.workspace import Workspace

# The server's list lacks the Australian providers, so their patients end up in one company.
FREE_PROVIDERS = frozenset(
    {"gmail.com", "yahoo.com", "outlook.com", "hotmail.com", "icloud.com", "live.com", "aol.com"}
)

_SERVER = Actor("System", "WORKFLOW")
_WORKFLOW = sample_id("workflow", WORKFLOW_ON_PEOPLE)
_VERSION = sample_id("workflowVersion", WORKFLOW_ON_PEOPLE)


class PeopleWorkflow:
    """Listens to a workspace; ``delay`` is the worker's lag in seconds."""

    def __init__(self, workspace: Workspace, delay: float) -> None:
        self._workspace = workspace
        self._delay = delay
        self._runs = 0

    def __call__(self, event: str, of: Object, rows: Sequence[Row], changed: frozenset[str]) -> None:
        if of.singular != "person" or (event == "updated" and "emails" not in changed) or not self._stands():
            return
        woken = [row["id"] for row in rows if row["createdBy"]["source"] not in ("EMAIL", "CALENDAR")]
        if woken:
            asyncio.get_running_loop().call_later(self._delay, self._run_all, woken)

    def _stands(self) -> bool:
        """Whether the workflow is alive and active, and its trigger too."""
        workflow = self._table("workflow").rows.get(_WORKFLOW, {})
        triggers = self._table("workflowAutomatedTrigger")
        live = triggers.pointing_at("workflowId", _WORKFLOW) - triggers.deleted
        return bool(live) and "deletedAt" not in workflow and "ACTIVE" in workflow.get("statuses", ())

    def _table(self, singular: str) -> Table:
        return self._workspace.table(self._workspace.standard(singular))

    def _run_all(self, people: list[str]) -> None:
        for person in people:
            try:
                self._run(person)
            except Refusal:
                self._note_run("FAILED")
            else:
                self._note_run("COMPLETED")

    def _run(self, person_id: str) -> None:
        person = self._table("person").rows.get(person_id, {})
        domain = person.get("emails", {"primaryEmail": ""})["primaryEmail"].rpartition("@")[2]
        if not domain or domain in FREE_PROVIDERS:
            return
        url = f"https://{domain}"
        company = self._table("company").unique["domainName"].get(url)
        if company is None:
            body = {"name": domain, "domainName": {"primaryLinkUrl": url}}
            company = self._create("company", body)["id"]
        records.update(self._workspace, self._workspace.standard("person"), person_id, {"companyId": company}, _SERVER)

    def _note_run(self, status: str) -> None:
        if _WORKFLOW not in self._table("workflow").rows:
            return
        self._runs += 1
        now = self._workspace.now()
        name = f"#{self._runs} - {WORKFLOW_ON_PEOPLE}"
        times = {"enqueuedAt": now, "startedAt": now, "endedAt": now}
        ids = {"workflowId": _WORKFLOW, "workflowVersionId": _VERSION}
        self._create("workflowRun", {"name": name, "status": status} | times | ids)

    def _create(self, singular: str, body: records.Body) -> Row:
        return records.create(self._workspace, self._workspace.standard(singular), [body], _SERVER)[0]
