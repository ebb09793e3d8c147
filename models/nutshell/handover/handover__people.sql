-- Who stands for each patient in Nutshell: the person that a load made, or the one that was there and is linked.
with final as (
    select
        coalesce(loaded.id, people._linked_id) as person_id,
        people._key as cliniko_patient_id,
        people._full_name as person,
    from {{ ref('nutshell__person') }} as people
    left join {{ loaded('person') }} as loaded on people._key = loaded.key
    where coalesce(loaded.id, people._linked_id) is not null
    order by person, cliniko_patient_id
)

select * from final
