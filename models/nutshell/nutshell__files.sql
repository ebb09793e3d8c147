-- Where each file of a patient lies: in the handover folder, a folder per person, the name as it was, and two files of
-- one name told apart by a number; or on a lead, under the same name, if it is not too large.
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
        {{ file_name('attachments.file_name') }} as safe_name,
    from {{ ref('cliniko__attachments') }} as attachments
    inner join {{ ref('nutshell__person') }} as people on attachments.patient_id = people._patient_id
    where attachments.excluded_by is null
),

placed as (
    select
        *,
        row_number() over (
            partition by folder, lower(safe_name) order by created_at asc nulls last, attachment_id
        ) as place,
    from files
),

final as (
    select
        attachment_id,
        person_key,
        folder || '/' || case when place > 1 then place || ' ' else '' end || safe_name as path,
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
    from placed
)

select * from final
