-- The engine uploads the file that `$file` names right before the record is created, and puts the answer in its place.
with final as (
    select
        {{ record_id('attachment', 'attachments.attachment_id') }} as id,
        attachments.file_name as name,
        [
            {
                'fileId': {
                    '$file': attachments.folder || '/' || attachments.path,
                    '$sha256': attachments.sha256
                },
                'label': attachments.file_name
            }
        ] as file,
        people.id as targetPersonId,
        attachments.description,
        {{ iso('attachments.created_at') }} as createdAt,
        {{ imported_by("'Cliniko'") }} as createdBy,
        attachments.attachment_id as _attachment_id,
        attachments.sha256 as _sha256,
        attachments.size_bytes as _bytes,
    from {{ ref('cliniko__attachments') }} as attachments
    inner join {{ ref('twenty__person') }} as people on attachments.patient_id = people._patient_id
    where attachments.excluded_by is null
)

select * from final
