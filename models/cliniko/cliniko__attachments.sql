-- The API tells of a file, its index where it lies. A file without a line in an index is somebody's where its folder is
-- called by their id.
{% set folder = "case when split_part(_file, '/', 1) = 'charts' then 'charts' else 'attachments' end" -%}
{% set name -%}
nfc_normalize(regexp_replace(replace({{ trimmed('file') }}, '\', '/'), '^(\./)?((attachments|charts)/)?', ''))
{%- endset %}
with source as (
    select * from {{ newest(source('cliniko', 'patient_attachments'), 'attachment_id', ['file']) }}
),

files as (
    select
        folder,
        path,
        -- A name that was packed on a Mac has its accents apart.
        nfc_normalize(path) as name,
        size_bytes,
        sha256,
    from {{ source('landing', '_attachments') }}
),

listed as (
    select
        {{ trimmed('attachment_id') }} as attachment_id,
        {{ trimmed('patient_id') }} as patient_id,
        {{ folder }} as folder,
        {{ name }} as name,
        {{ trimmed('filename') }} as file_name,
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

indexed as (
    select
        listed.* exclude (name, size_bytes),
        coalesce(files.path, listed.name) as path,
        coalesce(files.size_bytes, listed.size_bytes) as size_bytes,
        files.sha256,
        files.path is not null as is_there,
    from listed
    left join files using (folder, name)
),

-- A file that a newer index tells of no more is still the one that an older told of.
ever_listed as (
    select
        {{ folder }} as folder,
        {{ name }} as name,
    from {{ source('cliniko', 'patient_attachments') }}
),

unlisted as (
    select
        files.folder,
        files.path,
        files.size_bytes,
        files.sha256,
        case when contains(files.path, '/') then split_part(files.path, '/', 1) end as patient_id,
        true as is_there,
        files.folder || '/' || files.path as _file,
        1 as _row,
    from files
    anti join ever_listed using (folder, name)
),

together as (
    select
        *,
        true as is_listed,
    from indexed

    union all by name

    select
        *,
        false as is_listed,
    from unlisted
),

-- Two indexes without ids may tell of one file.
keyed as (
    select
        * exclude (attachment_id),
        attachment_id is null
        and row_number() over (
            partition by folder, path, attachment_id
            order by is_listed desc, updated_at desc nulls last, _file desc, _row
        ) > 1 as is_told_twice,
        case
            when not is_told_twice then coalesce(attachment_id, 'file:' || folder || '/' || path)
        end as attachment_id,
    from together
),

final as (
    select
        keyed.attachment_id,
        coalesce(patients.kept_patient_id, keyed.patient_id) as patient_id,
        keyed.folder,
        keyed.path,
        coalesce(keyed.file_name, regexp_extract(keyed.path, '[^/]+$')) as file_name,
        keyed.content_type,
        keyed.size_bytes,
        keyed.sha256,
        keyed.description,
        keyed.created_at,
        keyed.updated_at,
        keyed._file,
        keyed._row,
        case
            when keyed.is_told_twice then 'told_twice'
            when keyed.attachment_id is null then 'no_id'
            when keyed.is_archived then 'archived'
            when keyed.path is null and keyed.is_processed is false then 'not_processed'
            when keyed.path is null then 'no_file'
            when not keyed.is_there then 'file_not_found'
            when keyed.size_bytes = 0 then 'empty_file'
            when patients.patient_id is null and not keyed.is_listed then 'not_in_an_index'
            when patients.patient_id is null then 'unknown_patient'
            when patients.records_excluded_by is not null then patients.records_excluded_by
            {% if var('clinical_notes') == 'exclude' -%}
            -- Drawings on body charts are part of treatment notes.
            when keyed.folder = 'charts' then 'clinical_notes'
            {% endif -%}
        end as excluded_by,
    from keyed
    left join {{ ref('cliniko__patients') }} as patients on keyed.patient_id = patients.patient_id
)

select * from final
