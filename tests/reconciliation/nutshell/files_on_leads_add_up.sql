-- A file that is not too large is on a lead.
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
{{ row_equation('file', ref('nutshell__lead_file'), '_key', clinic, excluded='stays_behind') }}
