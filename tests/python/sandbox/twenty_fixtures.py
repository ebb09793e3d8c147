"""What the recorded exchanges lean on: unrecorded calls made it, so a test gives it to itself under a name.

A fixture runs before the exchange that needs it. ``STATUS_ONLY`` and ``OUT`` say of the others why they cannot be held
in full; an exchange whose recorded body is a summary is held by its status in any case.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from sandbox.twenty_replay import Replay

Fixture = Callable[[Replay], None]

# The topics that happened on one workspace, in their order.
WORKSPACES: tuple[tuple[str, ...], ...] = (
    (
        "rest-create",
        "rest-errors",
        "rest-upsert",
        "rest-list",
        "metadata-rest",
        "metadata-relations-and-lifecycle",
        "standard-objects",
        "graphql",
        "metadata-graphql-and-lifecycle",
        "attachments-and-files",
        "metadata-select-option-edit",
        "limits-and-permissions",
        "permissions-2",
        "verification",
    ),
    ("rate-limit",),
    ("fresh-workspace",),
    ("graphql-metadata-read",),
    ("workflow-on-new-people",),
    ("workflow-when-it-fires",),
    ("workflow-off-by-api-key",),
    ("workflow-deactivate",),
    ("nulls", "links-and-members", "emptying"),
)


def objects(recorded: Mapping[str, str]) -> Fixture:
    """The ids of standard objects, by their singular names."""

    def bind(replay: Replay) -> None:
        for name, identifier in recorded.items():
            replay.known[identifier] = _object(replay, name)["id"]

    return bind


def fields(recorded: Mapping[str, tuple[str, str]]) -> Fixture:
    """The ids of fields, by object and name."""

    def bind(replay: Replay) -> None:
        for identifier, (of, name) in recorded.items():
            found = {field["name"]: field["id"] for field in _object(replay, of)["fields"]}
            replay.known[identifier] = found[name]

    return bind


def record(identifier: str, plural: str, wanted: str) -> Fixture:
    """The id of a record that an earlier exchange made, whose recorded answer does not tell it."""

    def bind(replay: Replay) -> None:
        (found,) = replay.call("GET", f"/rest/{plural}?filter={wanted}")["data"][plural]
        replay.known[identifier] = found["id"]

    return bind


def made(identifier: str, plural: str, body: Mapping[str, Any]) -> Fixture:
    """A record that an unrecorded call made."""

    def make(replay: Replay) -> None:
        created = replay.call("POST", f"/rest/{plural}", replay.translated(body))
        (answer,) = created["data"].values()
        replay.known[identifier] = answer["id"]

    return make


def three_hundred_people(replay: Replay) -> None:
    for _ in range(3):
        replay.call("POST", "/rest/batch/people", [{"name": {"lastName": "m5bb0a0"}} for _ in range(100)])


def drained(replay: Replay) -> None:
    """No token is left in the bucket."""
    while replay.get_status("/rest/people?limit=0") == 200:
        pass


def mapped_fields(replay: Replay) -> None:
    """The custom fields of the mapping page, as far as these exchanges show them."""
    texts = (
        "sourceSystemId salutation preferredFirstName sex genderIdentity pronouns emergencyContact "
        "medicareReferenceNumber dvaCardNumber referringDoctor reminderType privacyPolicy medicalAlerts "
        "extraInformation sharedEmail contactAsWritten concessionType policyNumber referralSource mailingAddress2 "
        "insuranceProvider insuranceMemberId medicareNumber dateOfBirthAsWritten preferredContactMethod"
    )
    times = "clinikoCreatedAt clinikoUpdatedAt"
    _add_fields(replay, "person", texts.split(), "TEXT")
    _add_fields(replay, "person", times.split(), "DATE_TIME")
    _add_fields(replay, "person", ["dateOfBirth", "lastEyeExam"], "DATE")
    _add_fields(replay, "person", ["accountCredit"], "CURRENCY")
    _add_fields(replay, "person", ["homeAddress"], "ADDRESS")
    _add_fields(replay, "person", ["archivedInCliniko"], "BOOLEAN")
    _add_fields(replay, "task", ["sourceSystemId", "clinicLocation", "cancellationReason"], "TEXT")
    _add_fields(replay, "task", [*times.split(), "startAt", "endAt"], "DATE_TIME")
    _add_fields(
        replay, "task", ["clinikoAppointmentStatus"], "SELECT", options=[{"label": "Arrived", "value": "ARRIVED"}]
    )
    _add_fields(replay, "note", ["sourceSystemId"], "TEXT")
    _add_fields(replay, "note", times.split(), "DATE_TIME")
    for singular in ("appointmentType", "invoice"):
        names = {"nameSingular": singular, "namePlural": f"{singular}s"}
        labels = {"labelSingular": singular, "labelPlural": f"{singular}s"}
        replay.call("POST", "/rest/metadata/objects", {**names, **labels})
    target = _object(replay, "appointmentType")["id"]
    far = {"targetObjectMetadataId": target, "targetFieldLabel": "Tasks", "targetFieldIcon": "IconX"}
    payload = {"type": "MANY_TO_ONE", **far}
    _add_fields(replay, "task", ["appointmentType"], "RELATION", relationCreationPayload=payload)


def _add_fields(replay: Replay, of: str, names: Iterable[str], type_: str, **more: Any) -> None:
    identifier = _object(replay, of)["id"]
    for name in names:
        body = {"objectMetadataId": identifier, "type": type_, "name": name, "label": name, **more}
        replay.call("POST", "/rest/metadata/fields", body)


def _object(replay: Replay, singular: str) -> dict[str, Any]:
    listed = replay.call("GET", "/rest/metadata/objects")["data"]
    found: dict[str, Any] = next(of for of in listed if of["nameSingular"] == singular)
    return found


PATIENT = "2f74e842-41f9-4e39-90f2-73f740d45c53"
TASK = "0ae9f9fb-3a87-4182-80c8-8442c09bb286"
MAPPED = {
    "workspaceMember": "e955b7b3-855a-4e74-b91f-4ef730dc1fdb",
    "note": "01009e34-d4f2-4273-957a-3734f32c9514",
    "task": "3e1f61fd-d6b9-4d64-a0dc-9302506cd713",
    "invoice": "d454ae21-e57e-48d1-aaa0-cd650b623b71",
    "person": "1bd4fde7-9a9a-46ec-aa91-9839df66caa5",
    "taskTarget": "13cd4006-8c27-4d8e-8992-e15f51af07b3",
    "attachment": "3bbfc43a-1f6e-4ad9-8ea5-906111fd4d33",
}

FIXTURES: dict[tuple[str, int], Sequence[Fixture]] = {
    ("metadata-relations-and-lifecycle", 0): [
        objects(
            {
                "person": "89f52122-d221-4340-8962-54c98f091809",
                "workspaceMember": "76f0a6ad-8ee2-4712-9318-1f678a179a5c",
            }
        )
    ],
    ("metadata-graphql-and-lifecycle", 33): [fields({"3f18aeef-fc3f-4efd-bfcc-90843c548863": ("person", "jobTitle")})],
    ("metadata-graphql-and-lifecycle", 34): [objects({"note": "b0113058-1bd1-444c-98ee-c72a3628ac31"})],
    ("attachments-and-files", 0): [
        made(PATIENT, "people", {"name": {"lastName": "with files"}}),
        fields(
            {
                "6aa19751-c1ba-49fb-83ad-6c3c32939f50": ("attachment", "file"),
                "c134588c-0755-4b38-aed5-0ea5da4a64a0": ("appointment", "docs"),
            }
        ),
    ],
    ("metadata-select-option-edit", 2): [
        record("d2aa5c75-ed03-4d05-8e0d-48e856b07b57", "appointments", "name[eq]:optDef")
    ],
    ("metadata-select-option-edit", 8): [
        record("4e2d00e1-817e-439d-b36f-a50a78d404d6", "appointments", "name[eq]:optNul")
    ],
    ("limits-and-permissions", 0): [three_hundred_people],
    ("rate-limit", 0): [drained],
    ("rate-limit", 1): [drained],
    ("rate-limit", 2): [drained],
    ("verification", 15): [made("a3d4cc83-316c-45cf-bb04-3b6ca7794431", "people", {})],
    ("verification", 19): [
        record("d97a88c2-ba4a-419b-b481-4de56d1cfc2e", "appointments", "optVehe[eq]:B"),
        record("1927f7e9-7ca6-4026-b596-cec776811468", "appointments", "optVehe[eq]:C"),
    ],
    ("verification", 35): [
        made(TASK, "tasks", {"title": "with a target"}),
        made("11111111-0000-4000-8000-000000000001", "taskTargets", {"taskId": TASK}),
    ],
    ("nulls", 0): [mapped_fields],
    ("links-and-members", 0): [objects(MAPPED)],
}

_WHICH_COMES_FIRST = "which of all things comes first hangs on the server's own ids"

STATUS_ONLY: dict[tuple[str, int], str] = {
    ("rest-list", 25): _WHICH_COMES_FIRST,
    ("metadata-rest", 0): _WHICH_COMES_FIRST,
    ("metadata-graphql-and-lifecycle", 0): "the message is the same, its place within the arguments is not told",
    ("metadata-graphql-and-lifecycle", 45): _WHICH_COMES_FIRST,
    ("permissions-2", 0): _WHICH_COMES_FIRST,
    ("rate-limit", 4): _WHICH_COMES_FIRST,
}

OUT: dict[tuple[str, int], str] = {
    ("rest-list", 55): "grouping: no loader asks for it",
    ("standard-objects", 28): "timeline entries: work of the background worker",
    ("graphql-metadata-read", 0): "introspection",
    ("graphql-metadata-read", 1): "introspection",
}
