"""An account that holds what the recorded payloads name: person 7, company 11, leads 1000 and 1003, activity 31,
note 51, users 1 to 9.
"""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from starlette.applications import Starlette

from shift.sandbox.nutshell.app import Twin
from shift.sandbox.nutshell.behaviour import Behaviour
from shift.sandbox.nutshell.records import Activity, Labelled, Lead, Linked, Membership, Name, Note, Party, Record, User
from shift.sandbox.nutshell.store import Store
from shift.sandbox.nutshell.values import address, phone

CONTRACTS = Path(__file__).parents[1] / "contracts" / "nutshell"
KEY = "key-of-these-tests"
ADMIN = "loader@clinic.example"
AT = 1_773_378_861  # 2026-03-13T05:14:21Z, the time of the recorded payloads


def account(**behaviour: str) -> Store:
    store = Store(Behaviour(**behaviour))
    for id, email, name in (
        (9, ADMIN, "Loader User"),
        (1, "a@clinic.example", "Dr A"),
        (3, "drb@clinic.example", "Dr B"),
    ):
        first, last = name.split()
        store.users[id] = User(id, email, first, last, is_administrator=id == 9, modified=AT)
    store.activity_types = {1: "Phone Call / Meeting", 103: "Intro"}
    for title, type in (("Cliniko ID", "Text"), ("Balance Due", "Currency"), ("Old Field", "Text")):
        store.define("contacts", title, type, [], False)
    store.define("accounts", "Cliniko Contact ID", "Text", [], False)
    store.define("leads", "Clinic Location", "Text", [], False)
    made: dict[str, Any] = {"creator": 9, "created": AT, "modified": AT}
    insurer = Party(id=11, kind="accounts", name=Name("Example Insurance"), **made)
    ada = Party(
        id=7,
        kind="contacts",
        name=Name("Ada", "Example", "Ms"),
        emails=[Labelled("ada@example.org")],
        phones=[Labelled(phone("+61 400 000 000"))],
        addresses=[Labelled(address({"address_1": "1 Example St", "city": "Sydney", "country": "AU"}))],
        memberships=[Membership(11, "Insurer")],
        tags=["Cliniko"],
        custom={"Cliniko ID": "123456"},
        **made,
    )
    visit = Activity(
        id=31,
        name="Physio initial - Ada Example",
        description="cliniko:appointment:555",
        type=1,
        start=AT,
        end=AT + 2700,
        status=1,
        log_note="Attended",
        logged_by=9,
        participants=[("contacts", 7), ("users", 3)],
        **made,
    )
    note = Note(id=51, body="text", parent=("contacts", 7), **(made | {"created": store.now()}))
    for id, number, rev in ((1000, 997, 13), (1003, 998, 1)):
        linked = [Linked("contacts", 7, "Patient")]
        put(store, "leads", Lead(id=id, number=number, rev=rev, due=AT, owner=("users", 3), linked=linked, **made))
    for kind, record in (("accounts", insurer), ("contacts", ada), ("activities", visit), ("notes", note)):
        put(store, kind, record)
    insurer.tags = ["Cliniko"]
    return store


def put(store: Store, kind: str, record: Record) -> None:
    store.series[kind] = max(store.series.get(kind, 0), record.id)
    store.add(kind, record)


@dataclass(frozen=True)
class Web:
    """Calls to a twin in this process."""

    application: Starlette
    user: str
    key: str

    def send(self, method: str, path: str, body: Any = None, **headers: str) -> httpx.Response:
        return self._request(method, path, json=body, headers=headers)

    def upload(self, path: str, content: bytes) -> httpx.Response:
        return self._request("post", path, content=content)

    def _request(self, method: str, path: str, **more: Any) -> httpx.Response:
        async def call() -> httpx.Response:
            transport = httpx.ASGITransport(self.application)
            login = (self.user, self.key)
            async with httpx.AsyncClient(transport=transport, base_url="https://app.nutshell.com", auth=login) as http:
                return await http.request(method, path, **more)

        return asyncio.run(call())

    def rpc(self, method: str, **params: Any) -> Any:
        """The result of a call that succeeds."""
        answer = self.send("post", "/api/v1/json", {"jsonrpc": "2.0", "id": "1", "method": method, "params": params})
        assert answer.status_code == 200, answer.text
        return answer.json()["result"]


def client(store: Store, *, user: str = ADMIN, key: str = KEY) -> Web:
    return Web(Twin(store, KEY).application(), user, key)


def recorded(name: str) -> Any:
    return json.loads((CONTRACTS / f"{name}.json").read_text(encoding="utf-8"))


SPECIFICATION = recorded("rest-openapi-condensed")


def difference(recorded: Any, answered: Any, at: str = "") -> str | None:
    """Where the answer has not the shape that was recorded: a key that is missing, or a value of another type.

    Null stands for any type; of lists that hold something, the first entries are compared.
    """
    if recorded is None or answered is None:
        return None
    if isinstance(recorded, dict) and isinstance(answered, dict):
        for key, value in recorded.items():
            if key not in answered:
                return f"{at}.{key} is missing"
            if found := difference(value, answered[key], f"{at}.{key}"):
                return found
        return None
    if isinstance(recorded, list) and isinstance(answered, list):
        return difference(recorded[0], answered[0], f"{at}[0]") if recorded and answered else None
    if [] in (recorded, answered) and isinstance(recorded or answered, dict):
        return None  # an empty map comes as a list
    same = type(recorded) is type(answered)
    return None if same else f"{at} is {type(answered).__name__}, not {type(recorded).__name__}"


def schema_of(schema: Any) -> Any:
    """A schema of the specification as JSON Schema: references beside it, and null where it is allowed."""
    definitions = {name: _plain(one) for name, one in SPECIFICATION["components"]["schemas"].items()}
    return {**_plain(schema), "components": {"schemas": definitions}}


def _plain(schema: Any) -> Any:
    if isinstance(schema, list):
        return [_plain(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    plain = {key: _plain(value) for key, value in schema.items()}
    if schema.get("nullable") is True:
        return {"anyOf": [{"type": "null"}, {key: value for key, value in plain.items() if key != "nullable"}]}
    return plain
