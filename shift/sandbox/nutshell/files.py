"""Files of leads, by the upload in two steps that the older documentation describes (rpc-files).

A file is announced by an edit of its lead, whose answer tells its address; then its bytes are sent there, once.
"""

from __future__ import annotations

import re
from typing import Any

from shift.sandbox.nutshell.errors import Refusal, not_found
from shift.sandbox.nutshell.records import File, Lead
from shift.sandbox.nutshell.store import Store

PATH = "/file/api"
_RANGE = re.compile(r"bytes=(\d+)-(\d*)")


def announced(store: Store, lead: Lead, given: Any) -> list[int]:
    """The ids of the lead's files after an edit that was sent this list; nobody knows what a real server does."""
    handling = store.behaviour.lead_files
    if handling == "ignore":
        return lead.files
    if handling == "refuse":
        raise Refusal("file is not a field of a lead")
    if not isinstance(given, list) or not all(isinstance(one, dict) for one in given):
        raise Refusal("file is a list of files")
    if any(one.get("entityType") != "Files" for one in given):
        raise Refusal("entityType is missing in file")
    if not set(held := [one["id"] for one in given if "id" in one]) <= set(lead.files):
        raise not_found()
    new = [_new(store, one) for one in given if "id" not in one]
    store.files |= {one.id: one for one in new}
    kept = lead.files if handling == "append" else held
    return [*kept, *(one.id for one in new)]


def receive(store: Store, id: int, content: bytes) -> None:
    """The bytes of a file that was announced. Raises Refusal for others than so many, and for a second time."""
    file = store.file(id)
    if file.content is not None:
        raise Refusal("The file is there already")
    if len(content) != file.size:
        raise Refusal(f"{file.size} bytes were announced, and {len(content)} came")
    file.content = content


def content(store: Store, id: int, range: str | None) -> tuple[int, bytes]:
    """Status and bytes of a file, or of the part of it that a Range header asks for."""
    whole = store.file(id).content
    if whole is None:
        raise not_found()
    asked = _RANGE.fullmatch(range or "")
    if asked is None:
        return 200, whole
    return 206, whole[int(asked[1]) : int(asked[2]) + 1 if asked[2] else None]


def shown(store: Store, lead: Lead) -> list[dict[str, Any]]:
    return [_shape(store, store.files[id]) for id in lead.files]


def _new(store: Store, given: dict[str, Any]) -> File:
    name, size = given.get("name"), given.get("size")
    if not name or not isinstance(name, str) or isinstance(size, bool) or not isinstance(size, int):
        raise Refusal("a file has a name and a size")
    return File(store.next_id("files"), name, str(given.get("mime") or "application/octet-stream"), size)


def _shape(store: Store, file: File) -> dict[str, Any]:
    return {
        "entityType": "Files",
        "id": file.id,
        "uri": f"{store.origin}{PATH}/{file.id}",
        "name": file.name,
        "mime": file.mime,
        "rev": "1",
        "size": file.size,
        "clientType": "upload",
        "duration": None,
    }
