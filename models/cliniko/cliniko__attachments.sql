-- The API tells of a file, its index where it lies.
with source as (
    select * from {{ newest(source('cliniko', 'patient_attachments'), 'attachment_id', ['file']) }}
),

renamed as (
    select
        coalesce({{ trimmed('attachment_id') }}, 'file:' || {{ trimmed('file') }}) as attachment_id,
        {{ trimmed('patient_id') }} as listed_patient_id,
        {{ trimmed('file') }} as path,
        coalesce({{ trimmed('filename') }}, regexp_extract({{ trimmed('file') }}, '[^/\\]+$')) as file_name,
        {{ one_line('content_type') }} as content_type,
        {{ whole_number('trim(size)') }} as size_bytes,
        {{ trimmed('description') }} as description,
        {{ instant('created_at') }} as created_at,
        {{ instant('updated_at') }} as updated_at,
        archived_at is not null as is_archived,
        {{ flag('processing_completed') }} as is_processed,
        _file,
        _row,
    from source
),

final as (
    select
        renamed.* exclude (listed_patient_id, is_archived, is_processed),
        coalesce(patients.kept_patient_id, renamed.listed_patient_id) as patient_id,
        case
            when renamed.attachment_id is null then 'no_id'
            when renamed.is_archived then 'archived'
            when renamed.path is null and renamed.is_processed is false then 'not_processed'
            when renamed.path is null then 'no_file'
            when patients.patient_id is null then 'unknown_patient'
            when patients.excluded_by != 'merged' then 'patient_' || patients.excluded_by
        end as excluded_by,
    from renamed
    left join {{ ref('cliniko__patients') }} as patients on renamed.listed_patient_id = patients.patient_id
)

select * from final
