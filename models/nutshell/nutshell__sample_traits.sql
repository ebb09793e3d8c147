-- From whom a sample is chosen, and what should be seen in it.
with final as (
    select
        'person' as object,
        people._key as key,
        traits.trait,
    from {{ ref('nutshell__person') }} as people
    left join {{ ref('cliniko__patient_traits') }} as traits on people._patient_id = traits.patient_id
)

select * from final
