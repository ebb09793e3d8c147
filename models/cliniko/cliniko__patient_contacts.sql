with source as (
    select
        *,
        from_json(
            {{ json_text('patient_phone_numbers') }}, '[{"phone_type": "VARCHAR", "number": "VARCHAR"}]'
        ) as api_phones,
    from {{ newest(source('cliniko', 'patients'), 'patient_id') }}
),

-- First numbers, all numbers, and the API's list say the same thing three times.
cells as (
    {% for kind in ['mobile', 'home', 'work', 'other', 'fax'] -%}
    select
        patient_id,
        '{{ kind }}' as kind,
        {{ loop.index }} as kind_rank,
        list_concat(
            [phone_{{ kind }}],
            string_split({{ kind }}_phones, ', '),
            list_transform(
                list_filter(api_phones, lambda phone: lower(phone.phone_type) = '{{ kind }}'),
                lambda phone: phone.number
            )
        ) as texts,
    from source

    union all
    {% endfor %}
    -- A cell may hold several addresses.
    select
        patient_id,
        'email' as kind,
        0 as kind_rank,
        string_split_regex(email, '[;,]') as texts,
    from source
),

exploded as (
    select
        {{ trimmed('patient_id') }} as patient_id,
        kind,
        kind_rank,
        unnest(texts) as text,
        generate_subscripts(texts, 1) as position,
    from cells
),

listed as (
    select
        * exclude (text),
        {{ one_line('text') }} as as_written,
    from exploded
    where patient_id is not null and {{ one_line('text') }} is not null
),

-- The slow functions see each text once.

emails as materialized (
    select
        as_written,
        email_normal(as_written) as email,
    from (select distinct as_written from listed where kind = 'email')
),

phones as materialized (
    select
        as_written,
        phone_parts(as_written, {{ literal(var('country')) }}) as phone,
    from (select distinct as_written from listed where kind != 'email')
),

parsed as (
    select
        listed.*,
        phones.phone,
        coalesce(emails.email, phones.phone.calling_code || phones.phone.number) as value,
        -- A number with an extension or letters is cut where it is parsed.
        emails.email is null
        and not coalesce(
            ends_with(regexp_replace(listed.as_written, '\D', '', 'g'), ltrim(phones.phone.number, '0')), false
        ) as is_cut,
    from listed
    left join emails on listed.kind = 'email' and listed.as_written = emails.as_written
    left join phones on listed.kind != 'email' and listed.as_written = phones.as_written
),

once as (
    select *
    from parsed
    qualify row_number() over (
        partition by patient_id, kind = 'email', coalesce(value, as_written) order by kind_rank, position
    ) = 1
),

shared as (
    select
        value,
        count(distinct patient_id) as patients,
    from once
    where value is not null
    group by value
),

final as (
    select
        once.patient_id,
        once.kind,
        once.as_written,
        once.value,
        once.phone,
        once.is_cut,
        row_number() over (
            partition by once.patient_id, once.kind = 'email', once.value is null order by once.kind_rank, once.position
        ) as rank,
        coalesce(shared.patients, 1) - 1 as shared_with,
    from once
    left join shared using (value)
)

select * from final
