"""What a new workspace holds: standard objects, members, sample records (contracts/twenty/fresh-workspace)."""

from __future__ import annotations

import random
import re
import uuid
from collections.abc import Iterator, Sequence
from typing import Any

from shift.sandbox.twenty import metadata
from shift.sandbox.twenty.metadata import Side
from shift.sandbox.twenty.schema import Object
from shift.sandbox.twenty.standard import NOT_SYSTEM, STANDARD
from shift.sandbox.twenty.values import new_uuid
from shift.sandbox.twenty.workspace import Workspace

ADMIN = "admin@example.test"
WORKFLOW_ON_PEOPLE = "Create company when adding a new person"

_SAMPLES = (
    ("Airbnb", "airbnb.com", "Brian", "Chesky", "chesky"),
    ("Anthropic", "anthropic.com", "Dario", "Amodei", "amodei"),
    ("Stripe", "stripe.com", "Patrick", "Collison", "collison"),
    ("Figma", "figma.com", "Dylan", "Field", "field"),
    ("Notion", "notion.com", "Ivan", "Zhao", "zhao"),
)
_OPPORTUNITIES = ("Platform", "Enterprise plan", "Payments", "Design seats", "Wiki", "Pilot")
_RECORDED_IDS = {
    ("company", "Notion"): "06290608-8bf0-4806-99ae-a715a6a93fad",
    ("workflow", "Quick Lead"): "7311a278-6228-5949-8e38-a4aa3d10f70f",
    ("workflowVersion", "Quick Lead"): "6d73c455-34b4-5478-aa8d-c45769b7adb9",
    ("workflow", WORKFLOW_ON_PEOPLE): "8ff34a16-040a-5d79-b8dd-6143cb17342e",
    ("workflowVersion", WORKFLOW_ON_PEOPLE): "93ba081a-bad2-57b3-abef-6b909c6db55c",
    ("workflowAutomatedTrigger", WORKFLOW_ON_PEOPLE): "9b308425-1ace-5764-81a7-076655c3eff1",
}
_FIELD = re.compile(r"(\w+) ([A-Z_]+)(?:\(([\w|]+)\))?(?:=(\w+))?( unique)?")
_RELATION = re.compile(r"(\w+) (>>?) (\w+)\.(\w+)")


def workspace(seed: int | None, members: Sequence[str], *, automations: bool = True) -> Workspace:
    """A new workspace, with the admin and these further members; without ``automations``, these are stopped."""
    source = random.Random(seed)
    new = Workspace(source)
    new.id, new.standard_application, new.custom_application = (new_uuid(source.getrandbits(128)) for _ in range(3))
    _add_standard_objects(new)
    for member in (ADMIN, *members):
        add_member(new, member)
    _add_samples(new)
    _add_workflows(new, running=automations)
    return new


def add_member(workspace: Workspace, email: str) -> None:
    _add(workspace, "workspaceMember", {"userEmail": email.lower(), "userId": workspace.new_id()})


def _add_standard_objects(workspace: Workspace) -> None:
    blocks = list(_blocks())
    for head, fields, _ in blocks:
        singular, plural = head[0].split()
        now = workspace.now()
        new = Object(
            id=workspace.new_id(),
            singular=singular,
            plural=plural,
            label=head[1],
            label_plural=head[2],
            system=singular not in NOT_SYSTEM,
            created_at=now,
            updated_at=now,
            fields={},
        )
        metadata.add_shared_fields(workspace, new)
        for found in _FIELD.finditer(fields):
            _add_standard_field(workspace, new, found)
        new.label_field = next((name for name in ("name", "title", "subject", "handle") if name in new.fields), "id")
        workspace.add_object(new)
    for head, _, relations in blocks:
        near = workspace.standard(head[0].split()[0])
        for name, arrow, target, far_name in _RELATION.findall(relations):
            far = workspace.standard(target)
            here, there = Side(near, name, _label(name)), Side(far, far_name, _label(far_name))
            metadata.relate(workspace, here, there, on_delete="CASCADE" if arrow == ">>" else "SET_NULL")


def _blocks() -> Iterator[tuple[list[str], str, str]]:
    """(names and labels, fields, relations) of each object."""
    for block in re.split(r"\n(?=\w)", STANDARD.replace("\\\n", "")):
        if not block.strip():
            continue
        head, *rest = block.strip().split("\n")
        relations = " ".join(line for line in rest if ">" in line)
        fields = " ".join(line for line in rest if ">" not in line)
        yield [part.strip() for part in head.split("/")], fields, relations


def _add_standard_field(workspace: Workspace, of: Object, found: re.Match[str]) -> None:
    name, type_, choices, default, unique = found.groups()
    field = metadata.add_field(workspace, of, name, type_, _label(name))
    field.unique = unique is not None
    if choices:
        field.options = [
            {"id": workspace.new_id(), "color": "blue", "label": _label(value.lower()), "value": value, "position": at}
            for at, value in enumerate(choices.split("|"))
        ]
    if default is not None:
        plain: dict[str, Any] = {"BOOLEAN": default == "true", "NUMBER": int(default) if default.isdigit() else None}
        field.default = plain.get(type_, f"'{default}'")
    if type_ == "FILES":
        field.settings = {"maxNumberOfValues": 1}


def _label(name: str) -> str:
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|_", " ", name).lower()
    return words[0].upper() + words[1:]


def sample_id(of: str, name: str) -> str:
    """Sample records have the same ids in every workspace: the recorded one, else one of the twin's making."""
    return _RECORDED_IDS.get((of, name)) or str(uuid.uuid5(uuid.NAMESPACE_URL, f"twenty-sample:{of}:{name}"))


def _add_samples(workspace: Workspace) -> None:
    for company, domain, first, last, local in _SAMPLES:
        company_id = sample_id("company", company)
        domain_name = {"primaryLinkUrl": f"https://{domain}"}
        _add(workspace, "company", {"id": company_id, "name": company, "domainName": domain_name})
        name, emails = {"firstName": first, "lastName": last}, {"primaryEmail": f"{local}@{domain}"}
        _add(
            workspace,
            "person",
            {"id": sample_id("person", last), "name": name, "emails": emails, "companyId": company_id},
        )
    for title in _OPPORTUNITIES:
        _add(workspace, "opportunity", {"id": sample_id("opportunity", title), "name": title})
    _add(workspace, "dashboard", {"id": sample_id("dashboard", "first"), "title": "My First Dashboard"})


def _add_workflows(workspace: Workspace, *, running: bool) -> None:
    """Two active workflows; the second is woken by every new person and every changed e-mail address."""
    for name, trigger in (("Quick Lead", None), (WORKFLOW_ON_PEOPLE, "person.upserted")):
        workflow, version = sample_id("workflow", name), sample_id("workflowVersion", name)
        _add(
            workspace,
            "workflow",
            {"id": workflow, "name": name, "statuses": ["ACTIVE"], "lastPublishedVersionId": version},
        )
        _add(workspace, "workflowVersion", {"id": version, "name": "v1", "status": "ACTIVE", "workflowId": workflow})
        if trigger:
            filters = [_not_made_by(workspace, source, at) for at, source in enumerate(("EMAIL", "CALENDAR"))]
            group = {"id": filters[0]["stepFilterGroupId"], "logicalOperator": "AND"}
            settings = {
                "eventName": trigger,
                "fields": ["emails"],
                "filter": {"stepFilters": filters, "stepFilterGroups": [group]},
            }
            identifier = sample_id("workflowAutomatedTrigger", name)
            body = {"id": identifier, "type": "DATABASE_EVENT", "settings": settings, "workflowId": workflow}
            _add(workspace, "workflowAutomatedTrigger", body)
            if not running:  # a soft-deleted trigger does not fire (workflow-off-by-api-key)
                table = workspace.table(workspace.standard("workflowAutomatedTrigger"))
                row = table.rows[identifier]
                table.update([{**row, "deletedAt": row["createdAt"]}])


def _not_made_by(workspace: Workspace, source: str, position: int) -> dict[str, Any]:
    return {
        "id": sample_id("stepFilter", source),
        "type": "ACTOR",
        "value": f'["{source}"]',
        "operand": "IS_NOT",
        "stepOutputKey": "{{trigger.properties.after.createdBy.source}}",
        "fieldMetadataId": workspace.standard("person").fields["createdBy"].id,
        "stepFilterGroupId": sample_id("stepFilterGroup", "people"),
        "positionInStepFilterGroup": position,
        "compositeFieldSubFieldName": "source",
    }


def _add(workspace: Workspace, singular: str, values: dict[str, Any]) -> None:
    """A record that the server itself made."""
    of = workspace.standard(singular)
    shape, table, now = workspace.shape(of), workspace.table(of), workspace.now()
    made = {"source": "MANUAL", "workspaceMemberId": None, "name": "System", "context": None}
    row = {"id": workspace.new_id(), "createdAt": now, "updatedAt": now, "createdBy": made, "updatedBy": made}
    for column, value in values.items():
        values[column] = shape.empty[column] | value if isinstance(shape.empty[column], dict) else value
    table.insert([row | shape.defaults | {"position": table.take_position()} | values])
