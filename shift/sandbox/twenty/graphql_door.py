"""The two GraphQL addresses: reading a document, and what every document meets (contracts/twenty/graphql).

Only what a loader needs is understood: fields, arguments, variables and aliases. Every answer has status 200 but the
one to a list of operations.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import graphql
from graphql.language import FieldNode, OperationDefinitionNode, OperationType, SelectionSetNode, get_location, parse
from graphql.pyutils import did_you_mean, suggestion_list
from graphql.utilities import value_from_ast_untyped

from shift.sandbox.twenty.errors import Forbidden, Refusal
from shift.sandbox.twenty.faults import Mischief
from shift.sandbox.twenty.keys import Key, let_in
from shift.sandbox.twenty.limits import Bucket
from shift.sandbox.twenty.workspace import Workspace

MAX_ROOTS = 20
Answer = tuple[int, dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Selected:
    """One field of a selection; ``place`` is its line and column."""

    name: str
    alias: str
    arguments: dict[str, Any]
    fields: tuple[Selected, ...]
    place: dict[str, int]

    def invalid(self, message: str) -> Invalid:
        return Invalid(message, self.place)

    def unknown(self, type_: str, known: list[str]) -> Invalid:
        hint = did_you_mean(suggestion_list(self.name, known)).replace("'", '"')
        return self.invalid(f'Cannot query field "{self.name}" on type "{type_}".{hint}')


@dataclass(frozen=True, slots=True)
class Asked:
    """A document, read."""

    writes: bool
    roots: tuple[Selected, ...]


class Invalid(Exception):
    """A document that is refused before it runs: the answer has no data."""

    def __init__(self, message: str, place: dict[str, int] | None = None, *, status: int = 200) -> None:
        super().__init__(message)
        self.status = status
        error: dict[str, Any] = {"message": message} | ({"locations": [place]} if place else {})
        self.body: dict[str, Any] = {"errors": [error]}


Resolve = Callable[[Selected], Callable[[], Any]]


class GraphqlDoor:
    """Lets documents in, and hands their root fields to the rooms that answer them."""

    def __init__(
        self, workspace: Workspace, keys: Mapping[str, Key], bucket: Bucket | None, mischief: Mischief
    ) -> None:
        self._workspace = workspace
        self._keys = keys
        self._bucket = bucket
        self._mischief = mischief

    def read(self, body: Any) -> Asked:
        """Read a request's body. Raises Invalid."""
        if isinstance(body, list):
            raise Invalid("Batching is not supported.", status=400)
        try:
            document = parse(str(body["query"]))
        except graphql.GraphQLSyntaxError as error:
            place = error.locations[0] if error.locations else None
            raise Invalid(error.message, {"line": place.line, "column": place.column} if place else None) from None
        except (KeyError, TypeError):
            raise Invalid("Must provide query string.", status=400) from None
        operation = next(node for node in document.definitions if isinstance(node, OperationDefinitionNode))
        roots = _selected(operation.selection_set, body.get("variables") or {})
        return Asked(operation.operation == OperationType.MUTATION, roots)

    def let_in(self, authorization: str | None, asked: Asked) -> Key:
        """The key of a request. Raises Invalid: without a token the schema is empty."""
        if not authorization:
            raise asked.roots[0].unknown("Mutation" if asked.writes else "Query", [])
        try:
            return let_in(self._keys, authorization)
        except Refusal as refusal:
            invalid = Invalid(refusal.message)
            invalid.body = {"errors": [refusal.graphql()]}
            raise invalid from None

    def records(self, asked: Asked, key: Key) -> Answer:
        """Answer a document on /graphql."""
        from shift.sandbox.twenty.graphql_records import resolver

        names = [root.name for root in asked.roots]
        double = next((name for name in names if names.count(name) > 1), None)
        if len(names) > MAX_ROOTS:
            many = f"Too many root resolvers requested: {len(names)} - Maximum allowed root resolvers: {MAX_ROOTS}"
            return 200, _whole(f"Query too complex - {many}")
        if double:
            return 200, _whole(f'Duplicate root resolver: "{double}"')
        return self._run(asked, resolver(self._workspace, key, self._mischief), self._bucket)

    def metadata(self, asked: Asked, key: Key, upload: tuple[str, bytes] | None) -> Answer:
        """Answer a document on /metadata, which is outside the rate limit."""
        from shift.sandbox.twenty.graphql_metadata import resolver

        status, body = self._run(asked, resolver(self._workspace, key, upload), None)
        if "errors" in body and asked.writes:
            body["data"] = None
        return status, body

    def _run(self, asked: Asked, resolve: Resolve, bucket: Bucket | None) -> Answer:
        data: dict[str, Any] = {}
        errors = []
        answers = [(root, resolve(root)) for root in asked.roots]
        for root, answer in answers:
            try:
                if bucket:
                    bucket.take(1)
                data[root.alias] = answer()
            except Forbidden as refusal:
                return 200, {"errors": [refusal.graphql()], "data": None}
            except Refusal as refusal:
                data[root.alias] = None
                errors.append(refusal.graphql())
        return 200, {"data": data} | ({"errors": errors} if errors else {})


def _whole(message: str) -> dict[str, Any]:
    return {"data": {}, "errors": [{"message": message, "extensions": {"code": "BAD_USER_INPUT"}}]}


def _selected(chosen: SelectionSetNode | None, variables: dict[str, Any]) -> tuple[Selected, ...]:
    found = []
    for node in chosen.selections if chosen else ():
        if not isinstance(node, FieldNode):
            raise Invalid("Fragments are not understood by the twin.")
        place = get_location(node.loc.source, node.loc.start) if node.loc else None
        found.append(
            Selected(
                node.name.value,
                node.alias.value if node.alias else node.name.value,
                {arg.name.value: value_from_ast_untyped(arg.value, variables) for arg in node.arguments or ()},
                _selected(node.selection_set, variables),
                {"line": place.line, "column": place.column} if place else {},
            )
        )
    return tuple(found)
