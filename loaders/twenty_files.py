"""Sending a file to Twenty, in the three steps that `contracts/twenty/attachments-and-files` records, and back."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from shift.destination import Record, StoredFile
from shift.errors import Refused

from .twenty_wire import Shape, Wire

_BEGIN = """mutation($n: String!, $s: Float!, $ff: FileFolder!, $f: String) {
  createFileUpload(filename: $n, size: $s, fileFolder: $ff, fieldMetadataId: $f) { fileId uploadUrl contentType }
}"""
_END = "mutation($i: String!) { completeFileUpload(fileId: $i) { id } }"


class _Begun(Shape, frozen=True):
    file_id: str
    upload_url: str
    content_type: str


def upload(wire: Wire, field_id: str, file: Path) -> str:
    """The id by which one record may name the file once, in the field that it was sent for.

    None of the calls is counted by the rate limit. A file that is empty, or above 1 GiB, is refused.
    """
    try:
        size = file.stat().st_size
        content = file.open("rb")
    except OSError as error:
        raise Refused(f"the file cannot be read: {error.strerror}", where=file.name) from None
    with content:
        asked = {"n": file.name, "s": size, "ff": "FilesField", "f": field_id}
        begun = msgspec.json.decode(wire.ask("/metadata", _BEGIN, asked)["createFileUpload"], type=_Begun)
        wire.put(begun.upload_url, content, begun.content_type)
    wire.ask("/metadata", _END, {"i": begun.file_id})
    return begun.file_id


def fetched(wire: Wire, record: Record) -> Iterator[StoredFile]:
    """The files of a record, from the signed addresses in it: they end after a day. Not counted by the rate limit."""
    fields: dict[str, Any] = msgspec.json.decode(record.body)
    for field, value in fields.items():
        for file in value if isinstance(value, list) else ():
            if isinstance(file, dict) and "fileId" in file and file.get("url"):
                content = wire.fetch(file["url"])
                yield StoredFile(field, file["label"], hashlib.sha256(content).hexdigest(), len(content))
