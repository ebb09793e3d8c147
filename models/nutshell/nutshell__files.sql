-- Where each file of a patient lies: in the handover folder, a folder per person, its name with its id; or on a lead
-- under the same name, if it is not too large. Each file is placed by itself alone: whatever other files come and go
-- the note that says the place stays true.
with files as (
    select
        attachments.attachment_id,
        attachments.folder || '/' || attachments.path as source_file,
        attachments.file_name,
        attachments.content_type,
        attachments.description,
        attachments.size_bytes,
        attachments.size_bytes > {{ var('attachment_limit_mb') }} * 1000000 as is_over_the_limit,
        attachments.sha256,
        attachments.created_at,
        people._key as person_key,
        {{ person_folder('people') }} as folder,
        {{ file_name_with_id('attachments.file_name', 'attachments.attachment_id') }} as safe_name,
    from {{ ref('cliniko__attachments') }} as attachments
    inner join {{ ref('nutshell__person') }} as people on attachments.patient_id = people._patient_id
    where attachments.excluded_by is null
),

final as (
    select
        attachment_id,
        person_key,
        folder || '/' || safe_name as path,
        source_file,
        file_name,
        safe_name,
        content_type,
        description,
        size_bytes,
        sha256,
        created_at,
        is_over_the_limit,
        {{ 'not is_over_the_limit' if var('attachments') == 'lead_upload' else 'false' }} as is_on_a_lead,
    from files
)

select * from final
