-- One row per visit and custom field. The export is long (a row per field) or wide (a column per field).
with source as (
    select
        {{ trimmed('appointment_id') }} as appointment_id,
        {{ trimmed('patient_id') }} as patient_id,
        {{ one_line('field') }} as label,
        {{ trimmed('value') }} as value,
        _extra,
        _file,
        _row,
    from {{ source('cliniko', 'appointment_custom_fields') }}
    semi join {{ files('not is_replaced') }} as standing using (_file)
    where appointment_id is not null
),

cells as (
    select
        appointment_id,
        patient_id,
        label,
        value,
        _file,
        _row,
    from source
    where label is not null

    union all

    select
        appointment_id,
        patient_id,
        unnest(map_keys(_extra)) as label,
        unnest(map_values(_extra)) as value,
        _file,
        _row,
    from source
),

named as (
    select
        * exclude (label, value),
        {{ one_line('label') }} as label,
        {{ folded('label') }} as label_folded,
        {{ trimmed('value') }} as value,
    from cells
),

newest as (
    select named.*
    from named
    left join {{ source('landing', '_files') }} as files on named._file = files.file
    qualify row_number() over (
        partition by named.appointment_id, named.patient_id, named.label_folded
        order by files.run_date desc nulls last, named._file desc, named._row desc
    ) = 1
),

-- A field of a class without a patient is one of all who were in it.
final as (
    select
        visits.attendance_id,
        newest.appointment_id,
        visits.patient_id,
        newest.label,
        newest.label_folded,
        newest.value,
    from newest
    left join {{ ref('cliniko__patients') }} as patients using (patient_id)
    inner join {{ ref('cliniko__attendances') }} as visits
        on newest.appointment_id = visits.appointment_id
        and (newest.patient_id is null or coalesce(patients.kept_patient_id, newest.patient_id) = visits.patient_id)
    where newest.value is not null
)

select * from final
