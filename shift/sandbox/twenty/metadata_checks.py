"""What the data model refuses, and in which words (contracts/twenty/metadata-rest and -relations-and-lifecycle)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from shift.sandbox.twenty.errors import MetadataRefusal, PlainRefusal
from shift.sandbox.twenty.schema import Object
from shift.sandbox.twenty.standard import RESERVED

Body = Mapping[str, Any]
Cause = dict[str, Any]
Options = list[dict[str, Any]]

WITH_OPTIONS = ("SELECT", "MULTI_SELECT")
TYPES = (
    "ACTOR ADDRESS ARRAY BOOLEAN CURRENCY DATE DATE_TIME EMAILS FILES FULL_NAME LINKS MORPH_RELATION MULTI_SELECT "
    "NUMBER NUMERIC PHONES POSITION RATING RAW_JSON RELATION RICH_TEXT SELECT TEXT TS_VECTOR UUID"
).split()

_NAME = re.compile(r"[a-z][a-zA-Z0-9]*")
_VALUE = re.compile(r"[A-Z][A-Z0-9]*(_[A-Z0-9]+)*")
_LONGEST_NAME = 63
_TOO_LONG = "Name is too long"
_MALFORMED = "Name is not valid: it must start with lowercase letter and contain only alphanumeric letters"
_RESERVED = 'This name is reserved. Use a different name or the system will add "Custom" suffix.'
_SAME_NAMES = "The singular and plural names cannot be the same for an object"
_NO_ROOM = "maxNumberOfValues must be defined in settings and be a number greater than 0 and less than or equal to 60"


def label_as_name(label: str) -> str:
    """The camel case of a label: "Clinic appointments" is ``clinicAppointments``."""
    words = re.findall(r"[A-Za-z0-9]+", label)
    return "".join(word.lower() if at == 0 else word[0].upper() + word[1:].lower() for at, word in enumerate(words))


def near_name(singular: str) -> str:
    """The field by which a companion of an object points at it: ``targetAppointment``."""
    return f"target{singular[0].upper()}{singular[1:]}"


# --- checks: each raises what the server answers ------------------------------------------------------------------


def check_texts(body: Body, keys: Iterable[str]) -> None:
    complaints = []
    for key in keys:
        if not body.get(key):
            complaints.append(f"{key} should not be empty")
        if not isinstance(body.get(key), str):
            complaints.append(f"{key} must be a string")
    if complaints:
        raise PlainRefusal(complaints)


def check_type(type_: Any) -> None:
    if type_ not in TYPES:
        raise PlainRefusal([f"type must be one of the following values: {', '.join(TYPES)}"])
    if type_ == "TS_VECTOR":
        raise refused_early("TS Vector is not supported for field creation")


def check_object(body: Body, taken: Iterable[str]) -> None:
    """``taken`` are the names of all objects there are."""
    names = singular, plural = body["nameSingular"], body["namePlural"]
    causes = [cause(problem, name, "INVALID_OBJECT_INPUT") for name in names if (problem := _problem(name))]
    if singular.lower() == plural.lower():
        causes.append(cause(_SAME_NAMES, singular, "INVALID_OBJECT_INPUT"))
    labels = label_as_name(body["labelSingular"]), label_as_name(body["labelPlural"])
    if body.get("isLabelSyncedWithName") and labels != names:
        causes.append(cause("Names are not synced with labels", None, "INVALID_OBJECT_INPUT"))
    if set(names) & set(taken):
        causes.append(cause("Object already exists", None, "OBJECT_ALREADY_EXISTS"))
    if causes:
        raise refused_object("create", singular, plural, causes)
    near = near_name(singular)
    if len(near) > _LONGEST_NAME:
        raise MetadataRefusal("creating object", {"fieldMetadata": [_entry("create", near, [cause(_TOO_LONG, near)])]})


def check_relation(payload: Any) -> None:
    if not payload:
        raise refused_early("Relation creation payload is required")
    for key in ("targetObjectMetadataId", "targetFieldLabel", "targetFieldIcon"):
        if not isinstance(payload.get(key), str):
            raise malformed_relation(f"Relation creation payload is invalid: {key} must be a string", payload)
    if payload.get("type") not in ("MANY_TO_ONE", "ONE_TO_MANY"):
        kinds = "type must be one of the following values: MANY_TO_ONE, ONE_TO_MANY"
        raise malformed_relation(f"Relation creation payload is invalid: {kinds}", payload)


def check_fields(doing: str, name: str, causes: list[Cause]) -> None:
    """``doing`` is "creating fields", "updating field" or "deleting field"."""
    if causes:
        type_ = doing.split("ing")[0] + "e"
        raise MetadataRefusal(doing, {"fieldMetadata": [_entry(type_, name, causes)]})


# --- causes: what is wrong with a field ---------------------------------------------------------------------------


def name_causes(of: Object, name: str, body: Body) -> list[Cause]:
    problem = _problem(name)
    causes = [cause(problem, name)] if problem else []
    if body.get("isLabelSyncedWithName") and label_as_name(str(body["label"])) != name:
        causes.append(cause("Name is not synced with label", body["label"], "NAME_NOT_SYNCED_WITH_LABEL"))
    joins = {field.column for field in of.fields.values() if field.relation}
    user = "another field" if name in of.fields else "another join column name" if name in joins else None
    if user:
        message = f'Name "{name}" is not available as it is already used by {user}'
        causes.append(cause(message, name, "NOT_AVAILABLE"))
    return causes


def type_causes(type_: str, name: str, body: Body, options: Options | None) -> list[Cause]:
    if type_ == "NUMERIC":
        return [cause("Field type NUMERIC is not supported for field creation. Use NUMBER instead.", type_)]
    if type_ == "POSITION":
        message = f'Field type POSITION must be named "position", got "{name}"'
        return [cause(message, name), cause("Field type POSITION must be a system field", False)]
    if type_ == "FILES":
        most = (body.get("settings") or {}).get("maxNumberOfValues")
        return [] if isinstance(most, int) and 0 < most <= 60 else [cause(_NO_ROOM)]
    return option_causes(body.get("defaultValue"), options) if type_ in WITH_OPTIONS else []


def option_causes(default: Any, options: Options | None) -> list[Cause]:
    if not options:
        return [cause("Options are required for enum fields", [])]
    causes = []
    for option in options:
        label, value = option.get("label"), option.get("value")
        if not _VALUE.fullmatch(str(value)):
            causes.append(cause(f'Value must be in UPPER_CASE and follow snake_case "{value}"', value))
        if "," in str(label):
            causes.append(cause("Label must not contain a comma", label))
    values = [option.get("value") for option in options]
    if len(set(values)) < len(values):
        causes.append(cause("Duplicated option value", options))
    defaults = default if isinstance(default, list) else [] if default is None else [default]
    return causes + [found for wanted in defaults for found in _default_causes(wanted, values)]


def _default_causes(wanted: Any, values: list[Any]) -> list[Cause]:
    if not (isinstance(wanted, str) and len(wanted) > 1 and wanted[0] == wanted[-1] == "'"):
        return [cause("Default value should be as quoted string", wanted)]
    if wanted[1:-1] not in values:
        return [cause(f'Default value "{wanted}" must be one of the option values', wanted)]
    return []


def _problem(name: str) -> str | None:
    """What is wrong with the name of an object or a field."""
    if len(name) > _LONGEST_NAME:
        return _TOO_LONG
    if not _NAME.fullmatch(name):
        return _MALFORMED
    return _RESERVED if name in RESERVED else None


# --- the shapes of refusals ---------------------------------------------------------------------------------------


def cause(message: str, value: Any = None, code: str = "INVALID_FIELD_INPUT") -> Cause:
    return {"code": code, "message": message, "userFriendlyMessage": message, "value": value}


def refused_object(type_: str, singular: str, plural: str, causes: list[Cause]) -> MetadataRefusal:
    entry = _entry(type_, "", causes) | {
        "metadataName": "objectMetadata",
        "flatEntityMinimalInformation": {"namePlural": plural, "nameSingular": singular},
    }
    return MetadataRefusal(f"{type_[:-1]}ing object", {"objectMetadata": [entry]})


def refused_early(message: str, code: str = "INVALID_FIELD_INPUT", value: Any = None) -> MetadataRefusal:
    """A field that is refused before it is checked against its object."""
    return MetadataRefusal("creating field", {"fieldMetadata": [_entry("create", "", [cause(message, value, code)])]})


def malformed_relation(message: str, payload: Any) -> MetadataRefusal:
    return refused_early(message, "FIELD_METADATA_RELATION_MALFORMED", payload)


def _entry(type_: str, name: str, causes: list[Cause]) -> dict[str, Any]:
    return {
        "status": "fail",
        "errors": causes,
        "flatEntityMinimalInformation": {"name": name},
        "metadataName": "fieldMetadata",
        "type": type_,
    }
