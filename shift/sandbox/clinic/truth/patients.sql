-- `email_holder` is whose primary address it is: of all who have it, the patient that was entered first, then the
-- lowest id. A marketing consent that is not known is no consent.
select
    patients.id as patient_id,
    patients.first_name,
    patients.last_name,
    patients.preferred_first_name,
    patients.birth_date,
    patients.birth_date_written as birth_date_as_written,
    lower(patients.email) as email,
    nullif(patients.email_written, '') as email_as_written,
    case when patients.email is not null then
        first_value(patients.id) over (partition by lower(patients.email) order by patients.created, patients.n)
    end as email_holder,
    coalesce(patients.email_marketing, false) as email_marketing,
    not patients.sms_unsubscribed as sms_marketing,
    list_filter(
        [
            {'kind': 'Mobile', 'as_written': trim(patients.mobile_written), 'e164': patients.mobile},
            {'kind': 'Mobile', 'as_written': patients.second_mobile.written, 'e164': patients.second_mobile.e164},
            {'kind': 'Home', 'as_written': patients.landline_written, 'e164': patients.landline},
            {'kind': 'Work', 'as_written': patients.work_written, 'e164': '+611300555012'},
            {'kind': 'Fax', 'as_written': patients.fax_written, 'e164': '+61355507000'},
            {'kind': 'Other', 'as_written': patients.other_written, 'e164': '+64211234567'}
        ],
        lambda phone: phone.as_written is not null
    ) as phones,
    case
        when patients.address_1 is not null then {
            'address_1': patients.address_1,
            'address_2': patients.address_2,
            'city': patients.city,
            'state': patients.state,
            'post_code': patients.post_code,
            'country': patients.country
        }
        when patient_addresses.patient is not null then {
            'address_1': patient_addresses.address_1,
            'address_2': null,
            'city': patient_addresses.suburb.city,
            'state': 'VIC',
            'post_code': patient_addresses.suburb.post_code,
            'country': 'Australia'
        }
    end as home_address,
    case
        when patients.address_1 is not null and patient_addresses.patient is not null then {
            'type': patient_addresses.type,
            'address_1': patient_addresses.address_1,
            'city': patient_addresses.suburb.city,
            'post_code': patient_addresses.suburb.post_code
        }
    end as second_address,
    patients.payer,
    patients.health_fund,
    patients.member_number,
    sometimes(0.15, ['Students', 'Pensioner, DVA'], 'concession', patients.n) as concession_type,
    patients.consent_form_signed = 'Yes' as consent_form_signed,
    patients.shoe_size::decimal(4, 1) as shoe_size,
    patient_money.credit as account_credit,
    patient_money.owing as balance_due,
    utc(patients.created) as created_at,
    utc(patients.updated) as updated_at,
from patients
inner join patient_money on patients.n = patient_money.patient
left join patient_addresses on patients.n = patient_addresses.patient
order by patients.n
