with source as (
    select * from {{ newest(source('cliniko', 'communications'), 'communication_id') }}
),

renamed as (
    select
        {{ trimmed('communication_id') }} as communication_id,
        {{ trimmed('patient_id') }} as listed_patient_id,
        {{ trimmed('booking_id') }} as appointment_id,
        {{ one_line('type') }} as channel,
        {{ one_line('category') }} as category,
        {{ one_line('direction_description') }} as direction,
        {{ one_line('"from"') }} as sender,
        {{ one_line('"to"') }} as recipient,
        {{ one_line('content_subject') }} as subject,
        {{ trimmed('content') }} as content,
        {{ instant('created_at') }} as created_at,
        {{ instant('updated_at') }} as updated_at,
        archived_at is not null as is_archived,
        _file,
        _row,
    from source
),

bodies as materialized (
    select
        content,
        html_to_markdown(content) as body,
    from (select distinct content from renamed where content is not null)
),

final as (
    select
        renamed.* exclude (listed_patient_id, is_archived, content),
        bodies.body,
        coalesce(patients.kept_patient_id, renamed.listed_patient_id) as patient_id,
        case
            when renamed.communication_id is null then 'no_id'
            when renamed.is_archived then 'archived'
            {% if var('communications') == 'exclude' -%}
            else 'communications'
            {% else -%}
            when patients.patient_id is null then 'unknown_patient'
            else patients.records_excluded_by
            {% endif -%}
        end as excluded_by,
    from renamed
    left join bodies using (content)
    left join {{ ref('cliniko__patients') }} as patients on renamed.listed_patient_id = patients.patient_id
)

select * from final
