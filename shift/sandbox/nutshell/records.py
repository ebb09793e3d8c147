"""What a Nutshell account holds: users, types, custom fields, people, companies, leads, files, activities and notes.

Ids are whole numbers, one series for each kind; times are Unix seconds. How they look on the wire is the business of
``rpc_shapes`` and ``rest_shapes``.
"""

from __future__ import annotations

from typing import Any, ClassVar, Literal, TypeAlias

from msgspec import Struct, field

PartyKind: TypeAlias = Literal["contacts", "accounts"]
PARTIES: tuple[PartyKind, ...] = ("contacts", "accounts")
FieldKind: TypeAlias = Literal["contacts", "accounts", "leads"]
WITH_FIELDS: tuple[FieldKind, ...] = (*PARTIES, "leads")

# rpc-activities: -1, overdue, is for queries alone.
SCHEDULED, LOGGED, CANCELLED = 0, 1, 2
# rpc-leads-products
LEAD_STATUSES = {0: "open", 1: "pending", 10: "won", 11: "lost", 12: "cancelled"}


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
    """A custom field of people, companies or leads; ``choices`` are those of a Decision."""

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


class Linked(Struct):
    """A person or a company of a lead."""

    kind: PartyKind
    id: int
    relationship: str | None = None


class File(Struct):
    """A file of a lead; ``content`` is null until its bytes were sent."""

    id: int
    name: str
    mime: str
    size: int
    content: bytes | None = None


class Lead(Stored, kw_only=True):
    """``number`` is what people see, and not its id; ``owner`` is (kind, id), a user or a team."""

    kind: ClassVar[FieldKind] = "leads"

    number: int
    description: str | None = None
    status: int = 0
    confidence: int = 50
    due: int | None = None
    owner: tuple[str, int] | None = None
    linked: list[Linked] = []
    tags: list[str] = []
    custom: dict[str, Any] = {}
    files: list[int] = []


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


Record: TypeAlias = Party | Lead | Activity | Note
