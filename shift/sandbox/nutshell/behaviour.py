"""What nobody outside the vendor knows for certain, as switches. The defaults are those that trust a client least.

A switch is set by ``--behaviour name=value``; the facts that each stands for were never tried on a real account.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields

CHOICES: dict[str, tuple[str, ...]] = {
    "rest": ("on", "absent"),
    "rest_unknown_fields": ("ignore", "refuse"),
    "activity_custom_fields": ("ignore", "refuse"),
    "create_cancelled": ("refuse", "take"),
    "impersonation": ("off", "on"),
    "rpc_owner": ("take", "ignore"),
    "lead_files": ("ignore", "refuse", "take", "append"),
    "filter": ("contains", "exact"),
    "retry_after": ("none",),
    "custom_field_cap": ("none",),
    "search_lag": ("0",),
}
NUMBERS = frozenset({"retry_after", "custom_field_cap", "search_lag"})


@dataclass(frozen=True, slots=True)
class Behaviour:
    """
    rest                    absent: this plan has no REST, all of it is a 403 page
    rest_unknown_fields     what REST does with custom fields that are not defined; RPC refuses them
    activity_custom_fields  what both do with custom fields on an activity, which has none
    create_cancelled        whether an activity may be cancelled from the start, or only by an edit
    impersonation           on: what is written in another user's name is logged as theirs
    rpc_owner               ignore: only REST's link sets an owner
    lead_files              what editLead does with files: take has the list that is sent replace the one that is there,
                            as other lists do; append only ever adds to it
    filter                  how a filter by a custom field compares
    retry_after             seconds in a 429's header, or none
    custom_field_cap        most definitions an entity may have, or none
    search_lag              seconds until lists, filters and searches show a new record
    """

    rest: str = "on"
    rest_unknown_fields: str = "ignore"
    activity_custom_fields: str = "ignore"
    create_cancelled: str = "refuse"
    impersonation: str = "off"
    rpc_owner: str = "take"
    lead_files: str = "ignore"
    filter: str = "contains"
    retry_after: str = "none"
    custom_field_cap: str = "none"
    search_lag: str = "0"

    @property
    def lag(self) -> float:
        return float(self.search_lag)

    @property
    def cap(self) -> float:
        return float("inf") if self.custom_field_cap == "none" else float(self.custom_field_cap)


def parse(settings: Iterable[str]) -> Behaviour:
    """Read ``name=value`` texts. Raises ValueError that says what is wrong with one."""
    chosen: dict[str, str] = {}
    for setting in settings:
        name, _, value = setting.partition("=")
        if name not in CHOICES:
            raise ValueError(f"'{name}' is not a behaviour; known: {', '.join(one.name for one in fields(Behaviour))}")
        if value not in CHOICES[name] and not (name in NUMBERS and _is_number(value)):
            known = ", ".join(CHOICES[name]) + (", a number" if name in NUMBERS else "")
            raise ValueError(f"'{setting}': the value is one of {known}")
        chosen[name] = value
    return Behaviour(**chosen)


def _is_number(value: str) -> bool:
    return value.replace(".", "", 1).isdigit()
