-- The engine sends the file that `$file` names, and puts the id that it got on its lead in its place.
with final as (
    select
        {{ reference('lead', 'person_key') }} as lead,
        safe_name as name,
        coalesce(content_type, 'application/octet-stream') as mime,
        size_bytes as size,
        {'$file': source_file, '$sha256': sha256} as file,
        {{ source_system_id('attachment_id') }} as _key,
        person_key as _lead_key,
        sha256 as _sha256,
    from {{ ref('nutshell__files') }}
    where is_on_a_lead
)

select * from final
