-- One key for one record, by whichever way it came: a mark that every source can give leads to it. What was loaded
-- under its mark keeps it for ever; else the id that Cliniko gave it is the key; else the mark.
with visits as (
    select
        'attendance' as kind,
        {{ visit_mark('starts_at', 'practitioner_id', 'patient_id') }} as mark,
        appointment_id || '-' || patient_id as source_id,
    from (
        select
            appointment_id,
            starts_at,
            practitioner_id,
            unnest(patient_ids) as patient_id,
        from {{ ref('cliniko__appointments') }}
    )
),

types as (
    select
        'appointment_type' as kind,
        'name:' || {{ folded('name') }} as mark,
        {{ trimmed('appointment_type_id') }} as source_id,
    from {{ source('cliniko', 'appointment_types') }}

    union all

    select
        'appointment_type' as kind,
        'name:' || {{ folded('appointment_type_name') }} as mark,
        null as source_id,
    from (select distinct appointment_type_name from {{ ref('cliniko__appointments') }})
    where appointment_type_name is not null
),

invoices as (
    select
        'invoice' as kind,
        'number:' || ltrim({{ trimmed('invoice_number') }}, '0') as mark,
        {{ trimmed('invoice_id') }} as source_id,
    from {{ source('cliniko', 'invoices') }}
    where {{ trimmed('invoice_number') }} is not null
),

remembered as (
    select distinct key
    from {{ source('ledger', 'records') }}
    where id is not null and regexp_matches(key, '(mark-|name:|number:)')
),

everything as (
    select * from visits
    union all
    select * from types
    union all
    select * from invoices
),

-- Where every way gives the id, and nothing was ever loaded without it, the id is the key, and there is nothing to say.
in_question as (
    select distinct mark
    from everything
    left join remembered on {{ source_system_id('everything.mark') }} = remembered.key
    where everything.source_id is null or remembered.key is not null
),

listed as (
    select distinct
        kind,
        mark,
        source_id,
    from everything
    semi join in_question using (mark)
),

-- An id that a mark leads to, for those who came without one. Of several the lowest: any, but always the same.
known as (
    select
        kind,
        mark,
        min(source_id) as source_id,
    from listed
    where source_id is not null
    group by kind, mark
),

final as (
    select
        listed.kind,
        listed.mark,
        listed.source_id,
        case
            when remembered.key is not null then listed.mark
            else coalesce(listed.source_id, known.source_id, listed.mark)
        end as key,
    from listed
    left join known on listed.source_id is null and listed.kind = known.kind and listed.mark = known.mark
    left join remembered on {{ source_system_id('listed.mark') }} = remembered.key
)

select * from final
