-- Who stands for each patient in Nutshell: the person that a load made, or the one that was there and is linked.
with people as (
    select
        _key as cliniko_patient_id,
        _full_name as person,
        {% if var('existing_people') == 'link' -%}
        _linked_id as linked_id,
        {% else -%}
        null::varchar as linked_id,
        {% endif -%}
    from {{ ref('nutshell__person') }}
),

final as (
    select
        coalesce(loaded.id, people.linked_id) as person_id,
        people.cliniko_patient_id,
        people.person,
    from people
    left join {{ people_in_nutshell() }} as loaded on people.cliniko_patient_id = loaded.key
    where coalesce(loaded.id, people.linked_id) is not null
    order by people.person, people.cliniko_patient_id
)

select * from final
