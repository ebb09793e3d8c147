"""What answers mean: recorded ones that a healthy server does not give, told by a server of the test's own."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from typing import Any
from uuid import uuid4

import pytest
from loader_conformance import contains

from loaders.twenty import connect
from loaders.twenty_wire import Wire
from shift.destination import FieldDefinition, Row, Settings
from shift.errors import Again, DestinationError, Refused, Stop
from shift.http import Client, Pacer

KEY = "key-of-the-tests"


def person(last_name: str) -> Row:
    id = str(uuid4())
    return Row(key=id[:8], id=id, payload=json.dumps({"id": id, "name": {"lastName": last_name}}))


# --- a server that answers as it is told --------------------------------------------------------------------------

DATA_MODEL = {
    "data": {
        "objects": {
            "edges": [
                {
                    "node": {
                        "id": "89f52122-d221-4340-8962-54c98f091809",
                        "nameSingular": "person",
                        "namePlural": "people",
                        "labelSingular": "Person",
                        "labelPlural": "People",
                        "fieldsList": [],
                    }
                }
            ],
            "pageInfo": {"hasNextPage": False},
        }
    }
}


class Replay(ThreadingHTTPServer):
    """Answers each call with what stands in `answers` for its path: a status, and a body that is JSON unless text."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _ReplayHandler)
        self.answers: dict[str, tuple[int, Any]] = {"/metadata": (200, DATA_MODEL)}
        self.twenty = connect(
            Settings("twenty", api_key=KEY), Client(f"http://127.0.0.1:{self.server_port}", pacer=Pacer(60_000))
        )


class _ReplayHandler(BaseHTTPRequestHandler):
    server: Replay

    def log_message(self, format: str, *args: object) -> None: ...

    def answer(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        status, body = self.server.answers[self.path.partition("?")[0]]
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = do_PATCH = do_PUT = answer


@pytest.fixture
def replay() -> Iterator[Replay]:
    with Replay() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield server
        server.twenty.close()
        server.shutdown()
        thread.join()


def bad_request(message: str) -> dict[str, Any]:
    return {"statusCode": 400, "error": "BadRequestException", "messages": [message]}


def with_code(status: int, message: str, code: str) -> dict[str, Any]:
    return {"statusCode": status, "error": "Error", "messages": [message], "code": code}


def again(*, arrived: bool) -> Callable[[DestinationError], bool]:
    return lambda error: isinstance(error, Again) and error.arrived == arrived


def refused(*, duplicate: bool = False) -> Callable[[DestinationError], bool]:
    return lambda error: isinstance(error, Refused) and error.duplicate == duplicate


def stop(hint: str) -> Callable[[DestinationError], bool]:
    return lambda error: isinstance(error, Stop) and hint in (error.hint or "")


NO_PERMISSION = "Entity performing the request does not have permission"
HTML = b"<html><body>502 Bad Gateway</body></html>"


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        # again
        (429, with_code(429, "Limit reached (100 tokens per 60000 ms)", "x"), again(arrived=False)),
        (429, HTML, again(arrived=False)),
        (500, {"statusCode": 500, "error": "InternalServerErrorException", "messages": ["oh"]}, again(arrived=True)),
        (502, HTML, again(arrived=True)),
        (504, b"", again(arrived=True)),
        (201, HTML, again(arrived=True)),
        (201, b"", again(arrived=True)),
        (201, {"data": {}}, again(arrived=True)),
        (201, {"data": {"createPeople": []}}, again(arrived=True)),
        (201, {"data": {"createPeople": [{"id": "someone else"}]}}, again(arrived=True)),
        # stop
        (401, {"statusCode": 401, "messages": ["Token invalid."], "error": "UNAUTHENTICATED"}, stop("api_key")),
        (
            403,
            {"statusCode": 403, "messages": ["This API Key is revoked"], "error": "FORBIDDEN_EXCEPTION"},
            stop("api_"),
        ),
        (403, with_code(403, NO_PERMISSION, "PERMISSION_DENIED"), stop("role")),
        (400, with_code(400, NO_PERMISSION, "PERMISSION_DENIED"), stop("role")),
        (400, bad_request("object 'people' not found. eg: companies"), stop("plan")),
        (400, bad_request('Object person doesn\'t have any "sourceSystemId" field.'), stop("plan")),
        (400, bad_request('Invalid subfield first for full name field "name"'), stop("plan")),
        (404, {"message": "Cannot POST /rest/batch/people", "error": "Not Found", "statusCode": 404}, stop("url")),
        (404, HTML, stop("url")),
        (301, b"", stop("url")),
        # this row
        (400, bad_request("A duplicate entry was detected"), refused(duplicate=True)),
        (400, bad_request("Invalid UUID value 'abc' for field \"companyId\""), refused()),
        (400, bad_request('insert or update on table "person" violates foreign key constraint "FK_ee"'), refused()),
        (400, with_code(400, "Provided phone number is invalid abc", "INVALID_PHONE_NUMBER"), refused()),
        (400, {"statusCode": 400, "error": "TypeError", "messages": ["Cannot read properties of null"]}, refused()),
        (400, {"message": "Unexpected end of JSON input", "error": "Bad Request", "statusCode": 400}, refused()),
        (404, {"statusCode": 404, "error": "NotFoundException", "messages": ["Record not found"]}, refused()),
        (413, HTML, refused()),
        (
            500,
            {"statusCode": 500, "error": "InternalServerErrorException", "messages": ["Data validation error."]},
            refused(),
        ),
        (500, b"request entity too large", refused()),
        (500, "request entity too large", refused()),
    ],
)
def test_an_error_is_sorted_by_what_it_means(
    replay: Replay, status: int, body: Any, expected: Callable[[DestinationError], bool]
) -> None:
    replay.answers["/rest/batch/people"] = (status, body)
    with pytest.raises(DestinationError) as caught:
        replay.twenty.create("person", [person("Any")])
    assert expected(caught.value), repr(caught.value)
    if isinstance(body, dict) and body.get("messages"):
        assert body["messages"][0] in str(caught.value)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (
            {"errors": [{"message": "Token invalid.", "extensions": {"code": "UNAUTHENTICATED"}}]},
            stop("api_key"),
        ),
        (
            {"data": None, "errors": [{"message": NO_PERMISSION, "extensions": {"code": "INTERNAL_SERVER_ERROR"}}]},
            stop("role"),
        ),
        (
            {
                "data": {"objects": None},
                "errors": [{"message": "Limit reached", "extensions": {"subCode": "LIMIT_REACHED"}}],
            },
            again(arrived=False),
        ),
        (
            {"data": None, "errors": [{"message": "Oh", "extensions": {"code": "INTERNAL_SERVER_ERROR"}}]},
            again(arrived=True),
        ),
        ({"errors": [{"message": 'Cannot query field "objects" on type "Query".'}]}, stop("plan")),
        ({"hello": "world"}, stop("url")),
        (b"<!doctype html><title>Welcome to nginx!</title>", stop("url")),
    ],
)
def test_graphql_tells_its_errors_with_status_200(
    replay: Replay, body: Any, expected: Callable[[DestinationError], bool]
) -> None:
    replay.answers["/metadata"] = (200, body)
    with pytest.raises(DestinationError) as caught:
        replay.twenty.workspace()
    assert expected(caught.value), repr(caught.value)


def test_of_knock_on_errors_the_cause_is_told(replay: Replay) -> None:
    knock_on = {"errors": [{"code": "INVALID_VIEW_DATA", "message": "Field metadata not found"}]}
    cause = {"errors": [{"code": "INVALID_FIELD_INPUT", "message": "Label must not contain a comma"}]}
    replay.answers["/rest/metadata/fields"] = (
        400,
        {
            "statusCode": 400,
            "error": "METADATA_VALIDATION_ERROR",
            "message": "Multiple validation errors occurred while creating fields",
            "errors": {"viewField": [knock_on] * 3, "fieldMetadata": [cause]},
        },
    )
    with pytest.raises(Refused, match="^POST /rest/metadata/fields: Label must not contain a comma$"):
        replay.twenty.provision(FieldDefinition("person", "size", "TEXT", "a, b"))


@pytest.mark.parametrize("answer", [{"id": "f-1", "name": "size"}, {"data": {"createOneField": {"id": "f-1"}}}])
def test_both_forms_of_metadata_answers_are_read(replay: Replay, answer: dict[str, Any]) -> None:
    """Facts 5: 2.21 answers the bare object, older versions an envelope."""
    replay.answers["/rest/metadata/fields"] = (201, answer)
    assert replay.twenty.provision(FieldDefinition("person", "size", "TEXT", "Size")).id == "f-1"


def test_a_batch_is_joined_on_the_id(replay: Replay) -> None:
    rows = [person("A"), person("B")]
    answered = [{"id": row.id, "name": {"lastName": row.key}} for row in reversed(rows)]
    replay.answers["/rest/batch/people"] = (201, {"data": {"createPeople": answered}})
    outcomes = replay.twenty.create("person", rows)
    assert [(one.key, one.id) for one in outcomes] == [(row.key, row.id) for row in rows]
    assert all(one.record and contains(one.record, {"name": {"lastName": one.key}}) for one in outcomes)


@pytest.mark.parametrize(
    ("status", "expected"),
    [(503, again(arrived=True)), (403, refused()), (404, refused()), (413, refused())],
)
def test_the_bytes_of_a_file_are_refused_or_may_go_again(
    replay: Replay, status: int, expected: Callable[[DestinationError], bool]
) -> None:
    replay.answers["/file"] = (status, HTML)
    with closing(Client(f"http://127.0.0.1:{replay.server_port}", pacer=Pacer(60_000))) as client:
        wire = Wire(client, KEY)
        with pytest.raises(DestinationError) as put:
            wire.put("/file", BytesIO(b"x"), "text/plain")
        with pytest.raises(DestinationError) as fetched:
            wire.fetch("/file")
    for caught in (put, fetched):
        assert expected(caught.value), repr(caught.value)


def test_a_rate_limit_that_graphql_tells_slows_the_pace_down(replay: Replay) -> None:
    """It comes with status 200 (contracts/twenty/rate-limit), so that the client cannot see it."""
    limited = {"errors": [{"message": "Limit reached", "extensions": {"subCode": "LIMIT_REACHED"}}]}
    replay.answers["/graphql"] = (200, limited)
    pacer = Pacer(60_000)
    with closing(Client(f"http://127.0.0.1:{replay.server_port}", pacer=pacer)) as client:
        before = pacer.interval
        with pytest.raises(Again):
            Wire(client, KEY).ask("/graphql", "{ people { totalCount } }", paced=True)
        assert pacer.interval > before
