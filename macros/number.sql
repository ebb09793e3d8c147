{# A text as DECIMAL, by its look first: a cast alone would take '1e3' and '1_000'. #}
{% macro amount(text) -%}
case when regexp_matches({{ text }}, '^-?\d{1,15}(\.\d{1,6})?$') then {{ text }}::decimal(38, 6) end
{%- endmacro %}

{# A text as INTEGER; '30.0' counts, '30.5' does not. #}
{% macro whole_number(text) -%}
case when regexp_matches({{ text }}, '^-?\d{1,9}(\.0+)?$') then {{ text }}::decimal(18, 6)::integer end
{%- endmacro %}

{# An amount of money as Twenty keeps it. #}
{% macro money(amount) -%}
case
    when {{ amount }} is not null
        then {
            'amountMicros': ({{ amount }}::decimal(38, 6) * 1000000)::bigint,
            'currencyCode': {{ literal(var('currency')) }}
        }
end
{%- endmacro %}
