with fields as (
    select * from {{ ref('cliniko__custom_fields') }}
),

owners as (
    select
        'patient' as of_what,
        count(*) as owners,
    from {{ ref('cliniko__patients') }}

    union all

    select
        'attendance' as of_what,
        count(*) as owners,
    from {{ ref('cliniko__attendances') }}
),

repeated as (
    select
        of_what,
        label_folded,
    from fields
    group by of_what, label_folded
    having count(distinct section) > 1
),

final as (
    select
        fields.of_what as "of",
        fields.label,
        fields.type,
        fields.filled,
        round(100 * fields.filled / nullif(owners.owners, 0))::integer as percent,
        case
            when fields.goes then 'goes'
            when fields.is_insurance then 'insurance'
            when fields.is_confirmed then 'clinical'
            when fields.is_listed then 'not confirmed'
            else 'found'
        end as fate,
        -- YAML reads the texts of JSON.
        case
            when not fields.is_listed and not fields.is_insurance
                then concat_ws(
                    chr(10),
                    '  - custom_field: ' || to_json(fields.label),
                    '    of: ' || fields.of_what,
                    case when repeated.label_folded is not null then '    section: ' || to_json(fields.section) end,
                    '    type: ' || fields.type,
                    '    confirmed: false'
                )
        end as _entry,
    from fields
    left join owners using (of_what)
    left join repeated using (of_what, label_folded)
    order by fields.of_what desc, fields.filled desc, fields.label
)

select * from final
