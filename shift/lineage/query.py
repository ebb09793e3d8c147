"""What the columns of a query's result hang on, read from its SQL; nothing is run.

A query is worked out as a database does it, with origins in place of values. Two ways to matter are told apart:

    feeds       it is part of the value: cut, translated, added up, joined to other text
    decides     it only chooses which value or which row: filters, joins, groups, orders, the conditions of a `case`

The condition by which a `case` gives a constant ('Paid' for 20) is translated by it, and feeds.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import chain

from sqlglot import exp

from shift.lineage.conditions import is_met_by_none, keep_apart, narrowed
from shift.lineage.origins import NOTHING, Origins, constant, union, unknown, unmarked
from shift.lineage.relation import Relation, are_told_apart, put_together


def relation_of(query: exp.Expr, tables: Mapping[str, Relation]) -> Relation:
    """The result of a query over ``tables`` (by `schema.table`, lower case). What cannot be followed is unknown."""
    return _relation(query, _Scope(tables))


@dataclass
class _Scope:
    """What names mean within one `select`; those that it does not know are looked for in the one around it."""

    named: Mapping[str, Relation]
    outer: _Scope | None = None
    tables: dict[str, Relation] = field(default_factory=dict)
    merged: dict[str, Origins] = field(default_factory=dict)
    aliases: dict[str, exp.Expr] = field(default_factory=dict)
    windows: dict[str, exp.Expr] = field(default_factory=dict)
    copies: Origins = NOTHING
    keys: Origins = NOTHING

    def find(self, parts: list[str]) -> Origins | None:
        """What a name means: a column from within to without, one that cannot be named beforehand, a whole row."""
        around = list(self._outwards())
        found = chain(
            (scope.column(parts) for scope in around),
            (table.rest for scope in around for table in scope.tables.values()),
            (scope.tables[parts[0]].everything for scope in around if len(parts) == 1 and parts[0] in scope.tables),
        )
        return next((each for each in found if each is not None), None)

    def column(self, parts: list[str]) -> Origins | None:
        """`table.column`, else `column`, each with or without a field of a struct behind it."""
        if len(parts) > 1 and parts[0] in self.tables:
            table = self.tables[parts[0]]
            return table.column(parts[1]) or table.rest
        if parts[0] in self.merged:
            return self.merged[parts[0]]
        for table in self.tables.values():
            if found := table.column(parts[0]):
                return found
        expression = self.aliases.pop(parts[0], None)  # within itself an alias means nothing
        if expression is None:
            return None
        found = _value(expression, self)
        self.aliases[parts[0]] = expression
        return found

    def _outwards(self) -> Iterator[_Scope]:
        yield self
        if self.outer is not None:
            yield from self.outer._outwards()


# Relations.


def _relation(node: exp.Expr, outer: _Scope) -> Relation:
    scope = _Scope(_with_ctes(node, outer), outer)
    match node:
        case exp.Select():
            found = _select(node, scope)
        case exp.Subquery():
            found = _relation(node.this, scope)
        case exp.SetOperation():
            found = _set_operation(node, scope)
        case exp.Pivot() if node.args.get("using"):
            found = _pivot(node, scope)
        case exp.Values():
            rows = [[_value(cell, scope) for cell in row.expressions] for row in node.expressions]
            found = Relation({f"col{at}": union(cells) for at, cells in enumerate(zip(*rows, strict=True))})
        case exp.Unnest(expressions=given) | exp.Table(this=exp.Anonymous(this="json_tree", expressions=given)):
            listed = union(_value(each, scope) for each in given)
            found = Relation({}, listed.deciding, listed.deciding, rest=listed)
        case exp.Table(this=exp.Identifier()):
            name = ".".join(part.name.lower() for part in node.parts)
            found = scope.named.get(name) or Relation({}, rest=unknown(name))
        case _:
            found = Relation({}, rest=unknown(node.sql("duckdb")))
    if not isinstance(node, exp.Select):
        if any(node.args.get(what) for what in ("joins", "pivots", "laterals")):
            found = Relation({}, rest=unknown(node.sql("duckdb")))
        if node.args.get("limit") or node.args.get("offset"):
            found = replace(found, rows=found.rows | found.everything.deciding)
    alias = node.args.get("alias")
    names = [column.name for column in alias.columns] if isinstance(alias, exp.TableAlias) else []
    return found.renamed(names) if names else found


def _with_ctes(query: exp.Expr, outer: _Scope) -> Mapping[str, Relation]:
    """The relations that a query may name: those around it, and the CTEs of its own."""
    if not isinstance(query, exp.Query) or not query.ctes:
        return outer.named
    named = dict(outer.named)
    scope = _Scope(named, outer)
    for cte in query.ctes:
        name, body = cte.alias.lower(), cte.this
        called = [column.name for column in cte.args["alias"].columns]
        if isinstance(cte.parent, exp.With) and cte.parent.recursive and isinstance(body, exp.SetOperation):
            named[name] = _relation(body.this, scope).renamed(called)
            while (grown := _relation(body, scope).renamed(called)) != named[name]:
                named[name] = grown
        else:
            named[name] = _relation(body, scope).renamed(called)
    return named


def _select(select: exp.Select, scope: _Scope) -> Relation:
    """The result as a whole, and by the parts of what it is read from, as far as they stay apart."""
    start, where = select.args.get("from_"), select.args.get("where")
    base = _relation(start.this, scope) if start else Relation({})
    if start and where:
        base = narrowed(base, where.this, start.this.alias_or_name, bare=True)
    whole = _evaluated(select, scope, base)
    group = select.args.get("group")
    if not base.parts or (not keep_apart(group.expressions, base.parts) if group else any(_aggregates(select))):
        return whole
    parts = [_evaluated(select, _Scope(scope.named, scope.outer), part) for part in base.parts]
    if select.find(exp.Window) or select.args.get("distinct") or select.args.get("limit"):
        parts = [_decided_as(whole, part) for part in parts]
    return replace(whole, parts=tuple(parts)) if are_told_apart(parts) else whole


def _decided_as(whole: Relation, part: Relation) -> Relation:
    """A part that is fed by itself alone, and decided by the rows of the others too."""
    decided = {name: Origins(decides=whole.columns[name].deciding.decides) for name in part.columns}
    columns = {name: origins.also(decided[name]) for name, origins in part.columns.items()}
    return replace(part, columns=columns, rows=whole.rows, copies=whole.copies)


def _evaluated(select: exp.Select, scope: _Scope, base: Relation) -> Relation:
    rows, copies = _from(select, scope, base)
    scope.aliases = {each.alias.lower(): each.this for each in select.expressions if isinstance(each, exp.Alias)}
    scope.windows = {window.name.lower(): window for window in select.args.get("windows") or []}
    filters = _clauses(select, scope, "where")
    rows, copies = rows | filters, copies | filters
    scope.copies, scope.keys = copies, _clauses(select, scope, "group")
    if select.args.get("group"):
        rows, copies = rows | scope.keys, copies | scope.keys
    elif any(_aggregates(select)):
        rows, copies = NOTHING, NOTHING  # one row, whatever there is
    relation = _projected(select, scope)
    chosen = _clauses(select, scope, "having", "qualify")
    chosen |= union(_value(each, scope) for each in _own(select, exp.Explode)).deciding
    distinct = select.args.get("distinct")
    on = distinct.args.get("on") if distinct else None
    if on or select.args.get("limit") or select.args.get("offset"):
        chosen |= (_value(on, scope).deciding if on else NOTHING) | _clauses(select, scope, "order")
    once = relation.everything.deciding if distinct else NOTHING
    return replace(relation, rows=rows | chosen, copies=copies | chosen | once)


def _aggregates(select: exp.Select) -> Iterator[exp.Expr]:
    return _own(select, exp.AggFunc)


def _own(select: exp.Select, kind: type[exp.Expr]) -> Iterator[exp.Expr]:
    """The functions of a kind in the columns of a `select`: neither of a query within it nor over a window."""
    for each in (each for projected in select.expressions for each in projected.find_all(kind)):
        if each.find_ancestor(exp.Window, exp.Query) is select:
            yield each


def _clauses(select: exp.Select, scope: _Scope, *names: str) -> Origins:
    """What the clauses hang on, as far as they only decide. A number in `group by` is the place of a column."""
    clauses = [select.args[name] for name in names if select.args.get(name)]
    listed = [each for clause in clauses for each in (clause.expressions or [clause])]
    if any(clause.args.get("all") for clause in clauses):  # `group by all`
        listed = [each for each in select.expressions if not each.find(exp.AggFunc)]
    places = {str(place): each for place, each in enumerate(select.expressions, start=1)}
    return union(_value(places.get(each.name, each) if each.is_int else each, scope) for each in listed).deciding


def _from(select: exp.Select, scope: _Scope, base: Relation) -> tuple[Origins, Origins]:
    """Fill the scope with the tables of `from` and its joins; what decides their rows, and the copies of these."""
    if start := select.args.get("from_"):
        scope.tables[start.this.alias_or_name.lower()] = base
    rows, copies = base.rows, base.copies
    for join in select.args.get("joins") or []:
        name, side, on = join.this.alias_or_name.lower(), join.side, join.args.get("on")
        right = _relation(join.this, scope)
        if on and side not in ("RIGHT", "FULL"):
            right = narrowed(right, on, name, bare=False)
        keys = [key.name.lower() for key in join.args.get("using") or []]
        left_keys = {key: scope.column([key]) or unknown(key) for key in keys}
        right_keys = {key: right.column(key) or right.rest or unknown(key) for key in keys}
        scope.tables[name] = right
        condition = union([*left_keys.values(), *right_keys.values(), _value(on, scope) if on else NOTHING]).deciding
        if on and side == "LEFT" and is_met_by_none(on, scope.tables):
            right = right.changed(lambda _: NOTHING)
        copies |= condition | right.copies
        if side != "LEFT":
            rows |= condition | right.rows
        if join.kind in ("SEMI", "ANTI"):
            del scope.tables[name]
            continue
        if side in ("RIGHT", "FULL"):
            scope.tables = {other: _hanging_on(table, condition) for other, table in scope.tables.items()}
            scope.merged.update({key: left_keys[key] | right_keys[key] for key in keys})
        scope.tables[name] = _hanging_on(right, condition | right.rows.deciding)
    return rows, copies


def _hanging_on(table: Relation, more: Origins) -> Relation:
    return table.changed(lambda origins: origins.also(more))


def _projected(select: exp.Select, scope: _Scope) -> Relation:
    columns: dict[str, Origins] = {}
    rests: list[Origins] = []
    for each in select.expressions:
        if isinstance(each, (exp.Star, exp.Column)) and each.is_star:
            starred = _starred(each, scope)
            columns = {**starred.columns, **columns} if columns else dict(starred.columns)
            rests += [starred.rest] if starred.rest is not None else []
        elif isinstance(each, exp.Explode) and each.expressions:  # `recursive := true`: each field is a column
            rests.append(_value(each, scope))
        else:
            columns[unmarked(each.alias_or_name or each.sql("duckdb"))] = _value(each, scope).told
    return Relation(columns, rest=union(rests) if rests else None)


def _starred(star: exp.Star | exp.Column, scope: _Scope) -> Relation:
    """`*` or `table.*`, with `exclude` and `replace`."""
    options = star.this if isinstance(star, exp.Column) else star
    of_table = star.table.lower() if isinstance(star, exp.Column) else None
    if of_table is not None and of_table not in scope.tables:
        return Relation({}, rest=unknown(star.sql("duckdb")))
    tables = [table for name, table in scope.tables.items() if of_table in (None, name)]
    left_out = {each.name.lower() for each in options.args.get("except_") or []}
    given = {} if of_table else dict(scope.merged)
    given |= {each.alias.lower(): _value(each.this, scope) for each in options.args.get("replace") or []}
    columns: dict[str, Origins] = {}
    for name, origins in (item for table in tables for item in table.columns.items()):
        if name.lower() not in left_out:
            columns.setdefault(name, given.get(name.lower(), origins))
    rests = [table.rest for table in tables if table.rest is not None]
    return Relation(columns, rest=union(rests) if rests else None)


def _set_operation(node: exp.SetOperation, scope: _Scope) -> Relation:
    left, right = _relation(node.this, scope), _relation(node.expression, scope)
    if not isinstance(node, exp.Union):
        compared = (left.everything | right.everything).deciding | right.rows
        return replace(left, rows=left.rows | compared, copies=left.copies | compared, parts=())
    if not node.args.get("by_name"):
        right = right.renamed(list(left.columns))
    whole = put_together([left, right])
    return replace(whole, copies=whole.copies | whole.everything.deciding) if node.args.get("distinct") else whole


def _pivot(node: exp.Pivot, scope: _Scope) -> Relation:
    """`pivot … on … using … group by …`: which columns it gives, the data say."""
    source = _relation(node.this, scope)
    scope.tables = {"": source}
    group = node.args.get("group")
    keys = {each.name: _value(each, scope) for each in (group.expressions if group else [])}
    on = union(_value(each, scope) for each in node.expressions)
    values = union(_value(each, scope) for each in node.args["using"])
    chosen = union(keys.values()).deciding | source.copies.deciding
    return Relation(keys, source.rows | chosen, source.copies | chosen, rest=values | on.deciding | chosen)


# Values.


def _value(node: exp.Expr, scope: _Scope) -> Origins:
    match node:
        case exp.Column() if not node.is_star:
            return scope.find([part.name.lower() for part in node.parts]) or unknown(node.sql("duckdb"))
        case exp.Alias() | exp.Paren():
            return _value(node.this, scope)
        case exp.Star():  # as in `count(*)`
            return scope.copies
        case exp.Exists():
            return _relation(node.this, scope).rows
        case exp.Query():
            found = _relation(node, scope)
            return found.everything | found.rows.deciding
        case exp.Case() | exp.If():
            return _case(node, scope)
        case exp.Nullif():
            return _value(node.this, scope) | _value(node.expression, scope).deciding
        case exp.ConcatWs() if isinstance(node.expressions[0], exp.Literal):  # a separator is no value
            return union(_value(each, scope) for each in node.expressions[1:])
        case exp.Window():
            windows = [node, *filter(None, [scope.windows.get(node.alias.lower())])]
            over = union(_value(each, scope) for window in windows for each in _over(window))
            return _chosen(_value(node.this, scope), over) | scope.copies.deciding
        case exp.Filter() | exp.ArgMax() | exp.ArgMin():
            chosen = _chosen(_value(node.this, scope), _value(node.expression, scope))
            return chosen | scope.copies.deciding | scope.keys
        case exp.Order() if node.this:  # within an aggregate
            return _value(node.this, scope) | union(_value(each, scope) for each in node.expressions).deciding
        case exp.Literal() | exp.Boolean() | exp.Null():
            return constant(node.sql("duckdb"))
        case exp.Placeholder():  # so sqlglot reads the end of a slice, `list[:place]`: of a lambda, or a column
            return scope.find([node.name.lower()]) or NOTHING
        case exp.Lambda():  # and so it reads `json -> 'key'` within a call: what it calls the parameter is a column
            used = {each.name for each in node.this.find_all(exp.Identifier)}
            unused = [scope.find([each.name.lower()]) for each in node.expressions if each.name not in used]
            return _value(node.this, scope) | union(each for each in unused if each)
        case exp.Columns():
            return unknown(node.sql("duckdb"))
    parts = union(_value(each, scope) for each in node.iter_expressions())
    if isinstance(node, exp.AggFunc) or (isinstance(node, exp.Anonymous) and scope.keys != NOTHING):
        return parts | scope.copies.deciding | scope.keys
    if isinstance(node, (exp.Func, exp.Array)) and not parts.feeds:
        return parts | replace(constant(node.sql("duckdb")), value=None)
    return parts


def _case(node: exp.Case | exp.If, scope: _Scope) -> Origins:
    """Each result, chosen by its condition."""
    default = node.args.get("default") or node.args.get("false")
    found = _value(default, scope) if default else NOTHING
    operand = _value(node.this, scope) if isinstance(node, exp.Case) and node.this else NOTHING
    for branch in node.args["ifs"] if isinstance(node, exp.Case) else [node]:
        found |= _chosen(_value(branch.args["true"], scope), operand | _value(branch.this, scope))
    return found


def _chosen(value: Origins, by: Origins) -> Origins:
    """A value that is chosen by something. A constant tells what it is chosen by, unless it is null."""
    return value | (by if value.is_constant and value.value != "NULL" else by.deciding)


def _over(window: exp.Expr) -> list[exp.Expr]:
    order = window.args.get("order")
    return [*(window.args.get("partition_by") or []), *(order.expressions if order else [])]
