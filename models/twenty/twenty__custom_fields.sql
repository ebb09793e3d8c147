-- The fields that are made for custom fields of Cliniko's, by names that Twenty takes.
with grouped as (
    select
        *,
        case of_what when 'patient' then 'person' else 'task' end as object,
    from {{ ref('cliniko__field_groups') }}
),

named as (
    select
        *,
        coalesce(given_name, {{ camel_case('label') }}, 'field' || left(md5(label_folded), 8)) as bare_name,
    from grouped
),

-- What Twenty has or reserves, and what the models fill, is taken; columns are told apart without regard to case.
free as (
    select
        * exclude (given_name, bare_name),
        case
            when lower(bare_name) in (
                {% for name in twenty_names().split() -%}
                '{{ name | lower }}',
                {% endfor -%}
                ''
            ) then bare_name || 'Custom'
            else bare_name
        end as name,
    from named
),

told_apart as (
    select
        * exclude (name),
        case
            when row_number() over same_name = 1 then name
            else name || row_number() over same_name
        end as name,
    from free
    window same_name as (partition by object, lower(name) order by label_folded, told_apart_by)
),

-- What a guess made stays what it is: a new answer may be of no type that the field takes, but it changes no field.
pinned as (
    select
        told_apart.* exclude (kind),
        case
            when not told_apart.is_guessed then told_apart.kind
            when there.type = 'NUMBER' then 'number'
            when there.type = 'DATE' then 'date'
            when there.type = 'BOOLEAN' then 'yes_no'
            when there.type = 'SELECT' then 'choice'
            when there.type = 'MULTI_SELECT' then 'choices'
            when there.type = 'TEXT' then 'text'
            else told_apart.kind
        end as kind,
    from told_apart
    left join {{ source('twenty', 'fields') }} as there using (object, name)
),

-- The choices are all that were ever chosen. Two that fall into one value are told apart by a hash, which stays theirs
-- when others join them.
chosen as (
    select distinct
        pinned.object,
        pinned.name,
        unnest(case when pinned.kind = 'choices' then string_split(answers.value, ', ') else [answers.value] end)
            as label,
    from pinned
    inner join {{ ref('cliniko__custom_field_values') }} as answers
        on pinned.of_what = answers.of_what and list_contains(pinned.field_keys, answers.field_key)
    where pinned.kind in ('choice', 'choices')
),

valued as (
    select
        *,
        {{ option_value('label') }} as value,
    from chosen
),

options as (
    select
        object,
        name,
        list({'label': replace(label, ',', ' /'), 'value': value, 'answer': label} order by label) as options,
    from (
        select
            object,
            name,
            label,
            case
                when count(*) over (partition by object, name, value) = 1 then value
                else value || '_' || upper(left(md5(label), 8))
            end as value,
        from valued
    )
    group by object, name
),

final as (
    select
        pinned.object,
        pinned.name,
        case pinned.kind
            when 'number' then 'NUMBER'
            when 'date' then 'DATE'
            when 'yes_no' then 'BOOLEAN'
            when 'choice' then 'SELECT'
            when 'choices' then 'MULTI_SELECT'
            else 'TEXT'
        end as type,
        pinned.label,
        'A custom field of Cliniko.' as description,
        options.options,
        pinned.of_what,
        pinned.kind,
        pinned.field_keys,
    from pinned
    left join options using (object, name)
)

select * from final
