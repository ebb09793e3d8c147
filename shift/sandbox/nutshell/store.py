"""One account: its users, definitions and records, found by id and by what the two faces look for.

Both faces read and write here, so that id 7 of the one is ``7-contacts`` of the other. Every write gives a record a new
rev. What was deleted stays in the trash, but activities, which are gone for good.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar, cast

from shift.sandbox.nutshell.behaviour import Behaviour
from shift.sandbox.nutshell.errors import Refusal, not_a_custom_field, not_found
from shift.sandbox.nutshell.records import (
    WITH_FIELDS,
    Activity,
    Definition,
    FieldKind,
    File,
    Lead,
    Note,
    Party,
    PartyKind,
    Record,
    User,
)

R = TypeVar("R", bound=Record)
Ref = tuple[str, int]

# The words that a public toolkit gives (rest-customfields); there may be more.
TYPES = ("Text", "LongText", "Currency", "Date", "Decision")
SITE = "https://app.nutshell.com"


@dataclass
class Store:
    """``records`` are by kind and id, ``series`` the last id of each kind, ``deletions`` (kind, id, when).

    ``origin`` is where files are sent to, and fetched from.
    """

    behaviour: Behaviour = field(default_factory=Behaviour)
    instance: str = "100001"
    site: str = "abcDEF12"
    users: dict[int, User] = field(default_factory=dict)
    activity_types: dict[int, str] = field(default_factory=dict)
    definitions: dict[FieldKind, dict[str, Definition]] = field(
        default_factory=lambda: {kind: {} for kind in WITH_FIELDS}
    )
    records: dict[str, dict[int, Record]] = field(
        default_factory=lambda: {kind: {} for kind in (*WITH_FIELDS, "activities", "notes")}
    )
    files: dict[int, File] = field(default_factory=dict)
    deletions: list[tuple[str, int, int]] = field(default_factory=list)
    series: dict[str, int] = field(default_factory=dict)
    clock: Callable[[], float] = time.monotonic
    origin: str = SITE
    _links: dict[tuple[str, Ref], dict[int, None]] = field(default_factory=dict)
    _values: dict[tuple[FieldKind, str], dict[str, set[int]]] = field(default_factory=dict)
    _emails: dict[str, set[Ref]] = field(default_factory=dict)

    # --- reading ------------------------------------------------------------------------------------------------

    def get(self, kind: str, id: int) -> Record:
        """The record, be it in the trash. Raises the 404 of both faces."""
        record = self.records[kind].get(id)
        if record is None:
            raise not_found()
        return record

    def party(self, kind: PartyKind, id: int) -> Party:
        return cast(Party, self.get(kind, id))

    def lead(self, id: int) -> Lead:
        return cast(Lead, self.get("leads", id))

    def file(self, id: int) -> File:
        if id not in self.files:
            raise not_found()
        return self.files[id]

    def activity(self, id: int) -> Activity:
        return cast(Activity, self.get("activities", id))

    def note(self, id: int) -> Note:
        return cast(Note, self.get("notes", id))

    def user(self, id: int) -> User:
        if id not in self.users:
            raise not_found()
        return self.users[id]

    def shown(self, records: Iterable[R]) -> Iterator[R]:
        """Those that a list or a search shows: not in the trash, and indexed by now."""
        now = self.clock()
        return (record for record in records if record.deleted is None and record.shown_from <= now)

    def pointing(self, kind: str, to: Ref) -> list[Record]:
        """The records of a kind that point to this one, in the order of their ids."""
        return [self.records[kind][id] for id in sorted(self._links.get((kind, to), ()))]

    def with_value(self, kind: FieldKind, title: str, value: str) -> Iterator[Record]:
        """The people, companies or leads whose custom field equals the value, or contains it."""
        index, wanted = self._values.get((kind, title), {}), value.casefold()
        if self.behaviour.filter == "exact":
            found = [index.get(wanted, set())]
        else:
            found = [ids for held, ids in index.items() if wanted in held]
        return (self.records[kind][id] for id in sorted(set().union(*found)))

    def with_email(self, kind: PartyKind, address: str) -> Iterator[Party]:
        found = self._emails.get(address.casefold(), set())
        return (self.party(kind, id) for held, id in sorted(found) if held == kind)

    # --- writing ------------------------------------------------------------------------------------------------

    def next_id(self, kind: str) -> int:
        self.series[kind] = self.series.get(kind, 0) + 1
        return self.series[kind]

    def now(self) -> int:
        return int(time.time())

    def add(self, kind: str, record: Record) -> None:
        record.shown_from = self.clock() + self.behaviour.lag
        self.records[kind][record.id] = record
        self._index(kind, record)

    @contextmanager
    def changing(self, kind: str, record: Record) -> Iterator[None]:
        """Around a change of the record: it gets a new rev, and is found by what it holds then.

        A refusal within leaves it with its old rev; whoever changes it checks before the first change.
        """
        self._index(kind, record, away=True)
        try:
            yield
            record.rev += 1
            record.modified = self.now()
        finally:
            self._index(kind, record)

    def delete(self, kind: str, record: Record) -> None:
        """To the trash; activities for good. Nothing that points to it goes with it."""
        if kind == "activities":
            self._index(kind, record, away=True)
            del self.records[kind][record.id]
        elif record.deleted is None:
            with self.changing(kind, record):
                record.deleted = self.now()
        else:
            raise not_found()
        self.deletions.append((kind, record.id, self.now()))

    def undelete(self, kind: str, record: Record) -> None:
        """Out of the trash, without tags and company links."""
        with self.changing(kind, record):
            record.deleted = None
            if isinstance(record, Party | Lead):
                record.tags = []
            if isinstance(record, Party):
                record.memberships = []

    def define(self, kind: FieldKind, title: str, type: str, choices: list[str], is_multiple: bool) -> Definition:
        """A new custom field. Raises Refusal for a name that is taken, a type that is none, and beyond the cap."""
        known = self.definitions[kind]
        if not title.strip():
            raise Refusal("A custom field needs a name")
        if title.casefold() in {one.casefold() for one in known}:
            raise Refusal(f"A custom field named '{title}' already exists")
        if type not in TYPES:
            raise Refusal(f"'{type}' is not a custom field type")
        if len(known) >= self.behaviour.cap:
            raise Refusal("Your plan's limit of custom fields is reached")
        made = Definition(self.next_id(f"{kind}CustomFields"), title, type, choices, is_multiple)
        known[title] = made
        return made

    def known_fields(self, kind: FieldKind, values: Mapping[str, object], *, refuse: bool) -> dict[str, object]:
        """The values whose fields are defined; of the others, the first is refused, or all are left out."""
        unknown = [name for name in values if name not in self.definitions[kind]]
        if unknown and refuse:
            raise not_a_custom_field(unknown[0])
        return {name: value for name, value in values.items() if name not in unknown}

    # --- finding again ------------------------------------------------------------------------------------------

    def index_all(self) -> None:
        """For records that came from a file."""
        for kind, records in self.records.items():
            for record in records.values():
                self._index(kind, record)

    def _index(self, kind: str, record: Record, *, away: bool = False) -> None:
        for to in _points_to(record):
            ids = self._links.setdefault((kind, to), {})
            _ = ids.pop(record.id, None) if away else ids.setdefault(record.id)
        if isinstance(record, Party | Lead):
            for title, value in record.custom.items():
                if isinstance(value, str):
                    _keep(self._values.setdefault((record.kind, title), {}), value.casefold(), record.id, away)
        if isinstance(record, Party):
            for one in record.emails:
                _keep(self._emails, str(one.value).casefold(), (record.kind, record.id), away)


def _keep(index: dict[str, set[Any]], key: str, what: Any, away: bool) -> None:
    if not away:
        index.setdefault(key, set()).add(what)
    elif key in index:
        index[key].discard(what)
        if not index[key]:
            del index[key]


def _points_to(record: Record) -> list[Ref]:
    if isinstance(record, Activity):
        return list(dict.fromkeys(record.participants))
    if isinstance(record, Note):
        return [record.parent]
    if isinstance(record, Lead):
        return [(one.kind, one.id) for one in record.linked]
    return [("accounts", one.account) for one in record.memberships]


def fresh(
    seed: int | None, user: str, members: Iterable[str], activity_types: Iterable[str], behaviour: Behaviour
) -> Store:
    """A new account: the key's user, who administers it, members, and activity types, which no API can add."""
    source = random.Random(seed)
    store = Store(behaviour, instance=str(source.randrange(100_000, 1_000_000)), site=f"{source.getrandbits(40):08X}")
    prepare(store, (user, *members), ("Phone Call / Meeting", "Email/Letter", *activity_types))
    return store


def prepare(store: Store, emails: Iterable[str], activity_types: Iterable[str]) -> None:
    """Add the users and activity types that are not there yet, as somebody does in the settings."""
    there = {user.email.casefold() for user in store.users.values()}
    for email in (email for email in emails if email.casefold() not in there):
        number = store.next_id("users")
        first, _, last = email.partition("@")[0].replace("_", ".").partition(".")
        store.users[number] = User(
            number, email, first.title(), last.title(), is_administrator=number == 1, modified=store.now()
        )
    for name in (name for name in activity_types if name not in store.activity_types.values()):
        store.activity_types[store.next_id("activityTypes")] = name
