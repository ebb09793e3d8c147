{# A text as it comes out of a file: blanks off both ends (160 is the one that does not break), null for empty. #}
{% macro trimmed(text) -%}
nullif(trim({{ text }}, e' \t\r\n' || chr(160)), '')
{%- endmacro %}

{# One line: for names and titles. #}
{% macro one_line(text) -%}
nullif(trim(regexp_replace({{ text }}, '\s+', ' ', 'g')), '')
{%- endmacro %}

{# The form by which two names are compared: case, accents and blanks do not count. #}
{% macro folded(text) -%}
nullif(trim(regexp_replace(lower(strip_accents({{ text }})), '\s+', ' ', 'g')), '')
{%- endmacro %}

{# Yes and no in every spelling that an export was seen to have; null for all else. #}
{% macro flag(text) -%}
case
    when lower(trim({{ text }})) in ('true', 'yes', 'y', 't', '1') then true
    when lower(trim({{ text }})) in ('false', 'no', 'n', 'f', '0') then false
end
{%- endmacro %}

{# A text as SQL writes it, for values that come from settings. #}
{% macro literal(text) -%}
'{{ text | string | replace("'", "''") }}'
{%- endmacro %}

{# A text that is JSON, else null: what is none would end the build. #}
{% macro json_text(text) -%}
case when json_valid({{ text }}) then {{ text }} end
{%- endmacro %}
