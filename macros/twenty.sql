{# Who wrote a record, as Twenty keeps it. #}
{% macro imported_by(name) -%}
{'source': 'IMPORT', 'name': {{ name }}}
{%- endmacro %}

{# An address as Twenty keeps it, or null where there is nothing of one. `row` has street_1 … country. #}
{% macro twenty_address(row) -%}
case
    when coalesce(
        {{ row }}.street_1, {{ row }}.street_2, {{ row }}.city, {{ row }}.state, {{ row }}.post_code, {{ row }}.country
    ) is not null
        then {
            'addressStreet1': {{ row }}.street_1,
            'addressStreet2': {{ row }}.street_2,
            'addressCity': {{ row }}.city,
            'addressState': {{ row }}.state,
            'addressPostcode': {{ row }}.post_code,
            'addressCountry': {{ row }}.country
        }
end
{%- endmacro %}

{# Markdown as Twenty takes it: null for none, since a body that is null is refused (contracts/twenty/nulls). #}
{% macro rich_text(markdown) -%}
case when {{ markdown }} is not null then {'markdown': {{ markdown }}} end
{%- endmacro %}
