{# The id of a record before it is there: UUIDv5 of (source account, object, source key). The same clinic gives the same
   ids on every machine, so a repeated create is recognised. Null where the key is null. #}
{% macro record_id(object, key) -%}
{{ uuid5(literal(var('source_account') ~ ':' ~ object ~ ':') ~ ' || ' ~ key) }}
{%- endmacro %}

{# RFC 9562, section 5.5, in a namespace of our own: SHA-1, with the version and the variant written over it. #}
{% macro uuid5(name) -%}
{%- set digest = "sha1(unhex('7b0f6a1c94d25e3b8a6f1d2c3b4a5968') || encode(" ~ name ~ "))" -%}
substr({{ digest }}, 1, 8) || '-' || substr({{ digest }}, 9, 4)
|| '-5' || substr({{ digest }}, 14, 3)
|| '-' || translate(substr({{ digest }}, 17, 1), '0123456789abcdef', '89ab89ab89ab89ab') || substr({{ digest }}, 18, 3)
|| '-' || substr({{ digest }}, 21, 12)
{%- endmacro %}

{# A key as it stands in the CRM, where a second clinic may live beside the first. #}
{% macro source_system_id(key) -%}
{% if var('source_prefix') %}{{ literal(var('source_prefix')) }} || {% endif %}{{ key }}
{%- endmacro %}

{# The keys of records that the CRM holds, of all objects or of one. What was loaded under a key keeps it for ever. #}
{% macro remembered_keys(object=none) -%}
(
    select distinct substr(key, 1 + length({{ literal(var('source_prefix') or '') }})) as key
    from {{ source('ledger', 'records') }}
    where
        id is not null
        and starts_with(key, {{ literal(var('source_prefix') or '') }})
        {%- if object %}
        and object = {{ literal(object) }}
        {%- endif %}
)
{%- endmacro %}

{# The records of an object that this ledger wrote, or took over. #}
{% macro loaded(object) -%}
(
    select
        id,
        key,
    from {{ source('ledger', 'records') }}
    where object = {{ literal(object) }} and id is not null
)
{%- endmacro %}

{# The names in a model that one record alone has, as `name`, and the `key` of that record. #}
{% macro keys_by_name(model, name, key) -%}
(
    select
        {{ name }} as name,
        min({{ key }}) as key,
    from {{ model }}
    group by {{ name }}
    having count(*) = 1
)
{%- endmacro %}

{# The key of a record that has an id, or came without one: a mark that every source can give leads to it. What was
   loaded under its mark (`kept_key`) keeps it; else the id is the key; else the mark. Of several ids that share a mark
   the oldest is meant (Cliniko counts upwards), and the others are records of their own. #}
{% macro key_of(source_id, mark, kept_key) -%}
{%- set first_id -%}
arg_min({{ source_id }}, (length({{ source_id }}), {{ source_id }})) over (partition by {{ mark }})
{%- endset -%}
case
    when {{ mark }} is null or {{ source_id }} != {{ first_id }} then {{ source_id }}
    else coalesce({{ kept_key }}, {{ first_id }}, {{ mark }})
end
{%- endmacro %}

{# What tells a visit where there is no id: its slot, when it was booked, and that one patient, so that a class that
   grows does not become another visit for those who were in it. All three stand in the mark, and so in the ledger: a
   visit that was moved to another slot is known by the other two. #}
{% macro visit_mark(slot, booked, patient_id) -%}
'mark-' || {{ slot }} || '-' || {{ booked }} || '-' || {{ patient_id }}
{%- endmacro %}

{# To the minute: a spreadsheet that saves an export cuts the seconds off. #}
{% macro visit_slot(starts_at, practitioner_id) -%}
left(
    md5(
        coalesce((epoch_ms({{ starts_at }}) // 60000)::varchar, '?') || '|' || coalesce({{ practitioner_id }}, '?')
    ),
    16
)
{%- endmacro %}

{% macro visit_booking(created_at) -%}
coalesce(left(md5((epoch_ms({{ created_at }}) // 60000)::varchar), 8), 'x')
{%- endmacro %}
