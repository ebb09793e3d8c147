"""What Twenty's data model would refuse, known without a call (`contracts/twenty`, metadata-rest, metadata-relations).

A refusal of the real server buries its cause under dozens of errors that follow from it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from shift.destination import AddedOptions, FieldDefinition, ObjectDefinition, Option, SchemaChange

from .twenty_data_model import Object, far_label

LONGEST_NAME = 63
CREATABLE = frozenset(
    "ACTOR ADDRESS ARRAY BOOLEAN CURRENCY DATE DATE_TIME EMAILS FILES FULL_NAME LINKS MULTI_SELECT NUMBER PHONES "
    "RATING RAW_JSON RELATION RICH_TEXT SELECT TEXT UUID".split()
)
_PAIRS = (
    "approvedAccessDomain appToken billingCustomer billingEntitlement billingMeter billingProduct billingSubscription "
    "billingSubscriptionItem featureFlag job keyValuePair pageLayout pageLayoutTab pageLayoutWidget twoFactorMethod "
    "user userWorkspace workspace role userWorkspaceRole plan event field link object relation type"
).split()
_ODD = "currency currencies address addresses search searches fullNames index aggregate".split()
RESERVED = frozenset([*_PAIRS, *(f"{name}s" for name in _PAIRS), *_ODD])
# standard-objects: the parts of a composite are columns beside it, under both names together.
PARTS = {
    "FULL_NAME": ("firstName", "lastName"),
    "EMAILS": ("primaryEmail", "additionalEmails"),
    "PHONES": ("primaryPhoneNumber", "primaryPhoneCountryCode", "primaryPhoneCallingCode", "additionalPhones"),
    "LINKS": ("primaryLinkUrl", "primaryLinkLabel", "secondaryLinks"),
    "ADDRESS": (
        "addressStreet1",
        "addressStreet2",
        "addressCity",
        "addressState",
        "addressPostcode",
        "addressCountry",
        "addressLat",
        "addressLng",
    ),
    "CURRENCY": ("amountMicros", "currencyCode"),
    "RICH_TEXT": ("blocknote", "markdown"),
    "ACTOR": ("source", "workspaceMemberId", "name", "context"),
}
_NAME = re.compile(r"[a-z][a-zA-Z0-9]*")
_VALUE = re.compile(r"[A-Z][A-Z0-9]*(_[A-Z0-9]+)*")


def objections(change: SchemaChange, known: Mapping[str, Object]) -> Iterator[str]:
    """Why Twenty would not make this; ``known`` is the data model as far as it was read."""
    if isinstance(change, ObjectDefinition):
        yield from _to_object(change, known)
    elif isinstance(change, FieldDefinition):
        yield from _to_field(change, known)
    else:
        yield from _to_more_options(change, known)


def _to_object(wanted: ObjectDefinition, known: Mapping[str, Object]) -> Iterator[str]:
    for name in (wanted.name, wanted.plural):
        yield from _to_name(name)
    if len(_target(wanted.name)) > LONGEST_NAME:
        yield f"'{wanted.name}' is longer than {LONGEST_NAME - len('target')} letters"
    if wanted.name.lower() == wanted.plural.lower():
        yield "its singular and its plural are the same"
    if not wanted.label or not wanted.label_plural:
        yield "it has no label"
    taken = {name for object in known.values() for name in (object.name_singular, object.name_plural)}
    for name in sorted({wanted.name, wanted.plural} & taken):
        yield f"'{name}' is the name of an object that is there"


def _to_field(wanted: FieldDefinition, known: Mapping[str, Object]) -> Iterator[str]:
    yield from _to_name(wanted.name)
    if wanted.type not in CREATABLE:
        yield f"{wanted.type} is no type of field"
    if not wanted.label:
        yield "it has no label"
    if wanted.type in ("SELECT", "MULTI_SELECT"):
        yield from _to_options(wanted.options, ())
    own = known.get(wanted.object)
    join_column = [f"{wanted.name}Id"] if wanted.type == "RELATION" else []
    if own:
        yield from _to_columns([wanted.name, *join_column, *_parts(wanted.name, wanted.type)], own)
    if wanted.type == "RELATION":
        label = far_label(wanted, own.label_plural if own else wanted.object)
        far_name = camel_case(label)
        for objection in _to_name(far_name):
            yield f"the far side '{label}': {objection}"
        if (there := known.get(wanted.to or "")) is not None:
            for objection in _to_columns([far_name], there):
                yield f"the far side '{label}': {objection}"


def _to_more_options(wanted: AddedOptions, known: Mapping[str, Object]) -> Iterator[str]:
    there = [field for field in known[wanted.object].fields_list if field.name == wanted.name] if known else []
    held = [option for field in there for option in field.options or ()]
    yield from _to_options(wanted.options, [str(option["value"]) for option in held])


def _to_name(name: str) -> Iterator[str]:
    if len(name) > LONGEST_NAME:
        yield f"'{name}' is longer than {LONGEST_NAME} letters"
    if not _NAME.fullmatch(name):
        yield f"'{name}' is not in camel case: letters and digits alone, the first a small letter"
    if name in RESERVED:
        yield f"'{name}' is a reserved name"


def _to_options(options: Sequence[Option], held: Sequence[str]) -> Iterator[str]:
    if not options:
        yield "it has no options"
    for option in options:
        if not _VALUE.fullmatch(option.value):
            yield f"the option '{option.value}' is not in upper snake case, with a letter first"
        if "," in option.label:
            yield f"the label '{option.label}' holds a comma"
    values = [*held, *(option.value for option in options)]
    for value in sorted({value for value in values if values.count(value) > 1}):
        yield f"the option '{value}' is there twice"


def _to_columns(wanted: Iterable[str], there: Object) -> Iterator[str]:
    """A name may be neither a field's, nor a relation's join column, nor a part of a composite."""
    taken = {column for field in there.fields_list for column in [field.name, *_parts(field.name, field.type)]}
    taken |= {field.join_column for field in there.fields_list if field.join_column}
    for name in wanted:
        if name in taken:
            yield f"'{name}' is taken on {there.name_singular}"


def _parts(name: str, type: str) -> list[str]:
    return [f"{name}{part[0].upper()}{part[1:]}" for part in PARTS.get(type, ())]


def _target(name: str) -> str:
    """links-and-members: how notes, tasks and files call their link to the object."""
    return f"target{name[:1].upper()}{name[1:]}"


def camel_case(label: str) -> str:
    """The name that Twenty makes of a label: "Clinic appointments" is ``clinicAppointments``."""
    words = re.findall(r"[A-Za-z0-9]+", label)
    return "".join(word.lower() if at == 0 else word.capitalize() for at, word in enumerate(words))
