"""Twenty's data model: reading it, and the bodies that change it (`contracts/twenty`, metadata-* and graphql-metadata).

It is read by GraphQL, which any key may ask, in one call; changing it is REST's. Neither is counted by the rate limit.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from shift.destination import FieldDefinition, ObjectDefinition, Option
from shift.errors import Stop

from .twenty_wire import Shape, Wire

# metadata-rest: any text is taken as the colour of an option, so that it need not be asked for.
COLOURS = ("blue", "green", "orange", "purple", "red", "sky", "turquoise", "yellow", "pink", "gray")

# links-and-members: a key may change members one by one, and neither make nor destroy any.
MEMBER = "workspaceMember"

_QUERY = """{
  objects(paging: {first: 200}) {
    edges { node {
      id nameSingular namePlural labelSingular labelPlural isActive
      fieldsList {
        id name label type isActive isUnique options settings
        relation { type targetObjectMetadata { nameSingular } }
      }
    } }
    pageInfo { hasNextPage }
  }
}"""


class _Named(Shape, frozen=True):
    name_singular: str


class _Relation(Shape, frozen=True):
    target_object_metadata: _Named
    type: str = "MANY_TO_ONE"


class Field(Shape, frozen=True):
    """One field, as the workspace has it."""

    id: str
    name: str
    type: str
    label: str = ""
    is_active: bool | None = True
    is_unique: bool | None = False
    options: list[dict[str, Any]] | None = None
    settings: dict[str, Any] | None = None
    relation: _Relation | None = None

    @property
    def unique_part(self) -> str | None:
        """Of a composite that must be unique, the part that counts (rest-upsert: `emails.primaryEmail`)."""
        parts = {"EMAILS": "primaryEmail", "LINKS": "primaryLinkUrl", "PHONES": "primaryPhoneNumber"}
        return parts.get(self.type) if self.is_unique else None

    @property
    def target(self) -> str | None:
        """The object that a relation points to."""
        return self.relation.target_object_metadata.name_singular if self.relation else None

    @property
    def join_column(self) -> str | None:
        """What a record calls the id that this relation points to; None for all but the side that holds it."""
        if self.relation is None or self.relation.type != "MANY_TO_ONE":
            return None
        return str((self.settings or {}).get("joinColumnName") or f"{self.name}Id")


class Object(Shape, frozen=True):
    """One object, with its fields."""

    id: str
    name_singular: str
    name_plural: str
    label_singular: str
    label_plural: str
    fields_list: list[Field]
    is_active: bool | None = True

    def field(self, name: str) -> Field:
        for field in self.fields_list:
            if field.name == name:
                return field
        raise Stop(f"the workspace has no field '{self.name_singular}.{name}'", hint=GONE)

    def unique_fields(self) -> frozenset[str]:
        """The fields of which no two records may have the same value."""
        return frozenset(field.name for field in self.fields_list if field.is_unique)

    def fields_of(self, type: str) -> frozenset[str]:
        return frozenset(field.name for field in self.fields_list if field.type == type)


class _Edge(Shape, frozen=True):
    node: Object


class _PageInfo(Shape, frozen=True):
    has_next_page: bool


class _Objects(Shape, frozen=True):
    edges: list[_Edge]
    page_info: _PageInfo


GONE = "Was it deleted? A new plan creates what is missing."


class DataModel:
    """Every object of the workspace, read when it is first asked for, and anew after it was changed."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self._known: Mapping[str, Object] = {}
        self._lacks_fields = False

    @property
    def known(self) -> Mapping[str, Object]:
        """What is known of it without a call."""
        return self._known

    def read(self) -> Mapping[str, Object]:
        """Every object by its name, as it is now."""
        objects = msgspec.json.decode(self._wire.ask("/metadata", _QUERY)["objects"], type=_Objects)
        if objects.page_info.has_next_page:
            raise Stop("the workspace has more than 200 objects, of which Twenty shows the first 200 only")
        self._known = {edge.node.name_singular: edge.node for edge in objects.edges}
        self._lacks_fields = False
        return self._known

    def forget(self) -> None:
        """It was changed, or is about to be."""
        self._known = {}

    def expect_more_fields(self) -> None:
        """A field is about to be made: that leaves the ids and the labels of objects as they are known."""
        self._lacks_fields = True

    def objects(self) -> Mapping[str, Object]:
        return self.read() if self._lacks_fields or not self._known else self._known

    def object(self, name: str) -> Object:
        """Raises Stop for one that the workspace does not have."""
        found = self.objects().get(name)
        if found is None:
            raise Stop(f"the workspace has no object '{name}'", hint=GONE)
        return found

    def object_but_for_its_fields(self, name: str) -> Object:
        """As ``object``, and without a call for each of the fields that are made one after the other."""
        return self._known.get(name) or self.object(name)

    def plural(self, name: str) -> str:
        return self.object(name).name_plural

    def pointing_at(self, name: str) -> Iterator[tuple[Object, str]]:
        """Each relation by which records may point at those of an object: whose it is, and its join column."""
        for object in self.objects().values():
            for field in object.fields_list:
                if field.target == name and field.join_column:
                    yield object, field.join_column


# --- bodies that change it --------------------------------------------------------------------------------------


def object_body(definition: ObjectDefinition) -> dict[str, Any]:
    return {
        "nameSingular": definition.name,
        "namePlural": definition.plural,
        "labelSingular": definition.label,
        "labelPlural": definition.label_plural,
        "description": definition.description,
        "icon": definition.icon or "IconBox",
    }


def field_body(model: DataModel, field: FieldDefinition) -> dict[str, Any]:
    object = model.object_but_for_its_fields(field.object)
    body: dict[str, Any] = {
        "objectMetadataId": object.id,
        "type": field.type,
        "name": field.name,
        "label": field.label,
        "description": field.description,
        "isUnique": field.unique,
    }
    if field.options:
        body["options"] = new_options(field.options, after=0)
    if field.to:
        # metadata-relations-and-lifecycle: all four are needed. The far field is named after its label.
        body["relationCreationPayload"] = {
            "type": "MANY_TO_ONE",
            "targetObjectMetadataId": model.object_but_for_its_fields(field.to).id,
            "targetFieldLabel": far_label(field, object.label_plural),
            "targetFieldIcon": "IconBox",
        }
    return body


def far_label(field: FieldDefinition, plural_label: str) -> str:
    """How the far side of a relation is called: as the model says, else as the records that point."""
    return field.inverse_label or plural_label


def new_options(options: Sequence[Option], *, after: int) -> list[dict[str, Any]]:
    """Choices as they are sent, behind as many as there are."""
    return [
        {"label": option.label, "value": option.value, "color": COLOURS[at % len(COLOURS)], "position": at}
        for at, option in enumerate(options, start=after)
    ]
