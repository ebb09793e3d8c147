{# Several files may hold one record. The newest copy wins: by Updated At, then the file's date, then its position.
   Rows without a key are nobody's copy. The keys that occur twice are found first: a window over whole rows would
   double time and memory. An export and the API differ in what they tell: `partly_told` are columns in which the newest
   of those copies wins whose file has the column. What a newer complete export tells of no more is superseded too:
   `known_by` is the column by which it is looked for there. #}
{% macro newest(relation, key, partly_told=[], known_by=none) -%}
(
    select
        landed.*
        {%- if partly_told %}
        replace (
            {% for column in partly_told -%}
            case when told.{{ key }} is null then landed.{{ column }} else told.{{ column }}.cell end as {{ column }},
            {% endfor -%}
        )
        {%- endif %},
    from {{ relation }} as landed
    anti join {{ superseded(relation, key, known_by) }} as older using (_file, _row)
    {% if partly_told -%}
    left join {{ told_in_part(relation, key, partly_told) }} as told on landed.{{ key }} = told.{{ key }}
    {%- endif %}
)
{%- endmacro %}

{% macro told_in_part(relation, key, columns) -%}
(
    select
        copies.{{ key }},
        {% for column in columns -%}
        arg_max(
            {'cell': copies.{{ column }}},
            (
                coalesce({{ instant('copies.updated_at') }}, '-infinity'),
                coalesce(files.run_date, '-infinity'),
                copies._file,
                copies._row
            )
        ) filter (where list_contains(headers.column_names, '{{ column }}')) as {{ column }},
        {% endfor -%}
    from {{ relation }} as copies
    semi join {{ repeated(relation, key) }} as repeated using ({{ key }})
    left join {{ source('landing', '_files') }} as files on copies._file = files.file
    left join (
        select
            file,
            list(column_name order by column_name) as column_names,
        from {{ source('landing', '_columns') }}
        group by file
    ) as headers on copies._file = headers.file
    group by copies.{{ key }}
)
{%- endmacro %}

{% macro repeated(relation, key) -%}
(
    select {{ key }}
    from {{ relation }}
    where {{ key }} is not null
    group by {{ key }}
    having count(*) > 1
)
{%- endmacro %}

{% macro superseded(relation, key, known_by=none) -%}
(
    select
        copies._file,
        copies._row,
    from {{ relation }} as copies
    semi join {{ replaced_keys(relation, known_by or key) }} as replaced using ({{ known_by or key }})

    union

    select
        copies._file,
        copies._row,
    from {{ relation }} as copies
    semi join {{ repeated(relation, key) }} as repeated using ({{ key }})
    left join {{ source('landing', '_files') }} as files on copies._file = files.file
    qualify row_number() over (
        partition by copies.{{ key }}
        order by
            {{ instant('copies.updated_at') }} desc nulls last,
            files.run_date desc nulls last,
            copies._file desc,
            copies._row desc
    ) > 1
)
{%- endmacro %}

{# The keys that stand only in files that a newer complete export of their kind has replaced. Where a record of the
   other files has no key, nobody can tell which are missing there, and none is replaced. #}
{% macro replaced_keys(relation, key) -%}
(
    select {{ key }}
    from {{ relation }} as copies
    semi join {{ files('is_replaced') }} as replaced using (_file)
    where
        {{ key }} is not null
        and not exists (
            select 1
            from {{ relation }} as copies
            semi join {{ files('not is_replaced') }} as standing using (_file)
            where {{ key }} is null
        )

    except

    select {{ key }}
    from {{ relation }} as copies
    semi join {{ files('not is_replaced') }} as standing using (_file)
)
{%- endmacro %}

{% macro files(condition) -%}
(
    select file as _file
    from {{ ref('cliniko__exports') }}
    where {{ condition }}
)
{%- endmacro %}
