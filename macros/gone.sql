{# Records of one object that this ledger wrote and the clinic has no more: their key in the CRM is none of `keys`,
   a relation with the column `key` that holds all that the clinic's models know, what a rule leaves out included. They
   are gone for certain where each kind of export that tells of them has a complete file that could be read whole. #}
{% macro gone(object, kinds, keys) -%}
(
    with known as (
        select key
        from {{ source('ledger', 'records') }}
        where object = {{ literal(object) }} and id is not null
    ),

    doubts as (
        select
            case
                when count(*) = 0 then {{ literal('no export of ' ~ kinds | join(' or ') ~ ' is there') }}
                else string_agg(distinct doubt, '; ' order by doubt)
            end as kept_because,
        from {{ ref('cliniko__exports') }}
        where kind in ('{{ kinds | join("', '") }}')
    )

    select
        {{ literal(object) }} as object,
        known.key,
        doubts.kept_because,
    from known
    anti join {{ keys }} as there using (key)
    cross join doubts
)
{%- endmacro %}

{# The keys of a model of the clinic as the CRM knows them: the ids, where an object has no other key there. #}
{% macro keys_of(model, key, object=none) -%}
(
    select {{ record_id(object, key) if object else source_system_id(key) }} as key
    from {{ model }}
)
{%- endmacro %}
