"""What a Nutshell account holds beside records: users, activity types and custom fields; and adding custom fields."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

import msgspec

from shift.destination import AddedOptions, FieldDefinition, ObjectDefinition, Receipt, Rights, SchemaChange, Table
from shift.errors import Refused, Stop

from .nutshell_looking import MARKS, Looking
from .nutshell_records import KINDS, NATIVE, id_of
from .nutshell_wire import CHECK_URL, Rest, Rpc

# rest-customfields: these words are a public toolkit's; the specification has none. A field with choices is a Decision.
TYPES = ("Text", "LongText", "Currency", "Date", "Decision")
CHOICE = "Decision"
# A table of the pull that is named as an object's plural holds all of its records.
OBJECTS = (
    ("person", "people", "Person"),
    ("company", "companies", "Company"),
    ("lead", "leads", "Lead"),
    ("file", "files", "File"),
    ("activity", "activities", "Activity"),
    ("note", "notes", "Note"),
    ("user", "users", "User"),
)
NO_REST = "REST, which definitions and look-ups need, does not answer for this key: it may not be part of the plan"


class Account:
    """What stands still during a load; users are asked for once."""

    def __init__(self, rpc: Rpc, rest: Rest, looking: Looking, user: str) -> None:
        self._rpc = rpc
        self._rest = rest
        self._looking = looking
        self._user = user
        self._users: list[dict[str, Any]] = []

    def instance(self) -> str:
        """The account's id, which REST tells with every answer. Raises Stop for a plan that has no REST."""
        try:
            answer = self._rest.get("/activitytypes")
        except Stop as error:
            if error.status == 403:
                raise Stop(NO_REST, hint="Ask Nutshell which plan has it.", status=403) from None
            raise
        instance = (answer.get("meta") or {}).get("instanceId") if isinstance(answer, dict) else None
        if not instance:
            raise Stop("what answers is not Nutshell", hint=CHECK_URL)
        return str(instance)

    def tables(self) -> Iterator[Table]:
        """All that models read, small tables first.

        `impersonation` has one row, where the account has another enabled user: in whose name a call was made, and
        whom the account took for its caller, if it took it at all.
        """
        yield Table(
            "objects",
            ("id", "name", "plural", "label"),
            [(plural, name, plural, label) for name, plural, label in OBJECTS],
        )
        fields = {object: self._definitions(object) for object in MARKS}
        yield Table(
            "fields",
            ("object", "id", "name", "type", "label", "is_unique", "options", "relation_target"),
            [(object, *_field(one)) for object, known in fields.items() for one in known],
        )
        yield Table(
            "custom_fields",
            ("object", "id", "name", "type", "choices"),
            [
                (object, one.get("id"), _name(one), _type(one), _json(one.get("enum") or []))
                for object, known in fields.items()
                for one in known
            ],
        )
        users = list(map(_user, self.users()))
        yield Table("users", ("id", "name", "email", "emails", "enabled", "administrator"), users)
        types = self._rest.listed("/activitytypes", "activityTypes")
        yield Table("activity_types", ("id", "name"), [(one["id"], one["name"]) for one in types])
        yield Table("impersonation", ("tried_as", "taken_for"), list(self._impersonation()))
        choices = [_name(one) for one in fields["person"] if _type(one) == CHOICE]
        yield Table(
            "people",
            ("id", "deleted", "name", "email", "emails", "cliniko_patient_id", "choices"),
            list(self._people(choices)),
        )
        columns = ("id", "deleted", "name", "cliniko_contact_id", "domains")
        yield Table("companies", columns, list(self._companies()))

    def users(self) -> list[dict[str, Any]]:
        self._users = self._users or self._rest.listed("/users", "users")
        return self._users

    def email(self, id: str) -> str:
        """The address under which a user is impersonated."""
        for user in self.users():
            if user["id"] == id and user.get("emails"):
                return str(user["emails"][0])
        raise Refused(f"there is no user {id} with an address")

    def _impersonation(self) -> Iterator[tuple[str, str | None]]:
        """What the account makes of a call in another user's name: one that only reads, of the caller itself."""
        own = self._user.casefold()
        for user in self.users():
            if user.get("isEnabled") and user.get("emails") and own not in _folded(user):
                email = str(user["emails"][0])
                try:
                    taken_for = id_of(self._rpc.call("getUser", {}, as_user=email))
                except Stop as error:
                    if error.status != 401:
                        raise
                    taken_for = None
                yield user["id"], taken_for
                return

    def rights(self) -> Rights:
        own = self._user.casefold()
        user = next((one for one in self.users() if own in _folded(one)), None)
        if user is None:
            return Rights(read=True)
        permissions = user.get("permissions") or {}
        return Rights(read=True, delete=permissions.get("canDeleteEntities"))

    def define(self, change: SchemaChange) -> Receipt:
        """Make a definition. The answer's form is not known, so that its id may be the name."""
        against = objections(change)
        if against or not isinstance(change, FieldDefinition):
            raise Refused("; ".join(against), where=getattr(change, "name", None))
        body: dict[str, Any] = {"name": change.name, "type": change.type}
        if change.type == CHOICE:
            body |= {"choices": [option.label for option in change.options], "isMultiple": False}
        answer = self._rest.post(f"/{KINDS[change.object].plural}/customfield", body)
        id = answer.get("id") if isinstance(answer, dict) else None
        return Receipt(change, id=str(id or change.name))

    def _definitions(self, object: str) -> list[dict[str, Any]]:
        """rest-customfields: the specification has a bare list, real data one in ``customFields``."""
        answer = self._rest.get(f"/{KINDS[object].plural}/customfields/attributes")
        return list(answer.get("customFields") or []) if isinstance(answer, dict) else list(answer)

    def _people(self, choices: Collection[str]) -> Iterator[tuple[Any, ...]]:
        """``choices`` are the names of their fields of choices."""
        for record in self._looking.every("person"):
            body = msgspec.json.decode(record.body)
            emails = [str(one["value"]).lower() for one in body["emails"]]
            name = body["name"] or {}
            plain = " ".join(filter(None, (name.get("givenName"), name.get("familyName"))))
            chosen = _json({field: body[field] for field in choices if body.get(field)})
            yield record.id, False, plain, next(iter(emails), None), _json(emails), body.get(MARKS["person"]), chosen

    def _companies(self) -> Iterator[tuple[Any, ...]]:
        for record in self._looking.every("company"):
            body = msgspec.json.decode(record.body)
            domains = [str(one["value"]).lower().partition("@")[2] for one in body["emails"]]
            yield record.id, False, body["name"], body.get(MARKS["company"]), _json(domains)


def objections(change: SchemaChange) -> list[str]:
    """Why Nutshell would not make this, or nothing could be written to it; no call is made."""
    if isinstance(change, ObjectDefinition):
        return [f"Nutshell has no objects of one's own, such as '{change.name}'"]
    if isinstance(change, AddedOptions):
        lacking = ", ".join(option.label for option in change.options)
        return [f"no API adds choices to '{change.name}'; add these in Nutshell's settings: {lacking}"]
    found = []
    if change.object not in MARKS:
        found.append(f"Nutshell has custom fields on people, companies and leads, none on '{change.object}'")
    if change.type not in TYPES:
        found.append(f"'{change.type}' is no type of Nutshell's: {', '.join(TYPES)}")
    if change.name.casefold() in NATIVE:
        found.append(f"'{change.name}' is a field that every record has; give the custom field another name")
    if change.label != change.name:
        found.append(f"'{change.name}' would be labelled '{change.label}', and Nutshell knows a field by its label")
    if change.type == CHOICE and not change.options:
        found.append(f"'{change.name}' has no choices, and none can be added later by API")
    return found


def _field(one: Mapping[str, Any]) -> tuple[Any, ...]:
    options = [{"label": choice, "value": choice} for choice in one.get("enum") or []]
    return one.get("id"), _name(one), _type(one), _name(one), False, _json(options), None


def _name(one: Mapping[str, Any]) -> str:
    return str(one.get("title") or one.get("name") or one.get("id"))


def _type(one: Mapping[str, Any]) -> str:
    """One of the words that a definition is made with, where it can be told; the form that is read is not attested."""
    told = str(one.get("type") or "")
    if one.get("enum"):
        return CHOICE
    if told.casefold() == "string":
        return "Text"
    return next((type for type in TYPES if type.casefold() == told.casefold()), told)


def _user(one: Mapping[str, Any]) -> tuple[Any, ...]:
    emails = _folded(one)
    return (
        one["id"],
        one.get("name"),
        next(iter(emails), None),
        _json(emails),
        *(bool(one.get(name)) for name in ("isEnabled", "isAdministrator")),
    )


def _folded(user: Mapping[str, Any]) -> list[str]:
    return [str(email).casefold() for email in user.get("emails") or []]


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode()
