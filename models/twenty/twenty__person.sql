{% set with_notes = var('clinical_notes') != 'exclude' -%}
with patients as (
    select
        *,
        {{ record_id('person', 'patient_id') }} as id,
    from {{ ref('cliniko__patients') }}
    where excluded_by is null
),

contacts as (
    select contacts.*
    from {{ ref('cliniko__patient_contacts') }} as contacts
    semi join patients using (patient_id)
),

-- Families share an address, and Twenty holds it unique among primary ones, soft-deleted people included. Who is there
-- already keeps it, else the patient who came first.

held as (
    select distinct lower(primary_email) as email
    from {{ source('twenty', 'people') }}
    where primary_email is not null and id not in (select id from patients)
),

claims as (
    select
        contacts.patient_id,
        contacts.value as email,
        contacts.rank,
        held.email is null
        and row_number() over (
            partition by contacts.value
            order by patients.created_at asc nulls last, length(contacts.patient_id), contacts.patient_id
        ) = 1 as is_first,
    from contacts
    inner join patients using (patient_id)
    left join held on contacts.value = held.email
    where contacts.kind = 'email' and contacts.value is not null
),

primaries as (
    select
        patient_id,
        arg_min(email, rank) as email,
    from claims
    where is_first
    group by patient_id
),

emails as (
    select
        claims.patient_id,
        {
            'primaryEmail': any_value(primaries.email),
            'additionalEmails': list(claims.email order by claims.rank)
                filter (where claims.email is distinct from primaries.email)
        } as emails,
        string_agg(claims.email, ', ' order by claims.rank) filter (where not claims.is_first) as shared_email,
    from claims
    left join primaries using (patient_id)
    group by claims.patient_id
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

payers as (
    select
        _name_folded as name_folded,
        min(id) as company_id,
    from {{ ref('twenty__company') }}
    group by _name_folded
    having count(*) = 1
),

visits as (
    select
        patient_id,
        max(starts_at) filter (where starts_at <= as_of) as last_appointment_at,
        min(starts_at) filter (where starts_at > as_of) as next_appointment_at,
    from {{ ref('cliniko__attendances') }}
    cross join {{ ref('cliniko__as_of') }}
    where excluded_by is null and status != 'Cancelled'
    group by patient_id
),

invoiced as (
    select
        invoices.patient_id,
        sum(invoices.total) as total,
        -- Where one of them is not known, neither is the sum.
        case when count(*) = count(balances.outstanding) then sum(balances.outstanding) end as outstanding,
    from {{ ref('cliniko__invoices') }} as invoices
    inner join {{ ref('cliniko__invoice_balances') }} as balances using (invoice_id)
    where invoices.excluded_by is null and not invoices.is_void
    group by invoices.patient_id
),

payments as (
    select
        patient_id,
        max(paid_on) as last_payment_on,
    from {{ ref('cliniko__payments') }}
    where excluded_by is null and amount > 0
    group by patient_id
),

relatives as (
    select
        relationships.patient_id,
        string_agg(
            concat_ws(': ', {{ one_line('relationships.relation_description') }}, related.full_name), '; '
            order by relationships.relation_description, related.full_name
        ) as related_people,
    from {{ newest(source('cliniko', 'relationships'), 'relationship_id') }} as relationships
    inner join {{ ref('cliniko__patients') }} as related on relationships.related_patient_id = related.patient_id
    where relationships.archived_at is null
    group by relationships.patient_id
),

insurance as (
    select
        patient_id,
        {% for what in ['provider', 'member_id', 'policy', 'group'] -%}
        {% set label = var('insurance').get(what) -%}
        {% if label -%}
        first(value order by position) filter (where label_folded = {{ folded(literal(label)) }}) as {{ what }}_text,
        {% else -%}
        null::varchar as {{ what }}_text,
        {% endif -%}
        {% endfor -%}
    from {{ ref('cliniko__patient_custom_fields') }}
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
        payers.company_id as companyId,
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
        {{ money('invoiced.total') }} as totalInvoiced,
        {{ money('invoiced.outstanding') }} as balanceDue,
        payments.last_payment_on as lastPaymentAt,
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
        {{ iso('coalesce(visits.last_appointment_at, patients.last_appointment_at)') }} as lastAppointmentAt,
        {{ iso('coalesce(visits.next_appointment_at, patients.next_appointment_at)') }} as nextAppointmentAt,
        {{ iso('patients.created_at') }} as createdAt,
        {{ imported_by("'Cliniko'") }} as createdBy,
        {{ iso('patients.created_at') }} as clinikoCreatedAt,
        {{ iso('patients.updated_at') }} as clinikoUpdatedAt,
        custom.* exclude (owner_id),
        patients.patient_id as _patient_id,
        patients.full_name as _full_name,
    from patients
    left join emails using (patient_id)
    left join phones using (patient_id)
    left join as_written using (patient_id)
    left join addresses using (patient_id)
    left join further_addresses using (patient_id)
    left join visits using (patient_id)
    left join invoiced using (patient_id)
    left join payments using (patient_id)
    left join relatives using (patient_id)
    left join insurance using (patient_id)
    left join custom on patients.patient_id = custom.owner_id
    left join payers on {{ folded("split_part(patients.invoice_to, chr(10), 1)") }} = payers.name_folded
)

select * from final
