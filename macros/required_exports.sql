{# The files of each required kind of export, where not one of them holds a row. #}
{% macro required_exports_without_rows() -%}
select
    string_agg(files.file, ', ' order by files.file) as file,
    'no rows of ' || kinds.kind as reason,
from {{ source('landing', '_kinds') }} as kinds
inner join {{ source('landing', '_files') }} as files using (kind)
where kinds.required and files.reason is null
group by kinds.kind
having sum(files.rows) = 0
{%- endmacro %}
