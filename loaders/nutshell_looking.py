"""Reading Nutshell's records, and finding again those whose id was never told."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from itertools import count
from typing import Any

import msgspec

from shift.destination import Found, Record, Reference, Row
from shift.errors import Again, Refused, Stop

from .nutshell_records import KINDS, entity, from_rpc, kind_of, note_from_rest, number, user_from_rest
from .nutshell_wire import Rest, Rpc

# rpc-contacts: a page of full records holds at most 100; an empty one ends a list.
PAGE = 100
# REST's connectors page by 500; how many ids a path may hold is not known.
REST_PAGE = 500
IDS_A_PATH = 50

# Matched, never written.
USER = "user"
# The custom fields by which people, companies and leads are found again.
MARKS = {"person": "Cliniko Patient ID", "company": "Cliniko Contact ID", "lead": "Cliniko Patient ID"}
_HEADER = re.compile(r"\[cliniko (\w+=\S+)")
_MARK = re.compile(r"\[cliniko [^\]]+\]$")


class Looking:
    """Everything that reads records."""

    def __init__(self, rpc: Rpc, rest: Rest) -> None:
        self._rpc = rpc
        self._rest = rest
        self._place: dict[str, tuple[int, int]] = {}  # by object, the last page that was read, and its first number

    # --- by id --------------------------------------------------------------------------------------------------

    def read(self, object: str, ids: Sequence[str]) -> Iterator[Record]:
        """The live records among these.

        By a call each, or by pages of the whole list, whichever takes fewer calls: no API filters by ids and tells
        custom fields. A list is gone through once, where ids are asked for in the order of their numbers. Notes are
        listed by their ids, in REST, which does not tell who wrote them.
        """
        wanted = set(ids)
        if object == USER:
            yield from (record for record in self.every(USER) if record.id in wanted)
        elif object == "note" and len(wanted) > 1:
            yield from self._notes(sorted(wanted, key=number))
        elif wanted:
            kind = kind_of(object)
            seen = []
            for record in self._scanned(object, sorted(number(id, kind.plural) for id in wanted)):
                if record.id in wanted:
                    seen.append(record.id)
                    yield record
            for id in sorted(wanted.difference(seen), key=number):  # a list may show a new record late
                found = self.get(object, id)
                if found and not found.deleted:
                    yield found

    def _scanned(self, object: str, numbers: Sequence[int]) -> Iterator[Record]:
        """The pages between the first of these and the last; none, where a call each takes no more.

        A page begins with an id that is no lower than its place in the list, so that the last page seen says where to
        begin. Where older records went meanwhile, some may be passed over.
        """
        page, first = self._place.get(object, (1, 0))
        if first > numbers[0]:
            page, first = 1, 0
        if (numbers[-1] - first) // PAGE + 1 >= len(numbers):
            return
        for at in count(page):
            records = self._page(object, at)
            if not records or (at > page and number(records[0].id) <= first):
                return
            first = number(records[0].id)
            self._place[object] = at, first
            yield from records
            if number(records[-1].id) >= numbers[-1]:
                return

    def get(self, object: str, id: str) -> Record | None:
        """The record, be it in the trash; None where it is gone."""
        kind = kind_of(object)
        try:
            return record_of(object, self._rpc.call(kind.method("get"), kind.params(id)))
        except Refused as error:
            if error.status != 404:
                raise
            return None

    def every(self, object: str) -> Iterator[Record]:
        """All live records."""
        if object == USER:
            yield from (Record(one["id"], _text(user_from_rest(one))) for one in self._rest.listed("/users", "users"))
            return
        if object != "note":
            yield from self._pages(object)
            return
        yield from map(_note, self._rest_listed("notes"))

    def _pages(self, object: str, query: Mapping[str, Any] | None = None) -> Iterator[Record]:
        yield from (record_of(object, one) for one in self._listed(kind_of(object).find_method, query or {}))

    def _page(self, object: str, page: int) -> list[Record]:
        return [record_of(object, one) for one in self._found(kind_of(object).find_method, {}, page)]

    def _listed(self, method: str, query: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        return _to_the_end(lambda page: self._found(method, query, page + 1))

    def _found(self, method: str, query: Mapping[str, Any], page: int) -> list[dict[str, Any]]:
        order = {"orderBy": "id", "orderDirection": "ASC", "limit": PAGE, "stubResponses": False}
        found = self._rpc.call(method, {"query": dict(query), **order, "page": page})
        if not isinstance(found, list):
            raise Again("the answer holds no list", arrived=True, where=method)
        return found

    def _rest_listed(self, plural: str, query: Mapping[str, str] | None = None) -> Iterator[dict[str, Any]]:
        """rest-contacts: pages count from 0."""
        asked = {**(query or {}), "page[limit]": str(REST_PAGE)}
        return _to_the_end(lambda page: self._rest.listed(f"/{plural}", plural, asked | {"page[page]": str(page)}))

    def _notes(self, ids: Sequence[str]) -> Iterator[Record]:
        for start in range(0, len(ids), IDS_A_PATH):
            some = ids[start : start + IDS_A_PATH]
            try:
                told = self._rest.listed(f"/notes/{','.join(some)}", "notes")
            except Refused as error:
                if error.status != 404:  # none of them is there
                    raise
                continue
            yield from (record for record in map(_note, told) if not record.deleted)

    # --- by their marks -----------------------------------------------------------------------------------------

    def find(self, object: str, rows: Sequence[Row]) -> list[Found]:
        """Whatever bears the row's mark, the eldest first. What a search answers is compared to the letter here."""
        return [self._find(object, row) for row in rows]

    def _find(self, object: str, row: Row) -> Found:
        if row.id is not None:
            record = self.get(object, row.id)
            if record is None:
                return Found(row.key, "absent")
            return Found(row.key, "soft_deleted" if record.deleted else "live", record)
        kind_of(object)
        found = _LOOK[object](self, object, msgspec.json.decode(row.payload))
        records = sorted(found, key=lambda record: number(record.id))
        return Found(row.key, "live", records[0], tuple(records[1:])) if records else Found(row.key, "absent")

    def _by_custom_field(self, object: str, payload: Mapping[str, Any]) -> Iterator[Record]:
        """rest-contacts: whether a filter means "equals" or "contains" is not said, so each one found is read."""
        mark, plural = MARKS[object], kind_of(object).plural
        value = _given(object, payload, mark)
        for one in self._rest_listed(plural, {f"filter[{mark}]": value}):
            record = self.get(object, one["id"])
            if record and not record.deleted and msgspec.json.decode(record.body).get(mark) == value:
                yield record

    def _by_header_line(self, object: str, payload: Mapping[str, Any]) -> Iterator[Record]:
        """Among the activities of its person, else of its user, the one whose first line names the same."""
        wanted = named(_given(object, payload, "description"))
        if wanted is None:
            raise Stop(
                "an activity whose first line does not begin with `[cliniko appt=…` cannot be found again", where=object
            )
        query = {
            key: [number(id) for id in payload[name]]
            for key, name in (("contactId", "contacts"), ("userId", "users"))
            if payload.get(name)
        }
        for record in self._pages("activity", query):
            if named(msgspec.json.decode(record.body).get("description")) == wanted:
                yield record

    def _by_first_line(self, object: str, payload: Mapping[str, Any]) -> Iterator[Record]:
        wanted = mark(_given(object, payload, "body"))
        query = entity(_given(object, payload, "parent"))
        for one in self._listed("findTimeline", query):
            if one.get("entityType") == "Notes" and mark(str(one.get("note"))) == wanted:
                yield record_of("note", one)

    # --- what points to them ------------------------------------------------------------------------------------

    def references(self, object: str, ids: Sequence[str]) -> Iterator[Reference]:
        """The timeline of a person, a company or a lead holds activities, notes and e-mails; e-mails go with their
        person. The leads of people and companies are told by a list of all leads.
        """
        if object not in MARKS:
            return
        if object != "lead" and ids:
            yield from self._leads(set(ids))
        for id in ids:
            for one in self._listed("findTimeline", entity(id)):
                if one.get("entityType") in ("Activities", "Notes"):
                    told = "activity" if one["entityType"] == "Activities" else "note"
                    field = kind_of(object).plural if told == "activity" else "parent"
                    yield Reference(told, record_of(told, one).id, field, id)
            if object == "company":
                for one in self._listed("findContacts", {"accountId": number(id)}):
                    yield Reference("person", record_of("person", one).id, "accounts", id)

    def _leads(self, ids: Collection[str]) -> Iterator[Reference]:
        for lead in self.every("lead"):
            body = msgspec.json.decode(lead.body)
            for field in ("contacts", "accounts"):
                yield from (Reference("lead", lead.id, field, one["id"]) for one in body[field] if one["id"] in ids)


_Look = Callable[[Looking, str, Mapping[str, Any]], Iterable[Record]]
_LOOK: dict[str, _Look] = {
    "person": Looking._by_custom_field,
    "company": Looking._by_custom_field,
    "lead": Looking._by_custom_field,
    "activity": Looking._by_header_line,
    "note": Looking._by_first_line,
}


def _to_the_end(page: Callable[[int], list[dict[str, Any]]]) -> Iterator[dict[str, Any]]:
    """All pages, counted from 0. The one past the end is empty; one that comes twice is no page, but all there is."""
    before: list[dict[str, Any]] = []
    for at in count():
        found = page(at)
        if not found or found == before:
            return
        yield from found
        before = found


def named(description: str | None) -> str | None:
    """What an activity's header line names: an appointment (``appt=5``), or a treatment note (``note=7``)."""
    found = _HEADER.match((description or "").partition("\n")[0])
    return found[1].rstrip("]") if found else None


def mark(body: str) -> str:
    """What a note is known by: what ends its first line (``[cliniko note=7]``), since names before it may change; the
    whole line, where nothing does.
    """
    first = body.partition("\n")[0].strip()
    found = _MARK.search(first)
    return found[0] if found else first


def _given(object: str, payload: Mapping[str, Any], field: str) -> str:
    """The mark. A row without one must not count as absent: it would be sent again."""
    value = payload.get(field)
    if not isinstance(value, str) or not value:
        raise Stop(f"a row has no '{field}', by which its record could be found again", where=object)
    return value


def record_of(object: str, told: Any) -> Record:
    """A full record of JSON-RPC's. Raises Again for an answer that is none."""
    try:
        id = f"{told['id']}-{KINDS[object].plural}"
        return Record(id, _text(from_rpc(object, told)), deleted=bool(told.get("deletedTime")))
    except (AttributeError, KeyError, TypeError, ValueError):
        raise Again("the answer cannot be read", arrived=True, where=object) from None


def _note(told: Mapping[str, Any]) -> Record:
    return Record(told["id"], _text(note_from_rest(told)), deleted=bool(told.get("deletedTime")))


def _text(record: dict[str, Any]) -> str:
    return msgspec.json.encode(record).decode()
