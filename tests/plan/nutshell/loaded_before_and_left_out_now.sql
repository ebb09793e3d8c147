-- Records of ours that a rule or a setting leaves out by now: they were loaded before, and stay in Nutshell as they
-- are. To be rid of them, roll back the load that made them, or delete them by hand.
{{ config(severity='warn') }}
{% set models = {
    'nutshell__company': 'company',
    'nutshell__person': 'person',
    'nutshell__activity': 'activity',
    'nutshell__note': 'note',
    'nutshell__attachment': 'note',
} -%}
{% if var('attachments') == 'lead_upload' -%}
{% set models = dict(models, nutshell__lead='lead', nutshell__lead_file='file') -%}
{% endif -%}
with staged as (
    {% for model, object in models.items() -%}
    select
        '{{ object }}' as object,
        _key as key,
    from {{ ref(model) }}

    union all

    {% endfor -%}
    {% if var('treatment_notes') == 'activities' -%}
    select
        'activity' as object,
        _key as key,
    from {{ ref('nutshell__note_activity') }}

    union all

    {% endif -%}
    select
        object,
        key,
    from {{ ref('nutshell__gone') }}
)

select
    records.object,
    count(*) as records,
    min(records.key) as such_as,
from {{ source('ledger', 'records') }} as records
anti join staged
    on records.object = staged.object and {{ note_of('records.key') }} = {{ note_of('staged.key') }}
where records.id is not null and records.object in ('company', 'person', 'activity', 'note', 'lead', 'file')
group by records.object
order by records.object
