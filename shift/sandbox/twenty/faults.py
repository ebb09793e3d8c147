"""Faults on demand, as every twin knows them; a refused record is refused in this server's words."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from shift.sandbox import faults
from shift.sandbox.faults import STALL_SECONDS, Fault, parse
from shift.sandbox.twenty.errors import Refusal

__all__ = ["STALL_SECONDS", "Fault", "Mischief", "parse"]


class Mischief(faults.Mischief):
    """Counts write calls and records, and says which fault strikes."""

    def check(self, bodies: Iterable[Any]) -> None:
        """Raise Refusal where one of these new records is never taken."""
        if self.refuses(bodies):
            raise Refusal("This record is refused, because a fault was asked for")
