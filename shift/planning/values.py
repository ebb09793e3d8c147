"""A plan, as values: what would become of each object's rows, and what a person chose."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Literal, get_args

from shift.destination import SchemaChange
from shift.findings import Finding
from shift.owning import Owner
from shift.planning.costs import Cost

Action = Literal[
    "create", "update", "unchanged", "matched", "linked", "adopt", "delete", "flagged", "held_back", "blocked"
]
ACTIONS: tuple[Action, ...] = get_args(Action)
WRITING: tuple[Action, ...] = ("create", "update", "adopt", "delete")
OnMissing = Literal["keep", "flag", "delete"]


@dataclass(frozen=True, slots=True)
class Reason:
    """Why rows of an object are held back or blocked: how many, and the keys of the first."""

    action: Action
    text: str
    rows: int
    examples: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ObjectPlan:
    """What would happen to one object's rows. ``counts`` has every action; ``calls`` are those that its rows take.

    ``uploads`` are the files that go along, and ``freed`` the unique values that a record gives up for another.
    """

    object: str
    model: str
    counts: Mapping[Action, int]
    reasons: tuple[Reason, ...] = ()
    calls: int = 0
    uploads: int = 0
    freed: int = 0


@dataclass(frozen=True, slots=True)
class Loss:
    """What the CRM will not hold as the clinic had it: how many values of a field, what becomes of them, the first."""

    object: str
    field: str
    what: str
    rows: int
    examples: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Plan:
    """What a load would do, in load order.

    ``calls`` and ``minutes`` are for its records, at the configured pace; ``read_back`` are the calls of a `diff` after
    it. ``costs`` are those of other choices, ``losses`` what does not go along whole, ``owners`` who takes over from
    whom.
    """

    objects: tuple[ObjectPlan, ...]
    schema: tuple[SchemaChange, ...] = ()
    findings: tuple[Finding, ...] = ()
    calls: int = 0
    minutes: float = 0.0
    read_back: int = 0
    costs: tuple[Cost, ...] = ()
    losses: tuple[Loss, ...] = ()
    owners: tuple[Owner, ...] = ()

    def blocking(self, accepted: Collection[str] = ()) -> tuple[Finding, ...]:
        """The findings that stand before a load, but those that are accepted by name (``all``: every one)."""
        names = {spelt(name) for name in accepted}
        return tuple(one for one in self.findings if one.blocking and not {one.name, "all"} & names)

    @property
    def rows_to_write(self) -> dict[str, int]:
        """By object, in load order: how many records would be written, by whichever model."""
        rows: Counter[str] = Counter()
        for one in self.objects:
            rows[one.object] += sum(one.counts[action] for action in WRITING)
        return dict(rows)

    @property
    def writes(self) -> int:
        """How many records would be written."""
        return sum(self.rows_to_write.values())

    @property
    def written(self) -> tuple[str, ...]:
        """The objects of which records would be written, in load order."""
        return tuple(object for object, rows in self.rows_to_write.items() if rows)


@dataclass(frozen=True, slots=True)
class Choices:
    """What the person chose: findings accepted by name, whether refused rows are to be tried once more, and a sample.

    ``sample``: how many records the sample is drawn around, so that only the rows of ``sample.rows`` are planned.
    """

    accepted: Collection[str] = field(default_factory=frozenset)
    retry_rejected: bool = False
    sample: int | None = None

    def accept(self, finding: str) -> bool:
        """Whether this finding may pass."""
        return not {finding, "all"}.isdisjoint(map(spelt, self.accepted))


@dataclass(frozen=True, slots=True)
class Beside:
    """What a plan reads beside the staging tables, where the project has it: tables of these columns.

    ``gone``: object, key, kept_because (null where it is certain that the source has the record no more).
    ``losses``: object, key, field, what. ``owners``: the columns of ``Owner``. ``switches`` are settings that leave an
    object out: (var, value, object).
    """

    gone: str | None = None
    losses: str | None = None
    owners: str | None = None
    switches: tuple[tuple[str, str, str], ...] = ()


def spelt(finding: str) -> str:
    """A finding's name as it is kept; on the command line a hyphen does as well."""
    return finding.replace("-", "_")
