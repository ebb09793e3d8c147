"""What a key may do, found out without writing anything: each probe means a record that nobody has.

permissions-2, limits-and-permissions: what a role may not is refused before it is looked at.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from uuid import uuid4

from shift.destination import Rights
from shift.errors import Refused, Stop

from .twenty_wire import Wire

# graphql: a document may have so many root fields, each name once. The rate limit counts the fields.
MOST_FIELDS = 20
COMPLETE_UPLOAD = "mutation($i: String!) { completeFileUpload(fileId: $i) { id } }"


def rights(wire: Wire, plurals: Sequence[str]) -> Rights:
    """May the key do this with every one of these objects?"""
    nobody = f'filter: {{id: {{eq: "{uuid4()}"}}}}'

    def each(verb: str, arguments: str) -> Callable[[], None]:
        def ask() -> None:
            for fields in _documents(plurals, verb, arguments):
                wire.ask("/graphql", fields, paced=True)

        return ask

    return Rights(
        read=_may(lambda: [wire.count(plural) for plural in plurals[:1]]),
        write=_may(each("update", f"{nobody}, data: {{position: 0}}")),
        delete=_may(each("destroy", nobody)),
        change_schema=_may(lambda: wire.send("GET", "/rest/metadata/objects?limit=1", paced=False)),
        upload=_may(lambda: wire.ask("/metadata", COMPLETE_UPLOAD, {"i": str(uuid4())})),
    )


def _documents(plurals: Sequence[str], verb: str, arguments: str) -> Iterator[str]:
    for start in range(0, len(plurals), MOST_FIELDS):
        fields = [f"{verb}{name[0].upper()}{name[1:]}({arguments}) {{ id }}" for name in plurals[start:][:MOST_FIELDS]]
        yield f"mutation {{ {' '.join(fields)} }}"


def _may(probe: Callable[[], object]) -> bool | None:
    """False where the role is what stands in the way. What else is refused was refused after the role was looked at."""
    try:
        probe()
    except Stop as error:
        return False if "permission" in error.message else None
    except Refused:
        pass
    return True
