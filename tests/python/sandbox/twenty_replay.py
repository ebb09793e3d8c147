"""Recorded exchanges with a real Twenty, sent again to the twin, and what must be the same in the answer.

Ids are bound at first sight: what the real server called A and the twin calls B stays so. Times of the recording,
tokens, positions, search vectors, timeline entries, the editor's blocks and the names of foreign keys are the server's
own. Lists that nobody ordered are sets. What was recorded must be contained in what is answered.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

CONTRACTS = Path(__file__).parents[1] / "contracts" / "twenty"
KEYS = {"admin": "key-admin", "data_only": "key-data", "revoked": "key-revoked", "bad": "no-key-at-all"}

_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_CURSOR = re.compile(r"(?<=starting_after=)[A-Za-z0-9+/=]{20,}")
_LONG = re.compile(r"(.+?)…<(\d+) chars>", re.DOTALL)
_MANY_IDS = re.compile(r"<(\d+) uuids>")
_MEGABYTES = re.compile(r"<(\d+) MB>")
_RECORDED_TIME = re.compile(r"2026-11-22T\d\d:\d\d:\d\d")
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")
_FOREIGN_KEY = re.compile(r"FK_[0-9a-f]{27}")
_HOST = re.compile(r"http://127\.0\.0\.1:\d+")
_TOKEN = re.compile(r"token=[^&\"]+")
_KEY_NAMES = {"etl": "shift", "member key": "data_only"}
_SERVERS_OWN = frozenset(
    {
        "position",
        "searchVector",
        "startCursor",
        "endCursor",
        "cursor",
        "userFriendlyMessage",
        "blocknote",
        "timelineActivities",
    }
)


# The recording names these two uploads only in words.
_UPLOAD = (
    "mutation($file:Upload!,$f:String!)"
    "{uploadFilesFieldFile(file:$file,fieldMetadataId:$f){id path size createdAt url}}"
)
_ATTACHMENT_FILE = "6aa19751-c1ba-49fb-83ad-6c3c32939f50"
_APPOINTMENT_DOCS = "c134588c-0755-4b38-aed5-0ea5da4a64a0"


@dataclass(frozen=True)
class Exchange:
    topic: str
    number: int
    name: str
    key: str
    reduced: bool
    method: str
    path: str
    body: Any
    headers: Mapping[str, str]
    status: int
    answer: Any

    @property
    def id(self) -> str:
        return f"{self.topic}-{self.number}-{re.sub(r'[^A-Za-z0-9]+', '_', self.name)[:50]}"


@dataclass(frozen=True)
class Outcome:
    """What the twin answered; ``difference`` says how it is not what was recorded, None where it is."""

    status: int
    body: Any
    difference: str | None


class Different(Exception):
    """Something recorded is not in the answer."""


def exchanges(topic: str) -> list[Exchange]:
    recorded = json.loads((CONTRACTS / f"{topic}.json").read_text(encoding="utf-8"))
    return [
        Exchange(
            topic=topic,
            number=number,
            name=found["name"],
            key=found["key"],
            reduced=found.get("reduced", False),
            method=found["request"]["method"],
            path=found["request"]["path"],
            body=found["request"].get("body"),
            headers=found["request"].get("headers", {}),
            status=found["response"]["status"],
            answer=found["response"].get("body"),
        )
        for number, found in enumerate(recorded["exchanges"])
    ]


class Replay:
    """One workspace's exchanges, in their order. ``known`` maps a recorded id to the twin's."""

    def __init__(self, url: str) -> None:
        self.client = httpx.Client(base_url=url, timeout=30)
        self.known: dict[str, str] = {}
        self.urls: dict[str, str] = {}

    def close(self) -> None:
        self.client.close()

    def call(self, method: str, path: str, body: Any = None, key: str = "admin") -> Any:
        """A call of the test's own; it must succeed."""
        response = self.client.request(method, path, json=body, headers={"Authorization": f"Bearer {KEYS[key]}"})
        response.raise_for_status()
        return response.json()

    def get_status(self, path: str) -> int:
        return self.client.get(path, headers={"Authorization": f"Bearer {KEYS['admin']}"}).status_code

    def play(self, exchange: Exchange) -> Outcome:
        response = self._send(exchange)
        try:
            body = response.json() if response.content else ""
        except ValueError:
            body = response.text
        try:
            if response.status_code != exchange.status:
                raise Different(f"status {response.status_code}, recorded {exchange.status}: {str(body)[:300]}")
            if not exchange.reduced:
                self._contained(exchange, body)
        except Different as error:
            return Outcome(response.status_code, body, str(error))
        return Outcome(response.status_code, body, None)

    # --- sending -------------------------------------------------------------------------------------------------

    def _send(self, exchange: Exchange) -> httpx.Response:
        headers = dict(exchange.headers)
        if exchange.key in KEYS:
            headers["Authorization"] = f"Bearer {KEYS[exchange.key]}"
        path = self._path(exchange.path)
        if path.startswith("/file-upload/"):
            return self.client.put(self.urls.get(path.split("?")[0], path), content=b"x" * 51, headers=headers)
        body = exchange.body
        if isinstance(body, dict) and "__multipart__" in body:
            operations = self.translated(body["__multipart__"]["operations"])
            return self.upload(operations, "letter.txt", b"Hello world\n", headers)
        if isinstance(body, str) and body.startswith("<multipart"):
            field = _ATTACHMENT_FILE if "12 MB" in body else _APPOINTMENT_DOCS
            content = b"x" * 12_000_000 if "12 MB" in body else b"abc"
            operations = self.translated({"query": _UPLOAD, "variables": {"file": None, "f": field}})
            return self.upload(operations, "x.bin" if "12 MB" in body else "x.txt", content, headers)
        if isinstance(body, dict) and "__raw__" in body:
            type_ = "application/json" if body["__raw__"].startswith("{") else "application/x-www-form-urlencoded"
            return self.client.request(
                exchange.method, path, content=body["__raw__"].encode(), headers={**headers, "Content-Type": type_}
            )
        if body is None:
            return self.client.request(exchange.method, path, headers=headers)
        return self.client.request(exchange.method, path, json=self.translated(_expanded(body)), headers=headers)

    def upload(
        self, operations: Any, name: str, content: bytes, headers: Mapping[str, str] | None = None
    ) -> httpx.Response:
        return self.client.post(
            "/metadata",
            data={"operations": json.dumps(operations), "map": json.dumps({"0": ["variables.file"]})},
            files={"0": (name, content, "text/plain")},
            headers=headers or {"Authorization": f"Bearer {KEYS['admin']}"},
        )

    def _path(self, path: str) -> str:
        path = path.partition(" (")[0]
        path = _MANY_IDS.sub(lambda found: ",".join(_some_ids(int(found[1]))), path)
        long = _LONG.fullmatch(path)
        if long:
            cut = long[1].rpartition(",")[0]
            path = f"{cut},{','.join(_some_ids((int(long[2]) - len(cut)) // 37))}]"
        path = _CURSOR.sub(lambda found: self._cursor(found[0]), path)
        return str(self.translated(path))

    def _cursor(self, cursor: str) -> str:
        plain = base64.b64decode(cursor).decode()
        return base64.b64encode(str(self.translated(plain)).encode()).decode()

    def translated(self, value: Any) -> Any:
        """The twin's ids in place of the recorded ones; an id not seen before is the client's own."""
        text = json.dumps(value)
        for found in set(_UUID.findall(text)):
            self.known.setdefault(found, found)
        return json.loads(_UUID.sub(lambda found: self.known[found[0]], text))

    # --- comparing -----------------------------------------------------------------------------------------------

    def _contained(self, exchange: Exchange, body: Any) -> None:
        recorded = exchange.answer
        if isinstance(recorded, dict) and recorded.get("error") == "METADATA_VALIDATION_ERROR":
            _same_causes(recorded, body)
            return
        if isinstance(recorded, dict) and "METADATA_VALIDATION_FAILED" in str(recorded.get("errors")):
            ((theirs,), (ours,)) = (recorded["errors"], body["errors"])
            _same_causes(theirs["extensions"] | theirs, ours["extensions"] | ours)
            return
        ordered = exchange.method == "POST" and exchange.path.startswith("/rest/batch/")
        self._same(recorded, body, "", ordered)

    def _same(self, recorded: Any, actual: Any, at: str, ordered: bool) -> None:
        key = at.rpartition(".")[2]
        if key in _SERVERS_OWN:
            return
        if isinstance(recorded, dict):
            if not isinstance(actual, dict):
                raise Different(f"{at}: {actual!r} is no object")
            if set(recorded) == {"source", "workspaceMemberId", "name", "context"}:
                recorded = recorded | {"name": _KEY_NAMES.get(recorded["name"], recorded["name"])}
            for name, value in recorded.items():
                if name not in actual:
                    raise Different(f"{at}.{name} is missing")
                self._same(value, actual[name], f"{at}.{name}", ordered)
        elif isinstance(recorded, list):
            self._same_list(recorded, actual, at, ordered)
        elif isinstance(recorded, str):
            self._same_text(recorded, actual, at)
        elif recorded != actual or isinstance(recorded, bool) != isinstance(actual, bool):
            raise Different(f"{at}: {actual!r}, recorded {recorded!r}")

    def _same_list(self, recorded: list[Any], actual: Any, at: str, ordered: bool) -> None:
        if not isinstance(actual, list):
            raise Different(f"{at}: {actual!r} is no list")
        cut = bool(recorded) and isinstance(recorded[-1], str) and recorded[-1].startswith("…")
        wanted = recorded[:-1] if cut else recorded
        if len(actual) < len(wanted) or (len(actual) != len(wanted) and not cut):
            raise Different(f"{at}: {len(actual)} items, recorded {len(recorded)}")
        if at.endswith(".fields") and wanted and all(":" in str(item) for item in wanted):
            missing = set(wanted) - {f"{field['name']}:{field['type']}" for field in actual}
            if missing:
                raise Different(f"{at}: {missing} missing")
            return
        if ordered or not all(isinstance(item, dict) for item in wanted):
            for number, item in enumerate(wanted):
                self._same(item, actual[number], f"{at}[{number}]", ordered)
            return
        remaining = list(actual)
        for number, item in enumerate(wanted):
            remaining.remove(self._twin_of(item, remaining, f"{at}[{number}]"))

    def _twin_of(self, recorded: dict[str, Any], among: list[Any], at: str) -> Any:
        reasons = []
        for candidate in among:
            before = dict(self.known)
            try:
                self._same(recorded, candidate, at, False)
            except Different as error:
                self.known = before
                reasons.append(str(error))
            else:
                return candidate
        raise Different(f"{at}: none fits: {'; '.join(reasons)[:400]}")

    def _same_text(self, recorded: str, actual: Any, at: str) -> None:
        if not isinstance(actual, str):
            raise Different(f"{at}: {actual!r}, recorded {recorded!r}")
        if _RECORDED_TIME.match(recorded):
            if not _TIME.fullmatch(actual):
                raise Different(f"{at}: {actual!r} is no time")
            return
        long = _LONG.fullmatch(recorded)
        if long:
            recorded, actual = f"{long[1]}{len(actual)}", f"{actual[: len(long[1])]}{long[2]}"
        ours, theirs = _UUID.findall(actual), _UUID.findall(recorded)
        if len(ours) == len(theirs):
            for old, new in zip(theirs, ours, strict=True):
                self.known.setdefault(old, new)
        translated = _UUID.sub(lambda found: self.known.get(found[0], found[0]), recorded)
        if "token=" in recorded:
            self.urls[_TOKEN.sub("", _HOST.sub("", actual)).rstrip("?")] = actual
        if _masked(translated) != _masked(actual):
            raise Different(f"{at}: {actual[:200]!r}, recorded {translated[:200]!r}")


def _masked(text: str) -> str:
    return _TOKEN.sub("token", _HOST.sub("host", _FOREIGN_KEY.sub("FK", text)))


def _same_causes(recorded: Any, body: Any) -> None:
    """Of what the data model refuses, the cause counts, not what follows from it."""
    for name in {"statusCode", "error", "message"} & set(recorded):
        if body.get(name) != recorded[name]:
            raise Different(f"{name}: {body.get(name)!r}, recorded {recorded[name]!r}")
    if "errors" not in recorded:
        shortened = {"fieldMetadata": [{"errors": recorded.get("first fieldMetadata")}]}
        recorded = {"errors": recorded if recorded.get("objectMetadata") else shortened}
    kind = "objectMetadata" if recorded["errors"].get("objectMetadata") else "fieldMetadata"
    wanted = [(cause["code"], cause["message"]) for cause in recorded["errors"][kind][0]["errors"]]
    found = [(cause["code"], cause["message"]) for entry in body["errors"][kind] for cause in entry["errors"]]
    if not set(wanted) <= set(found):
        raise Different(f"causes {found}, recorded {wanted}")


def _expanded(body: Any) -> Any:
    """A body in full, where the recording holds only how long it was."""
    if isinstance(body, dict):
        return {name: _expanded(value) for name, value in body.items()}
    if isinstance(body, list):
        return [_expanded(item) for item in body]
    if not isinstance(body, str):
        return body
    large = _MEGABYTES.fullmatch(body)
    if large:
        return {"title": "large", "bodyV2": {"markdown": "x" * (int(large[1]) * 1024 * 1024)}}
    long = _LONG.fullmatch(body)
    return (long[1] * (int(long[2]) // len(long[1]) + 1))[: int(long[2])] if long else body


def _some_ids(count: int) -> list[str]:
    return [f"00000000-0000-4000-8000-{number:012d}" for number in range(count)]
