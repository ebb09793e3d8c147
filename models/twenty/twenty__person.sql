{% set with_notes = var('clinical_notes') != 'exclude' -%}
with patients as (
    select
        patients.*,
        coalesce(existing.person_id, {{ record_id('person', 'patients.patient_id') }}) as id,
        existing.person_id as linked_id,
    from {{ ref('cliniko__patients') }} as patients
    left join {{ ref('twenty__existing_people') }} as existing using (patient_id)
    where patients.excluded_by is null
),

contacts as (
    select contacts.*
    from {{ ref('cliniko__patient_contacts') }} as contacts
    semi join patients using (patient_id)
),

phones as (
    select
        patient_id,
        first(phone order by rank) as first_phone,
        list(
            {'number': phone.number, 'countryCode': phone.country_code, 'callingCode': phone.calling_code} order by rank
        ) as all_phones,
    from contacts
    where phone is not null
    group by patient_id
),

-- What Twenty would refuse, or cut.
as_written as (
    select
        patient_id,
        string_agg(kind || ': ' || as_written, '; ' order by kind, rank, as_written) as contact_as_written,
    from contacts
    where is_cut
    group by patient_id
),

addresses as (
    select *
    from {{ ref('cliniko__patient_addresses') }}
    where rank = 1
),

further_addresses as (
    select
        patient_id,
        {% for place in [2, 3] -%}
        max(address_type || ': ' || one_line) filter (where rank = {{ place }}) as address_{{ place }},
        {% endfor -%}
        string_agg(address_type || ': ' || one_line, chr(10) order by rank) filter (where rank >= 4) as address_4,
    from {{ ref('cliniko__patient_addresses') }}
    where rank > 1
    group by patient_id
),

custom as {{ custom_columns('person') }},

final as (
    select
        patients.id,
        {{ source_system_id('patients.patient_id') }} as sourceSystemId,
        {'firstName': patients.first_name, 'lastName': patients.last_name} as name,
        emails.emails,
        case
            when phones.first_phone is not null
                then {
                    'primaryPhoneNumber': phones.first_phone.number,
                    'primaryPhoneCountryCode': phones.first_phone.country_code,
                    'primaryPhoneCallingCode': phones.first_phone.calling_code,
                    'additionalPhones': case when len(phones.all_phones) > 1 then phones.all_phones[2:] end
                }
        end as phones,
        payers.key as companyId,
        patients.occupation as jobTitle,
        patients.title as salutation,
        patients.preferred_first_name as preferredFirstName,
        patients.date_of_birth as dateOfBirth,
        case when patients.date_of_birth is null then patients.date_of_birth_as_written end as dateOfBirthAsWritten,
        patients.sex,
        patients.gender_identity as genderIdentity,
        patients.pronouns,
        {{ twenty_address('addresses') }} as homeAddress,
        further_addresses.address_2 as mailingAddress2,
        further_addresses.address_3 as mailingAddress3,
        further_addresses.address_4 as mailingAddress4,
        patients.emergency_contact as emergencyContact,
        relatives.related_people as relatedPeople,
        insurance.provider_text as insuranceProvider,
        insurance.member_id_text as insuranceMemberId,
        nullif(concat_ws(' / ', insurance.policy_text, insurance.group_text), '') as policyNumber,
        patients.concession_type as concessionType,
        patients.medicare_number as medicareNumber,
        patients.medicare_reference_number as medicareReferenceNumber,
        patients.dva_card_number as dvaCardNumber,
        nullif(
            concat_ws(' / ', patients.referral_type, patients.referral_subcategory, patients.referral_notes), ''
        ) as referralSource,
        patients.referring_doctor as referringDoctor,
        patients.reminder_type as reminderType,
        patients.email_marketing as emailMarketing,
        patients.sms_marketing as smsMarketing,
        patients.privacy_policy as privacyPolicy,
        {{ money('patients.account_credit') }} as accountCredit,
        {{ money('totals.total_invoiced') }} as totalInvoiced,
        {{ money('totals.balance_due') }} as balanceDue,
        totals.last_payment_on as lastPaymentAt,
        patients.invoice_to as invoiceTo,
        patients.invoice_email as invoiceEmail,
        patients.invoice_extra_information as invoiceExtraInformation,
        patients.reference_number as referenceNumber,
        {% if with_notes -%}
        patients.medical_alerts as medicalAlerts,
        patients.extra_information as extraInformation,
        patients.appointment_notes as appointmentNotes,
        {% endif -%}
        emails.shared_email as sharedEmail,
        as_written.contact_as_written as contactAsWritten,
        patients.archived_at is not null as archivedInCliniko,
        {{ iso('totals.last_appointment_at') }} as lastAppointmentAt,
        {{ iso('totals.next_appointment_at') }} as nextAppointmentAt,
        {{ iso('patients.created_at') }} as createdAt,
        {{ imported_by("'Cliniko'") }} as createdBy,
        {{ iso('patients.created_at') }} as clinikoCreatedAt,
        {{ iso('patients.updated_at') }} as clinikoUpdatedAt,
        custom.* exclude (owner_id),
        patients.linked_id as _linked_id,
        patients.patient_id as _patient_id,
        patients.full_name as _full_name,
    from patients
    left join {{ ref('twenty__person_emails') }} as emails using (patient_id)
    left join phones using (patient_id)
    left join as_written using (patient_id)
    left join addresses using (patient_id)
    left join further_addresses using (patient_id)
    left join {{ ref('cliniko__patient_totals') }} as totals using (patient_id)
    left join {{ ref('cliniko__patient_relatives') }} as relatives using (patient_id)
    left join {{ ref('cliniko__patient_insurance') }} as insurance using (patient_id)
    left join custom on patients.patient_id = custom.owner_id
    left join {{ keys_by_name(ref('twenty__company'), '_name_folded', 'id') }} as payers
        on {{ folded("split_part(patients.invoice_to, chr(10), 1)") }} = payers.name
)

select * from final
