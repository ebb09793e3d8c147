-- A file that is not too large is on a lead, and no two of the clinic's are one there.
{{ config(enabled=var('attachments') == 'lead_upload') }}
{% set clinic -%}
(
    select
        attachments.attachment_id,
        attachments.excluded_by is not null or files.is_over_the_limit as stays_behind,
    from {{ ref('cliniko__attachments') }} as attachments
    left join {{ ref('nutshell__files') }} as files using (attachment_id)
)
{%- endset %}
with summed as (
    {{ row_equation('file', ref('nutshell__lead_file'), '_key', clinic, excluded='stays_behind') }}
),

told as (
    select
        count(*) as sent,
        count(distinct id) as on_leads,
    from {{ source('readback', 'sent') }}
    where object = 'file'
)

select
    summed.* exclude (_holds),
    told.on_leads,
    summed._holds and told.sent = told.on_leads as _holds,
from summed
cross join told
