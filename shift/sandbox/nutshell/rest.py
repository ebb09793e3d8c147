"""REST: the paths that a loader, a test or a person who checks needs, of the 112 that the specification has.

Other paths are answered with the 404 page, other methods on these with the plain 405.
"""

from __future__ import annotations

import re

from shift.sandbox.nutshell import rest_activities, rest_leads, rest_parties
from shift.sandbox.nutshell.errors import Page
from shift.sandbox.nutshell.rest_calls import Answer, Asked
from shift.sandbox.nutshell.store import Store

_OPERATIONS = (*rest_activities.OPERATIONS, *rest_parties.OPERATIONS, *rest_leads.OPERATIONS)
_ROUTES = [
    (method, re.compile(path.replace("{id}", r"(?P<id>\d[^/]*)")), operation) for method, path, operation in _OPERATIONS
]


def call(store: Store, caller: int, asked: Asked) -> Answer:
    """Raises Refusal, of which Page is a kind."""
    if store.behaviour.rest == "absent":
        raise Page(403, "Forbidden")
    on_path = [
        (method, operation, found.groupdict())
        for method, pattern, operation in _ROUTES
        if (found := pattern.fullmatch(asked.path))
    ]
    if not on_path:
        raise Page(404, "Not Found")
    for method, operation, parts in on_path:
        if method == asked.method:
            return operation(store, caller, asked, parts)
    raise Page(405, "Internal Error", "text/plain")


def offered() -> frozenset[tuple[str, str]]:
    """(method, path), as the specification writes them."""
    return frozenset((method.lower(), path) for method, path, _ in _OPERATIONS)
