-- Records of patients who stand in an older export and not in the newest: somebody deleted them, or that export was cut
-- short. They stay behind; what the CRM holds of them already follows `on_missing`.
with records as (
    select
        'visit' as record,
        attendance_id as id,
        patient_id,
        excluded_by,
        _file as file,
        _row as row,
    from {{ ref('cliniko__attendances') }}

    union all

    select
        'treatment note' as record,
        treatment_note_id as id,
        patient_id,
        excluded_by,
        _file as file,
        _row as row,
    from {{ ref('cliniko__treatment_notes') }}

    union all

    select
        'invoice' as record,
        invoice_id as id,
        patient_id,
        excluded_by,
        _file as file,
        _row as row,
    from {{ ref('cliniko__invoices') }}

    union all

    select
        'payment' as record,
        payment_id as id,
        patient_id,
        excluded_by,
        _file as file,
        _row as row,
    from {{ ref('cliniko__payments') }}
)

select * exclude (excluded_by)
from records
where excluded_by = 'unknown_patient' and patient_id in (select patient_id from {{ former_patients() }})
