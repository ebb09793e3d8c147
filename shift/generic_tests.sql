{# The four generic tests of dbt. Each gives the rows that fail. #}

{% test not_null(model, column_name) %}
select *
from {{ model }}
where {{ column_name }} is null
{% endtest %}

{% test unique(model, column_name) %}
select
    {{ column_name }},
    count(*) as occurrences,
from {{ model }}
where {{ column_name }} is not null
group by {{ column_name }}
having count(*) > 1
{% endtest %}

{% test accepted_values(model, column_name, values) %}
select
    {{ column_name }},
    count(*) as occurrences,
from {{ model }}
where {{ column_name }}::varchar not in (
    {%- for value in values %}
    '{{ value | string | replace("'", "''") }}'{{ "," if not loop.last }}
    {%- endfor %}
)
group by {{ column_name }}
{% endtest %}

{% test relationships(model, column_name, to, field) %}
select child.*
from {{ model }} as child
where child.{{ column_name }} is not null
    and not exists (select 1 from {{ to }} as parent where parent.{{ field }} = child.{{ column_name }})
{% endtest %}
