with final as (
    select
        {{ record_id('noteTarget', '_note_key') }} as id,
        id as noteId,
        _person_id as targetPersonId,
    from {{ ref('twenty__note') }}
)

select * from final
