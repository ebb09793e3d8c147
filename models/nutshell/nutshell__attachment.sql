-- No API takes a file of a person's: a note says that there is one, and where it lies. It names nobody, for a note
-- cannot be edited later.
with files as (
    select
        *,
        {{ source_system_id('attachment_id') }} as key,
    from {{ ref('nutshell__files') }}
),

final as (
    select
        {{ reference('person', 'person_key') }} as parent,
        concat_ws(
            chr(10),
            concat_ws(
                ', ',
                strftime(created_at at time zone {{ literal(var('timezone')) }}, '%-d %B %Y'),
                'File: ' || {{ one_line('file_name') }},
                '[cliniko file=' || key || ']'
            ),
            case
                when is_on_a_lead
                    then 'It lies on the lead of this person''s files: ' || safe_name
                        || '; or, if Nutshell did not take it, in the handover folder: ' || path
                else 'It lies in the handover folder: ' || path
            end,
            'Description: ' || description,
            case when is_over_the_limit then 'It is larger than {{ var("attachment_limit_mb") }} MB.' end
        ) as body,
        {{ source_system_id("'file-' || attachment_id") }} as _key,
        person_key as _person_key,
        attachment_id as _attachment_id,
        is_on_a_lead as _is_on_a_lead,
    from files
)

select * from final
