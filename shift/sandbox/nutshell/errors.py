"""What the server answers when it refuses. Each face has its own bodies, and some are no JSON (rest-errors)."""

from __future__ import annotations

from typing import Any

PATCH_TYPE_NEEDED = "application/json-patch+json is required, see http://jsonapi.org"


class Refusal(Exception):
    """A request that is refused. ``code`` is JSON-RPC's, where it is not the status."""

    def __init__(self, message: str, *, status: int = 400, code: int | None = None, detail: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.status = status
        self.code = status if code is None else code
        self.detail = detail


class Page(Refusal):
    """What the framework answers itself in REST: an HTML page (401, 403, 404), or a plain text."""

    def __init__(self, status: int, words: str, media_type: str = "text/html") -> None:
        super().__init__(words, status=status)
        self.media_type = media_type


def unauthorized() -> Refusal:
    return Refusal("API key not found", status=401)


def not_found() -> Refusal:
    return Refusal("Not found", status=404)


def stale() -> Refusal:
    return Refusal("rev key is out-of-date", status=409)


def not_a_custom_field(name: str) -> Refusal:
    return Refusal(f"{name} is not a custom field")


def html(title: str) -> str:
    return f"<!DOCTYPE html><html><head><title>An Error Occurred: {title}</title></head><body></body></html>"


def rest_body(refusal: Refusal, entity: str, meta: dict[str, Any]) -> dict[str, Any]:
    """The list form of a 400, with the empty list of the entity that was asked for; a 500 is shorter."""
    if refusal.status >= 500:
        return {"code": refusal.status, "message": refusal.message}
    error = {
        "id": None,
        "type": "errors",
        "code": None,
        "detail": refusal.detail,
        "href": None,
        "status": str(refusal.status),
        "title": refusal.message,
        "field": None,
    }
    return {"meta": meta, "links": {}, entity: [], "errors": [error]}
