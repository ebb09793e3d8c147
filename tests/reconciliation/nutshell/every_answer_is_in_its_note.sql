with notes as (
    select
        'note' as object,
        _key,
        _body,
    from {{ ref('nutshell__note') }}
    {%- if var('treatment_notes') == 'activities' %}

    union all

    select
        'activity' as object,
        _key,
        _body,
    from {{ ref('nutshell__note_activity') }}
    {%- endif %}
)

select
    notes._key as note_key,
    found.id,
    contains(coalesce(found.body ->> 'note', found.body ->> 'body'), notes._body) as _holds,
from notes
inner join {{ source('readback', 'sent') }} as sent on notes.object = sent.object and notes._key = sent.key
inner join {{ source('readback', 'records') }} as found on sent.object = found.object and sent.id = found.id
where notes._body is not null
