with source as (
    select * from {{ newest(source('cliniko', 'treatment_notes'), 'treatment_note_id') }}
),

templates as (
    select
        treatment_note_template_id as template_id,
        {{ one_line('name') }} as template,
    from {{ newest(source('cliniko', 'treatment_note_templates'), 'treatment_note_template_id') }}
),

-- Content is {sections: [{name, description, questions: [{name, type, answer | answers, other, body_chart_ids}]}]}.

contents as (
    select
        _file,
        _row,
        from_json(
            {{ json_text('content') }},
            '{"sections": [{"name": "VARCHAR", "description": "VARCHAR", "questions": ["JSON"]}]}'
        ).sections as sections,
    from source
),

sections as (
    select
        _file,
        _row,
        unnest(sections) as section,
        generate_subscripts(sections, 1) as section_at,
    from contents
),

questions as (
    select
        _file,
        _row,
        section_at,
        section.name as section,
        section.description as description,
        unnest(section.questions) as question,
        generate_subscripts(section.questions, 1) as question_at,
    from sections
),

choices as (
    select
        *,
        question ->> 'type' as type,
        list_concat(
            list_transform(
                list_filter(
                    from_json(question -> 'answers', '[{"value": "VARCHAR", "selected": "BOOLEAN"}]'),
                    lambda choice: choice.selected
                ),
                lambda choice: choice.value
            ),
            case when (question ->> '$.other.selected') = 'true' then [question ->> '$.other.value'] end
        ) as chosen,
    from questions
),

answers as (
    select
        *,
        nullif(
            concat_ws(
                ', ',
                nullif(json_array_length(question -> 'body_chart_ids'), 0) || ' drawing(s), which stay in Cliniko',
                nullif(array_to_string(chosen, ', '), ''),
                {{ trimmed("question ->> 'answer'") }}
            ),
            ''
        ) as answer,
    from choices
),

-- The slow function sees each text once, and only those with markup in them.
converted as materialized (
    select
        answer,
        html_to_markdown(answer) as markdown,
    from (select distinct answer from answers where type = 'paragraph' and regexp_matches(answer, '[<&]'))
),

written as (
    select
        answers.* exclude (answer),
        {{ one_line("answers.question ->> 'name'") }} as label,
        {{ trimmed('coalesce(converted.markdown, answers.answer)') }} as answer,
    from answers
    left join converted on answers.type = 'paragraph' and answers.answer = converted.answer
),

parts as (
    select
        _file,
        _row,
        section_at,
        any_value(section) as section,
        any_value(description) as description,
        string_agg(
            case
                when label is null then answer
                when contains(answer, chr(10)) then '**' || label || ':**' || chr(10) || chr(10) || answer
                else '**' || label || ':** ' || answer
            end,
            chr(10) || chr(10)
            order by question_at
        ) as text,
    from written
    where answer is not null
    group by _file, _row, section_at
),

bodies as (
    select
        _file,
        _row,
        string_agg(
            concat_ws(chr(10) || chr(10), '## ' || {{ one_line('section') }}, {{ trimmed('description') }}, text),
            chr(10) || chr(10)
            order by section_at
        ) as body,
    from parts
    group by _file, _row
),

-- What the text above leaves out. A choice that was not made is no answer.
untold as (
    select distinct
        source._file,
        source._row,
    from source
    cross join json_tree({{ json_text('source.content') }}) as leaf
    where
        leaf.atom <> '""'
        and (
            not regexp_full_match(
                leaf.fullkey,
                '\$\.sections\[\d+\]\.(name|description|questions\[\d+\]\.('
                || 'name|type|required|answer([.\[].*)?|answers\[\d+\]\.(value|selected)|'
                || 'other\.(enabled|selected|value)|body_chart_ids\[\d+\]))'
            )
            or (leaf.key = 'selected' and leaf.type <> 'BOOLEAN')
        )
),

renamed as (
    select
        {{ trimmed('source.treatment_note_id') }} as treatment_note_id,
        {{ trimmed('source.patient_id') }} as listed_patient_id,
        {{ trimmed('source.practitioner_id') }} as practitioner_id,
        {{ one_line('source.author') }} as author,
        coalesce({{ trimmed('source.appointment_id') }}, attendees.booking_id) as appointment_id,
        {{ one_line('source.title') }} as title,
        templates.template,
        coalesce({{ flag('source.draft') }}, false) as is_draft,
        -- Content that is no JSON, or of another shape, is told as it stands.
        nullif(
            concat_ws(
                chr(10) || chr(10),
                coalesce(bodies.body, {{ trimmed('source.content_text') }}),
                case
                    when not json_valid(source.content) or untold._row is not null then {{ trimmed('source.content') }}
                end
            ),
            ''
        ) as body,
        {{ instant('source.created_at') }} as created_at,
        {{ instant('source.updated_at') }} as updated_at,
        coalesce(source.archived_at, source.deleted_at) is not null as is_archived,
        source._file,
        source._row,
    from source
    left join bodies using (_file, _row)
    left join untold using (_file, _row)
    left join templates using (template_id)
    left join {{ newest(source('cliniko', 'attendees'), 'attendee_id') }} as attendees using (attendee_id)
),

final as (
    select
        renamed.* exclude (listed_patient_id, is_archived),
        coalesce(patients.kept_patient_id, renamed.listed_patient_id) as patient_id,
        case
            when renamed.treatment_note_id is null then 'no_id'
            when renamed.is_archived then 'archived'
            {% if var('drafts') == 'exclude' -%}
            when renamed.is_draft then 'draft'
            {% endif -%}
            when patients.patient_id is null then 'unknown_patient'
            when patients.records_excluded_by is not null then patients.records_excluded_by
            {% if var('clinical_notes') == 'exclude' -%}
            else 'clinical_notes'
            {% endif -%}
        end as excluded_by,
    from renamed
    left join {{ ref('cliniko__patients') }} as patients on renamed.listed_patient_id = patients.patient_id
)

select * from final
