"""The web application: carries bytes between HTTP and the two faces, and does mischief where asked."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import msgspec
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect
from starlette.requests import Request as HttpRequest
from starlette.responses import Response
from starlette.routing import Route

from shift.sandbox.faults import STALL_SECONDS, Mischief
from shift.sandbox.nutshell import files, rest, rpc
from shift.sandbox.nutshell.door import Window, let_in
from shift.sandbox.nutshell.errors import Page, Refusal, html, rest_body
from shift.sandbox.nutshell.rest_calls import Asked, meta
from shift.sandbox.nutshell.store import Store

METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]
REFUSED = "This record is refused, because a fault was asked for"
_TITLES = {401: "Unauthorized", 403: "Forbidden", 404: "Not Found"}
_LOST = "The connection is cut before this is read."
Endpoint = Callable[[HttpRequest], Awaitable[Response]]


@dataclass
class Twin:
    """One server: its account, its key, and how it behaves. ``die`` ends the process, as a crash would."""

    store: Store
    key: str
    window: Window | None = None
    mischief: Mischief = field(default_factory=lambda: Mischief([], None))
    latency: float = 0.0
    die: Callable[[], None] = lambda: None

    def application(self) -> Starlette:
        routes = [
            Route("/api/v1/json", self._rpc, methods=["POST"]),
            Route("/rest/{path:path}", self._rest, methods=METHODS),
            Route(f"{files.PATH}/{{id:int}}", self._file, methods=["GET", "POST"]),
            Route("/{path:path}", self._nothing, methods=METHODS),
        ]
        return Starlette(routes=routes)

    # --- the two faces, and files ------------------------------------------------------------------------------------

    async def _rpc(self, request: HttpRequest) -> Response:
        await asyncio.sleep(self.latency)
        id: Any = None
        try:
            body = _parsed(await request.body())
            id = body.get("id") if isinstance(body, dict) else None
            caller = self._enter(request)
            asked = rpc.read(body)

            def answer() -> Response:
                if self.mischief.refuses(asked.new_records):
                    raise Refusal(REFUSED)
                return _json(200, {"result": rpc.call(self.store, caller, asked), "id": id, "jsonrpc": "2.0"})

            return await self._with_mischief(request, answer) if asked.writes else self._named(answer())
        except ClientDisconnect:  # nobody is there to be answered
            return Response(status_code=499)
        except Refusal as refusal:
            return self._limited(refusal, _json(refusal.status, rpc.error(refusal, id)))

    async def _rest(self, request: HttpRequest) -> Response:
        await asyncio.sleep(self.latency)
        path = f"/{request.path_params['path']}"
        asked = Asked(request.method, path, _query(request), None)
        try:
            content_type = request.headers.get("content-type", "").partition(";")[0].strip()
            asked = Asked(request.method, path, asked.query, _parsed(await request.body()), content_type)
            caller = self._enter(request)

            def answer() -> Response:
                if self.mischief.refuses(asked.new_records):
                    raise Refusal(REFUSED)
                answered = rest.call(self.store, caller, asked)
                return Response(status_code=204) if answered.body is None else _json(answered.status, answered.body)

            return await self._with_mischief(request, answer) if asked.method != "GET" else self._named(answer())
        except ClientDisconnect:  # nobody is there to be answered
            return Response(status_code=499)
        except Page as page:
            plain = page.media_type == "text/plain"
            return Response(
                page.message if plain else html(_TITLES[page.status]), page.status, media_type=page.media_type
            )
        except Refusal as refusal:
            if refusal.status in _TITLES:
                return Response(html(_TITLES[refusal.status]), refusal.status, media_type="text/html")
            return self._limited(refusal, _json(refusal.status, rest_body(refusal, asked.entity, meta(self.store))))

    async def _file(self, request: HttpRequest) -> Response:
        await asyncio.sleep(self.latency)
        id = request.path_params["id"]
        try:
            content = await request.body()
            self._enter(request)
            if request.method == "GET":
                return self._named(self._content(id, request.headers.get("range")))

            def answer() -> Response:
                files.receive(self.store, id, content)
                return Response(status_code=200)

            return await self._with_mischief(request, answer)
        except ClientDisconnect:  # nobody is there to be answered
            return Response(status_code=499)
        except Refusal as refusal:
            page = Response(html(_TITLES.get(refusal.status, refusal.message)), refusal.status, media_type="text/html")
            return self._limited(refusal, page)

    def _content(self, id: int, range: str | None) -> Response:
        status, content = files.content(self.store, id, range)
        return Response(content, status, media_type=self.store.file(id).mime)

    async def _nothing(self, request: HttpRequest) -> Response:
        return Response(html("Not Found"), 404, media_type="text/html")

    # --- around them --------------------------------------------------------------------------------------------

    def _enter(self, request: HttpRequest) -> int:
        caller = let_in(self.store, self.key, request.headers.get("authorization"))
        if self.window:
            self.window.take()
        return caller

    def _limited(self, refusal: Refusal, response: Response) -> Response:
        if refusal.status == 429 and self.store.behaviour.retry_after != "none":
            response.headers["retry-after"] = self.store.behaviour.retry_after
        return response

    def _named(self, response: Response) -> Response:
        response.headers["x-nutshell-instance-id"] = self.store.instance
        return response

    async def _with_mischief(self, request: HttpRequest, answer: Callable[[], Response]) -> Response:
        """Answer a write call, or let the fault strike whose turn it is."""
        fault = self.mischief.next_call()
        if fault == "429":
            raise Refusal("Too Many Requests", status=429)
        if fault == "500":
            raise Refusal("Internal Server Error", status=500)
        response = self._named(answer())
        if fault == "kill":
            self.die()
        if fault == "stall":
            await asyncio.sleep(STALL_SECONDS)
        if fault == "drop":
            request.state.transport.abort()
            return Response(_LOST)
        if fault == "garble":
            half = bytes(response.body)[: len(response.body) // 2]
            return Response(half or b"{", 200, media_type="application/json")
        return response


def _json(status: int, body: Any) -> Response:
    return Response(msgspec.json.encode(body), status, media_type="application/json")


def _parsed(raw: bytes) -> Any:
    try:
        return msgspec.json.decode(raw) if raw else None
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise Refusal("Parse error", code=-32700) from None


def _query(request: HttpRequest) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for key, value in request.query_params.multi_items():
        found.setdefault(key, []).append(value)
    return found
