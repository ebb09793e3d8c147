"""Files of leads, by the upload in two steps that Nutshell's older documentation describes (rpc-files).

An edit of the lead announces a file, and its answer tells the address to which the bytes are then sent. Nobody has told
what an account of today makes of that, so nothing is taken for granted: an announcement that is not answered by an
address stops the load, and a file is looked for before it is sent, by its name, size and hash. So no lost answer loses
one or doubles it.

To the engine a file is a record, `file`. No API tells of one but by its lead, which its id names: `7-leads/12-files`.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

import msgspec

from shift.destination import Found, Outcome, Record, Reference, Row, StoredFile
from shift.errors import Refused, Stop

from .nutshell_looking import MARKS, Looking
from .nutshell_records import KINDS
from .nutshell_wire import Addresses, Rpc

FILE = "file"
# REST's links name files so.
_SUFFIX = "-files"
_LEAD = KINDS["lead"]
_FOLDER = "Set `attachments: folder`, and build again: files go to the handover folder then, with a note for each."


class Files:
    """The files of leads, as records."""

    def __init__(self, rpc: Rpc, looking: Looking, addresses: Addresses) -> None:
        self._rpc = rpc
        self._looking = looking
        self._addresses = addresses
        self._leads: dict[str, threading.Lock] = {}

    def upload(self, row: Row, file: Path) -> str:
        """The id of the file on its lead, where its bytes are by then. Stop: the account takes no files."""
        payload = msgspec.json.decode(row.payload)
        try:
            content = file.open("rb")
        except OSError as error:
            raise Refused(f"the file cannot be read: {error.strerror}", where=file.name) from None
        with content:
            hash = hashlib.file_digest(content, "sha256").hexdigest()
            size = content.tell()
            with self._alone(payload["lead"]):
                lead = self._lead(payload["lead"])
                if lead is None or lead.get("deletedTime"):
                    raise Refused("its lead is not there any more")
                entry, is_whole = self._there(lead, payload["name"], size, hash)
                if entry is None:
                    if row.id is not None:
                        raise Refused("no API is known to change a file that is there")
                    entry = self._announce(lead, payload, size)
                if not is_whole:
                    content.seek(0)
                    self._addresses.send(entry.get("uri"), content, payload["mime"])
        return _id(payload["lead"], entry)

    def create(self, row: Row) -> Outcome:
        """The upload has made the file; what is there now is told."""
        id = msgspec.json.decode(row.payload)["file"]
        record = self._get(id)
        if record is None or record.deleted:
            raise Refused("the file is not on its lead any more")
        return Outcome(row.key, id, record)

    def find(self, row: Row) -> Found:
        """By id, else by what the row says of the file: a name, a size and a hash."""
        payload = msgspec.json.decode(row.payload)
        named = row.id or payload.get("file")
        if isinstance(named, str):
            record = self._get(named)
        else:
            record = self._by_content(payload["lead"], payload["name"], payload["size"], named["$sha256"])
        if record is None:
            return Found(row.key, "absent")
        return Found(row.key, "soft_deleted" if record.deleted else "live", record)

    def read(self, ids: Collection[str]) -> Iterator[Record]:
        """The live ones among these, by a call a lead: that lists of leads tell of files is nowhere said."""
        wanted = set(ids)
        for lead, _ in groupby(sorted(wanted), key=_lead_of):
            yield from (one for one in self._of(lead) if one.id in wanted and not one.deleted)

    def every(self) -> Iterator[Record]:
        """The files of all leads that bear our mark. Those of other leads are not told: it would take a call each."""
        for lead in self._looking.every("lead"):
            if msgspec.json.decode(lead.body).get(MARKS["lead"]):
                yield from self._of(lead.id)

    def references(self, leads: Sequence[str]) -> Iterator[Reference]:
        return (Reference(FILE, one.id, "lead", lead) for lead in leads for one in self._of(lead))

    def contents(self, record: Record) -> Iterator[StoredFile]:
        told = msgspec.json.decode(record.body)
        content = self._addresses.fetch(told.get("uri"))
        if content is not None:
            yield StoredFile("file", told["name"], hashlib.sha256(content).hexdigest(), len(content))

    def delete(self, record: Record) -> None:
        """A list that an edit sends replaces the old one (retrieving-editing); whether this one does is looked at."""
        with self._alone(_lead_of(record.id)):
            lead = self._lead(_lead_of(record.id))
            if lead is None or lead.get("deletedTime"):
                return
            staying = [one for one in _entries(lead) if _id(_lead_of(record.id), one) != record.id]
            if len(staying) < len(_entries(lead)) and len(_entries(self._edited(lead, staying))) > len(staying):
                raise Refused(
                    "Nutshell takes no file off a lead: it goes with the lead alone",
                    hint="Delete the lead in Nutshell, and roll back again.",
                )

    def _alone(self, lead: str) -> threading.Lock:
        """Held from the look at a lead until the bytes are there: two edits make each other's rev stale, and a file
        that is announced and not sent yet looks like one that was lost.
        """
        return self._leads.setdefault(lead, threading.Lock())

    def _get(self, id: str) -> Record | None:
        return next((one for one in self._of(_lead_of(id)) if one.id == id), None)

    def _of(self, lead: str) -> Iterator[Record]:
        told = self._lead(lead) or {}
        return (_record(lead, told, entry) for entry in _entries(told))

    def _by_content(self, lead: str, name: str, size: int, hash: str) -> Record | None:
        told = self._lead(lead) or {}
        entry, is_whole = self._there(told, name, size, hash)
        return _record(lead, told, entry) if entry and is_whole else None

    def _lead(self, id: str) -> dict[str, Any] | None:
        """The lead as JSON-RPC tells it, be it in the trash; None where it is gone."""
        try:
            told: dict[str, Any] = self._rpc.call(_LEAD.method("get"), _LEAD.params(id))
        except Refused as error:
            if error.status != 404:
                raise
            return None
        return told

    def _there(self, lead: Mapping[str, Any], name: str, size: int, hash: str) -> tuple[dict[str, Any] | None, bool]:
        """The lead's file of these bytes, else one that was announced and never sent; and whether it is whole."""
        announced = None
        for entry in _entries(lead):
            if (entry.get("name"), entry.get("size")) == (name, size):
                content = self._addresses.fetch(entry.get("uri"))
                if content is not None and hashlib.sha256(content).hexdigest() == hash:
                    return entry, True
                if not content:
                    announced = entry
        return announced, False

    def _announce(self, lead: Mapping[str, Any], payload: Mapping[str, Any], size: int) -> dict[str, Any]:
        new = {"entityType": "Files", "name": payload["name"], "mime": payload["mime"], "size": size}
        told = self._edited(lead, _entries(lead), new)
        before = {one["id"] for one in _entries(lead)}
        for entry in _entries(told):
            if entry["id"] not in before and entry.get("name") == payload["name"] and entry.get("uri"):
                return entry
        raise Stop("Nutshell answers no address for a lead's file: it takes none here", where="editLead", hint=_FOLDER)

    def _edited(self, lead: Mapping[str, Any], held: Sequence[Mapping[str, Any]], *new: Mapping[str, Any]) -> Any:
        kept = [{"entityType": "Files", "id": one["id"]} for one in held]
        edit = {"leadId": lead["id"], "rev": lead["rev"], "lead": {"file": [*kept, *new]}}
        return self._rpc.call(_LEAD.method("edit"), edit)


def _entries(lead: Mapping[str, Any]) -> list[dict[str, Any]]:
    return list(lead.get("file") or ())


def _id(lead: str, entry: Mapping[str, Any]) -> str:
    return f"{lead}/{entry['id']}{_SUFFIX}"


def _lead_of(id: str) -> str:
    return id.partition("/")[0]


def _record(lead: str, told: Mapping[str, Any], entry: Mapping[str, Any]) -> Record:
    """``file`` is the id once more: what a payload's file has become."""
    id = _id(lead, entry)
    body = {"lead": lead, "file": id} | {name: entry.get(name) for name in ("name", "mime", "size", "uri")}
    return Record(id, msgspec.json.encode(body).decode(), deleted=bool(told.get("deletedTime")))
