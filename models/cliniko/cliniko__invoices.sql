with source as (
    select
        * exclude (invoice_number),
        -- Without an id the number tells one invoice from another.
        ltrim({{ trimmed('invoice_number') }}, '0') as invoice_number,
        coalesce(invoice_id, 'number:' || ltrim({{ trimmed('invoice_number') }}, '0')) as listed_key,
    from {{ source('cliniko', 'invoices') }}
),

-- An export without ids names its patients and its practitioners: a name that one practitioner alone has will do, and a
-- name and a birth date that one patient alone has.
patients_by_name as (
    select
        {{ folded('full_name') }} as name_folded,
        date_of_birth,
        min(patient_id) as patient_id,
    from {{ ref('cliniko__patients') }}
    where date_of_birth is not null
    group by {{ folded('full_name') }}, date_of_birth
    having count(*) = 1
),

renamed as (
    select
        coalesce(identities.key, source.listed_key) as invoice_id,
        source.invoice_number as number,
        {{ day('trim(source.issue_date)') }} as issue_date,
        {{ instant('source.closed_at') }} as closed_at,
        coalesce({{ trimmed('source.patient_id') }}, patients_by_name.patient_id) as listed_patient_id,
        {{ one_line('source.patient') }} as patient_name,
        coalesce({{ trimmed('source.practitioner_id') }}, practitioners_by_name.key) as practitioner_id,
        coalesce({{ one_line('source.practitioner') }}, practitioners.name) as practitioner_name,
        coalesce({{ trimmed('source.appointment_id') }}, attendees.booking_id) as appointment_id,
        {{ amount('trim(source.invoice_amount)') }} as total,
        {{ amount('trim(source.tax_amount)') }} as tax,
        {{ amount('trim(source.discount)') }} as discount,
        {{ amount('trim(source.amount_outstanding)') }} as outstanding_given,
        coalesce(
            {{ one_line('source.status_description') }},
            case trim(source.status)
                when '10' then 'Open'
                when '20' then 'Paid'
                when '30' then 'Closed'
                when '40' then 'Open credit'
                else {{ one_line('source.status') }}
            end
        ) as status_given,
        {{ trimmed('source.invoice_to') }} as invoice_to,
        concat_ws(chr(10), {{ trimmed('source.notes') }}, {{ trimmed('source.extra_patient_information') }}) as notes,
        {{ trimmed('source.original_invoice_id') }} as original_invoice_id,
        {{ instant('source.created_at') }} as created_at,
        {{ instant('source.updated_at') }} as updated_at,
        coalesce(source.archived_at, source.deleted_at) is not null as is_void,
        source._file,
        source._row,
    from {{ newest('source', 'listed_key', known_by='invoice_number') }} as source
    left join {{ newest(source('cliniko', 'attendees'), 'attendee_id') }} as attendees using (attendee_id)
    left join {{ ref('cliniko__practitioners') }} as practitioners using (practitioner_id)
    left join patients_by_name
        on source.patient_id is null
        and {{ folded('source.patient') }} = patients_by_name.name_folded
        and {{ day('trim(source.patient_date_of_birth)') }} = patients_by_name.date_of_birth
    left join {{ keys_by_name(ref('cliniko__practitioners'), 'name_folded', 'practitioner_id') }}
        as practitioners_by_name
        on source.practitioner_id is null and {{ folded('source.practitioner') }} = practitioners_by_name.name
    left join {{ ref('cliniko__identities') }} as identities
        on identities.kind = 'invoice'
        and identities.mark = 'number:' || source.invoice_number
        and identities.source_id is not distinct from source.invoice_id
),

-- The same invoice by a file with its id, and by one without. Only the API tells of which visit it is.
once as (
    select * replace (coalesce(appointment_id, max(appointment_id) over (partition by invoice_id)) as appointment_id)
    from renamed
    qualify row_number() over (
        partition by coalesce(invoice_id, _file || _row) order by updated_at desc nulls last, _file desc, _row desc
    ) = 1
),

final as (
    select
        once.* exclude (listed_patient_id),
        coalesce(patients.kept_patient_id, once.listed_patient_id) as patient_id,
        case
            when once.invoice_id is null then 'no_id'
            when once.listed_patient_id is not null and patients.patient_id is null then 'unknown_patient'
            else patients.records_excluded_by
        end as excluded_by,
    from once
    left join {{ ref('cliniko__patients') }} as patients on once.listed_patient_id = patients.patient_id
)

select * from final
