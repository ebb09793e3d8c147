"""GraphQL on the data model, and the two ways to upload a file (contracts/twenty/metadata-graphql-and-lifecycle,
attachments-and-files).
"""

from __future__ import annotations

import datetime
from collections.abc import Callable
from typing import Any

from graphql.pyutils import did_you_mean, suggestion_list

from shift.sandbox.twenty import files, metadata
from shift.sandbox.twenty.errors import Forbidden, Refusal
from shift.sandbox.twenty.graphql_door import Resolve, Selected
from shift.sandbox.twenty.keys import Key
from shift.sandbox.twenty.metadata_rest import shown
from shift.sandbox.twenty.schema import Field, Object
from shift.sandbox.twenty.values import iso
from shift.sandbox.twenty.workspace import Workspace

_FILTERS = ["id", "isActive", "isRemote", "isSystem", "isUIReadOnly", "isSearchable"]
_INFO = ["hasNextPage", "hasPreviousPage", "startCursor", "endCursor"]


def resolver(workspace: Workspace, key: Key, upload: tuple[str, bytes] | None) -> Resolve:
    """What answers a root field of /metadata; ``upload`` is the file of a multipart request."""

    def resolve(root: Selected) -> Callable[[], Any]:
        asked = root.arguments
        given = asked.get("input") or {}

        def changing(make: Callable[[], Object | Field]) -> Callable[[], Any]:
            def change() -> Any:
                key.require("data_model", status=403)
                return _project(workspace, make(), root.fields)

            return change

        def uploading(make: Callable[[], dict[str, Any]]) -> Callable[[], Any]:
            def take() -> Any:
                if not key.may("upload"):
                    raise _NoUpload()
                made = make()
                return {part.alias: made.get(part.name) for part in root.fields}

            return take

        roots: dict[str, Callable[[], Any]] = {
            "createOneObject": changing(lambda: metadata.create_object(workspace, given["object"])),
            "updateOneObject": changing(lambda: metadata.update_object(workspace, given["id"], given["update"])),
            "deleteOneObject": changing(lambda: metadata.delete_object(workspace, given["id"])),
            "createOneField": changing(lambda: metadata.create_field(workspace, given["field"])),
            "updateOneField": changing(lambda: metadata.update_field(workspace, given["id"], given["update"])),
            "deleteOneField": changing(lambda: metadata.delete_field(workspace, given["id"])),
            "createApiKey": _only_users,
            "uploadFilesFieldFile": uploading(lambda: _upload(workspace, asked, upload)),
            "createFileUpload": uploading(lambda: _promise(workspace, asked)),
            "completeFileUpload": uploading(
                lambda: files.shown(workspace, files.complete(workspace, str(asked.get("fileId"))))
            ),
        }
        if root.name == "objects":
            _check_objects(workspace, root)
            return lambda: _objects(workspace, root)
        if root.name not in roots:
            raise root.unknown("Query", ["objects", *roots])
        return roots[root.name]

    return resolve


def _only_users() -> None:
    raise Forbidden(
        "This endpoint requires a session access token",
        subCode="FORBIDDEN_EXCEPTION",
        userFriendlyMessage="You do not have permission to perform this action.",
    )


class _NoUpload(Refusal):
    def __init__(self) -> None:
        super().__init__(
            "Entity performing the request does not have permission",
            extensions={
                "code": "INTERNAL_SERVER_ERROR",
                "userFriendlyMessage": "You do not have permission to access this feature. "
                "Please contact your workspace administrator for access.",
            },
        )


# --- reading ------------------------------------------------------------------------------------------------------


def _objects(workspace: Workspace, root: Selected) -> dict[str, Any]:
    """The objects, the highest id first."""
    paging = root.arguments.get("paging") or {}
    ordered: list[Object] = sorted(workspace.objects.values(), key=lambda of: of.id, reverse=True)
    for name, test in (root.arguments.get("filter") or {}).items():
        wanted = test.get("is", test.get("eq"))
        ordered = [of for of in ordered if shown(workspace, of)[name] == wanted]
    rest = [of for of in ordered if not paging.get("after") or of.id < paging["after"]]
    chosen = rest[: int(paging.get("first", 1000))]
    return _connection(workspace, chosen, root, has_next=len(rest) > len(chosen))


def _connection(workspace: Workspace, things: list[Any], root: Selected, *, has_next: bool) -> dict[str, Any]:
    info = {
        "hasNextPage": has_next,
        "hasPreviousPage": False,
        "startCursor": things[0].id if things else None,
        "endCursor": things[-1].id if things else None,
    }
    answer: dict[str, Any] = {}
    for field in root.fields:
        if field.name == "pageInfo":
            answer[field.alias] = {part.alias: info[part.name] for part in field.fields}
        else:
            answer[field.alias] = [
                {
                    part.alias: thing.id if part.name == "cursor" else _project(workspace, thing, part.fields)
                    for part in field.fields
                }
                for thing in things
            ]
    return answer


def _project(workspace: Workspace, thing: Object | Field, fields: tuple[Selected, ...]) -> dict[str, Any]:
    record = shown(workspace, thing)
    answer: dict[str, Any] = {}
    for chosen in fields:
        if chosen.name == "fieldsList" and isinstance(thing, Object):
            answer[chosen.alias] = [_project(workspace, field, chosen.fields) for field in thing.fields.values()]
        elif chosen.name == "fields" and isinstance(thing, Object):
            answer[chosen.alias] = _connection(workspace, list(thing.fields.values()), chosen, has_next=False)
        elif chosen.name == "relation" and isinstance(thing, Field):
            answer[chosen.alias] = _relation(workspace, thing, chosen)
        else:
            answer[chosen.alias] = record.get(chosen.name)
    return answer


def _relation(workspace: Workspace, field: Field, chosen: Selected) -> dict[str, Any] | None:
    if field.relation is None:
        return None
    target = workspace.objects[field.relation.target_object]
    parts: dict[str, Object | Field] = {
        "sourceObjectMetadata": workspace.objects[field.object_id],
        "sourceFieldMetadata": field,
        "targetObjectMetadata": target,
        "targetFieldMetadata": target.fields[field.relation.target_field],
    }
    return {
        part.alias: _project(workspace, parts[part.name], part.fields) if part.name in parts else field.relation.kind
        for part in chosen.fields
    }


def _check_objects(workspace: Workspace, root: Selected) -> None:
    for name in root.arguments.get("filter") or {}:
        if name not in _FILTERS:
            hint = did_you_mean(suggestion_list(name, _FILTERS)).replace("'", '"')
            raise root.invalid(f'Field "{name}" is not defined by type "ObjectFilter".{hint}')
    some_object = workspace.standard("person")
    some_field = some_object.fields["id"]
    known_of_object = [*shown(workspace, some_object), "fieldsList"]
    known_of_field = [*shown(workspace, some_field), "relation"]
    for part in root.fields:
        for inner in part.fields if part.name == "edges" else ():
            for chosen in inner.fields:
                if chosen.name not in known_of_object:
                    raise chosen.unknown("Object", known_of_object)
                for below in chosen.fields if chosen.name == "fieldsList" else ():
                    if below.name not in known_of_field:
                        raise below.unknown("Field", known_of_field)


# --- files --------------------------------------------------------------------------------------------------------


def _upload(workspace: Workspace, asked: dict[str, Any], upload: tuple[str, bytes] | None) -> dict[str, Any]:
    if upload is None:
        raise Refusal("POST body missing, invalid Content-Type, or JSON object has no keys.")
    name, content = upload
    return files.shown(workspace, files.add(workspace, asked.get("fieldMetadataId"), name, content))


def _promise(workspace: Workspace, asked: dict[str, Any]) -> dict[str, Any]:
    stored = files.promise(workspace, asked["filename"], asked["size"], asked.get("fieldMetadataId"))
    expires = datetime.datetime.now(datetime.UTC) + datetime.timedelta(minutes=files.LIFETIME_MINUTES)
    return {
        "fileId": stored.id,
        "uploadUrl": f"{workspace.url}/file-upload/{stored.id}?token={stored.token}",
        "contentType": "application/octet-stream",
        "expiresAt": iso(expires),
    }
