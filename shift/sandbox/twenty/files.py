"""Files of FILES fields: uploading, and what a record may say of them (contracts/twenty/attachments-and-files).

A file is uploaded for one field, and serves one record once.
"""

from __future__ import annotations

from typing import Any

from shift.sandbox.twenty.errors import Refusal, bad_value, inspect
from shift.sandbox.twenty.schema import Field
from shift.sandbox.twenty.workspace import StoredFile, Workspace

MAX_BYTES = 1024**3
LIFETIME_MINUTES = 15


def read(workspace: Workspace, field: Field, value: Any, before: Any) -> list[dict[str, Any]] | None:
    """The files that a record names, as it stores them: ``[{"fileId", "label"}]``."""
    if not value:
        return None
    if not isinstance(value, list):
        raise bad_value(f'Invalid object value {inspect(value)} for field "{field.name}"')
    held = {item["fileId"] for item in before or ()}
    stored = []
    for at, item in enumerate(value):
        for key in ("fileId", "label"):
            if not isinstance(item, dict) or not isinstance(item.get(key), str):
                raise bad_value(
                    f'Invalid value "{inspect(value)}" for FILES field "{field.name}" - {at}.{key}: '
                    "Invalid input: expected string, received undefined"
                )
        file = workspace.files.get(item["fileId"])
        if file is None:
            raise Refusal(f"File not found: {item['fileId']}")
        if file.field_id != field.id:
            raise Refusal(f"File {file.id} was not uploaded for this field")
        if file.used and file.id not in held:
            raise Refusal(f"File {file.id} is already associated with a permanent files field")
        stored.append({"label": item["label"], "fileId": file.id})
    return stored


def add(workspace: Workspace, field_id: str | None, name: str, content: bytes | None) -> StoredFile:
    """Take a file, or (without content) the promise of one."""
    if not field_id:
        raise _failure("fieldMetadataId or fieldMetadataUniversalIdentifier must be provided")
    found = workspace.field(field_id)
    if found is None or found[1].type != "FILES":
        raise _failure(f"Field metadata {field_id} not found")
    identifier = workspace.new_id()
    token = workspace.new_id().replace("-", "")
    stored = workspace.files[identifier] = StoredFile(identifier, field_id, name, content, token)
    return stored


def promise(workspace: Workspace, name: str, size: float, field_id: str | None) -> StoredFile:
    if not 0 < size <= MAX_BYTES:
        raise _failure(
            f"Invalid file size {size:.0f} (max {MAX_BYTES} bytes)",
            "The file is empty or exceeds the maximum allowed size.",
        )
    return add(workspace, field_id, name, None)


def complete(workspace: Workspace, identifier: str) -> StoredFile:
    stored = workspace.files.get(identifier)
    if stored is None or stored.content is None:
        raise _failure(
            f"File {identifier} has not been uploaded to storage yet",
            "The file has not been uploaded yet. Please upload it before confirming.",
        )
    return stored


def shown(workspace: Workspace, stored: StoredFile) -> dict[str, Any]:
    return {
        "id": stored.id,
        "path": f"files-field/{stored.field_id}/{stored.id}{stored.extension}",
        "size": len(stored.content or b""),
        "createdAt": workspace.now(),
        "url": workspace.file_url(stored),
    }


def _failure(message: str, friendly: str | None = None) -> Refusal:
    return Refusal(message, extensions={"code": "INTERNAL_SERVER_ERROR", "userFriendlyMessage": friendly or message})
