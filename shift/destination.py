"""The protocol that a loader implements, and the typed values that pass through it.

A loader knows one CRM's URLs, envelopes, error bodies and limits. It knows no SQL, no retry loop, no ledger and no
other room than this one, ``shift.http`` and ``shift.errors``. It raises ``Again``, ``Refused`` or ``Stop`` for the
whole call; order, batches, pace, retries, halving and resuming are the engine's.

A loader's class names ``Destination`` as its base: what not every CRM can do is answered there, with "no".
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, Protocol, TypeAlias, runtime_checkable

from msgspec import Struct

from shift.errors import Refused, Stop


@dataclass(frozen=True, slots=True)
class Settings:
    """One destination of project.yml, with its texts rendered; ``options`` are the loader's own, for it to check."""

    name: str
    url: str | None = None
    user: str | None = None
    api_key: str | None = field(default=None, repr=False)
    batch_size: int = 60
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Limits:
    """What one call may hold: ``batch_size`` rows and ``batch_bytes`` bytes to write, ``page`` records to read.

    ``ids`` says who gives a record its id. *ours*: the row carries it, so that a repeated create is a duplicate, and
    ``find`` knows at once. *theirs*: the CRM's answer tells it; a repeated create doubles the record, and ``find`` may
    see it late.
    """

    batch_size: int
    batch_bytes: int
    ids: Literal["ours", "theirs"] = "ours"
    page: int = 200


@dataclass(frozen=True, slots=True)
class Workspace:
    """Whose workspace the key opens. ``id`` binds the ledger: the CRM's own id where it tells one, else its address."""

    id: str
    name: str


@dataclass(frozen=True, slots=True)
class Table:
    """A table that a pull lands as ``destination.<name>``; values are text, numbers, booleans, or JSON as text."""

    name: str
    columns: tuple[str, ...]
    rows: Sequence[tuple[Any, ...]]


class Row(Struct, frozen=True, gc=False):
    """One record to send. ``payload`` is the JSON object as text, ready for the wire; ``key`` is the source's key.

    ``before`` is for updates: the record as it was read just before, as JSON.
    """

    key: str
    id: str | None
    payload: str
    before: str | None = None


class Record(Struct, frozen=True, gc=False):
    """One record as the CRM answered it; ``body`` is its JSON as text."""

    id: str
    body: str
    deleted: bool = False


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file that a record holds, as the CRM gives it back: its size in bytes, and its hash in hexadecimal."""

    field: str
    name: str
    sha256: str
    size_bytes: int


class Outcome(Struct, frozen=True, gc=False):
    """What became of one row: the CRM's id for it, and the record as the CRM answered it (the snapshot)."""

    key: str
    id: str
    record: Record | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """The answer to "is it there?" for one row; ``absent`` rows have no record.

    ``doubles`` are further records that bear the same mark, which only a CRM that gives ids itself can have. Of
    several, ``record`` is the eldest.
    """

    key: str
    state: Literal["live", "soft_deleted", "absent"]
    record: Record | None = None
    doubles: tuple[Record, ...] = ()


@dataclass(frozen=True, slots=True)
class Option:
    """One choice of a select field."""

    label: str
    value: str


@dataclass(frozen=True, slots=True)
class ObjectDefinition:
    """A custom object that a model declares with ``load.define``."""

    name: str
    plural: str
    label: str
    label_plural: str
    description: str = ""
    icon: str | None = None


@dataclass(frozen=True, slots=True)
class FieldDefinition:
    """A custom field that a column declares with ``field:``.

    ``to`` and ``inverse_label`` are for relations: the object that it points to, and how the far side is called.
    """

    object: str
    name: str
    type: str
    label: str
    description: str = ""
    unique: bool = False
    options: tuple[Option, ...] = ()
    to: str | None = None
    inverse_label: str | None = None


@dataclass(frozen=True, slots=True)
class AddedOptions:
    """Choices that a select field of the workspace lacks; those that it has stay as they are."""

    object: str
    name: str
    options: tuple[Option, ...]


SchemaChange: TypeAlias = ObjectDefinition | FieldDefinition | AddedOptions


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a provisioning call made: enough to undo it."""

    change: SchemaChange
    id: str
    details: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Reference:
    """A record that points to another: ``object`` and ``id`` of the one that points, ``to`` the id of the other."""

    object: str
    id: str
    field: str
    to: str


@dataclass(frozen=True, slots=True)
class Rights:
    """What the key may do. Null: the CRM does not let that be found out without doing it."""

    read: bool | None = None
    write: bool | None = None
    delete: bool | None = None
    change_schema: bool | None = None
    upload: bool | None = None


@dataclass(frozen=True, slots=True)
class Automation:
    """Something in the CRM that acts by itself when records of ``object`` change."""

    id: str
    name: str
    event: str
    object: str | None = None


class Automations(Protocol):
    """The automations of a workspace. Pausing one that is paused, and resuming one that runs, change nothing."""

    def active(self) -> Sequence[Automation]:
        """Those that would act now."""

    def pause(self, id: str) -> None:
        """Keep it from acting until ``resume``."""

    def resume(self, id: str) -> None:
        """Let it act again."""

    def made_since(self, objects: Sequence[str], since: datetime) -> Sequence[tuple[str, Record]]:
        """(object, record) of those that automations made since then."""


@runtime_checkable
class Destination(Protocol):
    """A CRM. Every method may raise ``Again`` (later), ``Refused`` (this data) or ``Stop`` (anything from us)."""

    limits: Limits

    def workspace(self) -> Workspace:
        """Whose workspace this key opens; the first call of every command, so that bad credentials show here."""

    def pull(self) -> Iterable[Table]:
        """Users, objects, fields and what else models read: lands as ``destination.*``."""

    def provision(self, change: SchemaChange) -> Receipt:
        """Create one custom object, one field, or choices of one. Never called for what the last pull showed."""

    def objections(self, change: SchemaChange) -> Sequence[str]:
        """Why the CRM would not make this, as far as its rules of names are known; no call is made."""
        return ()

    def unprovision(self, change: SchemaChange, id: str | None) -> None:
        """Remove what ``provision`` made, with what it holds. Done already is done. Refused: only by hand."""
        raise Refused("the CRM lets nothing of its data model be removed by API")

    def removes(self, change: SchemaChange) -> bool:
        """Whether ``unprovision`` can remove this; what it cannot, a person is told to remove. No call is made."""
        return True

    def create(self, object: str, rows: Sequence[Row]) -> Sequence[Outcome]:
        """Create all rows in one call, or none: an error speaks for the whole batch. One outcome a row."""

    def calls_to_create(self, object: str, payload: str) -> int:
        """How many calls creating this row takes, where a call takes one row: for a plan to tell beforehand."""
        return 1

    def update_calls(self, object: str, rows: Sequence[Row]) -> Sequence[Sequence[Row]]:
        """The rows of an update, sorted into those that ``update`` can take in one call. Each row has ``before``."""
        return [[row] for row in rows]

    def update(self, object: str, rows: Sequence[Row]) -> Sequence[Outcome]:
        """Set the fields in each payload on the record with the row's id: one call, for rows as ``update_calls`` gave.

        An error speaks for the call, of which a part may have been carried out all the same.
        """

    def find(self, object: str, rows: Sequence[Row]) -> Sequence[Found]:
        """Which of the rows are there, soft-deleted ones too; asked after an answer was lost."""

    def read(self, object: str, ids: Sequence[str]) -> Iterable[Record]:
        """The live records with these ids, in any order; those that are gone are left out."""

    def every(self, object: str) -> Iterable[Record]:
        """All records of the object, soft-deleted ones too, whoever made them."""

    def delete(self, object: str, records: Sequence[Record]) -> Sequence[Outcome]:
        """Destroy the records in one call, ``limits.batch_size`` at most; ``key`` of an outcome is the record's id.

        A record that is gone already is done.
        """

    def references(self, object: str, ids: Sequence[str]) -> Iterable[Reference]:
        """The live records, of any object that the data model knows, that point to one of these."""
        return ()

    def untold(self, object: str) -> Collection[str]:
        """Fields that the CRM takes and never tells: nothing can be said of them, and no update can be seen through."""
        return ()

    def lasting(self, object: str, record: Mapping[str, Any]) -> dict[str, Any]:
        """A record as it was answered, without what changes though nobody edits it: times of change, signed links."""
        return dict(record)

    def upload(self, object: str, field: str, file: Path, row: Row) -> str:
        """Send a file for one field of a record that is about to be created, or updated; what its payload is to name
        it by. ``row`` is that record's, with an id for every reference. A lost answer is followed by the same call.
        """
        raise Stop("the CRM takes no files by API")

    def files(self, object: str, record: Record) -> Sequence[StoredFile]:
        """The files that a record holds, fetched whole and hashed; ``record`` is as ``read`` gave it just now."""
        return ()

    def rights(self, objects: Sequence[str]) -> Rights:
        """What this key may do with these objects, found out without writing anything."""
        return Rights()

    def automations(self) -> Automations | None:
        """What acts by itself in the workspace; None where nothing can be known of it."""
        return None

    def close(self) -> None:
        """End the connections."""
