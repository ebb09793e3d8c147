"""The protocol that a loader implements, and the typed values that pass through it.

A loader knows one CRM's URLs, envelopes, error bodies and limits. It knows no SQL, no retry loop, no ledger and no
other room than this one, ``shift.http`` and ``shift.errors``. It raises ``Again``, ``Refused`` or ``Stop`` for the
whole call; order, batches, pace, retries, halving and resuming are the engine's.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol, TypeAlias, runtime_checkable


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
    """What one call may hold: ``batch_size`` rows, ``batch_bytes`` bytes of body."""

    batch_size: int
    batch_bytes: int


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


@dataclass(frozen=True, slots=True)
class Row:
    """One record to send. ``payload`` is the JSON object as text, ready for the wire; ``key`` is the source's key."""

    key: str
    id: str | None
    payload: str


@dataclass(frozen=True, slots=True)
class Record:
    """One record as the CRM answered it; ``body`` is its JSON as text."""

    id: str
    body: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one row: the CRM's id for it, and the record as the CRM answered it (the snapshot)."""

    key: str
    id: str
    record: Record | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """The answer to "is it there?" for one row; ``absent`` rows have no record."""

    key: str
    state: Literal["live", "soft_deleted", "absent"]
    record: Record | None = None


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


SchemaChange: TypeAlias = ObjectDefinition | FieldDefinition


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a provisioning call made: enough to undo it."""

    change: SchemaChange
    id: str
    details: Mapping[str, Any] = field(default_factory=dict)


@runtime_checkable
class Destination(Protocol):
    """A CRM. Every method may raise ``Again`` (later), ``Refused`` (this data) or ``Stop`` (anything from us)."""

    limits: Limits

    def workspace(self) -> Workspace:
        """Whose workspace this key opens; the first call of every command, so that bad credentials show here."""

    def pull(self) -> Iterable[Table]:
        """Users, objects, fields and what else models read: lands as ``destination.*``."""

    def provision(self, change: SchemaChange) -> Receipt:
        """Create one custom object or field. Never called for one that the last pull showed."""

    def create(self, object: str, rows: Sequence[Row]) -> Sequence[Outcome]:
        """Create all rows in one call, or none: an error speaks for the whole batch. One outcome a row."""

    def update(self, object: str, rows: Sequence[Row]) -> Sequence[Outcome]:
        """Set the fields in each payload on the record with the row's id."""

    def find(self, object: str, rows: Sequence[Row]) -> Sequence[Found]:
        """Which of the rows are there, soft-deleted ones too; asked after an answer was lost."""

    def read(self, object: str, ids: Sequence[str]) -> Iterable[Record]:
        """The live records with these ids, in any order; those that are gone are left out."""

    def close(self) -> None:
        """End the connections."""
