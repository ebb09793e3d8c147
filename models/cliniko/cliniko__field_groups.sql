-- One row per field that is made in the CRM for custom fields of Cliniko's. Those of one label are one field; where a
-- label stands in several sections, the section is part of the name.
with going as (
    select
        *,
        case
            when min(section) over same_label != max(section) over same_label then section
        end as told_apart_by,
    from {{ ref('cliniko__custom_fields') }}
    where goes
    window same_label as (partition by of_what, label_folded)
),

final as (
    select
        of_what,
        label_folded,
        told_apart_by,
        max(name) as given_name,
        concat_ws(': ', told_apart_by, min(label)) as label,
        case when min(type) = max(type) then min(type) else 'text' end as kind,
        not bool_and(is_confirmed) as is_guessed,
        list(field_key order by field_key) as field_keys,
    from going
    group by of_what, label_folded, told_apart_by
)

select * from final
