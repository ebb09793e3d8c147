-- What the CRM will not hold as the clinic had it: a row for each value that goes along in another form, or not at all.
-- The plan counts them. Whatever else you want to be told of, add it here.
with people as (
    select
        sourceSystemId as key,
        contactAsWritten,
        sharedEmail,
        dateOfBirthAsWritten,
        mailingAddress4,
    from {{ ref('twenty__person') }}
    where _linked_id is null
),

contacts as (
    select
        key,
        'phones' as field,
        'phones or e-mails kept as text alone, since the CRM would refuse or cut them' as what,
    from people
    where contactAsWritten is not null
),

shared as (
    select
        key,
        'emails' as field,
        'addresses that another person holds as primary' as what,
    from people
    where sharedEmail is not null
),

birth_dates as (
    select
        key,
        'dateOfBirth' as field,
        'birth dates that are no true day, kept as text' as what,
    from people
    where dateOfBirthAsWritten is not null
),

addresses as (
    select
        key,
        'mailingAddress4' as field,
        'further addresses in one text' as what,
    from people
    where mailingAddress4 is not null
),

answers as (
    select
        object,
        {{ source_system_id('owner_id') }} as key,
        name as field,
        'answers that do not fit the type of their field' as what,
    from {{ ref('twenty__custom_field_values') }}
    where value is null
),

of_people as (
    select * from contacts
    union all
    select * from shared
    union all
    select * from birth_dates
    union all
    select * from addresses
),

final as (
    select
        'person' as object,
        key,
        field,
        what,
    from of_people

    union all

    select
        object,
        key,
        field,
        what,
    from answers
)

select * from final
