"""Lineage: what the SQL says of where a field comes from."""

from __future__ import annotations

import json
import re
from functools import cache
from typing import Any

import pytest
from clinics import ROOT
from support import MakeProject, shift

from shift.lineage import FURTHER, ROWS, Lineage, trace
from shift.lineage.origins import Origins, column_of
from shift.lineage.parsing import NotRead, parsed
from shift.lineage.query import relation_of
from shift.lineage.relation import Relation
from shift.project import open_project

CRMS = ["twenty", "nutshell"]
# Settings that switch on what the models can do beside their defaults.
MORE: dict[str, Any] = {
    "clinical_notes": "include",
    "communications": "include",
    "custom_fields": "all",
    "drafts": "include",
    "existing_people": "link",
    "fallback_owner": "front.desk@clinic.example",
    "insurance": {"provider": "Health Fund"},
    "invoice_lines": "fields",
    "locations": "companies",
    "owners": {"Priya Raman": "priya@clinic.example"},
    "scope": [{"archived": "archived_at is not null"}],
    "source_prefix": "north-",
    "appointment_types": "picklist",
}


@cache
def traced(to: str, settings: str) -> Lineage:
    return trace(open_project(ROOT, to=to, variables={"source_account": "test", **json.loads(settings)}))


def lineage_of(to: str, **settings: Any) -> Lineage:
    return traced(to, json.dumps(settings))


# One query.

TABLES = {
    "raw.t": Relation({name: column_of("t", name) for name in "abck"}, column_of("t", "*"), column_of("t", "*")),
    "raw.u": Relation({name: column_of("u", name) for name in "kxyz"}, column_of("u", "*"), column_of("u", "*")),
}

# A query, what feeds its column `it`, and what decides: columns as `t.a`, the rows of a table as `t.*`.
QUERIES = [
    ("select upper(a) || b as it from raw.t", "t.a t.b", ""),
    ("select 'x' as it from raw.t", "'x'", ""),
    ("select {'p': a, 'q': [b, 'x']} as it from raw.t", "t.a t.b", ""),
    ("select s.q as it from (select {'p': a, 'q': b} as s from raw.t)", "t.a t.b", ""),
    ("select list_transform(a, lambda each, at: each.part || at || b) as it from raw.t", "t.a t.b", ""),
    ("select list_transform(a, lambda each, at: b[:at]) as it from raw.t", "t.a t.b", ""),
    ("select a[:b] as it from raw.t", "t.a t.b", ""),
    ("select from_json(a -> 'key', '[]') as it from raw.t", "t.a", ""),
    ("select json_extract(a ->> 'key', b) as it from raw.t", "t.a t.b", ""),
    ("select a as b, b as it from raw.t", "t.b", ""),
    ("select a as once, once || c as it from raw.t", "t.a t.c", ""),
    ("with it as (select a as it from raw.t) select * from it", "t.a", ""),
    ("select * exclude (a), a as it from raw.t", "t.a", ""),
    ("select it from (select * replace (b as a) from raw.t) as r (it)", "t.b", ""),
    ("select max(columns) as it from (select unnest(a) as columns from raw.t)", "t.a", "t.*"),
    # What chooses between values decides; what is translated into constants feeds.
    ("select case when a > 0 then b else c end as it from raw.t", "t.b t.c", "t.a"),
    ("select case a when 1 then 'Yes' when 2 then 'No' end as it from raw.t", "t.a", ""),
    ("select case when a > 0 then 'Yes' else b end as it from raw.t", "t.a t.b", ""),
    ("select case when a > 0 then b else null end as it from raw.t", "t.b", "t.a"),
    ("select nullif(a, b) as it from raw.t", "t.a", "t.b"),
    ("select nullif(concat_ws(' / ', null, null), '') as it from raw.t", "NULL", ""),
    ("select concat_ws(a, null, b) as it from raw.t", "t.a t.b", ""),
    ("select coalesce(a, b) as it from raw.t where c = 1", "t.a t.b", ""),
    # Rows decide what is made of several.
    ("select sum(a) as it from raw.t where c = 1 group by b", "t.a", "t.* t.b t.c"),
    ("select b as it from raw.t group by b", "t.b", ""),
    ("select sum(a) filter (where c = 1) as it from raw.t", "t.a", "t.* t.c"),
    ("select arg_max(a, b) as it from raw.t", "t.a", "t.* t.b"),
    ("select string_agg(a, ', ' order by b) as it from raw.t", "t.a", "t.* t.b"),
    ("select first_value(a) over (partition by b order by c) as it from raw.t", "t.a", "t.* t.b t.c"),
    ("select first_value(a) over w as it from raw.t window w as (partition by b)", "t.a", "t.* t.b"),
    ("select row_number() over (order by c) as it from raw.t", "t.c", "t.*"),
    ("select count(*) as it from raw.t where c = 1", "t.*", "t.c"),
    ("select sum(a) as it from raw.t group by 1, b", "t.a", "t.* t.b"),
    # Joins.
    ("select x as it from raw.t left join raw.u using (k)", "u.x", "t.k u.* u.k"),
    ("select a as it from raw.t left join raw.u using (k)", "t.a", ""),
    ("select k as it from raw.t full join raw.u using (k)", "t.k u.k", ""),
    ("select a as it from raw.t semi join raw.u on t.k = u.k", "t.a", ""),
    ("select sum(a) as it from raw.t left join raw.u using (k)", "t.a", "t.* t.k u.* u.k"),
    ("select a as it from raw.t cross join raw.u", "t.a", ""),
    ("select (select max(x) from raw.u where u.k = t.k) as it from raw.t", "u.x", "t.k u.* u.k"),
    ("select exists (select 1 from raw.u where u.k = t.k) as it from raw.t", "u.*", "t.k u.k"),
    ("select a in (select x from raw.u where y = 1) as it from raw.t", "t.a u.x", "u.* u.y"),
    # Unions.
    ("select a as it from raw.t union all select x from raw.u", "t.a u.x", ""),
    ("select 1 as one, a as it from raw.t union all by name select x as it from raw.u", "t.a u.x", ""),
    ("select it from (values (1, 2), (3, 4)) as listed (one, it)", "2 4", ""),
    (
        """
        with recursive chain as (
            select k, a as it from raw.t
            union all
            select chain.k, chain.it || u.x from chain inner join raw.u on chain.k = u.k
        )
        select it from chain
        """,
        "t.a u.x",
        "t.k u.* u.k",
    ),
    # Which columns these give, the data say.
    ("select it from (pivot (select k, a, b from raw.t) on a using any_value(b) group by k)", "t.b", "t.* t.a t.k"),
    ("select it from (select k, unnest(a, recursive := true) from raw.t)", "t.a", ""),
    ("select leaf.it from raw.t cross join json_tree(a) as leaf where b = 1", "t.a", ""),
    # What cannot be followed is told.
    ("select nowhere as it from raw.t", "?nowhere", ""),
    ("select it from read_csv('x.csv')", "?READ_CSV('x.csv')", ""),
    ("select it from raw.nowhere", "?raw.nowhere", ""),
    ("select it from some_table('x.json')", "?SOME_TABLE('x.json')", ""),
]

BOTH = "with both as (select 'x' as kind, a as it, k from raw.t union all select 'y' as kind, x as it, k from raw.u)"
# Of a union whose parts a constant tells apart.
UNIONS = [
    (f"{BOTH} select it from both where kind = 'x'", "t.a"),
    (f"{BOTH} select it from both where kind != 'x'", "u.x"),
    (f"{BOTH} select it from both where kind in ('x', 'y')", "t.a u.x"),
    (f"{BOTH} select b as other, both.it from raw.t left join both on both.kind = 'y'", "u.x"),
    (
        f"{BOTH}, down as (select kind, lower(it) as it from both) select it from down where kind = 'x'",
        "t.a",
    ),
    (
        f"{BOTH}, sums as (select kind, max(it) as it from both group by kind) select it from sums where kind = 'x'",
        "t.a",
    ),
    # Rows of both parts are in one group.
    (
        f"{BOTH}, sums as (select max(kind) as kind, max(it) as it from both group by k) "
        "select it from sums where kind = 'x'",
        "t.a u.x",
    ),
    (
        f"{BOTH}, more as (select both.kind, both.it, u.y from both left join raw.u on both.kind = 'x') "
        "select coalesce(it, y) as it from more where kind = 'y'",
        "u.x",
    ),
]


def told(origins: Origins) -> tuple[str, str]:
    """What feeds and what decides, as a line each: `?` before what could not be followed."""
    feeds = [f"?{name}" for name in origins.named("unknown")]
    feeds += [*origins.named("column"), *(origins.named("constant") if origins.is_constant else [])]
    return " ".join(feeds), " ".join(sorted(origin.name for origin in origins.decides - origins.feeds))


def column_it(sql: str) -> Origins:
    query = parsed(sql)
    assert not isinstance(query, NotRead)
    found = relation_of(query, TABLES).column("it")
    assert found is not None
    return found


@pytest.mark.parametrize(("sql", "feeds", "decides"), QUERIES)
def test_what_a_column_hangs_on(sql: str, feeds: str, decides: str) -> None:
    assert told(column_it(sql)) == (feeds, decides)


@pytest.mark.parametrize(("sql", "feeds"), UNIONS)
def test_a_constant_tells_the_parts_of_a_union_apart(sql: str, feeds: str) -> None:
    assert told(column_it(sql))[0] == feeds


# The project.


@pytest.mark.parametrize(
    ("to", "settings"),
    [(to, settings) for to in CRMS for settings in ({}, MORE)] + [("nutshell", {"treatment_notes": "activities"})],
)
def test_no_column_of_any_model_is_unknown(to: str, settings: dict[str, Any]) -> None:
    lineage = lineage_of(to, **settings)
    traced = [column for model in lineage.relations for column in lineage.columns(model)]
    assert [f"{column.model}.{column.column}: {column.unknown}" for column in traced if column.unknown] == []
    fields = [column for column in traced if column.object and column.column != ROWS]
    assert {column.model for column in fields} == set(lineage.staging)
    assert [column for column in fields if not (column.feeds or column.settings or column.constants)] == []


def test_every_column_of_an_export_ends_somewhere_or_says_why_not() -> None:
    """In a field of one of the CRMs, in the handover folder, or as what only decides about one."""
    ends = [end for to in CRMS for end in lineage_of(to).ends("cliniko")]
    ending = {end.source for end in ends if end.feeds or end.decides or end.handover or end.left_out}
    declared = {end.source for end in ends if not end.source.endswith("._extra")}  # of the others the audit tells
    assert declared - ending == set()


@pytest.mark.parametrize("to", CRMS)
def test_what_is_left_out_feeds_nothing(to: str) -> None:
    ends = lineage_of(to).ends("cliniko")
    assert [end.source for end in ends if end.left_out and (end.feeds or end.handover)] == []


KNOWN = [
    ("twenty", "person.jobTitle", "patients.occupation", "patients"),
    ("twenty", "person.name", "patients.first_name patients.last_name", "patients"),
    ("twenty", "person.emailMarketing", "patients.accepts_email_marketing", "patients"),
    ("twenty", "person.totalInvoiced", "invoices.invoice_amount", "invoices patient_totals"),
    ("twenty", "invoice.taxAmount", "invoices.tax_amount", "invoices"),
    ("nutshell", "person.Occupation", "patients.occupation", "patients"),
    ("nutshell", "person.Last Payment Date", "payments.payment_date", "payments patient_totals"),
]


@pytest.mark.parametrize(("to", "field", "feeds", "through"), KNOWN)
def test_a_field_and_its_column(to: str, field: str, feeds: str, through: str) -> None:
    model, _, name = field.partition(".")
    (column,) = [each for each in lineage_of(to).columns(f"{to}__{model}") if each.column == name]
    assert column.feeds == tuple(f"cliniko.{source}" for source in feeds.split())
    assert column.through == tuple(f"cliniko__{source}" for source in through.split())


def test_a_phone_is_no_email_though_both_are_contacts() -> None:
    columns = {column.column: column.feeds for column in lineage_of("twenty").columns("twenty__person")}
    assert columns["emails"] == ("cliniko.patients.email",)
    assert "cliniko.patients.phone_mobile" in columns["phones"]
    assert "cliniko.patients.email" not in columns["phones"]


def test_settings_and_constants_are_told() -> None:
    columns = {column.column: column for column in lineage_of("twenty").columns("twenty__person")}
    assert columns["accountCredit"].settings == ("currency",)
    assert columns["createdBy"].constants == ("'Cliniko'", "'IMPORT'")
    assert {"cliniko.patients._extra", "cliniko.patients.custom_fields"} < set(columns[FURTHER].feeds)


# The command.


def test_the_command_tells_it_to_a_person() -> None:
    answer = shift(ROOT, "lineage", "twenty__product")
    assert answer.code == 0
    assert "twenty__product: product" in answer.out
    assert re.search(r"itemCode +cliniko\.billable_items: item_code\s+cliniko\.products: item_code", answer.out)
    assert "always 'Cliniko', 'IMPORT'" in answer.out
    assert "_product_id" not in answer.out
    assert max(map(len, answer.out.splitlines())) <= 80


def test_one_column_is_told_with_all_that_it_hangs_on() -> None:
    answer = shift(ROOT, "lineage", "nutshell__person.occupation", "--to", "nutshell")
    assert answer.out == (
        "nutshell__person.Occupation\n  fed by      cliniko.patients: occupation\n  by way of   cliniko__patients\n"
        "  its rows    see nutshell__person.*\n\n"
    )


def test_the_other_way_round() -> None:
    answer = shift(ROOT, "lineage", "source:patients")
    assert re.search(r"occupation +twenty__person: jobTitle", answer.out)
    assert re.search(r"label +left out: Derived from other columns", answer.out)
    assert re.search(r"merged_with_patient_id +only decides: twenty__", answer.out)
    assert max(map(len, answer.out.splitlines())) <= 80


MODEL = """
    select
        id,
        {{ var('greeting') }} as name,
    from {{ source('cliniko', 'patients') }}
    where email is not null
"""
FILES = {
    "sources/cliniko.yml": """
        sources:
          - name: cliniko
            schema: raw
            tables:
              - {name: patients, files: ["*.csv"], columns: [{name: id}, {name: name}, {name: email}]}
    """,
    "models/twenty/twenty__person.yml": """
        models:
          - name: twenty__person
            config: {load: {object: person, key: id}}
            columns: [{name: id}, {name: name}]
    """,
    "models/vars.yml": "vars: [{name: greeting, default: name}]",
    "models/twenty/twenty__person.sql": MODEL,
}


def test_json_holds_everything(make_project: MakeProject) -> None:
    folder = make_project(FILES).root
    columns = json.loads(shift(folder, "lineage", "--output", "json").out)
    assert [column["column"] for column in columns] == ["id", "name", ROWS]
    assert columns[1] == {
        "model": "twenty__person",
        "object": "person",
        "column": "name",
        "feeds": ["cliniko.patients.name"],
        "settings": [],
        "constants": [],
        "unknown": [],
        "decides": [],
        "through": [],
    }
    assert columns[2]["decides"] == ["cliniko.patients.email"]
    assert json.loads(shift(folder, "lineage", "source:patients.name", "--output", "json").out) == [
        {
            "source": "cliniko.patients.name",
            "left_out": None,
            "feeds": ["twenty__person.name"],
            "decides": [],
            "handover": [],
        }
    ]


@pytest.mark.parametrize(
    ("what", "said"),
    [
        ("twenty__persn", "there is no model 'twenty__persn'\nDid you mean 'twenty__person'?"),
        ("twenty__person.nam", "'nam' is no column of twenty__person\nDid you mean 'name'?"),
        ("twenty__person.nonsense", "'nonsense' is no column of twenty__person\nKnown: id, name."),
        ("source:patients.nonsense", "'patients.nonsense' is in no source\nKnown: "),
        ("source:patient.x", "'patient.x' is in no source\nDid you mean 'patients'?"),
        ("source:nope.x", "'nope.x' is in no source\nKnown: patients."),
        ("source:patients.emial", "'patients.emial' is in no source\nDid you mean 'email'?"),
    ],
)
def test_what_is_not_there(make_project: MakeProject, what: str, said: str) -> None:
    answer = shift(make_project(FILES).root, "lineage", what)
    assert answer.code == 2
    assert said in answer.err


def test_of_many_columns_none_is_listed_for_a_misspelt_one() -> None:
    answer = shift(ROOT, "lineage", "twenty__person.nope")
    assert (answer.code, "See its columns: " in answer.err, "salutation" in answer.err) == (2, True, False)
    assert answer.err.rstrip().endswith("lineage twenty__person")


def test_a_setting_that_is_sql_is_read_as_what_it_says(make_project: MakeProject) -> None:
    lineage = trace(make_project(FILES))
    columns = {column.column: column for column in lineage.columns("twenty__person")}
    assert columns["name"].feeds == ("cliniko.patients.name",)


def test_a_setting_is_told_where_its_text_goes(make_project: MakeProject) -> None:
    sql = MODEL.replace("{{ var('greeting') }}", "{{ literal(var('greeting')) }} || email")
    macros = "{% macro literal(text) %}'{{ text | replace(\"'\", \"''\") }}'{% endmacro %}"
    lineage = trace(make_project({**FILES, "macros/text.sql": macros, "models/twenty/twenty__person.sql": sql}))
    columns = {column.column: column for column in lineage.columns("twenty__person")}
    assert (columns["name"].feeds, columns["name"].settings) == (("cliniko.patients.email",), ("greeting",))


def test_a_setting_of_the_command_line_counts(make_project: MakeProject) -> None:
    files = {
        **FILES,
        "models/vars.yml": "vars: [{name: greeting, default: name}, {name: greets, type: boolean, default: false}]",
        "models/twenty/twenty__person.sql": MODEL.replace(
            "{{ var('greeting') }}", "{{ 'email' if var('greets') else 'null' }}"
        ),
    }
    columns = trace(make_project(files, variables={"greets": True})).columns("twenty__person")
    assert columns[1].feeds == ("cliniko.patients.email",)


def test_sql_that_cannot_be_read_is_unknown_and_says_where(make_project: MakeProject) -> None:
    sql = MODEL.replace("id,", "id id id,", 1)
    lineage = trace(make_project({**FILES, "models/twenty/twenty__person.sql": sql}))
    columns = lineage.columns("twenty__person")
    assert [column.column for column in columns] == ["id", "name", FURTHER, ROWS]
    assert all("models/twenty/twenty__person.sql:2: " in column.unknown[0] for column in columns[:-1])


def test_a_column_that_is_not_there_is_unknown_and_says_where(make_project: MakeProject) -> None:
    sql = MODEL.replace("id,", "upper(nowhere) as id,", 1)
    below = "select id, id || 'x' as name from {{ ref('twenty__person') }}"
    files = {"models/twenty/twenty__person.sql": sql, "models/twenty/twenty__below.sql": below}
    lineage = trace(make_project({**FILES, **files}))
    for model in ("twenty__person", "twenty__below"):
        assert lineage.columns(model)[0].unknown == ("models/twenty/twenty__person.sql:2: nowhere",)
