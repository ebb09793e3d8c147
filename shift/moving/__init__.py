"""Plan, load and read-back from end to end, as the commands call them.

What the CRM holds is pulled, what reads it is built anew, the plan is made, and only then is anything written. The
project's DuckDB file is open while it is read and written, and closed while a person thinks and while a load talks to
the CRM: its work lies in a file of its own then.
"""

from __future__ import annotations

from shift.moving.preparing import NOT_PULLED, Prepared, ensure_sources, prepare, pull, refresh
from shift.moving.reading_back import conclude, hand_over_what_stands, note_look, read_back
from shift.moving.writing import Session, carry_out, reached, writing_session

__all__ = [
    "NOT_PULLED",
    "Prepared",
    "Session",
    "carry_out",
    "conclude",
    "ensure_sources",
    "hand_over_what_stands",
    "note_look",
    "prepare",
    "pull",
    "reached",
    "read_back",
    "refresh",
    "writing_session",
]
