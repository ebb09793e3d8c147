"""What the server answers when it refuses, in the shapes that were recorded (contracts/twenty/rest-errors, graphql).

Records answer ``{"statusCode", "error", "messages": [...]}``, sometimes with a ``code``; requests that do not reach the
records answer ``{"message", "error", "statusCode"}``; GraphQL answers 200 with ``errors``.
"""

from __future__ import annotations

from typing import Any


class Refusal(Exception):
    """A request that is refused. ``code`` is REST's ``code`` and GraphQL's ``subCode``."""

    def __init__(
        self,
        message: str,
        *,
        status: int = 400,
        error: str = "BadRequestException",
        code: str | None = None,
        extensions: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.status = status
        self.error = error
        self.code = code
        self.extensions = extensions or {}

    def rest(self) -> dict[str, Any]:
        body: dict[str, Any] = {"statusCode": self.status, "error": self.error, "messages": [self.message]}
        if self.error == "Error" and self.code is not None:
            body["code"] = self.code
        return body

    def graphql(self) -> dict[str, Any]:
        extensions: dict[str, Any] = {"userFriendlyMessage": "An error occurred.", "code": "BAD_USER_INPUT"}
        if self.code is not None:
            extensions["subCode"] = self.code
        return {"message": self.message, "extensions": extensions | self.extensions}


class PlainRefusal(Refusal):
    """A request that is refused before it reaches the records; ``message`` may be a list of complaints."""

    def __init__(self, message: str | list[str], *, status: int = 400, error: str = "Bad Request") -> None:
        super().__init__(str(message), status=status, error=error)
        self.body = {"message": message, "error": error, "statusCode": status}

    def rest(self) -> dict[str, Any]:
        return self.body


class Forbidden(Refusal):
    """What only a signed-in user may do, never a key (contracts/twenty/workflow-deactivate)."""

    def __init__(self, message: str, **extensions: Any) -> None:
        super().__init__(message, status=403, extensions={"code": "FORBIDDEN"} | extensions)


class TextRefusal(Refusal):
    """A failure that the server answers as bare text (contracts/twenty/metadata-rest: a failed migration)."""

    def __init__(self, message: str, *, status: int = 500) -> None:
        super().__init__(message, status=status, error="Error")


class MetadataRefusal(Refusal):
    """Objects or fields that may not be: ``errors`` holds the causes, by kind of metadata.

    The real server adds up to forty errors that follow from the cause; the twin answers the cause alone.
    """

    def __init__(self, doing: str, errors: dict[str, list[dict[str, Any]]]) -> None:
        super().__init__(f"Multiple validation errors occurred while {doing}", error="METADATA_VALIDATION_ERROR")
        summary: dict[str, int] = {"totalErrors": sum(len(found) for found in errors.values())}
        summary |= {kind: len(found) for kind, found in errors.items()}
        first = next(iter(errors.values()))[0]["errors"][0]
        self.details = {
            "errors": errors,
            "summary": summary,
            "userFriendlyMessage": first.get("userFriendlyMessage", "Metadata validation failed"),
        }

    def rest(self) -> dict[str, Any]:
        return {"statusCode": 400, "error": self.error, "message": self.message, **self.details}

    def graphql(self) -> dict[str, Any]:
        return {"message": self.message, "extensions": {"code": "METADATA_VALIDATION_FAILED", **self.details}}


def bad_value(message: str) -> Refusal:
    """A value that the field does not take."""
    return Refusal(message, code="INVALID_ARGS_DATA")


def not_found() -> Refusal:
    return Refusal("Record not found", status=404, error="NotFoundException", code="RECORD_NOT_FOUND")


def not_null(column: str, table: str) -> Refusal:
    return Refusal(f'null value in column "{column}" of relation "{table}" violates not-null constraint')


def no_permission(status: int = 400) -> Refusal:
    """Records answer 400, metadata 403 (contracts/twenty/limits-and-permissions)."""
    return Refusal(
        "Entity performing the request does not have permission",
        status=status,
        error="Error",
        code="PERMISSION_DENIED",
        extensions={"userFriendlyMessage": "User does not have permission.", "code": "FORBIDDEN"},
    )


def inspect(value: Any) -> str:
    """A JSON value as the server's messages print it: ``'text'``, ``5``, ``[ 'X' ]``, ``{ a: 1 }``."""
    if isinstance(value, str):
        return f"'{value}'"
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, list):
        return f"[ {', '.join(inspect(item) for item in value)} ]" if value else "[]"
    if isinstance(value, dict):
        inner = ", ".join(f"{key}: {inspect(item)}" for key, item in value.items())
        return f"{{ {inner} }}" if inner else "{}"
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
