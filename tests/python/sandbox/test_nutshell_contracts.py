"""The twin of Nutshell answers in the shapes that are known: every JSON-RPC payload, and REST's specification."""

from __future__ import annotations

from typing import Any

import jsonschema
import pytest
from sandbox.nutshell_account import SPECIFICATION, account, client, difference, recorded, schema_of

from shift.sandbox.nutshell import rest, rpc

RPC_TOPICS = (
    *("contacts", "accounts", "leads-products", "files", "activities", "notes"),
    *("reference", "search", "envelope"),
)
# What the loader, its tests and a person who checks need, of the 112 operations.
OPERATIONS = {
    ("get", ""),
    ("post", ""),
    ("get", "/{id}"),
    ("patch", "/{id}"),
    ("delete", "/{id}"),
    ("post", "/{id}/undelete"),
    ("get", "/{id}/customfields"),
    ("get", "/customfields/attributes"),
    ("post", "/customfield"),
}
OFFERED = {(method, f"/{kind}{rest}") for kind in ("contacts", "accounts", "leads") for method, rest in OPERATIONS} | {
    ("get", "/activities"),
    ("post", "/activities"),
    ("get", "/activities/{id}"),
    ("put", "/activities/{id}"),
    ("get", "/activitytypes"),
    ("get", "/notes"),
    ("post", "/notes"),
    ("get", "/notes/{id}"),
    ("delete", "/notes/{id}"),
    ("post", "/notes/{id}/undelete"),
    ("get", "/users"),
    ("get", "/users/{id}"),
    ("get", "/events/deleted"),
}
# Payloads of methods that the twin does not have: nothing here needs them.
RPC_NOT_OFFERED = {"newTag", "newSource", "newUser", "newProduct", "searchUniversal", "getApiForUsername"}
NAMED_BY = {"contactId": "contacts", "accountId": "accounts", "activityId": "activities", "leadId": "leads"}


# --- JSON-RPC -----------------------------------------------------------------------------------------------------


def examples() -> list[Any]:
    found = [
        (topic, one)
        for topic in RPC_TOPICS
        for one in recorded(f"rpc-{topic}")["examples"]
        if isinstance(one.get("request"), dict)
    ]
    return [pytest.param(one, id=f"{topic}-{one['name'].replace(' ', '_')}") for topic, one in found]


@pytest.mark.parametrize("example", examples())
def test_json_rpc_answers_as_recorded(example: Any) -> None:
    request, response = example["request"], example["response"]
    method = request["method"]
    if method in RPC_NOT_OFFERED:
        assert method not in rpc.offered()
        return
    store = account(lead_files="take")
    given = request["params"]
    for parameter, kind in NAMED_BY.items():
        if given.get(parameter) in store.records[kind] and "rev" in given:
            # What is recorded with a stale rev is refused for it; every other rev is the present one.
            store.records[kind][given[parameter]].rev = int(given["rev"]) + (response["status"] == 409)
    if method.startswith("new"):
        store.series |= {"contacts": 6, "accounts": 10, "activities": 30, "notes": 50, "leads": 1002}
        if method == "newContact":
            store.delete("activities", store.activity(31))
    if "noteId" in given:
        store.note(51).rev = int(given["rev"])
    key = "no-key" if response["status"] == 401 else None
    web = client(store, key=key) if key else client(store)
    answer = web.send("post", "/api/v1/json", request)
    expected_status = response["status"] if isinstance(response["status"], int) else 400
    assert answer.status_code == expected_status, answer.text
    body = answer.json()
    if not isinstance(response["body"], dict):
        assert f"<{body['result']['entityType'].removesuffix('s')}>" == response["body"]
        return
    assert difference(response["body"], body) is None
    if "error" in response["body"]:
        meant = response["body"]["error"]
        assert body["error"]["code"] == meant["code"]
        assert meant["message"].startswith("<") or body["error"]["message"] == meant["message"]
    elif isinstance(response["body"]["result"], dict) and "id" in response["body"]["result"]:
        assert body["result"]["id"] == response["body"]["result"]["id"]


def test_only_methods_that_the_server_has_are_offered() -> None:
    known = {one["method"] for one in recorded("rpc-methods")["methods"]}
    assert rpc.offered() <= known
    assert not rpc.offered() & set(recorded("rpc-methods")["absent_methods"]["list"])


# --- REST ---------------------------------------------------------------------------------------------------------

PATCH = {"content-type": "application/json-patch+json"}
ENTRY = {"isPrimary": True, "name": "work", "value": "ada@example.org"}
REQUESTS: dict[tuple[str, str], Any] = {
    ("post", "/contacts"): {"contacts": [{"name": "Ada Example", "emails": [ENTRY], "links": {"owner": "3-users"}}]},
    ("post", "/accounts"): {"accounts": [{"name": "Example Insurance"}]},
    ("patch", "/contacts/{id}"): [{"op": "replace", "path": "/contacts/0/firstName", "value": "Ida"}],
    ("patch", "/accounts/{id}"): [{"op": "replace", "path": "/accounts/0/name", "value": "Another"}],
    ("post", "/leads"): {
        "leads": [
            {
                "description": "Files of Ada Example",
                "customFields": {"Clinic Location": "Main St"},
                "links": {"contacts": ["7-contacts"], "accounts": ["11-accounts"], "owner": "3-users"},
            }
        ]
    },
    ("patch", "/leads/{id}"): [{"op": "replace", "path": "/leads/0/description", "value": "Another"}],
    ("post", "/leads/customfield"): {"name": "Cliniko Patient ID", "type": "Text"},
    ("post", "/contacts/customfield"): {"name": "Date of Birth", "type": "Date"},
    ("post", "/accounts/customfield"): {"name": "Kind", "type": "Decision", "choices": ["a", "b"], "isMultiple": False},
    ("post", "/activities"): {
        "activities": [
            {
                "name": "Physio",
                "description": "agenda",
                "location": "Main St",
                "activityType": "1-activityTypes",
                "startTime": 1755110519,
                "endTime": 1755113219,
                "isLogged": True,
                "links": {"participants": ["7-contacts", "3-users", "11-accounts"]},
            }
        ]
    },
    ("put", "/activities/{id}"): {"activities": [{"name": "new name", "isLogged": True}]},
    ("post", "/notes"): {"data": {"body": "text", "links": {"parent": "7-contacts"}}},
}
IDS = {
    "contacts": "7-contacts",
    "accounts": "11-accounts",
    "leads": "1003-leads",
    "activities": "31-activities",
    "notes": "51-notes",
    "users": "3-users",
}


def test_the_operations_on_offer_are_these() -> None:
    assert rest.offered() == OFFERED
    specified = {(method, path) for path, on_path in SPECIFICATION["paths"].items() for method in on_path}
    assert specified >= OFFERED
    assert (len(specified), len(OFFERED)) == (112, 40)


@pytest.mark.parametrize(("method", "path"), sorted(OFFERED), ids=lambda part: part)
def test_rest_keeps_the_specification(method: str, path: str) -> None:
    operation = SPECIFICATION["paths"][path][method]
    store = account()
    kind = path.split("/")[1]
    if path.endswith("undelete"):
        store.delete(kind, store.get(kind, int(IDS[kind].partition("-")[0])))
    body = REQUESTS.get((method, path))
    if "requestBody" in operation:
        [schema] = [one["schema"] for one in operation["requestBody"]["content"].values()]
        jsonschema.validate(body, schema_of(schema))
    url = "/rest" + path.replace("{id}", IDS.get(kind, ""))
    answer = client(store).send(method, url, body, **PATCH if method == "patch" else {})
    assert str(answer.status_code) in operation["responses"], answer.text
    content = operation["responses"][str(answer.status_code)].get("content")
    if content:
        jsonschema.validate(answer.json(), schema_of(content["application/json"]["schema"]))
    elif answer.status_code == 204:
        assert answer.content == b""


@pytest.mark.parametrize(
    ("topic", "example", "path"),
    [
        ("contacts", "create", "/rest/contacts/7-contacts"),
        ("contacts", "list", "/rest/contacts"),
        ("accounts", "create", "/rest/accounts/11-accounts"),
        ("accounts", "list page", "/rest/accounts"),
        ("activities", "create", "/rest/activities/31-activities"),
        ("activities", "types", "/rest/activitytypes"),
        ("notes", "create", "/rest/notes/51-notes"),
        ("reference", "users", "/rest/users"),
    ],
)
def test_rest_reads_as_recorded(topic: str, example: str, path: str) -> None:
    [held] = [one for one in recorded(f"rest-{topic}")["examples"] if one["name"] == example]
    meant = held["response"]["body"]
    # Counts in words, and what a page says of its facets, are for people.
    meant["meta"] = {
        key: value for key, value in meant["meta"].items() if not key.startswith(("countF", "total", "fac"))
    }
    assert difference(meant, client(account()).send("get", path).json()) is None


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "words"),
    [
        ("get", "/rest/accounts?page[page]=-1", None, 400, "Invalid page number: -1"),
        ("get", "/rest/accounts?page[limit]=10001", None, 400, "Invalid filter"),
        (
            "post",
            "/rest/accounts",
            {"accounts": [{}, {}]},
            400,
            "You may only create one accounts resource per request.",
        ),
        ("patch", "/rest/contacts/7-contacts", [], 400, "no patches sent"),
        ("get", "/rest/contacts/99-contacts", None, 404, "<title>An Error Occurred: Not Found</title>"),
        ("get", "/rest/contacts/7-accounts", None, 404, "<title>An Error Occurred: Not Found</title>"),
        ("post", "/rest/activities/customfield", {}, 404, "<title>An Error Occurred: Not Found</title>"),
        ("delete", "/rest/activities/31-activities", None, 405, "Internal Error"),
        ("delete", "/rest/contacts", None, 405, "Internal Error"),
    ],
)
def test_rest_refuses_as_recorded(method: str, path: str, body: Any, status: int, words: str) -> None:
    answer = client(account()).send(method, path, body, **PATCH if method == "patch" else {})
    assert (answer.status_code, words in answer.text) == (status, True), answer.text
    if status == 400:
        [meant] = [one for one in recorded("rest-errors")["examples"] if one["name"] == "bad filter or page"]
        assert set(meant["response"]["body"]) - {"accounts"} <= set(answer.json())
        assert difference(meant["response"]["body"]["errors"][0], answer.json()["errors"][0]) is None
    else:
        assert answer.headers["content-type"].startswith("text/plain" if status == 405 else "text/html")


def test_a_patch_needs_its_media_type() -> None:
    answer = client(account()).send(
        "patch", "/rest/contacts/7-contacts", [{"op": "replace", "path": "x", "value": "y"}]
    )
    assert answer.status_code == 415
    assert "application/json-patch+json is required" in answer.text


def test_a_wrong_key_is_a_page_in_rest() -> None:
    answer = client(account(), key="wrong").send("get", "/rest/users")
    assert (answer.status_code, answer.headers["content-type"]) == (401, "text/html; charset=utf-8")
