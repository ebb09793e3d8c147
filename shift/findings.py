"""What a person should know before a load."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """Something to know before a load. A blocking one stops it, unless ``--accept`` names it."""

    name: str
    message: str
    examples: tuple[str, ...] = ()
    blocking: bool = True
