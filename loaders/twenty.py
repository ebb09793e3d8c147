"""Twenty, as observed on 2.21 (`contracts/twenty`): records, its data model, files and automations.

Records are written and read by REST, whose every call answers a record in the same form, as snapshots and comparisons
need it; GraphQL answers the fields that one names, and would have each model's named. A look-up is by ids alone, 200 of
which fit a URL with room to spare, and no text of a person's is ever part of a filter.

What stands beside this module: ``twenty_wire`` sends, and sorts errors; ``twenty_data_model`` and ``twenty_names`` know
objects and fields, and what they may be called; ``twenty_updates`` says which updates go together; ``twenty_files``,
``twenty_automations`` and ``twenty_rights`` have a job each.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from shift.destination import (
    AddedOptions,
    Automations,
    Destination,
    FieldDefinition,
    Found,
    Limits,
    ObjectDefinition,
    Outcome,
    Receipt,
    Record,
    Reference,
    Rights,
    Row,
    SchemaChange,
    Settings,
    StoredFile,
    Table,
    Workspace,
)
from shift.errors import Again, ConfigurationError, Refused, Stop
from shift.http import Client

from . import twenty_files, twenty_names, twenty_rights, twenty_updates
from .twenty_automations import TwentyAutomations
from .twenty_data_model import MEMBER, DataModel, Field, field_body, new_options, object_body
from .twenty_wire import (
    CHECK_URL,
    LIVE_AND_DELETED,
    MOST_BYTES,
    MOST_RECORDS,
    Answer,
    Page,
    Stored,
    Wire,
    answered,
    chunks,
    record,
)

# What a pull tells of records: each column, and the place of its value in the answer.
NAMES = {"first_name": "name.firstName", "last_name": "name.lastName"}
KEY = {"source_system_id": "sourceSystemId"}
MEMBERS = {"email": "userEmail", **NAMES, **KEY}
PEOPLE = {"primary_email": "emails.primaryEmail", **NAMES, **KEY}
COMPANIES = {"name": "name", "domain": "domainName.primaryLinkUrl", **KEY}
FIELDS = ("id", "name", "type", "label", "is_unique", "unique_part", "is_active", "options", "relation_target")

# standard-objects: the server's own account of what happened to a record. It points at every record, and goes with it.
HISTORY = "timelineActivity"

# rest-list: each write sets the first two; whether a record is in the bin is told apart from it.
CHANGES_BY_ITSELF = frozenset({"updatedAt", "updatedBy", "deletedAt", "searchVector"})


def connect(settings: Settings, client: Client) -> Twenty:
    """The workspace that the settings' key opens. Raises ``ConfigurationError`` for settings that Twenty cannot use."""
    where = f"project.yml, destinations.{settings.name}"
    if not settings.api_key:
        raise ConfigurationError(
            "Twenty needs an api_key", where=where, hint="An administrator makes one in Settings, APIs & Webhooks."
        )
    if not 1 <= settings.batch_size <= MOST_RECORDS:
        raise ConfigurationError(
            f"batch_size is {settings.batch_size}",
            where=where,
            hint=f"Twenty takes 1 to {MOST_RECORDS} records a call.",
        )
    for option in settings.options:
        raise ConfigurationError(f"Twenty has no option '{option}'", where=where)
    return Twenty(Wire(client, settings.api_key), Limits(settings.batch_size, MOST_BYTES))


class Twenty(Destination):
    """One workspace, through one key."""

    def __init__(self, wire: Wire, limits: Limits) -> None:
        self.limits = limits
        self._wire = wire
        self._model = DataModel(wire)

    def workspace(self) -> Workspace:
        """Twenty tells a loading key nothing of the workspace; but the id of its object `person` belongs to it alone,
        outlives a change of address, and is told to any key (permissions-2)."""
        try:
            self._model.read()
        except Again as error:
            if error.status == 200:
                raise Stop(f"what answers at {self._wire.origin} is not Twenty", hint=CHECK_URL) from None
            raise
        return Workspace(id=self._model.object("person").id, name=self._wire.origin)

    # --- what is there ------------------------------------------------------------------------------------------

    def pull(self) -> Iterator[Table]:
        """`objects`, `fields`, `members`, `people` and `companies` (soft-deleted ones too), running `automations`.

        Whoever was invited and has not accepted is no member yet. Roles are not pulled: no recorded answer tells a key
        what a member's role lets him see.
        """
        objects = self._model.read().values()
        yield Table(
            "objects",
            ("id", "name", "plural", "label", "is_active"),
            [
                (one.id, one.name_singular, one.name_plural, one.label_singular, one.is_active is not False)
                for one in objects
            ],
        )
        yield Table(
            "fields",
            ("object", *FIELDS),
            [(one.name_singular, *_told(field)) for one in objects for field in one.fields_list],
        )
        yield self._pulled("members", MEMBERS, MEMBER)
        yield self._pulled("people", PEOPLE, "person", LIVE_AND_DELETED)
        yield self._pulled("companies", COMPANIES, "company", LIVE_AND_DELETED)
        automations = [(one.id, one.name, one.event, one.object) for one in self.automations().active()]
        yield Table("automations", ("id", "workflow", "event", "object"), automations)

    def _pulled(self, table: str, columns: Mapping[str, str], object: str, filter: str | None = None) -> Table:
        records = self._wire.records(self._model.plural(object), filter, Page[dict[str, Any]])
        rows = [(one["id"], bool(one.get("deletedAt")), *_values(one, columns)) for one in records]
        return Table(table, ("id", "deleted", *columns), rows)

    def find(self, object: str, rows: Sequence[Row]) -> Sequence[Found]:
        """By id, soft-deleted ones too."""
        stored: dict[str, Record] = {}
        for ids in chunks(_id(row) for row in rows):
            stored |= {one.id: one for one in self._records(object, f"and(id[in]:[{ids}],{LIVE_AND_DELETED})")}
        return [_found(row, stored.get(_id(row))) for row in rows]

    def read(self, object: str, ids: Sequence[str]) -> Iterator[Record]:
        """The live records among ``ids``, 200 a call."""
        for chunk in chunks(ids):
            yield from self._records(object, f"id[in]:[{chunk}]")

    def every(self, object: str) -> Iterator[Record]:
        """Live and soft-deleted records, 200 a call."""
        return self._records(object, LIVE_AND_DELETED)

    def references(self, object: str, ids: Sequence[str]) -> Iterator[Reference]:
        """Asked relation by relation, 200 ids a call, but not where nobody has the relation: ask for many at once."""
        wanted = list(chunks(ids))
        for other, column in list(self._model.pointing_at(object)):
            if other.name_singular == HISTORY or not self._wire.count(other.name_plural, f"{column}[is]:NOT_NULL"):
                continue
            for chunk in wanted:
                filter = f"{column}[in]:[{chunk}]"
                for one in self._wire.records(other.name_plural, filter, Page[dict[str, Any]]):
                    yield Reference(other.name_singular, one["id"], column, one[column])

    def lasting(self, object: str, record: Mapping[str, Any]) -> dict[str, Any]:
        """attachments-and-files: the link to a file is signed anew for every answer."""
        return {name: _unsigned(value) for name, value in record.items() if name not in CHANGES_BY_ITSELF}

    def rights(self, objects: Sequence[str]) -> Rights:
        """As to those of the objects that are there; members no key may delete, whatever its role."""
        known = self._model.objects()
        asked = [known[name].name_plural for name in objects if name in known and name != MEMBER]
        return twenty_rights.rights(self._wire, asked)

    def automations(self) -> Automations:
        return TwentyAutomations(self._wire, self._model)

    def _records(self, object: str, filter: str) -> Iterator[Record]:
        return map(record, self._wire.records(self._model.plural(object), filter, Page[msgspec.Raw]))

    # --- the data model -----------------------------------------------------------------------------------------

    def objections(self, change: SchemaChange) -> Sequence[str]:
        return list(twenty_names.objections(change, self._model.known))

    def provision(self, change: SchemaChange) -> Receipt:
        """Create what is usable at once. The receipt's id is the metadata id of the object or field."""
        if isinstance(change, AddedOptions):
            return self._add_options(change)
        if isinstance(change, ObjectDefinition):
            path, body = "/rest/metadata/objects", object_body(change)
            self._model.forget()
        else:
            path, body = "/rest/metadata/fields", field_body(self._model, change)
            self._model.expect_more_fields()
        response = self._wire.send("POST", path, msgspec.json.encode(body), paced=False)
        answer = response.json(dict[str, Any])
        # A switch of the workspace decides between the bare object and the envelope of older versions.
        return Receipt(change, id=answer["id"] if "id" in answer else answered(response, Answer[Stored]).id)

    def _add_options(self, change: AddedOptions) -> Receipt:
        """metadata-select-option-edit: all options go, each with its id; without it, records would lose their value."""
        self._model.read()
        field = self._model.object(change.object).field(change.name)
        there = field.options or []
        lacking = [option for option in change.options if option.value not in {one["value"] for one in there}]
        self._set_options(field, [*there, *new_options(lacking, after=len(there))])
        return Receipt(change, field.id, {"added": [option.value for option in lacking]})

    def unprovision(self, change: SchemaChange, id: str | None) -> None:
        """Delete the object with its records, or the field with its values; or take choices off a field again."""
        if id and not isinstance(change, AddedOptions):
            return self._delete(change, id)
        known = self._model.read().get(change.name if isinstance(change, ObjectDefinition) else change.object)
        if known is None:
            return
        if isinstance(change, ObjectDefinition):
            return self._delete(change, known.id)
        field = next((one for one in known.fields_list if one.name == change.name), None)
        if field is None:
            return
        if isinstance(change, FieldDefinition):
            return self._delete(change, field.id)
        added = {option.value for option in change.options}
        self._set_options(field, [one for one in field.options or [] if one["value"] not in added])

    def _set_options(self, field: Field, options: Sequence[Mapping[str, Any]]) -> None:
        if options != field.options:
            self._model.forget()
            body = msgspec.json.encode({"options": options})
            self._wire.send("PATCH", f"/rest/metadata/fields/{field.id}", body, paced=False)

    def _delete(self, change: ObjectDefinition | FieldDefinition, id: str) -> None:
        """metadata-graphql-and-lifecycle: what is gone already is a 404."""
        kind = "objects" if isinstance(change, ObjectDefinition) else "fields"
        self._model.forget()
        try:
            self._wire.send("DELETE", f"/rest/metadata/{kind}/{id}", paced=False)
        except Refused as error:
            if error.status != 404:
                raise

    # --- records ------------------------------------------------------------------------------------------------

    def create(self, object: str, rows: Sequence[Row]) -> Sequence[Outcome]:
        """All rows, or none (rest-create: a batch is atomic)."""
        body = "[" + ",".join(row.payload for row in rows) + "]"
        return self._written(f"/rest/batch/{self._model.plural(object)}", body, rows)

    def update_calls(self, object: str, rows: Sequence[Row]) -> Sequence[Sequence[Row]]:
        """Those that were seen alive, and change no unique value, go together; any other alone."""
        return list(twenty_updates.calls(rows, self._model.object(object), self.limits.batch_size))

    def update(self, object: str, rows: Sequence[Row]) -> Sequence[Outcome]:
        """One row by a PATCH, which refuses one that is not there with 404; several by an upsert on their ids.

        An upsert makes a record that somebody destroyed a moment ago, out of the changes alone. That shows by when it
        was made; it is destroyed again, and refused.
        """
        known = self._model.object(object)
        if len(rows) == 1:
            [row] = rows
            body = msgspec.json.encode(twenty_updates.changes(row, known))
            response = self._wire.send("PATCH", f"/rest/{known.name_plural}/{_id(row)}", body)
            updated = record(answered(response, Answer[msgspec.Raw]))
            return [Outcome(row.key, updated.id, updated)]
        bodies = [twenty_updates.upsert_body(row, known) for row in rows]
        if None in bodies:
            return [outcome for row in rows for outcome in self.update(object, [row])]
        path = f"/rest/batch/{known.name_plural}?upsert=true"
        outcomes = self._written(path, msgspec.json.encode(bodies), rows)
        before = {row.key: row.before for row in rows}
        anew = [
            one.record
            for one in outcomes
            if one.record and twenty_updates.was_made_anew(before[one.key], one.record.body)
        ]
        if anew:
            self.delete(object, anew)
            raise Refused(f"somebody destroyed {len(anew)} of these records while they were updated", where=object)
        return outcomes

    def delete(self, object: str, records: Sequence[Record]) -> Sequence[Outcome]:
        """Destroy the records, 200 a call (rest-list: a DELETE is final). One that is gone already is done."""
        for ids in chunks(one.id for one in records):
            self._wire.send("DELETE", f"/rest/{self._model.plural(object)}?filter=id[in]:[{ids}]")
        return [Outcome(one.id, one.id) for one in records]

    def upload(self, object: str, field: str, file: Path, row: Row) -> str:
        """The file's id, which serves one record, in this field, once."""
        return twenty_files.upload(self._wire, self._model.object(object).field(field).id, file)

    def files(self, object: str, record: Record) -> Sequence[StoredFile]:
        return list(twenty_files.fetched(self._wire, record))

    def close(self) -> None:
        self._wire.close()

    def _written(self, path: str, body: str | bytes, rows: Sequence[Row]) -> Sequence[Outcome]:
        """Joined on the id: an upsert answers in an order of its own (rest-upsert)."""
        response = self._wire.send("POST", path, body)
        answer: list[msgspec.Raw] = answered(response, Answer[list[msgspec.Raw]])
        records = {one.id: one for one in map(record, answer)}
        ids = [_id(row) for row in rows]
        if not records.keys() >= set(ids):
            raise Again("the answer lacks records that were sent", arrived=True, status=response.status)
        return [Outcome(row.key, id, records[id]) for row, id in zip(rows, ids, strict=True)]


def _id(row: Row) -> str:
    if row.id is None:
        raise Stop(
            f"the row {row.key} has no id", hint="Twenty's records carry ids of ours: give the model a column 'id'."
        )
    return row.id


def _found(row: Row, there: Record | None) -> Found:
    if there is None:
        return Found(row.key, "absent")
    return Found(row.key, "soft_deleted" if there.deleted else "live", there)


def _told(field: Field) -> tuple[Any, ...]:
    options = None if field.options is None else msgspec.json.encode(field.options).decode()
    active = field.is_active is not False
    unique, part = bool(field.is_unique), field.unique_part
    return field.id, field.name, field.type, field.label, unique, part, active, options, field.target


def _unsigned(value: Any) -> Any:
    """Files without the links to them."""
    if not (isinstance(value, list) and all(isinstance(one, dict) and "fileId" in one for one in value)):
        return value
    return [{name: member for name, member in one.items() if name != "url"} for one in value]


def _values(answer: Mapping[str, Any], columns: Mapping[str, str]) -> Iterator[Any]:
    """What stands at the dotted paths. Twenty answers an empty text where nothing is."""
    for path in columns.values():
        value: Any = answer
        for step in path.split("."):
            value = value.get(step) if isinstance(value, dict) else None
        yield None if value == "" else value
