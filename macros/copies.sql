{# Several files may hold one record. The newest copy wins: by Updated At, then the file's date, then its position.
   Rows without a key are nobody's copy. The keys that occur twice are found first: a window over whole rows would
   double time and memory. #}
{% macro newest(relation, key) -%}
(
    select landed.*
    from {{ relation }} as landed
    anti join {{ superseded(relation, key) }} as older using (_file, _row)
)
{%- endmacro %}

{% macro superseded(relation, key) -%}
(
    select
        copies._file,
        copies._row,
    from {{ relation }} as copies
    semi join (
        select {{ key }}
        from {{ relation }}
        where {{ key }} is not null
        group by {{ key }}
        having count(*) > 1
    ) as repeated using ({{ key }})
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
