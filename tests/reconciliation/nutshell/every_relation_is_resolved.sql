-- Visits, notes and files are their person's in the CRM, and people their payer's.
with meant as (
    {% for model, object in {
        'nutshell__activity': 'activity',
        'nutshell__note_activity': 'activity',
        'nutshell__note': 'note',
        'nutshell__attachment': 'note',
    }.items() if model != 'nutshell__note_activity' or var('treatment_notes') == 'activities' -%}
    select
        '{{ object }}' as object,
        _key as key,
        'person' as parent,
        _person_key as parent_key,
    from {{ ref(model) }}

    union all

    {% endfor -%}
    select
        'person' as object,
        _key as key,
        'company' as parent,
        _company_key as parent_key,
    from {{ ref('nutshell__person') }}
    where _company_key is not null
),

told as (
    select
        object,
        id,
        list_concat(
            json_extract_string(body, '$.contacts[*]'),
            json_extract_string(body, '$.accounts[*].id'),
            [body ->> 'parent']
        ) as parents,
    from {{ source('readback', 'records') }}
)

select
    meant.object,
    meant.key,
    meant.parent,
    meant.parent_key,
    list_contains(told.parents, parents.id) as _holds,
from meant
inner join {{ source('readback', 'sent') }} as sent on meant.object = sent.object and meant.key = sent.key
left join {{ source('ledger', 'records') }} as parents
    on meant.parent = parents.object and meant.parent_key = parents.key
left join told on sent.object = told.object and sent.id = told.id
