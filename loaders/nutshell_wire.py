"""Nutshell's wire: one small client for JSON-RPC and one for REST, and what their errors mean.

Facts about the service are named by the file that holds them: "rest-errors: …".
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, BinaryIO
from urllib.parse import urlsplit

from shift.errors import Again, DestinationError, Refused, Stop
from shift.http import Client, Response

RPC = "/api/v1/json"
HOME = "nutshell.com"
JSON_PATCH = "application/json-patch+json"

CHECK_KEY = "Check the destination's user and api_key: Setup, API keys."
CHECK_AUTHOR = "Set `impersonate: false`, or give the key user impersonation in Setup, API keys."
CHECK_RIGHT = "Give the key's user this right in Nutshell."
CHECK_URL = "The destination's url is https://app.nutshell.com, unless it is told otherwise."
PLAN_AGAIN = "The account is not as the models expect it: a new plan shows what is missing."

# rpc-envelope: these words alone are attested, not their code. What is unknown for this row is so for every other.
_UNKNOWN_FIELD = re.compile("is not a custom field")
_DUPLICATE = re.compile("already exists", re.IGNORECASE)
_NO_METHOD, _INTERNAL = -32601, -32603


class Rpc:
    """JSON-RPC, with named parameters."""

    def __init__(self, client: Client, user: str, api_key: str) -> None:
        self._client = client
        self._user = user
        self._api_key = api_key

    def call(self, method: str, params: Mapping[str, Any], *, as_user: str | None = None) -> Any:
        """The result. ``as_user`` is the e-mail of whoever is to be logged as the author, where the key allows it."""
        response = self._client.request(
            "POST",
            RPC,
            json={"jsonrpc": "2.0", "id": "1", "method": method, "params": dict(params)},
            headers=_login(as_user or self._user, self._api_key),
        )
        body = _decoded(response)
        # rpc-envelope: older answers have `error: null` beside their result.
        error = body.get("error") if isinstance(body, dict) else None
        if response.ok and isinstance(body, dict) and "result" in body and error is None:
            return body["result"]
        if response.ok and error is None:
            raise Again("the answer holds no result", arrived=True, status=response.status, where=method)
        if as_user and response.status == 401:
            raise Stop(f"the key may not write in the name of {as_user}", status=401, where=method, hint=CHECK_AUTHOR)
        said = error if isinstance(error, dict) else {}
        raise _error(method, response, str(said.get("message") or ""), said.get("code"))


class Rest:
    """REST, for what JSON-RPC cannot do. Paths are below ``/rest``."""

    def __init__(self, client: Client, user: str, api_key: str) -> None:
        self._client = client
        self._login = _login(user, api_key)

    def get(self, path: str, query: Mapping[str, str] | None = None) -> Any:
        return self._send("GET", path, query=query).json()

    def listed(self, path: str, name: str, query: Mapping[str, str] | None = None) -> list[dict[str, Any]]:
        """The list that an answer holds under this name. One that holds none is a lost answer."""
        answer = self.get(path, query)
        found = answer.get(name) if isinstance(answer, dict) else None
        if not isinstance(found, list):
            raise Again(f"the answer holds no '{name}'", arrived=True, where=f"GET /rest{path}")
        return found

    def post(self, path: str, body: object) -> Any:
        """The answer's body; None where it is none that can be read, which a definition's need not be."""
        return _decoded(self._send("POST", path, json.dumps(body, ensure_ascii=False), "application/json"))

    def patch(self, path: str, operations: Sequence[Mapping[str, Any]]) -> None:
        """rest-errors: any other media type is refused."""
        self._send("PATCH", path, json.dumps(operations, ensure_ascii=False), JSON_PATCH)

    def delete(self, path: str) -> None:
        self._send("DELETE", path)

    def _send(
        self,
        method: str,
        path: str,
        content: str | None = None,
        media_type: str | None = None,
        query: Mapping[str, str] | None = None,
    ) -> Response:
        headers = self._login | ({"Content-Type": media_type} if media_type else {})
        response = self._client.request(method, f"/rest{path}", content=content, params=query, headers=headers)
        if response.ok:
            return response
        raise _error(f"{method} /rest{path}", response, _words(_decoded(response)), None)


class Addresses:
    """The addresses that files are given: on another host than the APIs, it may be, with the same key (rpc-files)."""

    def __init__(self, client: Client, user: str, api_key: str) -> None:
        self._client = client
        self._login = _login(user, api_key)

    def send(self, address: str | None, content: BinaryIO, media_type: str) -> None:
        headers = self._login | {"Content-Type": media_type}
        response = self._client.request("POST", self._known(address), content=content, headers=headers)
        if not response.ok:
            raise _of_file("POST", response)

    def fetch(self, address: str | None) -> bytes | None:
        """All bytes; None where there are none yet."""
        response = self._client.request("GET", self._known(address), headers=self._login)
        if response.status == 404:
            return None
        if not response.ok:
            raise _of_file("GET", response)
        return response.content

    def _known(self, address: str | None) -> str:
        """The key goes to nobody else. Raises Stop for an address that is not Nutshell's, Refused for none."""
        if not address:
            raise Refused("Nutshell tells no address of this file")
        there, ours = urlsplit(address), urlsplit(self._client.origin)
        at_home = all((one.hostname or "").endswith(f".{HOME}") for one in (there, ours))
        if there.scheme == ours.scheme and (at_home or there.netloc == ours.netloc):
            return address
        raise Stop(f"a file's address is on another host, {there.hostname}, which is not given the key")


def _of_file(method: str, response: Response) -> DestinationError:
    if response.status == 404:
        return Refused("the file's address is gone", status=404)
    return _error(f"{method} a file", response, _words(_decoded(response)), None)


def _login(user: str, api_key: str) -> dict[str, str]:
    return {"Authorization": f"Basic {base64.b64encode(f'{user}:{api_key}'.encode()).decode()}"}


def _decoded(response: Response) -> Any:
    """The body, None for one that is no JSON (rest-errors: HTML pages for 401 and 404, plain text for 405)."""
    try:
        return json.loads(response.content)
    except ValueError:
        return None


def _words(body: Any) -> str:
    """rest-errors: a list of errors, or the framework's own message."""
    if not isinstance(body, dict):
        return ""
    errors = [one for one in body.get("errors") or [] if isinstance(one, dict)]
    told = ["; ".join(str(one[key]) for key in ("title", "detail") if one.get(key)) for one in errors]
    return "; ".join(filter(None, told)) or str(body.get("message") or "")


def _error(where: str, response: Response, words: str, code: Any) -> DestinationError:
    """What an answer that is no success means: again, stop, or this row. ``code`` is JSON-RPC's."""
    status = code if response.ok and isinstance(code, int) and code > 0 else response.status
    said = words or f"HTTP {status}"
    if status == 429:
        return Again(said, arrived=False, status=429, retry_after=response.retry_after, where=where)
    if status == 401:
        return Stop(said, where=where, hint=CHECK_KEY, status=status)
    if status == 403:
        return Stop(said, where=where, hint=CHECK_RIGHT, status=status)
    if status == 409:
        # rpc-envelope: "rev key is out-of-date". Somebody wrote since it was read; it is to be read again.
        return Again(said, arrived=True, status=status, where=where)
    if status >= 500 or code == _INTERNAL:
        return Again(said, arrived=True, status=status, retry_after=response.retry_after, where=where)
    if code == _NO_METHOD or status in (405, 415):
        return Stop(said, where=where, hint=CHECK_URL, status=status)
    if _UNKNOWN_FIELD.search(words):
        return Stop(said, where=where, hint=PLAN_AGAIN, status=status)
    if status == 404 and code is None and not where.partition("/rest/")[2].partition("/")[2]:
        return Stop(f"what answers is not Nutshell: {said}", where=where, hint=CHECK_URL, status=status)
    return Refused(said, duplicate=bool(_DUPLICATE.search(words)), status=status, where=where)
