-- Visits, notes and files are their person's in the CRM, people their payer's, and visits those of their clinic site.
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
    {% if var('locations') == 'companies' -%}
    select
        'activity' as object,
        _key as key,
        'company' as parent,
        _site_key as parent_key,
    from {{ ref('nutshell__activity') }}
    where _site_key is not null

    union all

    {% endif -%}
    {% if var('attachments') == 'lead_upload' -%}
    select
        'lead' as object,
        _key as key,
        'person' as parent,
        _person_key as parent_key,
    from {{ ref('nutshell__lead') }}

    union all

    select
        'file' as object,
        _key as key,
        'lead' as parent,
        _lead_key as parent_key,
    from {{ ref('nutshell__lead_file') }}

    union all

    {% endif -%}
    select
        'person' as object,
        _key as key,
        'company' as parent,
        _company_key as parent_key,
    from {{ ref('nutshell__person') }}
    where _company_key is not null
),

-- Those that a load made, and those that were there and are linked.
parents as (
    {% for model, object in {'nutshell__person': 'person', 'nutshell__company': 'company'}.items() -%}
    select
        '{{ object }}' as object,
        staged._key as key,
        coalesce(loaded.id, staged._linked_id) as id,
    from {{ ref(model) }} as staged
    left join {{ loaded(object) }} as loaded on staged._key = loaded.key
    {% if not loop.last %}
    union all

    {% endif -%}
    {% endfor -%}
    {% if var('attachments') == 'lead_upload' %}
    union all

    select
        'lead' as object,
        key,
        id,
    from {{ loaded('lead') }}
    {% endif -%}
),

told as (
    select
        object,
        id,
        list_concat(
            json_extract_string(body, '$.contacts[*]'),
            json_extract_string(body, '$.accounts[*]'),
            json_extract_string(body, '$.accounts[*].id'),
            json_extract_string(body, '$.contacts[*].id'),
            [body ->> 'parent', body ->> 'lead']
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
left join parents on meant.parent = parents.object and meant.parent_key = parents.key
left join told on sent.object = told.object and sent.id = told.id
