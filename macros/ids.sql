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

{# What tells a visit where there is no id: its start, its practitioner, and that one patient, so that a class that
   grows does not become another visit for those who were in it. #}
{% macro visit_mark(starts_at, practitioner_id, patient_id) -%}
'mark-' || md5(
    coalesce(epoch_ms({{ starts_at }})::varchar, '?')
    || '|' || coalesce({{ practitioner_id }}, '?')
    || '|' || {{ patient_id }}
)
{%- endmacro %}
