"""Nutshell, as far as it is documented and was seen by others (`contracts/nutshell`): two APIs over one store.

Each kind of record is made where its own fields are known to be taken: people, companies, leads and notes by JSON-RPC,
which answers the whole record with its rev, takes money as currency and amount, and clears a custom field by null;
activities by REST, which alone documents a location. Updates go by JSON-RPC, with the rev of the record as it was read,
so that nobody's edit is overwritten. Activities are deleted by JSON-RPC, which alone can; the others by REST, to the
trash. A cancelled activity takes two calls, since no API is known to make one that is cancelled from the start.

What stands beside this module: ``nutshell_wire`` sends, and sorts errors; ``nutshell_records`` gives records one form;
``nutshell_looking`` finds them again; ``nutshell_files`` puts files on leads; ``nutshell_account`` tells what the
account holds, and adds custom fields to it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

from shift.destination import (
    Destination,
    Found,
    Limits,
    Outcome,
    Receipt,
    Record,
    Reference,
    Rights,
    Row,
    SchemaChange,
    Settings,
    StoredFile,
    Table,
    Workspace,
)
from shift.errors import Again, ConfigurationError, DestinationError, Refused, Stop
from shift.http import Client

from .nutshell_account import Account, objections
from .nutshell_files import FILE, Files
from .nutshell_looking import IDS_A_PATH, Looking, record_of
from .nutshell_records import (
    KINDS,
    activity_create_body,
    activity_edit_body,
    activity_from_rest,
    entity,
    from_rpc,
    kind_of,
    lead_body,
    number,
    party_body,
)
from .nutshell_wire import CHECK_AUTHOR, Addresses, Rest, Rpc

URL = "https://app.nutshell.com"

# The largest body that Nutshell takes is not known.
MOST_BYTES = 1_000_000
# rpc-contacts: skips the check of the rev. For a record that was made by the call before.
REV_IGNORE = "REV_IGNORE"


def connect(settings: Settings, client: Client) -> Nutshell:
    """The account of the settings' user and key. Raises ``ConfigurationError`` where one of them is not given."""
    where = f"project.yml, destinations.{settings.name}"
    if not settings.user or not settings.api_key:
        raise ConfigurationError(
            "Nutshell needs a user and an api_key",
            where=where,
            hint="The user is the e-mail address of somebody in the account; keys are made in Setup, API keys.",
        )
    for option in settings.options:
        raise ConfigurationError(f"Nutshell has no option '{option}'", where=where)
    return Nutshell(client, settings.user, settings.api_key)


class Nutshell(Destination):
    """One account, through one key. It gives ids itself, takes one record a call, and knows no repeated call."""

    def __init__(self, client: Client, user: str, api_key: str) -> None:
        self.limits = Limits(batch_size=1, batch_bytes=MOST_BYTES, ids="theirs", page=IDS_A_PATH)
        self._client = client
        self._logged_as_another: str | None = None
        self._rpc = Rpc(client, user, api_key)
        self._rest = Rest(client, user, api_key)
        self._looking = Looking(self._rpc, self._rest)
        self._files = Files(self._rpc, self._looking, Addresses(client, user, api_key))
        self._account = Account(self._rpc, self._rest, self._looking, user)

    def workspace(self) -> Workspace:
        """REST tells the account's id, and is needed for definitions, look-ups and deleting; without it, Stop."""
        return Workspace(id=self._account.instance(), name=self._client.origin)

    def pull(self) -> Iterator[Table]:
        """`objects`, `fields`, `custom_fields`, `users`, `activity_types`, `people` and `companies`."""
        return self._account.tables()

    def provision(self, change: SchemaChange) -> Receipt:
        """Define a custom field, which no API can change or remove again."""
        return self._account.define(change)

    def objections(self, change: SchemaChange) -> Sequence[str]:
        return objections(change)

    def removes(self, change: SchemaChange) -> bool:
        """A custom field is removed in Nutshell's settings; no API does."""
        return False

    def rights(self, objects: Sequence[str]) -> Rights:
        """What REST tells of the key's user; no key tells its own rights."""
        return self._account.rights()

    def create(self, object: str, rows: Sequence[Row]) -> Sequence[Outcome]:
        """One row a call. A repeated call makes another record."""
        return [self._create(object, row) for row in rows]

    def calls_to_create(self, object: str, payload: str) -> int:
        """Two for an activity that is cancelled, or has a log note. An owner that JSON-RPC does not take costs two more
        calls, which shows only with the first answer.
        """
        if object == FILE:  # what the upload takes beyond its first call, and reading what came of it
            return 3
        if object != "activity":
            return 1
        row = msgspec.json.decode(payload)
        return 2 if row.get("status") == "cancelled" or row.get("note") else 1

    def update(self, object: str, rows: Sequence[Row]) -> Sequence[Outcome]:
        """One row a call, with the rev that ``before`` has; a later one is ``Again``: the record is to be read anew."""
        return [self._update(object, row) for row in rows]

    def find(self, object: str, rows: Sequence[Row]) -> Sequence[Found]:
        """By id, else by the mark that a row's payload bears: a custom field, a first line, the bytes of a file."""
        if object == FILE:
            return [self._files.find(row) for row in rows]
        return self._looking.find(object, rows)

    def read(self, object: str, ids: Sequence[str]) -> Iterator[Record]:
        return self._files.read(ids) if object == FILE else self._looking.read(object, ids)

    def every(self, object: str) -> Iterator[Record]:
        """All live records; those in the trash are not told."""
        return self._files.every() if object == FILE else self._looking.every(object)

    def untold(self, object: str) -> Collection[str]:
        """No API tells an activity's location, and REST tells no note's author.

        So a location stays as it was made. Where a visit moves to another place, the header line says so, by an edit
        that compares the rev; REST's PUT would take a location, and with it the whole record, over anybody's edit.
        """
        return {"activity": ("location",), "note": ("author",)}.get(object, ())

    def lasting(self, object: str, record: Mapping[str, Any]) -> dict[str, Any]:
        """Without the rev, which tells that a record was written and not what of it, what one API alone tells, and the
        address of a file.
        """
        return {name: value for name, value in record.items() if name not in ("rev", "uri", *self.untold(object))}

    def references(self, object: str, ids: Sequence[str]) -> Iterator[Reference]:
        """Activities, notes and leads of people and companies, people of companies, and what leads have. One to three
        calls a record.
        """
        yield from self._looking.references(object, ids)
        if object == "lead":
            yield from self._files.references(ids)

    def delete(self, object: str, records: Sequence[Record]) -> Sequence[Outcome]:
        for record in records:
            try:
                self._delete(object, record)
            except Refused as error:
                if error.status != 404:  # gone already is done
                    raise
        return [Outcome(record.id, record.id) for record in records]

    def upload(self, object: str, field: str, file: Path, row: Row) -> str:
        """Put a file on the lead that its row names; the file's id."""
        return self._files.upload(row, file)

    def files(self, object: str, record: Record) -> Sequence[StoredFile]:
        return list(self._files.contents(record))

    def close(self) -> None:
        self._client.close()

    # --- one record ---------------------------------------------------------------------------------------------

    def _create(self, object: str, row: Row) -> Outcome:
        if object == FILE:
            return self._files.create(row)
        kind = kind_of(object)
        payload = msgspec.json.decode(row.payload)
        if object == "activity":
            return self._create_activity(row, payload)
        if object == "note":
            told = self._new_note(payload)
        else:
            told = self._rpc.call(kind.method("new"), {kind.singular: _body(object, payload)})
        return self._owned(object, row, payload.get("owner"), told)

    def _new_note(self, payload: Mapping[str, Any]) -> Any:
        """A key that may not impersonate is answered as any other, and the note is logged as the key's own.
        So each answer is looked at, and after a wrong one no further note is sent.
        """
        author = payload.get("author")
        if author and self._logged_as_another:
            raise Stop(
                f"notes are not logged as their author: {self._logged_as_another}",
                where="newNote",
                hint=CHECK_AUTHOR,
            )
        body = {"entity": entity(payload["parent"]), "note": payload["body"]}
        told = self._rpc.call("newNote", body, as_user=self._account.email(author) if author else None)
        made = record_of("note", told)
        logged_as = msgspec.json.decode(made.body)["author"]
        if author and logged_as != author:
            self._logged_as_another = f"{made.id} was written for {author}, and counts as {logged_as}'s"
        return told

    def _create_activity(self, row: Row, payload: dict[str, Any]) -> Outcome:
        made = self._rest.post("/activities", {"activities": [activity_create_body(payload)]})
        try:
            told = made["activities"][0]
            id = str(told["id"])
            record = Record(id, _text(activity_from_rest(told)))
        except (KeyError, IndexError, TypeError):
            raise Again("the answer cannot be read", arrived=True, where="POST /rest/activities") from None
        kind = KINDS["activity"]
        with _made_already():
            if payload.get("status") == "cancelled":
                edit = kind.params(id, rev=REV_IGNORE, activity=activity_edit_body({"status": "cancelled"}, {}))
                return _outcome(row, "activity", self._rpc.call("editActivity", edit))
            if payload.get("note"):  # REST tells no more of a log note than its id
                return _outcome(row, "activity", self._rpc.call("getActivity", kind.params(id)))
        return Outcome(row.key, id, record)

    def _owned(self, object: str, row: Row, owner: str | None, told: dict[str, Any]) -> Outcome:
        """The outcome of a call that answered ``told``, after seeing to the owner: rest-contacts documents this link,
        and that JSON-RPC takes an owner is nowhere said.
        """
        outcome = _outcome(row, object, told)
        if not owner or from_rpc(object, told)["owner"] == owner:
            return outcome
        kind, id = kind_of(object), outcome.id
        link = f"/{kind.plural}/0/links/owner"
        with _made_already():
            self._rest.patch(f"/{kind.plural}/{id}", [{"op": "replace", "path": link, "value": owner}])
            return _outcome(row, object, self._rpc.call(kind.method("get"), kind.params(id)))

    def _update(self, object: str, row: Row) -> Outcome:
        if row.id is None or row.before is None:
            raise Stop(f"the row {row.key} has no record to be updated")
        if object == FILE:
            raise Refused("no API is known to change a file that is there")
        kind = kind_of(object)
        payload, before = msgspec.json.decode(row.payload), msgspec.json.decode(row.before)
        author = None
        if object == "note":
            if "parent" in payload:
                raise Refused("Nutshell moves no note to another record")
            body = payload.get("body")
            author = before.get("author")
        elif object == "activity":
            body = activity_edit_body(payload, before)
        else:
            body = _body(object, payload)
        if not body:  # a location alone: see ``untold``
            return Outcome(row.key, row.id, Record(row.id, row.before))
        edit = kind.params(row.id, rev=before.get("rev"), **{kind.singular: body})
        try:
            told = self._rpc.call(kind.method("edit"), edit, as_user=self._account.email(author) if author else None)
        except Stop as error:
            if error.status != 403 or object != "note":
                raise
            # rpc-notes: only the author, only for 24 hours. This note is too old, and the key as good as before.
            raise Refused(error.message, status=error.status, where=error.where) from None
        return self._owned(object, row, payload.get("owner"), told)

    def _delete(self, object: str, record: Record) -> None:
        if object == FILE:
            self._files.delete(record)
            return
        kind = kind_of(object)
        if kind.plural != "activities":
            number(record.id, kind.plural)
            self._rest.delete(f"/{kind.plural}/{record.id}")
            return
        rev = msgspec.json.decode(record.body).get("rev") if record.body else None
        self._rpc.call(kind.method("delete"), kind.params(record.id, rev=rev or REV_IGNORE))


def _body(object: str, payload: Mapping[str, Any]) -> dict[str, Any]:
    return lead_body(payload) if object == "lead" else party_body(payload)


@contextmanager
def _made_already() -> Iterator[None]:
    """Around the calls that follow a write: whatever they meet, it is done, and must be looked for before all else."""
    try:
        yield
    except DestinationError as error:
        raise Again(error.message, arrived=True, status=error.status, where=error.where, hint=error.hint) from error


def _outcome(row: Row, object: str, told: Any) -> Outcome:
    """The outcome of a call that answered the whole record. Raises Again for an answer that holds none."""
    record = record_of(object, told)
    return Outcome(row.key, record.id, record)


def _text(record: dict[str, Any]) -> str:
    return msgspec.json.encode(record).decode()
