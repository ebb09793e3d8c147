"""Files that a payload names: sent before the record that holds them, once each.

A payload names a file as ``{"$file": "<path within the exports folder>"}``; a second member, ``"$sha256"``, is its hash
when it was landed. What the CRM answers takes its place, right before the record is created. One that was uploaded for
a record which was then not created serves the next attempt: a CRM takes such an answer once (attachments-and-files).
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec
from msgspec.structs import replace

from shift.destination import Record
from shift.errors import Again, Refused, Stop
from shift.ledger import Intent, Operation, Settled, Status
from shift.loading.patience import Stopped
from shift.loading.writer import Planned, Writer

_TEXT = r'"(?:[^"\\]|\\.)*"'
# In JSON as DuckDB writes it a quote within a text is escaped, so that this is never found inside of one.
_FILE = re.compile(rf'\{{"\$file":({_TEXT})(?:,"\$sha256":({_TEXT}))?\}}')


def upload(writer: Writer, object: str, rows: Sequence[Planned]) -> Sequence[Planned]:
    """The rows with their files uploaded. One whose file is missing, changed or refused is rejected, and left out.

    Raises as ``create`` does; the intents that were noted ahead for the rows are settled before.
    """
    if not any(_names_files(planned) for planned in rows):
        return rows
    ready: list[Planned] = []
    waiting = list(rows)
    try:
        while waiting:
            planned = waiting[0]
            try:
                ready.append(_with_files(writer, object, planned) if _names_files(planned) else planned)
            except Refused as error:
                _settle(writer, object, [planned], "rejected", error.message)
            del waiting[0]
    except (Again, Stop, Stopped) as error:
        _settle(writer, object, [*ready, *waiting], "refused", str(error) or "never sent")
        raise
    return ready


def upload_changed(
    writer: Writer, object: str, rows: Sequence[Planned], now: Mapping[str, Record]
) -> Sequence[Planned]:
    """As ``upload``, for records that are there: ``now`` by id. A file that its record holds already stays as it is."""
    ready = []
    for planned in rows:
        record = now.get(planned.row.id or "")
        try:
            named = record is not None and _names_files(planned)
            ready.append(_with_files(writer, object, planned, record) if named else planned)
        except Refused as error:
            _settle(writer, object, [planned], "rejected", error.message, "update")
    return ready


def _names_files(planned: Planned) -> bool:
    return '{"$file":' in planned.row.payload


def _with_files(writer: Writer, object: str, planned: Planned, record: Record | None = None) -> Planned:
    """The row with the CRM's answers in place of its files; those that ``record`` holds are not sent.

    Raises Refused for a file that cannot be sent.
    """
    fields = msgspec.json.decode(planned.row.payload, type=dict[str, msgspec.Raw])
    for field, value in fields.items():
        text = bytes(value).decode()
        for named in _FILE.finditer(text):
            path = _within(writer.exports, json.loads(named[1]))
            landed = json.loads(named[2]) if named[2] else None
            answer = _held(writer, object, planned, record, landed) if record and landed else None
            answer = answer or _uploaded(writer, object, planned, field, path, _checked(path, landed))
            text = text.replace(named[0], json.dumps(answer))
        fields[field] = msgspec.Raw(text.encode())
    payload = msgspec.json.encode(fields).decode()
    return Planned(replace(planned.row, payload=payload), planned.hash, planned.intent)


def _held(writer: Writer, object: str, planned: Planned, record: Record, hash: str) -> str | None:
    """What the record calls the file with this hash, where it holds that one."""
    sent = writer.ledger.uploads(object, planned.row.key, hash)
    return next((id for id in sent if json.dumps(id) in record.body), None)


def _within(exports: Path | None, name: str) -> Path:
    assert exports is not None, "a writer of records with files is told where these lie"
    path = (exports / name).resolve()
    if not path.is_relative_to(exports.resolve()):
        raise Refused(f"its file '{name}' is not within the exports")
    return path


def _checked(path: Path, landed: str | None) -> str:
    """The file's hash, which is still the one that it was landed with."""
    try:
        with path.open("rb") as file:
            hash = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise Refused(f"its file '{path.name}' cannot be read: {error.strerror}") from None
    if landed and hash != landed:
        raise Refused(f"its file '{path.name}' has changed since the exports were read")
    return hash


def _uploaded(writer: Writer, object: str, planned: Planned, field: str, path: Path, hash: str) -> str:
    """What the CRM calls the file. After a lost answer it is sent again: the loader looks, or it costs nothing."""
    ledger = writer.ledger
    if known := ledger.waiting_upload(object, planned.row.key, hash):
        return known
    [number] = ledger.intend([Intent("upload", object, planned.row.key, planned.row.id, hash)])
    try:
        answer = writer.patience.read(writer.destination.upload, object, field, path, planned.row)
    except (Again, Refused, Stop, Stopped) as error:
        ledger.settle([Settled(number, "refused", message=str(error) or "never sent")])
        raise
    ledger.settle([Settled(number, "uploaded", answer)])
    return answer


def _settle(
    writer: Writer,
    object: str,
    rows: Sequence[Planned],
    status: Status,
    message: str,
    operation: Operation = "create",
) -> None:
    """Settle the creates, or updates, of these rows, of which none was sent."""
    for planned in rows:
        number = planned.intent
        if number is None:
            intent = Intent(operation, object, planned.row.key, planned.row.id, planned.hash)
            [number] = writer.ledger.intend([intent])
        writer.ledger.settle([Settled(number, status, message=message)])
