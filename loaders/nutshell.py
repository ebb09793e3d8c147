"""Nutshell, as far as it is documented and was seen by others (`contracts/nutshell`): two APIs over one store.

Each kind of record is made where its own fields are known to be taken: people, companies and notes by JSON-RPC, which
answers the whole record with its rev, takes money as currency and amount, and clears a custom field by null; activities
by REST, which alone documents a location. Updates go by JSON-RPC, with the rev of the record as it was read, so that
nobody's edit is overwritten. Activities are deleted by JSON-RPC, which alone can; the others by REST, to the trash. A
cancelled activity takes two calls, since no API is known to make one that is cancelled from the start.

What stands beside this module: ``nutshell_wire`` sends, and sorts errors; ``nutshell_records`` gives records one form;
``nutshell_looking`` finds them again; ``nutshell_account`` tells what the account holds, and adds custom fields to it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
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
    Table,
    Workspace,
)
from shift.errors import Again, ConfigurationError, DestinationError, Refused, Stop
from shift.http import Client

from .nutshell_account import Account, objections
from .nutshell_looking import Looking, record_of
from .nutshell_records import (
    KINDS,
    Kind,
    activity_create_body,
    activity_edit_body,
    activity_from_rest,
    entity,
    from_rpc,
    kind_of,
    number,
    party_body,
)
from .nutshell_wire import Rest, Rpc

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
        self.limits = Limits(batch_size=1, batch_bytes=MOST_BYTES, ids="theirs")
        self._client = client
        self._rpc = Rpc(client, user, api_key)
        self._rest = Rest(client, user, api_key)
        self._looking = Looking(self._rpc, self._rest)
        self._account = Account(self._rest, self._looking, user)

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

    def unprovision(self, change: SchemaChange, id: str | None) -> None:
        raise Refused("no API removes a custom field", hint="Remove it in Nutshell's settings, under custom fields.")

    def rights(self, objects: Sequence[str]) -> Rights:
        """What REST tells of the key's user; no key tells its own rights."""
        return self._account.rights()

    def create(self, object: str, rows: Sequence[Row]) -> Sequence[Outcome]:
        """One row a call. A repeated call makes another record."""
        return [self._create(object, row) for row in rows]

    def update(self, object: str, rows: Sequence[Row]) -> Sequence[Outcome]:
        """One row a call, with the rev that ``before`` has; a later one is ``Again``: the record is to be read anew."""
        return [self._update(object, row) for row in rows]

    def find(self, object: str, rows: Sequence[Row]) -> Sequence[Found]:
        """By id, else by the mark that a row's payload bears: a custom field, or a first line."""
        return self._looking.find(object, rows)

    def read(self, object: str, ids: Sequence[str]) -> Iterator[Record]:
        return self._looking.read(object, ids)

    def every(self, object: str) -> Iterator[Record]:
        """All live records; those in the trash are not told."""
        return self._looking.every(object)

    def untold(self, object: str) -> Collection[str]:
        """No API tells an activity's location (its header line does), and REST tells no note's author."""
        return {"activity": ("location",), "note": ("author",)}.get(object, ())

    def lasting(self, object: str, record: Mapping[str, Any]) -> dict[str, Any]:
        """Without the rev, which tells that a record was written and not what of it, and what one API alone tells."""
        return {name: value for name, value in record.items() if name not in ("rev", *self.untold(object))}

    def references(self, object: str, ids: Sequence[str]) -> Iterator[Reference]:
        """Activities and notes of people and companies, and people of companies. One or two calls a record."""
        return self._looking.references(object, ids)

    def delete(self, object: str, records: Sequence[Record]) -> Sequence[Outcome]:
        for record in records:
            try:
                self._delete(kind_of(object), record)
            except Refused as error:
                if error.status != 404:  # gone already is done
                    raise
        return [Outcome(record.id, record.id) for record in records]

    def close(self) -> None:
        self._client.close()

    # --- one record ---------------------------------------------------------------------------------------------

    def _create(self, object: str, row: Row) -> Outcome:
        kind = kind_of(object)
        payload = msgspec.json.decode(row.payload)
        if object == "activity":
            return self._create_activity(row, payload)
        if object == "note":
            author = payload.get("author")
            told = self._rpc.call(
                "newNote",
                {"entity": entity(payload["parent"]), "note": payload["body"]},
                as_user=self._account.email(author) if author else None,
            )
        else:
            told = self._rpc.call(kind.method("new"), {kind.singular: party_body(payload)})
        return self._owned(object, row, payload.get("owner"), told)

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
            body = party_body(payload)
        if not body:  # a location alone, which no edit is known to take
            return Outcome(row.key, row.id, Record(row.id, row.before))
        edit = kind.params(row.id, rev=before.get("rev"), **{kind.singular: body})
        as_user = self._account.email(author) if author else None
        try:
            told = self._rpc.call(kind.method("edit"), edit, as_user=as_user)
        except Stop as error:
            if object != "note" or error.status != 403:
                raise
            # rpc-notes: only the author, only for 24 hours. This note is too old, and the key as good as before.
            raise Refused(error.message, status=403, where=error.where) from None
        return self._owned(object, row, payload.get("owner"), told)

    def _delete(self, kind: Kind, record: Record) -> None:
        if kind.plural != "activities":
            number(record.id, kind.plural)
            self._rest.delete(f"/{kind.plural}/{record.id}")
            return
        rev = msgspec.json.decode(record.body).get("rev") if record.body else None
        self._rpc.call(kind.method("delete"), kind.params(record.id, rev=rev or REV_IGNORE))


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
