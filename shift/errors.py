"""What can go wrong, sorted by who must act.

    ShiftError                  exit 1
    ├── ConfigurationError      exit 2   project.yml, a YAML file or the command line says something wrong
    ├── ExportError             exit 2   the exports are not there, or are not what their names say
    ├── ModelError              exit 1   a model, test or macro that does not compile or run
    ├── BlockedError            exit 1   a failing test or an open question stands before a load
    ├── LedgerError             exit 1   the ledger is held by another process, or belongs to another workspace
    └── DestinationError        exit 1   the CRM …
        ├── Again               … may take the same call later: rate limit, time-out, 5xx
        ├── Refused             … will not have this data: reject the row, go on with the rest
        └── Stop                … will not have anything from us: credentials, permission, wrong address

Every one of them is a sentence for a person: what happened, where, and what to do. The command line prints it
and nothing else; only a fault of shift's own shows a traceback.
"""

from __future__ import annotations


class ShiftError(Exception):
    """The root of all errors that a person can act on.

    ``where`` is a place (``models/twenty/twenty__person.sql:12``, ``person 42``); ``hint`` says what to do next.
    """

    exit_code = 1

    def __init__(self, message: str, *, where: str | None = None, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.where = where
        self.hint = hint

    def __str__(self) -> str:
        text = f"{self.where}: {self.message}" if self.where else self.message
        return f"{text}\n{self.hint}" if self.hint else text


class ConfigurationError(ShiftError):
    exit_code = 2


class ExportError(ShiftError):
    exit_code = 2


class ModelError(ShiftError):
    pass


class BlockedError(ShiftError):
    pass


class LedgerError(ShiftError):
    pass


class DestinationError(ShiftError):
    """A call to a CRM that did not do what it should; ``status`` is the HTTP status, where there was one."""

    def __init__(
        self, message: str, *, where: str | None = None, hint: str | None = None, status: int | None = None
    ) -> None:
        super().__init__(message, where=where, hint=hint)
        self.status = status


class Again(DestinationError):
    """The same call may succeed later.

    ``arrived`` is False where the CRM certainly did nothing (a rate limit, a connection never made) and True
    where it may have (an answer that was lost, a 5xx): such a call is looked up before it is sent again.
    ``retry_after`` is the CRM's own wish in seconds, where it named one.
    """

    def __init__(
        self,
        message: str,
        *,
        arrived: bool,
        retry_after: float | None = None,
        status: int | None = None,
        where: str | None = None,
        hint: str | None = None,
    ) -> None:
        super().__init__(message, where=where, hint=hint, status=status)
        self.arrived = arrived
        self.retry_after = retry_after


class Refused(DestinationError):
    """The CRM refused the data of this call; ``duplicate`` where it says that something of it is there already."""

    def __init__(
        self,
        message: str,
        *,
        duplicate: bool = False,
        status: int | None = None,
        where: str | None = None,
        hint: str | None = None,
    ) -> None:
        super().__init__(message, where=where, hint=hint, status=status)
        self.duplicate = duplicate


class Stop(DestinationError):
    pass
