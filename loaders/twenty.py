"""Twenty: its URLs, envelopes, error bodies and limits, as observed on 2.21 (`contracts/twenty`).

Records are written and read by REST, which answers a record in the same form to every call. The data model is read by
GraphQL, which any key may ask; changing it is REST's again. Calls on the data model are outside the rate limit.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Generic, TypeVar
from urllib.parse import quote
from uuid import UUID

import msgspec

from shift.destination import (
    FieldDefinition,
    Found,
    Limits,
    ObjectDefinition,
    Outcome,
    Receipt,
    Record,
    Row,
    SchemaChange,
    Settings,
    Table,
    Workspace,
)
from shift.errors import Again, ConfigurationError, DestinationError, Refused, Stop
from shift.http import Client, Response

T = TypeVar("T")

# rest-create: a batch of 201 is refused. rest-list: a longer page is cut down. limits-and-permissions: `id[in]` with
# 200 ids is a URL of 7.4 kB, and one above 16 kB is a 431; a body of 9 MB took 17 s, one of 11 MB is a 500.
MOST_RECORDS = 200
MOST_BYTES = 4_000_000

# nulls, emptying: these refuse null, whoever sends it; and how rich text is emptied.
NEVER_NULL = frozenset({"id", "createdAt", "updatedAt", "position"})
RICH_TEXT = "bodyV2"

# metadata-rest: any text is taken as the colour of an option, so that it need not be asked for.
COLOURS = ("blue", "green", "orange", "purple", "red", "sky", "turquoise", "yellow", "pink", "gray")

# rest-list: rows that were soft-deleted appear only where the filter names `deletedAt`.
LIVE_AND_DELETED = "or(deletedAt[is]:NULL,deletedAt[is]:NOT_NULL)"

# What a pull tells of records and fields: each column, and the place of its value in the answer.
NAMES = {"first_name": "name.firstName", "last_name": "name.lastName"}
KEY = {"source_system_id": "sourceSystemId"}
MEMBERS = {"email": "userEmail", **NAMES, **KEY}
PEOPLE = {"primary_email": "emails.primaryEmail", **NAMES, **KEY}
COMPANIES = {"name": "name", "domain": "domainName.primaryLinkUrl", **KEY}
FIELDS = {
    "id": "id",
    "name": "name",
    "type": "type",
    "label": "label",
    "is_unique": "isUnique",
    "options": "options",
    "relation_target": "relation.targetObjectMetadata.nameSingular",
}

DATA_MODEL = """{
  objects(paging: {first: 200}) {
    edges { node {
      id nameSingular namePlural labelSingular labelPlural
      fieldsList { id name label type isUnique options relation { targetObjectMetadata { nameSingular } } }
    } }
    pageInfo { hasNextPage }
  }
}"""


def connect(settings: Settings, client: Client) -> Twenty:
    """The workspace that the settings' key opens. Raises ``ConfigurationError`` for settings that Twenty cannot use."""
    where = f"project.yml, destinations.{settings.name}"
    if not settings.api_key:
        raise ConfigurationError(
            "Twenty needs an api_key", where=where, hint="An administrator makes one in Settings, APIs & Webhooks."
        )
    if not 1 <= settings.batch_size <= MOST_RECORDS:
        raise ConfigurationError(
            f"batch_size is {settings.batch_size}",
            where=where,
            hint=f"Twenty takes 1 to {MOST_RECORDS} records a call.",
        )
    for option in settings.options:
        raise ConfigurationError(f"Twenty has no option '{option}'", where=where)
    return Twenty(client, settings.api_key, Limits(settings.batch_size, MOST_BYTES))


# --- what Twenty answers ----------------------------------------------------------------------------------------


class _Shape(msgspec.Struct, rename="camel", frozen=True):
    """What all shapes share: Twenty's names, and no mind for keys that are not asked for."""


class _Answer(_Shape, Generic[T], frozen=True):
    """`{"data": {"createPeople": …}}`: the one key names the call."""

    data: dict[str, T]


class _PageInfo(_Shape, frozen=True):
    has_next_page: bool
    end_cursor: str | None = None


class _Page(_Shape, Generic[T], frozen=True):
    data: dict[str, list[T]]
    page_info: _PageInfo


class _Stored(_Shape, frozen=True):
    """What every record has."""

    id: str
    deleted_at: str | None = None


class _Object(_Shape, frozen=True):
    id: str
    name_singular: str
    name_plural: str
    label_singular: str
    label_plural: str
    fields_list: list[dict[str, Any]]


class _ObjectEdge(_Shape, frozen=True):
    node: _Object


class _Objects(_Shape, frozen=True):
    edges: list[_ObjectEdge]
    page_info: _PageInfo


class _GraphQLAnswer(_Shape, frozen=True):
    data: dict[str, _Objects | None] | None = None


# --- the destination --------------------------------------------------------------------------------------------


class Twenty:
    """One workspace, through one key."""

    def __init__(self, client: Client, api_key: str, limits: Limits) -> None:
        self.limits = limits
        self._client = client
        self._headers = {"Authorization": f"Bearer {api_key}", "Content-Type": "application/json"}
        self._known: dict[str, _Object] = {}

    def workspace(self) -> Workspace:
        """Twenty tells a loading key nothing of the workspace; but the id of its object `person` belongs to it alone,
        outlives a change of address, and is told to any key (permissions-2)."""
        try:
            self._known = self._data_model()
        except Again as error:
            if error.status == 200:
                raise Stop(f"what answers at {self._client.origin} is not Twenty", hint=CHECK_URL) from None
            raise
        return Workspace(id=self._object("person").id, name=self._client.origin)

    def pull(self) -> Iterator[Table]:
        """`objects`, `fields`, `members`, `people` and `companies` (soft-deleted ones too), running `automations`."""
        self._known = self._data_model()
        objects = self._known.values()
        yield Table(
            "objects",
            ("id", "name", "plural", "label"),
            [(one.id, one.name_singular, one.name_plural, one.label_singular) for one in objects],
        )
        yield Table(
            "fields",
            ("object", *FIELDS),
            [(one.name_singular, *_values(field, FIELDS)) for one in objects for field in one.fields_list],
        )
        yield self._pulled("members", MEMBERS, "workspaceMember")
        yield self._pulled("people", PEOPLE, "person", LIVE_AND_DELETED)
        yield self._pulled("companies", COMPANIES, "company", LIVE_AND_DELETED)
        yield Table("automations", ("id", "workflow", "event"), list(self._automations()))

    def _automations(self) -> Iterator[tuple[str, str | None, str | None]]:
        """What wakes up by itself when records change (fresh-workspace: a new workspace has one such workflow)."""
        names = {one["id"]: one.get("name") for one in self._list("workflow", None, _Page[dict[str, Any]])}
        for trigger in self._list("workflowAutomatedTrigger", None, _Page[dict[str, Any]]):
            event = (trigger.get("settings") or {}).get("eventName")
            yield trigger["id"], names.get(trigger.get("workflowId")), event

    def _pulled(self, table: str, columns: dict[str, str], object: str, filter: str | None = None) -> Table:
        records = self._list(object, filter, _Page[dict[str, Any]])
        return Table(
            table,
            ("id", "deleted", *columns),
            [(record["id"], bool(record.get("deletedAt")), *_values(record, columns)) for record in records],
        )

    def provision(self, change: SchemaChange) -> Receipt:
        """Create an object or a field, which is usable at once. The receipt's id is its metadata id."""
        if isinstance(change, ObjectDefinition):
            path, body = "/rest/metadata/objects", _object_body(change)
        else:
            path, body = "/rest/metadata/fields", self._field_body(change)
        self._known = {}
        response = self._send("POST", path, msgspec.json.encode(body), paced=False)
        answer = response.json(dict[str, Any])
        # A switch of the workspace decides between the bare object and the envelope of older versions.
        return Receipt(change, id=answer["id"] if "id" in answer else _answered(response, _Answer[_Stored]).id)

    def create(self, object: str, rows: Sequence[Row]) -> Sequence[Outcome]:
        """All rows, or none (rest-create: a batch is atomic)."""
        body = "[" + ",".join(row.payload for row in rows) + "]"
        response = self._send("POST", f"/rest/batch/{self._plural(object)}", body)
        answered = _answered(response, _Answer[list[msgspec.Raw]])
        records = {record.id: record for record in map(_record, answered)}
        if any(_id(row) not in records for row in rows):
            raise Again("the answer lacks records that were sent", arrived=True, status=response.status)
        return [Outcome(row.key, _id(row), records[_id(row)]) for row in rows]

    def update(self, object: str, rows: Sequence[Row]) -> Sequence[Outcome]:
        """One call a row; after an error the rows before it are done. A row that is not there is refused with 404."""
        return [self._update(object, row) for row in rows]

    def _update(self, object: str, row: Row) -> Outcome:
        changes = {name: value for name, value in msgspec.json.decode(row.payload).items() if _may_be_sent(name, value)}
        if isinstance(changes.get(RICH_TEXT), dict) and not any(changes[RICH_TEXT].values()):
            changes[RICH_TEXT] = {"markdown": ""}  # emptying: null is a 400, and so is a null within
        response = self._send("PATCH", f"/rest/{self._plural(object)}/{_id(row)}", msgspec.json.encode(changes))
        record = _record(_answered(response, _Answer[msgspec.Raw]))
        return Outcome(row.key, record.id, record)

    def find(self, object: str, rows: Sequence[Row]) -> Sequence[Found]:
        """By id, soft-deleted ones too."""
        stored: dict[str, msgspec.Raw] = {}
        for ids in _chunks(_id(row) for row in rows):
            for raw in self._list(object, f"and(id[in]:[{ids}],{LIVE_AND_DELETED})", _Page[msgspec.Raw]):
                stored[_record(raw).id] = raw
        return [_found(row, stored.get(_id(row))) for row in rows]

    def read(self, object: str, ids: Sequence[str]) -> Iterator[Record]:
        """The live records among ``ids``, 200 a call."""
        for chunk in _chunks(ids):
            yield from map(_record, self._list(object, f"id[in]:[{chunk}]", _Page[msgspec.Raw]))

    def delete(self, object: str, records: Sequence[Record]) -> Sequence[Outcome]:
        """Destroy the records, 200 a call (rest-list: a DELETE is final). One that is gone already is done."""
        for ids in _chunks(record.id for record in records):
            self._send("DELETE", f"/rest/{self._plural(object)}?filter=id[in]:[{ids}]")
        return [Outcome(record.id, record.id) for record in records]

    def close(self) -> None:
        self._client.close()

    # --- the wire -----------------------------------------------------------------------------------------------

    def _send(self, method: str, path: str, content: str | bytes | None = None, *, paced: bool = True) -> Response:
        response = self._client.request(method, path, content=content, headers=self._headers, paced=paced)
        if not response.ok:
            raise _error(f"{method} {path.partition('?')[0]}", response)
        return response

    def _list(self, object: str, filter: str | None, shape: type[_Page[T]]) -> Iterator[T]:
        """Every record of the object that the filter lets through, by pages."""
        path = f"/rest/{self._plural(object)}?limit={MOST_RECORDS}" + (f"&filter={filter}" if filter else "")
        after = ""
        while True:
            page = self._send("GET", path + after).json(shape)
            for records in page.data.values():
                yield from records
            if not page.page_info.has_next_page:
                return
            after = f"&starting_after={quote(page.page_info.end_cursor or '', safe='')}"

    def _data_model(self) -> dict[str, _Object]:
        """Every object by its name. One call (graphql-metadata-read), which is not counted by the rate limit."""
        response = self._send("POST", "/metadata", msgspec.json.encode({"query": DATA_MODEL}), paced=False)
        objects = (response.json(_GraphQLAnswer).data or {}).get("objects")
        # GraphQL tells its errors with status 200.
        if objects is None:
            raise _error("POST /metadata", response)
        if objects.page_info.has_next_page:
            raise Stop("the workspace has more than 200 objects, of which Twenty shows the first 200 only")
        return {edge.node.name_singular: edge.node for edge in objects.edges}

    def _object(self, name: str) -> _Object:
        self._known = self._known or self._data_model()
        if name not in self._known:
            raise Stop(
                f"the workspace has no object '{name}'", hint="Was it deleted? A new plan creates what is missing."
            )
        return self._known[name]

    def _plural(self, name: str) -> str:
        return self._object(name).name_plural

    def _field_body(self, field: FieldDefinition) -> dict[str, Any]:
        body: dict[str, Any] = {
            "objectMetadataId": self._object(field.object).id,
            "type": field.type,
            "name": field.name,
            "label": field.label,
            "description": field.description,
            "isUnique": field.unique,
        }
        if field.options:
            body["options"] = [
                {"label": option.label, "value": option.value, "color": COLOURS[at % len(COLOURS)], "position": at}
                for at, option in enumerate(field.options)
            ]
        if field.to:
            # metadata-relations-and-lifecycle: all four are needed. The far field is named after its label.
            body["relationCreationPayload"] = {
                "type": "MANY_TO_ONE",
                "targetObjectMetadataId": self._object(field.to).id,
                "targetFieldLabel": field.inverse_label or self._object(field.object).label_plural,
                "targetFieldIcon": "IconBox",
            }
        return body


def _object_body(definition: ObjectDefinition) -> dict[str, Any]:
    return {
        "nameSingular": definition.name,
        "namePlural": definition.plural,
        "labelSingular": definition.label,
        "labelPlural": definition.label_plural,
        "description": definition.description,
        "icon": definition.icon or "IconBox",
    }


# --- reading answers --------------------------------------------------------------------------------------------


def _may_be_sent(name: str, value: Any) -> bool:
    return value is not None or name not in NEVER_NULL


def _answered(response: Response, shape: type[_Answer[T]]) -> T:
    for value in response.json(shape).data.values():
        return value
    raise Again("the answer holds no data", arrived=True, status=response.status)


def _record(raw: msgspec.Raw) -> Record:
    return Record(msgspec.json.decode(raw, type=_Stored).id, bytes(raw).decode())


def _id(row: Row) -> str:
    if row.id is None:
        raise Stop(
            f"the row {row.key} has no id", hint="Twenty's records carry ids of ours: give the model a column 'id'."
        )
    return row.id


def _found(row: Row, raw: msgspec.Raw | None) -> Found:
    if raw is None:
        return Found(row.key, "absent")
    deleted = msgspec.json.decode(raw, type=_Stored).deleted_at is not None
    return Found(row.key, "soft_deleted" if deleted else "live", _record(raw))


def _chunks(ids: Iterable[str]) -> Iterator[str]:
    """Ids as filters take them, as many as one call answers. A text that is no UUID never reaches a filter."""
    known = []
    for id in ids:
        try:
            known.append(str(UUID(id)))
        except ValueError:
            raise Stop(f"'{id}' is no UUID", hint="Twenty's ids are UUIDs: see the model's column 'id'.") from None
    for start in range(0, len(known), MOST_RECORDS):
        yield ",".join(known[start : start + MOST_RECORDS])


def _values(answer: dict[str, Any], columns: dict[str, str]) -> Iterator[Any]:
    """What stands at the dotted paths, lists as JSON. Twenty answers an empty text where nothing is."""
    for path in columns.values():
        value: Any = answer
        for step in path.split("."):
            value = value.get(step) if isinstance(value, dict) else None
        yield msgspec.json.encode(value).decode() if isinstance(value, list) else None if value == "" else value


# --- sorting errors ---------------------------------------------------------------------------------------------

CHECK_URL = "The destination's url is the address of the workspace, such as https://acme.twenty.com."
CHECK_KEY = "Check the destination's api_key."
CHECK_ROLE = "Give the key's role this right in Settings, Roles."
PLAN_AGAIN = "The workspace is not as the models expect it: a new plan shows what is missing."

# rest-errors: no token, a wrong one and a revoked one.
BAD_KEY = frozenset({"UNAUTHENTICATED", "FORBIDDEN_EXCEPTION"})
# limits-and-permissions: records answer 400 where the role lacks a right, and GraphQL 200.
NO_RIGHT = frozenset({"PERMISSION_DENIED", "FORBIDDEN"})
# rest-errors: what is not there for this row is there for no other.
SCHEMA_GONE = re.compile(r"object '.*' not found|Object \S+ doesn't have any|Invalid subfield|Cannot query field")
# rest-errors, limits-and-permissions, metadata-rest: a 500 about the data, which stays one.
DATA_BEHIND_500 = re.compile(r"Data validation error|request entity too large|Migration action")
# rest-errors, metadata-rest: of a record, an object, a field.
DUPLICATE = re.compile(r"A duplicate entry was detected|Object already exists|is already used by another field")
WRONG_ADDRESS = re.compile(r"Cannot [A-Z]+ /")


class _ErrorBody(_Shape, frozen=True):
    """The forms seen: `messages` of records, `message` of the framework, `errors` of the data model and of GraphQL."""

    messages: list[str] = []
    message: str | list[str] = []
    error: str = ""
    code: str = ""
    errors: dict[str, Any] | list[dict[str, Any]] = {}

    def words(self) -> str:
        plain = self.messages or ([self.message] if isinstance(self.message, str) else self.message)
        return "; ".join([str(error.get("message")) for error in self._causes()] or plain)

    def codes(self) -> set[str]:
        extensions = [error.get("extensions") or {} for error in self._causes()]
        return {self.error, self.code} | {str(one.get(name)) for one in extensions for name in ("code", "subCode")}

    def _causes(self) -> list[dict[str, Any]]:
        """metadata-rest: what is wrong stands under its own kind, beside dozens of errors that follow from it."""
        if isinstance(self.errors, list):
            return self.errors
        failed = self.errors.get("objectMetadata") or self.errors.get("fieldMetadata") or []
        return [error for one in failed for error in one.get("errors", [])]


def _error(where: str, response: Response) -> DestinationError:
    """What an answer without data means: again, stop, or this row."""
    try:
        body = msgspec.json.decode(response.content, type=_ErrorBody | str)
    except (msgspec.DecodeError, UnicodeDecodeError):
        text = response.content.decode(errors="replace")
        body = text if DATA_BEHIND_500.search(text) else ""
    if isinstance(body, str):
        body = _ErrorBody(message=body)
    words, codes = body.words(), body.codes()
    status = 500 if "INTERNAL_SERVER_ERROR" in codes else response.status
    said = words or f"HTTP {status}"
    if status == 429 or "LIMIT_REACHED" in codes:
        return Again(said, arrived=False, retry_after=response.retry_after, status=429, where=where)
    if status == 401 or codes & BAD_KEY:
        return Stop(said, where=where, hint=CHECK_KEY, status=status)
    if status == 403 or codes & NO_RIGHT or "does not have permission" in words:
        return Stop(said, where=where, hint=CHECK_ROLE, status=status)
    if status == 413 or DATA_BEHIND_500.search(words):
        return Refused(said, where=where, status=status)
    if status >= 500:
        return Again(said, arrived=True, status=status, retry_after=response.retry_after, where=where)
    if not words or WRONG_ADDRESS.match(words):
        return Stop(f"what answers is not Twenty: {said}", where=where, hint=CHECK_URL, status=status)
    if SCHEMA_GONE.match(words):
        return Stop(said, where=where, hint=PLAN_AGAIN, status=status)
    return Refused(said, duplicate=bool(DUPLICATE.search(words)), where=where, status=status)
