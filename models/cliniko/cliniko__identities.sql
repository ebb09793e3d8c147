-- One key for one record, by whichever way it came: a mark that every source can give leads to it.
with types as (
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

everything as (
    select * from types
    union
    select * from invoices
),

remembered as (
    select key
    from {{ remembered_keys() }}
    where regexp_matches(key, '^(name|number):')
),

named as (
    select
        everything.*,
        {{ key_of('everything.source_id', 'everything.mark', 'remembered.key') }} as key,
    from everything
    left join remembered on everything.mark = remembered.key
),

final as (
    select * from named

    union all

    select
        'attendance' as kind,
        mark,
        source_id,
        key,
    from {{ ref('cliniko__visit_identities') }}
)

select * from final
