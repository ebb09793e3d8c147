with final as (
    select
        relationships.patient_id,
        string_agg(
            concat_ws(': ', {{ one_line('relationships.relation_description') }}, related.full_name), '; '
            order by relationships.relation_description, related.full_name
        ) as related_people,
    from {{ newest(source('cliniko', 'relationships'), 'relationship_id') }} as relationships
    inner join {{ ref('cliniko__patients') }} as related on relationships.related_patient_id = related.patient_id
    where relationships.archived_at is null
    group by relationships.patient_id
)

select * from final
