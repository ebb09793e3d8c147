-- What the CRM will not hold as the clinic had it: a row for each value that goes along in another form, or not at all.
-- The plan counts them. Whatever else you want to be told of, add it here.
with people as (
    select *
    from {{ ref('nutshell__person') }}
),

told as (
    select
        'person' as object,
        _key as key,
        'phones' as field,
        'phones or e-mails kept as text alone, since they are none or would be cut' as what,
    from people
    where "Contact as Written" is not null

    union all

    select
        'person' as object,
        _key as key,
        'Date of Birth' as field,
        'birth dates that are no true day, kept as text' as what,
    from people
    where "Date of Birth as Written" is not null

    union all

    select
        'person' as object,
        {{ source_system_id('owner_id') }} as key,
        field,
        'choices that the field does not have, held back' as what,
    from {{ ref('nutshell__late_choices') }}

    union all

    select
        object,
        {{ source_system_id('owner_id') }} as key,
        name as field,
        'answers that do not fit the type of their field' as what,
    from {{ ref('nutshell__custom_field_values') }}
    where value is null

    union all

    select
        object,
        {{ source_system_id('owner_id') }} as key,
        name as field,
        case kind
            when 'number' then 'numbers kept as text, since it is not known what Nutshell calls a field of numbers'
            else 'answers of several choices kept as one text, since it is not known how Nutshell takes several'
        end as what,
    from {{ ref('nutshell__field_answers') }}
    where kind in ('number', 'choices')

    union all

    select
        'note' as object,
        _key as key,
        'files' as field,
        {% if var('attachments') == 'lead_upload' -%}
        'files above `attachment_limit_mb`, told by a note and put into the handover folder' as what,
        {% else -%}
        'files that no API takes, told by a note and put into the handover folder' as what,
        {% endif -%}
    from {{ ref('nutshell__attachment') }}
    where not _is_on_a_lead

    union all

    select
        'note' as object,
        _key as key,
        'date' as field,
        'notes that get the day of the load as their date, and say their own in the first line' as what,
    from {{ ref('nutshell__note') }}
),

-- Of people who are linked, nothing is written.
final as (
    select *
    from told
    where object != 'person' or key not in (select _key from people where _linked_id is not null)
)

select * from final
