"""The data model of a workspace: objects and their fields, as the metadata calls show them."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

SUBFIELDS: dict[str, tuple[str, ...]] = {
    "FULL_NAME": ("firstName", "lastName"),
    "EMAILS": ("primaryEmail", "additionalEmails"),
    "PHONES": ("primaryPhoneNumber", "primaryPhoneCountryCode", "primaryPhoneCallingCode", "additionalPhones"),
    "LINKS": ("primaryLinkLabel", "primaryLinkUrl", "secondaryLinks"),
    "ADDRESS": (
        "addressStreet1",
        "addressStreet2",
        "addressCity",
        "addressPostcode",
        "addressState",
        "addressCountry",
        "addressLat",
        "addressLng",
    ),
    "CURRENCY": ("amountMicros", "currencyCode"),
    "RICH_TEXT": ("blocknote", "markdown"),
    "ACTOR": ("source", "workspaceMemberId", "name", "context"),
}
_LIST_SUBFIELDS = frozenset({"additionalEmails", "additionalPhones", "secondaryLinks"})
_NULL_SUBFIELDS = frozenset(
    {"addressLat", "addressLng", "amountMicros", "currencyCode", "blocknote", "workspaceMemberId", "context"}
)
LIST_TYPES = frozenset({"ARRAY", "MULTI_SELECT"})
UNIQUE_SUBFIELD = {"EMAILS": "primaryEmail", "LINKS": "primaryLinkUrl"}


def empty_composite(type_: str) -> dict[str, Any]:
    """How an empty composite is answered (contracts/twenty/rest-create, "empty body person")."""
    return {
        name: [] if name in _LIST_SUBFIELDS else None if name in _NULL_SUBFIELDS else "" for name in SUBFIELDS[type_]
    }


class Relation(msgspec.Struct):
    """One side of a relation. The side that holds the join column is MANY_TO_ONE."""

    kind: Literal["MANY_TO_ONE", "ONE_TO_MANY"]
    target_object: str
    target_field: str
    on_delete: Literal["SET_NULL", "CASCADE"] = "SET_NULL"


class Field(msgspec.Struct, kw_only=True):
    """One field of an object. ``default`` is as metadata writes it: texts stand inside single quotes."""

    id: str
    object_id: str
    type: str
    name: str
    label: str
    description: str | None = None
    icon: str | None = None
    active: bool = True
    system: bool = False
    custom: bool = False
    nullable: bool = True
    unique: bool = False
    label_synced: bool = False
    default: Any = None
    options: list[dict[str, Any]] | None = None
    settings: dict[str, Any] | None = None
    relation: Relation | None = None
    created_at: str = ""
    updated_at: str = ""

    @property
    def column(self) -> str | None:
        """The record's key that holds this field's value; None for the far side of a relation."""
        if self.relation is None:
            return self.name
        return f"{self.name}Id" if self.relation.kind == "MANY_TO_ONE" else None

    @property
    def choices(self) -> list[str]:
        return [str(option["value"]) for option in self.options or ()]

    def plain_default(self) -> Any:
        """The default as a record holds it: its texts without the quotes."""
        return _unquoted(self.default)

    def empty(self) -> Any:
        """How the field is answered where the record has no value."""
        if self.type in SUBFIELDS:
            return empty_composite(self.type)
        if self.type in LIST_TYPES:
            return []
        return "" if self.type == "TEXT" else None

    def shown(self, workspace_id: str, application_id: str) -> dict[str, Any]:
        return {
            "id": self.id,
            "universalIdentifier": self.id,
            "applicationId": application_id,
            "objectMetadataId": self.object_id,
            "workspaceId": workspace_id,
            "type": self.type,
            "name": self.name,
            "label": self.label,
            "description": self.description,
            "icon": self.icon,
            "isActive": self.active,
            "isSystem": self.system,
            "isUIEditable": not self.system,
            "isUIReadOnly": self.system,
            "isNullable": self.nullable,
            "isUnique": self.unique,
            "isLabelSyncedWithName": self.label_synced,
            "defaultValue": self.default,
            "options": self.options,
            "settings": self.settings,
            "createdAt": self.created_at,
            "updatedAt": self.updated_at,
        }


class Object(msgspec.Struct, kw_only=True):
    """One object: its names, and its fields by name."""

    id: str
    singular: str
    plural: str
    label: str
    label_plural: str
    description: str | None = None
    icon: str | None = None
    active: bool = True
    system: bool = False
    custom: bool = False
    label_synced: bool = False
    label_field: str | None = None
    created_at: str = ""
    updated_at: str = ""
    fields: dict[str, Field] = {}

    @property
    def table(self) -> str:
        """The table's name, as the database's messages write it."""
        return f"_{self.singular}" if self.custom else self.singular

    def shown(self, workspace_id: str, application_id: str) -> dict[str, Any]:
        label_field = self.fields.get(self.label_field or "")
        return {
            "id": self.id,
            "universalIdentifier": self.id,
            "applicationId": application_id,
            "nameSingular": self.singular,
            "namePlural": self.plural,
            "labelSingular": self.label,
            "labelPlural": self.label_plural,
            "description": self.description,
            "icon": self.icon,
            "isRemote": False,
            "isActive": self.active,
            "isSystem": self.system,
            "isUIEditable": True,
            "isUICreatable": not self.system,
            "isUIReadOnly": False,
            "isSearchable": not self.system,
            "isLabelSyncedWithName": self.label_synced,
            "workspaceId": workspace_id,
            "labelIdentifierFieldMetadataId": label_field.id if label_field else None,
            "imageIdentifierFieldMetadataId": None,
            "createdAt": self.created_at,
            "updatedAt": self.updated_at,
            "fields": [field.shown(workspace_id, application_id) for field in self.fields.values()],
        }


def _unquoted(value: Any) -> Any:
    if isinstance(value, str):
        return value[1:-1] if len(value) > 1 and value[0] == value[-1] == "'" else value
    if isinstance(value, list):
        return [_unquoted(item) for item in value]
    if isinstance(value, dict):
        return {key: _unquoted(item) for key, item in value.items()}
    return value
