-- The index of the files that are in the folder: what is where, and whose. A file that was to be on a lead lies here
-- where Nutshell refused it or its lead.
with refused as (
    select
        object,
        key,
    from {{ source('ledger', 'rejects') }}
),

final as (
    select
        people.person_id,
        files.person_key as cliniko_patient_id,
        people.person,
        files.path,
        files.source_file,
        files.file_name,
        files.content_type,
        files.description,
        files.size_bytes,
        files.sha256,
        {{ iso('files.created_at') }} as created_at,
        files.is_over_the_limit,
    from {{ ref('nutshell__files') }} as files
    left join {{ ref('handover__people') }} as people on files.person_key = people.cliniko_patient_id
    where
        not files.is_on_a_lead
        or ('file', {{ source_system_id('files.attachment_id') }}) in (select (object, key) from refused)
        or ('lead', files.person_key) in (select (object, key) from refused)
    order by files.path
)

select * from final
