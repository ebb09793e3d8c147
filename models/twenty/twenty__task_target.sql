with final as (
    select
        {{ record_id('taskTarget', '_attendance_id') }} as id,
        id as taskId,
        _person_id as targetPersonId,
    from {{ ref('twenty__task') }}
)

select * from final
