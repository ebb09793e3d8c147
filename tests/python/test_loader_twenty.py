"""Twenty's loader, over HTTP: against the twin, and against recorded answers that a healthy server does not give."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from uuid import uuid4

import loader_conformance as conformance
import pytest
from loader_conformance import Subject, column, contains

from loaders.twenty import Twenty, connect
from shift.destination import FieldDefinition, ObjectDefinition, Option, Record, Row, Settings
from shift.errors import Again, ConfigurationError, DestinationError, Refused, Stop
from shift.http import Call, Client, Pacer
from shift.sandbox.twenty import start

KEY = "key-of-the-tests"
LESSER_KEY = "key-that-may-only-write-records"
REVOKED_KEY = "key-of-last-year"
MEMBER = "anna@clinic.example"


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with start(api_key=KEY, keys={"data_only": LESSER_KEY, "revoked": REVOKED_KEY}, members=[MEMBER]) as address:
        yield address


def company(name: str, **fields: Any) -> Row:
    id = str(uuid4())
    return Row(key=id[:8], id=id, payload=json.dumps({"id": id, "name": name, **fields}, ensure_ascii=False))


def person(last_name: str, **fields: Any) -> Row:
    id = str(uuid4())
    return Row(key=id[:8], id=id, payload=json.dumps({"id": id, "name": {"lastName": last_name}, **fields}))


@pytest.fixture
def subject(url: str) -> Subject:
    return Subject(
        connect=connect,
        settings=Settings("twenty", url=url, api_key=KEY),
        object="company",
        rows=lambda count: [company(f"Zoë’s {at}") for at in range(count)],
        refused=lambda: company("Refused", accountOwnerId="not-a-uuid"),
        changes={"name": "Another name"},
        tables=frozenset({"members", "objects", "fields", "people", "companies", "automations"}),
        custom=ObjectDefinition("treatmentRoom", "treatmentRooms", "Treatment room", "Treatment rooms"),
        field=FieldDefinition("treatmentRoom", "sourceSystemId", "TEXT", "Source System ID", unique=True),
    )


@pytest.fixture
def twenty(subject: Subject) -> Iterator[Twenty]:
    with subject.opened() as destination:
        assert isinstance(destination, Twenty)
        yield destination


class TestConnecting(conformance.Connecting): ...


class TestPulling(conformance.Pulling): ...


class TestWriting(conformance.Writing): ...


class TestOwnIds(conformance.OwnIds): ...


class TestProvisioning(conformance.Provisioning): ...


# --- settings ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"api_key": None}, "api_key"),
        ({"api_key": ""}, "api_key"),
        ({"batch_size": 0}, "batch_size is 0"),
        ({"batch_size": 201}, "batch_size is 201"),
        ({"options": {"upsert": True}}, "upsert"),
    ],
)
def test_settings_that_twenty_cannot_use(subject: Subject, settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message) as caught, subject.opened(**settings):
        pass
    assert caught.value.where == "project.yml, destinations.twenty"


# --- keys -------------------------------------------------------------------------------------------------------


def test_a_lesser_key_opens_the_same_workspace_and_stops_where_its_rights_end(subject: Subject, twenty: Twenty) -> None:
    with subject.opened(api_key=LESSER_KEY) as lesser:
        assert isinstance(lesser, Twenty)
        assert lesser.workspace() == twenty.workspace()
        [made] = lesser.create("company", subject.rows(1))
        assert made.record is not None
        with pytest.raises(Stop, match="does not have permission") as caught:
            lesser.delete("company", [made.record])
        assert "role" in (caught.value.hint or "")
        with pytest.raises(Stop, match="does not have permission"):
            lesser.provision(FieldDefinition("company", "nickname", "TEXT", "Nickname"))
    assert list(twenty.read("company", [made.id])) == [made.record]


def test_a_revoked_key_stops(subject: Subject) -> None:
    with subject.opened(api_key=REVOKED_KEY) as revoked, pytest.raises(Stop) as caught:
        revoked.workspace()
    assert "api_key" in (caught.value.hint or "")


# --- records ----------------------------------------------------------------------------------------------------


def test_a_batch_of_two_hundred_is_one_call_and_reads_back_in_one(url: str) -> None:
    calls: list[Call] = []
    client = Client(url, pacer=Pacer(60_000), on_call=calls.append)
    twenty = connect(Settings("twenty", url=url, api_key=KEY, batch_size=200), client)
    rows = [company(f"Company {at}") for at in range(200)]
    twenty.create("company", rows)
    assert len(list(twenty.read("company", [outcome.id or "" for outcome in rows]))) == 200
    assert [found.state for found in twenty.find("company", rows)] == ["live"] * 200
    twenty.close()
    assert [(call.method, call.path) for call in calls] == [
        ("POST", "/metadata"),
        ("POST", "/rest/batch/companies"),
        ("GET", "/rest/companies"),
        ("GET", "/rest/companies"),
    ]


def test_an_email_that_is_taken_is_a_duplicate(twenty: Twenty) -> None:
    twenty.create("person", [person("First", emails={"primaryEmail": "family@example.com"})])
    other = person("Second", emails={"primaryEmail": "Family@example.com"})
    with pytest.raises(Refused, match="A duplicate entry was detected") as caught:
        twenty.create("person", [other])
    assert caught.value.duplicate
    assert [found.state for found in twenty.find("person", [other])] == ["absent"]


def test_a_soft_deleted_record_is_found_and_not_read(twenty: Twenty, url: str) -> None:
    row = company("Gone")
    [made] = twenty.create("company", [row])
    with closing(Client(url, pacer=Pacer(60_000), headers={"Authorization": f"Bearer {KEY}"})) as someone:
        someone.request("DELETE", f"/rest/companies/{made.id}?soft_delete=true")
    [found] = twenty.find("company", [row])
    assert found.state == "soft_deleted"
    assert found.record is not None and contains(found.record, {"name": "Gone"})
    assert list(twenty.read("company", [made.id])) == []


def test_what_is_deleted_is_gone_and_may_be_deleted_again(twenty: Twenty) -> None:
    rows = [company("A"), company("B"), company("C")]
    records = [outcome.record for outcome in twenty.create("company", rows) if outcome.record]
    for _ in range(2):
        assert [one.id for one in twenty.delete("company", records[:2])] == [row.id for row in rows[:2]]
    assert [found.state for found in twenty.find("company", rows)] == ["absent", "absent", "live"]
    assert list(twenty.delete("company", [])) == []


def test_no_filter_is_ever_made_of_what_is_no_uuid(twenty: Twenty) -> None:
    with pytest.raises(Stop, match="is no UUID"):
        twenty.delete("company", [Record("],deletedAt[is]:NULL", "{}")])


def test_a_row_without_id_is_told_of_its_model(twenty: Twenty) -> None:
    with pytest.raises(Stop, match="the row 42 has no id"):
        twenty.find("company", [Row("42", None, "{}")])


# --- the pull ---------------------------------------------------------------------------------------------------


def test_the_pull_tells_who_is_there(twenty: Twenty) -> None:
    email = f"{uuid4().hex}@example.com"
    row = person("Pulled", emails={"primaryEmail": email})
    twenty.create("person", [row])
    tables = {table.name: table for table in twenty.pull()}
    assert MEMBER in column(tables["members"], "email")
    people = tables["people"]
    assert people.columns[:3] == ("id", "deleted", "primary_email")
    assert (row.id, False, email) in [one[:3] for one in people.rows]
    assert {one[-1] for one in people.rows} == {None}
    assert "https://notion.com" in column(tables["companies"], "domain")


def test_the_pull_tells_of_soft_deleted_people_and_leaves_nobody_out(twenty: Twenty) -> None:
    rows = [person(f"Page {at}", deletedAt="2026-01-01T00:00:00.000Z" if at < 3 else None) for at in range(450)]
    for start_at in range(0, 450, 150):
        twenty.create("person", rows[start_at : start_at + 150])
    people = next(table for table in twenty.pull() if table.name == "people")
    deleted = dict(zip(column(people, "id"), column(people, "deleted"), strict=True))
    assert len(deleted) == len(people.rows)
    assert [deleted[row.id or ""] for row in rows] == [at < 3 for at in range(450)]


def test_the_pull_tells_of_fields(twenty: Twenty) -> None:
    fields = next(table for table in twenty.pull() if table.name == "fields")
    told = {(row[0], row[2]): dict(zip(fields.columns, row, strict=True)) for row in fields.rows}
    assert told["person", "emails"]["is_unique"] is True
    assert told["person", "company"]["relation_target"] == "company"
    choices = [option["value"] for option in json.loads(told["task", "status"]["options"])]
    assert choices == ["TODO", "IN_PROGRESS", "DONE"]


# --- provisioning -----------------------------------------------------------------------------------------------


def test_a_select_a_relation_and_a_plural_of_its_own_are_usable_at_once(twenty: Twenty) -> None:
    twenty.provision(ObjectDefinition("visitKind", "kindsOfVisit", "Visit kind", "Kinds of visit", "From Cliniko"))
    options = (Option("Long one", "LONG_ONE"), Option("Short", "SHORT"))
    twenty.provision(FieldDefinition("visitKind", "size", "SELECT", "Size", options=options))
    twenty.provision(FieldDefinition("task", "kind", "RELATION", "Kind", to="visitKind", inverse_label="Visits"))
    kind = company("Massage", size="LONG_ONE")
    twenty.create("visitKind", [kind])
    visit = Row("v", str(uuid4()), "")
    visit = replace(visit, payload=json.dumps({"id": visit.id, "title": "Massage: Ann", "kindId": kind.id}))
    [made] = twenty.create("task", [visit])
    assert made.record is not None and contains(made.record, {"kindId": kind.id})
    fields = next(table for table in twenty.pull() if table.name == "fields")
    told = {(row[0], row[2]): dict(zip(fields.columns, row, strict=True)) for row in fields.rows}
    assert told["task", "kind"]["relation_target"] == "visitKind"
    assert [option["label"] for option in json.loads(told["visitKind", "size"]["options"])] == ["Long one", "Short"]


def test_a_name_that_is_reserved_is_told_by_its_cause(twenty: Twenty) -> None:
    with pytest.raises(Refused, match="This name is reserved") as caught:
        twenty.provision(FieldDefinition("person", "address", "TEXT", "Address"))
    assert "Field metadata not found" not in str(caught.value)


# --- answers that are lost --------------------------------------------------------------------------------------


def test_a_create_whose_answer_is_lost_is_found() -> None:
    with start(api_key=KEY, faults="drop:every=1") as url:
        twenty = connect(Settings("twenty", url=url, api_key=KEY), Client(url, pacer=Pacer(60_000)))
        row = company("Lost")
        with pytest.raises(Again) as caught:
            twenty.create("company", [row])
        assert caught.value.arrived
        assert [found.state for found in twenty.find("company", [row])] == ["live"]
        twenty.close()


# --- recorded answers -------------------------------------------------------------------------------------------

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

    do_GET = do_POST = do_PATCH = answer


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


# --- updates ----------------------------------------------------------------------------------------------------


def test_what_twenty_never_takes_null_for_is_left_out_of_an_update(twenty: Twenty, subject: Subject) -> None:
    """A row that says nothing of when it was made must not cost the rest of its changes (contracts/twenty/nulls)."""
    [row] = subject.rows(1)
    [made] = twenty.create("company", [row])
    changes = {"id": None, "createdAt": None, "position": None, "name": "Another name"}
    [changed] = twenty.update("company", [Row(row.key, made.id, json.dumps(changes))])
    assert changed.record is not None
    assert json.loads(changed.record.body)["name"] == "Another name"


def test_a_note_is_emptied_by_an_empty_text(twenty: Twenty) -> None:
    """Null is a 400 for rich text, and within it too (contracts/twenty/emptying)."""
    id = str(uuid4())
    twenty.create("note", [Row("n", id, json.dumps({"id": id, "bodyV2": {"markdown": "It hurts."}}))])
    [changed] = twenty.update("note", [Row("n", id, json.dumps({"bodyV2": {"markdown": None}}))])
    assert changed.record is not None
    assert json.loads(changed.record.body)["bodyV2"]["markdown"] in ("", None)
