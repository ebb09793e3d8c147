"""API keys and what their roles may do (contracts/twenty/limits-and-permissions, permissions-2)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from shift.sandbox.twenty.errors import Refusal, no_permission

Right = Literal["read", "write", "delete", "data_model", "upload"]

ROLES: dict[str, frozenset[Right]] = {
    "admin": frozenset({"read", "write", "delete", "data_model", "upload"}),
    "data_only": frozenset({"read", "write"}),
    "read_only": frozenset({"read"}),
}
REVOKED = "revoked"


@dataclass(frozen=True, slots=True)
class Key:
    """A key that was let in: ``name`` is what the records say of their maker."""

    name: str
    role: str

    def may(self, right: Right) -> bool:
        return right in ROLES[self.role]

    def require(self, right: Right, *, status: int = 400) -> None:
        if not self.may(right):
            raise no_permission(status)


def let_in(keys: Mapping[str, Key], authorization: str | None) -> Key:
    """The key of a request's Authorization header. Raises Refusal as the server does at its door."""
    scheme, _, given = (authorization or "").partition(" ")
    if scheme.lower() != "bearer" or not given:
        raise _at_the_door("Missing authentication token", 403, "FORBIDDEN_EXCEPTION")
    key = keys.get(given.strip())
    if key is None:
        raise _at_the_door("Token invalid.", 401, "UNAUTHENTICATED")
    if key.role == REVOKED:
        raise _at_the_door("This API Key is revoked", 403, "FORBIDDEN_EXCEPTION")
    return key


def _at_the_door(message: str, status: int, error: str) -> Refusal:
    extensions = {"code": "UNAUTHENTICATED", "subCode": "UNAUTHENTICATED"}
    return Refusal(message, status=status, error=error, extensions=extensions)
