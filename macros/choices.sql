{# Names as the choices of a select field: `name`, `label` and `value`. A label may hold no comma, and two names that
   fall into one value are told apart by a number that no other name has. `names` is a relation with the column `name`,
   each once. #}
{% macro choices(names) -%}
(
    with valued as (
        select
            name,
            {{ option_value('name') }} as value,
        from {{ names }}
    ),

    numbered as (
        select
            regexp_replace(value, '_\d+$', '') as value,
            max(try_cast(regexp_extract(value, '_(\d+)$', 1) as integer)) as highest,
        from valued
        group by regexp_replace(value, '_\d+$', '')
    ),

    placed as (
        select
            valued.name,
            valued.value,
            row_number() over (partition by valued.value order by valued.name) as place,
            coalesce(numbered.highest, 1) as highest,
        from valued
        left join numbered using (value)
    )

    select
        name,
        replace(name, ',', ' /') as label,
        case when place = 1 then value else value || '_' || (greatest(highest, 1) + place - 1) end as value,
    from placed
)
{%- endmacro %}

{# The choices of a field that has its usual `words` (a list), and whatever else stands in `column`: found by
   `name_folded`, and to be shown in the order of `place`. #}
{% macro usual_choices(words, model, column) -%}
(
    with usual as (
        select unnest({{ words }}) as name
    ),

    seen as (
        select min({{ column }}) as name
        from {{ model }}
        where {{ folded(column) }} not in (select {{ folded('name') }} from usual)
        group by {{ folded(column) }}
    ),

    together as (
        select * from usual
        union all
        select * from seen
    )

    select
        *,
        {{ folded('name') }} as name_folded,
        coalesce(list_position({{ words }}, name), 1 + len({{ words }})) as place,
    from {{ choices('together') }}
)
{%- endmacro %}

{# Cliniko's words for what became of a visit. #}
{% macro visit_words() -%}
['Awaiting', 'Arrived', 'In Progress', 'Completed', 'No Show', 'Cancelled']
{%- endmacro %}

{# The choice that stands for a name: UPPER_SNAKE, never a digit first. A name without a letter or digit of ASCII is
   told by its hash. #}
{% macro option_value(name) -%}
coalesce(
    nullif(
        regexp_replace(
            trim(regexp_replace(upper(strip_accents({{ name }})), '[^A-Z0-9]+', '_', 'g'), '_'), '^([0-9])', 'T_\1'
        ),
        ''
    ),
    'OPTION_' || upper(left(md5({{ name }}), 8))
)
{%- endmacro %}
