"""Twenty's wire: its envelopes, pages, filters and error bodies, as observed on 2.21 (`contracts/twenty`)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, BinaryIO, Generic, TypeVar
from urllib.parse import quote
from uuid import UUID

import msgspec

from shift.destination import Record
from shift.errors import Again, DestinationError, Refused, Stop
from shift.http import Client, Response

T = TypeVar("T")

# rest-create: a batch of 201 is refused. rest-list: a longer page is cut down. limits-and-permissions: `id[in]` with
# 200 ids is a URL of 7.4 kB, and one above 16 kB is a 431; a body of 9 MB took 17 s, one of 11 MB is a 500.
MOST_RECORDS = 200
MOST_BYTES = 4_000_000

# rest-list: rows that were soft-deleted appear only where the filter names `deletedAt`.
LIVE_AND_DELETED = "or(deletedAt[is]:NULL,deletedAt[is]:NOT_NULL)"


class Shape(msgspec.Struct, rename="camel", frozen=True):
    """What all shapes share: Twenty's names, and no mind for keys that are not asked for."""


class Answer(Shape, Generic[T], frozen=True):
    """`{"data": {"createPeople": …}}`: the one key names the call."""

    data: dict[str, T]


class _PageInfo(Shape, frozen=True):
    has_next_page: bool
    end_cursor: str | None = None


class Page(Shape, Generic[T], frozen=True):
    data: dict[str, list[T]]
    page_info: _PageInfo


class _Count(Shape, frozen=True):
    total_count: int


class Stored(Shape, frozen=True):
    """What every record has."""

    id: str
    deleted_at: str | None = None


_STORED = msgspec.json.Decoder(Stored)


class _GraphQLAnswer(Shape, frozen=True):
    data: dict[str, msgspec.Raw] | None = None
    errors: list[Any] = []


class Wire:
    """Requests with one key, of which every answer that holds no data is raised as what it means."""

    def __init__(self, client: Client, api_key: str) -> None:
        self._client = client
        self._headers = {"Authorization": f"Bearer {api_key}", "Content-Type": "application/json"}

    @property
    def origin(self) -> str:
        return self._client.origin

    def send(self, method: str, path: str, content: str | bytes | None = None, *, paced: bool = True) -> Response:
        """One REST call. ``paced=False`` is for calls that the rate limit does not count."""
        response = self._client.request(method, path, content=content, headers=self._headers, paced=paced)
        if not response.ok:
            raise error(f"{method} {path.partition('?')[0]}", response)
        return response

    def ask(
        self, path: str, query: str, variables: Mapping[str, Any] | None = None, *, paced: bool = False
    ) -> dict[str, msgspec.Raw]:
        """One GraphQL document: what each of its root fields answers. GraphQL tells its errors with status 200."""
        body = msgspec.json.encode({"query": query, "variables": variables or {}})
        response = self.send("POST", path, body, paced=paced)
        answer = response.json(_GraphQLAnswer)
        if answer.errors or answer.data is None or any(bytes(value) == b"null" for value in answer.data.values()):
            meant = error(f"POST {path}", response)
            if meant.status == 429:
                self._client.slow_down(response)
            raise meant
        return answer.data

    def put(self, address: str, content: BinaryIO, content_type: str) -> None:
        """Send a file to an address that was given for it, which lets in whoever knows it: without the key."""
        response = self._client.request(
            "PUT", address, content=content, headers={"Content-Type": content_type}, paced=False
        )
        if response.status >= 500:
            raise Again(f"HTTP {response.status}", arrived=True, status=response.status, where="the upload")
        if not response.ok:
            raise Refused(f"the file was not taken: HTTP {response.status}", status=response.status)

    def fetch(self, address: str) -> bytes:
        """A file from an address that lets in whoever knows it: without the key."""
        response = self._client.request("GET", address, paced=False)
        if response.status >= 500:
            raise Again(f"HTTP {response.status}", arrived=True, status=response.status, where="the file")
        if not response.ok:
            raise Refused(f"the file was not given: HTTP {response.status}", status=response.status)
        return response.content

    def records(self, plural: str, filter: str | None, shape: type[Page[T]]) -> Iterator[T]:
        """Every record that the filter lets through, by pages."""
        path = f"/rest/{plural}?limit={MOST_RECORDS}" + (f"&filter={filter}" if filter else "")
        after = ""
        while True:
            page = self.send("GET", path + after).json(shape)
            for records in page.data.values():
                yield from records
            if not page.page_info.has_next_page:
                return
            after = f"&starting_after={quote(page.page_info.end_cursor or '', safe='')}"

    def count(self, plural: str, filter: str | None = None) -> int:
        """How many records the filter lets through."""
        path = f"/rest/{plural}?limit=0" + (f"&filter={filter}" if filter else "")
        return self.send("GET", path).json(_Count).total_count

    def close(self) -> None:
        self._client.close()


def answered(response: Response, shape: type[Answer[T]]) -> T:
    """What stands in the envelope. An empty one is a lost answer."""
    for value in response.json(shape).data.values():
        return value
    raise Again("the answer holds no data", arrived=True, status=response.status)


def record(raw: msgspec.Raw) -> Record:
    stored = _STORED.decode(raw)
    return Record(stored.id, str(raw, "utf-8"), deleted=stored.deleted_at is not None)


def chunks(ids: Iterable[str]) -> Iterator[str]:
    """Ids as filters take them, as many as one call answers. A text that is no UUID never reaches a filter."""
    known = []
    for id in ids:
        try:
            known.append(str(UUID(id)))
        except ValueError:
            raise Stop(f"'{id}' is no UUID", hint="Twenty's ids are UUIDs: see the model's column 'id'.") from None
    for start in range(0, len(known), MOST_RECORDS):
        yield ",".join(known[start : start + MOST_RECORDS])


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
# rest-errors, limits-and-permissions, metadata-rest, attachments-and-files: a 500 about the data, which stays one.
DATA_BEHIND_500 = re.compile(
    r"Data validation error|request entity too large|Migration action|Invalid file size|has not been uploaded|"
    r"FieldMetadata\S* must be provided|Field metadata \S+ not found",
    re.IGNORECASE,
)
# rest-errors, metadata-rest: of a record, an object, a field.
DUPLICATE = re.compile(r"A duplicate entry was detected|Object already exists|is already used by another field")
WRONG_ADDRESS = re.compile(r"Cannot [A-Z]+ /")


class _ErrorBody(Shape, frozen=True):
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


def error(where: str, response: Response) -> DestinationError:
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
