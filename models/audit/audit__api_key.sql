-- What Cliniko's API knows that the exports folder does not hold. It knows no payments, nothing that a clinic keeps in
-- tables of its own, and appointments under other names.
{% set not_in_api = ['appointments', 'appointment_custom_fields', 'patient_addresses', 'payments'] -%}
with landed as (
    select distinct kind from {{ ref('cliniko__exports') }}
),

kinds as (
    select
        kind,
        case when from_api then if_missing else 'The records themselves, which no file here holds.' end as adds,
    from {{ source('landing', '_kinds') }}
    where
        left_out is null
        and kind not in (select kind from landed)
        and kind not in ('{{ not_in_api | join("', '") }}')
),

found as (
    select distinct
        kind,
        column_name,
    from {{ source('landing', '_columns') }}
),

further as (
    select
        declared.kind,
        'Of each of them: ' || string_agg(declared.column_name, ', ' order by declared.column_name) as adds,
    from {{ source('landing', '_kind_columns') }} as declared
    inner join landed using (kind)
    anti join found using (kind, column_name)
    where declared.header is null and declared.left_out is null
    group by declared.kind
),

final as (
    select * from further
    union all
    select * from kinds
    order by starts_with(adds, 'Of each'), kind
)

select * from final
