-- One row per custom field of patients and of visits, with the type that fits all its values. What somebody confirmed
-- goes before Cliniko's own definition, and that before what the values look like. Digits that begin with a zero, or
-- are too many, are a number to nobody.
with entries as (
    select
        of_what,
        {{ folded('section') }} as section_folded,
        {{ folded('label') }} as label_folded,
        name,
        type,
        is_clinical,
        is_confirmed,
    from (
        values
        {% for entry in custom_fields() -%}
        (
            '{{ entry.of }}',
            {{ literal(entry.section or '') }},
            {{ literal(entry.custom_field) }},
            {{ literal(entry.name or '') }},
            '{{ entry.type }}',
            {{ entry.clinical | lower }},
            {{ entry.confirmed | lower }}
        ),
        {% endfor -%}
        (null, null, null, null, null, null, null)
    ) as listed (of_what, section, label, name, type, is_clinical, is_confirmed)
),

looked_at as (
    select
        of_what,
        field_key,
        max(section) as section,
        min(label) as label,
        min(label_folded) as label_folded,
        max(defined_as) as defined_as,
        count(*) as filled,
        count(distinct value) as choices,
        bool_and({{ day('value') }} is not null) as all_days,
        bool_and({{ flag('value') }} is not null) as all_flags,
        bool_and(regexp_matches(value, '^-?(0|[1-9]\d{0,14})(\.\d+)?$')) as all_numbers,
    from {{ ref('cliniko__custom_field_values') }}
    group by of_what, field_key
),

typed as (
    select
        *,
        {{ folded('section') }} as section_folded,
        case
            when defined_as = 'checkboxes' then 'choices'
            when defined_as = 'radiobuttons' then 'choice'
            when defined_as = 'date' then 'date'
            when defined_as in ('text', 'paragraph') then 'text'
            when all_flags then 'yes_no'
            when all_days then 'date'
            when all_numbers then 'number'
            when choices <= 12 and filled >= 4 * choices then 'choice'
            else 'text'
        end as found_type,
    from looked_at
),

-- A column of an export tells no section, so it is whichever field has its label.
matched as (
    select
        typed.*,
        nullif(entries.name, '') as name,
        entries.type as entry_type,
        entries.label_folded is not null as is_listed,
        coalesce(entries.is_confirmed, false) as is_confirmed,
        coalesce(entries.is_clinical, false) as is_clinical,
    from typed
    left join entries
        on typed.of_what = entries.of_what
        and typed.label_folded = entries.label_folded
        and coalesce(entries.section_folded = typed.section_folded, true)
    qualify row_number() over (
        partition by typed.of_what, typed.field_key
        order by entries.section_folded = typed.section_folded desc nulls last, entries.is_confirmed desc
    ) = 1
),

final as (
    select
        of_what,
        field_key,
        section,
        label,
        label_folded,
        filled,
        choices,
        case when is_confirmed then entry_type else found_type end as type,
        name,
        is_listed,
        is_confirmed,
        is_clinical,
        of_what = 'patient' and label_folded in (
            {% for label in var('insurance').values() -%}
            {{ folded(literal(label)) }},
            {% endfor -%}
            ''
        ) as is_insurance,
        {% if var('clinical_notes') == 'exclude' -%}
        not is_clinical and
        {%- endif %}
        {%- if var('custom_fields') == 'all' %}
        (is_confirmed or not is_insurance) as goes,
        {%- else %}
        is_confirmed as goes,
        {%- endif %}
    from matched
)

select * from final
