"""The web application: carries bytes between HTTP and the rooms that answer, and does mischief where asked."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

import msgspec
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect
from starlette.requests import Request as HttpRequest
from starlette.responses import Response
from starlette.routing import Route

from shift.sandbox.twenty import metadata_rest, rest
from shift.sandbox.twenty.errors import PlainRefusal, Refusal, TextRefusal
from shift.sandbox.twenty.faults import STALL_SECONDS, Mischief
from shift.sandbox.twenty.graphql_door import GraphqlDoor, Invalid
from shift.sandbox.twenty.keys import Key, let_in
from shift.sandbox.twenty.limits import Bucket
from shift.sandbox.twenty.workspace import Workspace

MAX_BODY = 10 * 1024 * 1024
MAX_HEAD = 16 * 1024
METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]

_JSON = "application/json; charset=utf-8"
_LOST = "The connection is cut before this is read."
Endpoint = Callable[[HttpRequest], Awaitable[Response]]


@dataclass
class Twin:
    """One server: its workspace, its keys, and how it behaves. ``die`` ends the process, as a crash would."""

    workspace: Workspace
    keys: Mapping[str, Key]
    bucket: Bucket | None = None
    mischief: Mischief = field(default_factory=lambda: Mischief([], None))
    latency: float = 0.0
    die: Callable[[], None] = lambda: None

    def application(self) -> Starlette:
        graphql = GraphqlDoor(self.workspace, self.keys, self.bucket, self.mischief)
        routes = [
            Route("/rest/open-api/core", self._guarded(self._open_api), methods=["GET"]),
            Route("/rest/metadata/{path:path}", self._guarded(self._metadata), methods=METHODS),
            Route("/rest/{path:path}", self._guarded(self._records), methods=METHODS),
            Route("/graphql", self._guarded(lambda request: self._graphql(graphql, request)), methods=["POST"]),
            Route("/metadata", self._guarded(lambda request: self._data_model(graphql, request)), methods=["POST"]),
            Route("/file-upload/{id}", self._guarded(self._take_file), methods=["PUT"]),
            Route("/file/files-field/{id}", self._guarded(self._give_file), methods=["GET"]),
            Route("/{path:path}", self._guarded(self._nothing), methods=METHODS),
        ]
        return Starlette(routes=routes)

    # --- endpoints -----------------------------------------------------------------------------------------------

    async def _records(self, request: HttpRequest) -> Response:
        key = let_in(self.keys, request.headers.get("authorization"))
        if self.bucket:
            self.bucket.take(1)
        asked = await _asked(request)

        def answer() -> Response:
            if asked.method == "POST":
                self.mischief.check(_bodies(asked.body))
            return _json(*rest.call(self.workspace, key, asked))

        return await self._with_mischief(request, answer) if asked.method != "GET" else answer()

    async def _metadata(self, request: HttpRequest) -> Response:
        key = let_in(self.keys, request.headers.get("authorization"))
        return _json(*metadata_rest.call(self.workspace, key, await _asked(request)))

    async def _graphql(self, door: GraphqlDoor, request: HttpRequest) -> Response:
        asked = door.read(await _body(request))
        key = door.let_in(request.headers.get("authorization"), asked)

        def answer() -> Response:
            return _json(*door.records(asked, key))

        return await self._with_mischief(request, answer) if asked.writes else answer()

    async def _data_model(self, door: GraphqlDoor, request: HttpRequest) -> Response:
        upload = None
        if request.headers.get("content-type", "").startswith("multipart/form-data"):
            async with request.form() as form:
                operations = msgspec.json.decode(str(form["operations"]))
                file = form["0"]
                if not isinstance(file, str):
                    upload = (file.filename or "", await file.read())
            asked = door.read(operations)
        else:
            asked = door.read(await _body(request))
        key = door.let_in(request.headers.get("authorization"), asked)
        return _json(*door.metadata(asked, key, upload))

    async def _open_api(self, request: HttpRequest) -> Response:
        """The names of what can be called; the real description is long."""
        let_in(self.keys, request.headers.get("authorization"))
        paths: dict[str, Any] = {f"/{of.plural}": {} for of in self.workspace.objects.values()}
        return _json(200, {"openapi": "3.1.1", "info": {"title": "Twenty Api"}, "paths": paths})

    async def _take_file(self, request: HttpRequest) -> Response:
        stored = self.workspace.files.get(request.path_params["id"])
        if stored is None or request.query_params.get("token") != stored.token:
            raise Refusal("Token invalid.", status=403, error="FORBIDDEN_EXCEPTION")
        stored.content = await request.body()
        return Response(status_code=204)

    async def _give_file(self, request: HttpRequest) -> Response:
        stored = self.workspace.files.get(request.path_params["id"])
        if stored is None or stored.content is None or request.query_params.get("token") != stored.token:
            raise Refusal("Token invalid.", status=403, error="FORBIDDEN_EXCEPTION")
        return Response(stored.content, media_type="application/octet-stream")

    async def _nothing(self, request: HttpRequest) -> Response:
        raise PlainRefusal(f"Cannot {request.method} {request.url.path}", status=404, error="Not Found")

    # --- around them ---------------------------------------------------------------------------------------------

    def _guarded(self, endpoint: Endpoint) -> Endpoint:
        """The endpoint behind what every call meets: the size of its head, the latency, and errors as answers."""

        async def guarded(request: HttpRequest) -> Response:
            head = len(request.scope["raw_path"]) + len(request.scope["query_string"])
            if head + sum(len(name) + len(value) for name, value in request.headers.raw) > MAX_HEAD:
                return Response(status_code=431)
            if self.latency:
                await asyncio.sleep(self.latency)
            try:
                return await endpoint(request)
            except ClientDisconnect:  # nobody is there to be answered
                return Response(status_code=499)
            except Invalid as invalid:
                return _json(invalid.status, invalid.body)
            except TextRefusal as refusal:
                return _json(refusal.status, refusal.message)
            except Refusal as refusal:
                return _json(refusal.status, refusal.rest())

        return guarded

    async def _with_mischief(self, request: HttpRequest, answer: Callable[[], Response]) -> Response:
        """Answer a write call, or let the fault strike whose turn it is."""
        fault = self.mischief.next_call()
        if fault == "429":
            raise Refusal("Limit reached (100 tokens per 60000 ms)", status=429, error="HttpException")
        if fault == "500":
            raise PlainRefusal("Internal server error", status=500, error="Internal Server Error")
        response = answer()
        if fault == "kill":
            self.die()
        if fault == "stall":
            await asyncio.sleep(STALL_SECONDS)
        if fault == "drop":
            request.state.transport.abort()
            return Response(_LOST)
        if fault == "garble":
            return Response(bytes(response.body)[: len(response.body) // 2], response.status_code, media_type=_JSON)
        return response


def _json(status: int, body: Any) -> Response:
    return Response(msgspec.json.encode(body), status, media_type=_JSON)


def _bodies(body: Any) -> list[Any]:
    return body if isinstance(body, list) else [body] if isinstance(body, dict) else []


async def _asked(request: HttpRequest) -> rest.Request:
    return rest.Request(request.method, request.path_params["path"], dict(request.query_params), await _body(request))


async def _body(request: HttpRequest) -> Any:
    """The parsed body, or MISSING. Raises Refusal for one that is too large or no JSON."""
    raw = await request.body()
    if len(raw) > MAX_BODY:
        raise TextRefusal("request entity too large")
    if not raw:
        return rest.MISSING
    if request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        return dict(parse_qsl(raw.decode()))
    try:
        return msgspec.json.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return _lenient(raw)


def _lenient(raw: bytes) -> Any:
    """JSON as JavaScript takes it: lone surrogates pass."""
    try:
        return json.loads(raw)
    except ValueError:
        raise PlainRefusal("Unexpected end of JSON input") from None
