-- One row per patient and custom field: columns that no source declares, and what the API gives as custom fields.
with source as (
    select
        {{ trimmed('patient_id') }} as patient_id,
        _extra,
        {{ json_text('custom_fields') }}::json as custom_fields,
    from {{ newest(source('cliniko', 'patients'), 'patient_id') }}
    where patient_id is not null
),

columns_found as (
    select
        patient_id,
        unnest(map_keys(_extra)) as label,
        unnest(map_values(_extra)) as value,
        generate_subscripts(map_keys(_extra), 1) as position,
    from source
),

sections as (
    select
        patient_id,
        unnest(from_json(custom_fields -> 'sections', '[{"name": "VARCHAR", "token": "VARCHAR", "fields": ["JSON"]}]'))
            as section,
    from source
),

fields as (
    select
        patient_id,
        section.name as section,
        section.token as section_token,
        unnest(section.fields) as field,
        generate_subscripts(section.fields, 1) as position,
    from sections
),

answers as (
    select
        patient_id,
        section,
        section_token || '/' || (field ->> 'token') as token,
        field ->> 'name' as label,
        field ->> 'type' as type,
        case
            when field ->> 'type' in ('radiobuttons', 'checkboxes')
                then array_to_string(
                    list_concat(
                        list_transform(
                            list_filter(
                                from_json(field -> 'options', '[{"name": "VARCHAR", "selected": "BOOLEAN"}]'),
                                lambda choice: choice.selected
                            ),
                            lambda choice: choice.name
                        ),
                        case when field ->> '$.other.selected' = 'true' then [field ->> '$.other.value'] end
                    ),
                    ', '
                )
            else field ->> 'value'
        end as value,
        position,
    from fields
),

together as (
    select * from columns_found
    union all by name
    select * from answers
),

final as (
    select
        patient_id,
        section,
        token,
        {{ one_line('label') }} as label,
        {{ folded('label') }} as label_folded,
        type,
        {{ trimmed('value') }} as value,
        position,
    from together
    where {{ trimmed('value') }} is not null
)

select * from final
