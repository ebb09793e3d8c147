"""What a Nutshell account holds: users, types, definitions of custom fields, people, companies, activities and notes.

Ids are whole numbers, one series for each kind; times are Unix seconds. How they look on the wire is the business of
``rpc_shapes`` and ``rest_shapes``.
"""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

from msgspec import Struct, field

PartyKind: TypeAlias = Literal["contacts", "accounts"]
PARTIES: tuple[PartyKind, ...] = ("contacts", "accounts")

# rpc-activities: -1, overdue, is for queries alone.
SCHEDULED, LOGGED, CANCELLED = 0, 1, 2


class User(Struct):
    id: int
    email: str
    first_name: str
    last_name: str
    is_administrator: bool = False
    is_enabled: bool = True
    modified: int = 0

    @property
    def name(self) -> str:
        return f"{self.first_name} {self.last_name}".strip()


class Definition(Struct):
    """A custom field of people or companies; ``choices`` are those of a Decision."""

    id: int
    title: str
    type: str
    choices: list[str] = []
    is_multiple: bool = False


class Labelled(Struct):
    """One of several e-mails, phones, addresses or URLs; the first of a list is the primary one."""

    value: Any
    label: str | None = None


class Name(Struct):
    given: str = ""
    family: str = ""
    salutation: str | None = None

    @property
    def plain(self) -> str:
        return f"{self.given} {self.family}".strip()


class Membership(Struct):
    """A person's company."""

    account: int
    relationship: str | None = None


class Stored(Struct, kw_only=True):
    """What every record has. ``shown_from`` is when searches begin to find it, on the store's clock."""

    id: int
    rev: int = 1
    creator: int
    created: int
    modified: int
    deleted: int | None = None
    shown_from: float = 0.0


class Party(Stored, kw_only=True):
    """A person (``contacts``) or a company (``accounts``, whose name is all in ``given``)."""

    kind: PartyKind
    name: Name = field(default_factory=Name)
    description: str | None = None
    emails: list[Labelled] = []
    phones: list[Labelled] = []
    addresses: list[Labelled] = []
    urls: list[Labelled] = []
    owner: int | None = None
    memberships: list[Membership] = []
    tags: list[str] = []
    custom: dict[str, Any] = {}


class Activity(Stored, kw_only=True):
    """``participants`` are (kind, id), as in ("users", 3)."""

    name: str = ""
    description: str | None = None
    location: str | None = None
    type: int | None = None
    start: int | None = None
    end: int | None = None
    is_all_day: bool = False
    is_flagged: bool = False
    status: int = SCHEDULED
    log_note: str | None = None
    logged_by: int | None = None
    logged: int | None = None
    participants: list[tuple[str, int]] = []


class Note(Stored, kw_only=True):
    """``parent`` is (kind, id), as in ("contacts", 7)."""

    body: str
    parent: tuple[str, int]


Record: TypeAlias = Party | Activity | Note
