-- What the CRM will not hold as the clinic had it: a row for each value that goes along in another form, or not at all.
-- The plan counts them. Whatever else you want to be told of, add it here.
{% set kept_as_text = [
    ('phones', 'contactAsWritten', 'phones or e-mails kept as text alone, since the CRM would refuse or cut them'),
    ('emails', 'sharedEmail', 'addresses that another person holds as primary'),
    ('dateOfBirth', 'dateOfBirthAsWritten', 'birth dates that are no true day, kept as text'),
    ('mailingAddress4', 'mailingAddress4', 'further addresses in one text'),
] -%}
with final as (
    {% for field, text, what in kept_as_text -%}
    select
        'person' as object,
        sourceSystemId as key,
        '{{ field }}' as field,
        '{{ what }}' as what,
    from {{ ref('twenty__person') }}
    where {{ text }} is not null and _linked_id is null

    union all

    {% endfor -%}
    select
        object,
        {{ source_system_id('owner_id') }} as key,
        name as field,
        'answers that do not fit the type of their field' as what,
    from {{ ref('twenty__custom_field_values') }}
    where value is null
)

select * from final
