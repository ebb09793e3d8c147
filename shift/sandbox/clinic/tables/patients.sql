-- Who the patients truly are, and beside it (`_written`) what the front desk made of it.
-- Of every 25, three in a row are a household of one last name and one address, with one e-mail, one mobile or both.
-- One in 83 was entered twice.
create table patients as
with numbered as (
    select
        n,
        case when n % 83 = 0 and (n - 1) % 25 not between 20 and 23 then n - 1 else n end as person,
        case when (n - 1) % 25 between 20 and 22 then n - (n - 1) % 25 + 20 end as household,
    from range(1, 1 + getvariable('patients')) as numbers (n)
),

families as (
    select
        *,
        coalesce(household, person) as family,
        household is not null and chance(0.8, 'one e-mail', household) as shares_email,
        household is not null and (not chance(0.8, 'one e-mail', household) or chance(0.4, 'one mobile', household))
        as shares_mobile,
        -- Half of the households came in together, at the same second.
        case when household is not null and chance(0.5, 'together', household) then household else n end as arrival,
    from numbered
),

people as (
    select
        *,
        pick(first_names(), 'first name', person) as first_name,
        pick(last_names(), 'last name', family) as last_name,
        pick(['Female', 'Male', 'Female', 'Male', 'Other', null], 'sex', person) as sex,
        case when not chance(0.05, 'no birth date', person) then
            date '1932-01-01' + below(29000, 'birth date', person)::integer
        end as birth_date_true,
        timestamp '2013-03-07 08:00:00'
        + to_days(((arrival - 1) * 4894 // getvariable('patients'))::integer)
        + to_seconds(below(43200, 'created', arrival)) as created_raw,
    from families
),

dated as (
    -- In file order a patient never comes before the one entered before it.
    select *, max(created_raw) over (order by n) as created_before from people
),

entered as (
    select
        * exclude (created_raw, created_before),
        first_value(created_before) over (partition by arrival order by n) as created,
    from dated
),

written as (
    select
        *,
        draw('birth date written', person) as birth_luck,
        draw('e-mail written', n) as email_luck,
        coalesce(latin(pick(first_names(), 'first name', family)), 'patient')
        || case when chance(0.05, 'plus', family) then '+clinic' else '' end
        || '.' || family || '@' || pick(['example.com', 'example.net', 'example.org'], 'domain', family) as email_true,
        shares_email or not chance(0.33, 'no e-mail', family) as has_email,
        case
            when shares_mobile then (491570000 + family)::varchar
            when chance(0.75, 'mobile', person) then (491570000 + person)::varchar
        end as mobile,
        case when chance(0.3, 'home phone', family) then (355500000 + family % 1000)::varchar end as landline,
        pick(suburbs(), 'suburb', family) as suburb,
        not chance(0.08, 'no address', family) as has_address,
        chance(0.02, 'abroad', family) as abroad,
    from entered
)

select
    n,
    record_id(1, n, created) as id,
    created,
    case
        when n = getvariable('patients') then as_of()
        when chance(0.4, 'never updated', n) then created
        else later(created, draw('updated', n) * epoch(as_of() - created))
    end as updated_raw,
    awake(updated_raw) as updated,
    household,
    pick(case sex when 'Male' then ['Mr', 'Mr', 'Dr', null] else ['Ms', 'Mrs', 'Miss', null] end, 'title', n) as title,
    first_name,
    last_name,
    case when chance(0.06, 'blanks', n) then '  ' || first_name || ' ' else first_name end as first_name_written,
    case when chance(0.06, 'blanks', n) then last_name || ' ' else last_name end as last_name_written,
    sometimes(0.1, ['Pete', 'Liz', 'Bảo', 'Mick "Mouse"', 'Kit'], 'preferred', n) as preferred_first_name,
    sex,
    -- Day and month swapped where that makes no date, days that never were, and days as a spreadsheet writes them.
    case
        when birth_date_true is null then null
        when birth_luck < 0.025 then strftime(birth_date_true, '%Y-%d-%m')
        when birth_luck < 0.05 then strftime(birth_date_true, '%m/%d/%Y')
        when birth_luck < 0.07 then
            pick(['1985-02-30', '0000-00-00', '1991-13-01', 'unknown', '31/04/1977'], 'no date', person)
        when birth_luck < 0.10 then strftime(birth_date_true, '%d/%m/%Y')
        else birth_date_true::varchar
    end as birth_date_written,
    case
        when birth_luck < 0.05 and day(birth_date_true) > 12 then null
        when birth_luck < 0.05 then make_date(year(birth_date_true), day(birth_date_true), month(birth_date_true))
        when birth_luck < 0.07 then null
        else birth_date_true
    end as birth_date,
    case
        when not has_email then null
        when not shares_email and email_luck < 0.03 then null
        else email_true
    end as email,
    case
        when not has_email and email_luck < 0.1 then ''
        when not has_email then null
        when not shares_email and email_luck < 0.03 then
            pick(
                ['none', 'n/a', 'jane@@example.com', 'bob@example', 'no email', 'jane.example.com', 'a@b..com'],
                'bad e-mail',
                n
            )
        when email_luck < 0.09 then upper(email_true)
        when email_luck < 0.15 then ' ' || email_true || ' '
        else email_true
    end as email_written,
    '+61' || mobile as mobile,
    case
        when mobile is null then null
        else pick([
            '0' || mobile,
            '0' || mobile[1:3] || ' ' || mobile[4:6] || ' ' || mobile[7:],
            '+61 ' || mobile[1:3] || ' ' || mobile[4:6] || ' ' || mobile[7:],
            '61' || mobile,
            '(0' || mobile[1:1] || ') ' || mobile[2:5] || ' ' || mobile[6:],
            '0' || mobile[1:3] || '-' || mobile[4:6] || '-' || mobile[7:],
            '+61 (0)' || mobile,
            ' ' || mobile
        ], 'mobile written', n)
    end as mobile_written,
    sometimes(0.03, [
                {'written': '+44 7911 123456', 'e164': '+447911123456'},
                {'written': '12345', 'e164': null},
                {'written': '0000000000', 'e164': null},
                {'written': 'ask his mum', 'e164': null}
            ], 'second mobile', n) as second_mobile,
    '+61' || landline as landline,
    case
        when landline is null then null
        else pick([
            '0' || landline,
            '(03) ' || landline[2:5] || ' ' || landline[6:],
            '+61 ' || landline
        ], 'home written', n)
    end as landline_written,
    case when chance(0.04, 'work phone', n) then '1300 555 012' end as work_written,
    case when chance(0.02, 'fax', n) then '(03) 5550 7000' end as fax_written,
    case when chance(0.02, 'other phone', n) then '+64 21 123 4567' end as other_written,
    case
        when not has_address then null
        when abroad then '221B Baker Street'
        else (1 + below(300, 'house', family)) || ' ' || pick(streets(), 'street', family)
    end as address_1,
    case
        when has_address and chance(0.15, 'unit', family) then 'Unit ' || (1 + below(40, 'unit number', family))
    end as address_2,
    case when not has_address then null when abroad then 'London' else suburb.city end as city,
    case when has_address and not abroad then pick(['VIC', 'Victoria'], 'state', n) end as state,
    case when not has_address then null when abroad then 'NW1 6XE' else suburb.post_code end as post_code,
    case when not has_address then null when abroad then 'United Kingdom' else 'Australia' end as country,
    case when not chance(0.02, 'marketing unknown', n) then chance(0.45, 'marketing', n) end as email_marketing,
    chance(0.3, 'no texts', n) as sms_unsubscribed,
    sometimes(0.3, ['Harbour Health Fund', 'Bay Mutual', 'None, pays alone'], 'insured', n) as health_fund,
    case when chance(0.3, 'insured', n) then lpad(below(100000000, 'member', n)::varchar, 10, '0') end as member_number,
    case when not chance(0.2, 'form', n) then pick(['Yes', 'No'], 'signed', n) end as consent_form_signed,
    sometimes(0.5, ['38', '42.5', '9', '44'], 'shoes', n) as shoe_size,
    sometimes(0.05, ['Harbour Health Fund', 'Super Insurance, Pty Ltd', 'Work & Safe "Claims"'], 'payer', n) as payer,
    pick(['Internet', 'Doctor', 'Friend', null], 'referral', n) as referral,
    case when chance(0.8, 'medicare', person) then (2000000000 + person * 7919 % 1000000000)::varchar end as medicare,
    sometimes(0.15, free_texts(), 'extra', n) as extra_information,
    sometimes(0.1, ['Penicillin allergy', 'Pacemaker', 'Latex, adhesive tape', 'Falls risk 🧓'], 'alert', n)
    as medical_alerts,
from written
order by n;

-- Half of the patients never came.
create table visitors as
select row_number() over (order by n) as visitor, n as patient, created
from patients
where n = 1 or chance(0.55, 'comes', n);

-- A second address is a postal one; who has no address inline may have a street here.
create table patient_addresses as
select
    n as patient,
    case
        when address_1 is null then 'Street'
        else pick(['Postal', 'Work', 'Holiday house, by the sea'], 'address type', n)
    end as type,
    'PO Box ' || n as address_1,
    pick(suburbs(), 'second suburb', n) as suburb,
from patients
where chance(0.08, 'second address', n)
order by n;
