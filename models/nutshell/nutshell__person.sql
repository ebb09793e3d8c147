{% set with_notes = var('clinical_notes') != 'exclude' -%}
with patients as (
    select *
    from {{ ref('cliniko__patients') }}
    where excluded_by is null
),

contacts as (
    select
        contacts.*,
        row_number() over (partition by contacts.patient_id, contacts.kind order by contacts.rank) as place,
    from {{ ref('cliniko__patient_contacts') }} as contacts
    where contacts.value is not null
),

emails as (
    select
        patient_id,
        list({'name': {{ numbered('kind', 'place') }}, 'value': value} order by place) as emails,
    from contacts
    where kind = 'email'
    group by patient_id
),

phones as (
    select
        patient_id,
        list({'name': {{ numbered('kind', 'place') }}, 'value': value} order by rank) as phones,
    from contacts
    where kind != 'email'
    group by patient_id
),

-- What is no address or number, or says less than what is written.
as_written as (
    select
        patient_id,
        string_agg(kind || ': ' || as_written, '; ' order by kind, rank, as_written) as contact_as_written,
    from {{ ref('cliniko__patient_contacts') }}
    where is_cut
    group by patient_id
),

addresses as (
    select
        patient_id,
        list({'name': {{ numbered('label', 'place') }}, 'value': {{ nutshell_address('labelled') }}} order by rank)
            as addresses,
    from (
        select
            *,
            lower(address_type) as label,
            row_number() over (partition by patient_id, lower(address_type) order by rank) as place,
        from {{ ref('cliniko__patient_addresses') }}
    ) as labelled
    group by patient_id
),

fallback as (
    select id
    from {{ ref('nutshell__user_emails') }}
    where email = lower(trim({{ literal(var('fallback_owner') or '') }}))
),

custom as {{ custom_columns('person') }},

-- What a field of choices says already goes along where what it should say came too late for it.
kept as (
    select
        owner_id as patient_id,
        min(kept) filter (where field = 'Primary Service Type') as service,
        min(kept) filter (where field = 'Last Appointment Status') as status,
    from {{ ref('nutshell__late_choices') }}
    group by owner_id
),

totals as (
    select
        *,
        -- What they owe, less what they have paid ahead. Unknown, where it is not known what is open.
        case when total_invoiced is not null then balance_due else 0 end - coalesce(credit, 0) as owing,
    from {{ ref('cliniko__patient_totals') }}
),

final as (
    select
        {
            'salutation': patients.title,
            'givenName': patients.first_name,
            'familyName': case
                when coalesce(patients.first_name, patients.last_name) is null then 'Patient ' || patients.patient_id
                else patients.last_name
            end
        } as name,
        emails.emails,
        phones.phones,
        addresses.addresses,
        coalesce(users.id, fallback.id) as owner,
        case
            when payers.key is not null
                then [{'id': {{ reference('company', 'payers.key') }}, 'relationship': 'Payer'}]
        end as accounts,
        {{ source_system_id('patients.patient_id') }} as "Cliniko Patient ID",
        (patients.created_at at time zone {{ literal(var('timezone')) }})::date as "Original Create Date",
        patients.date_of_birth as "Date of Birth",
        case when patients.date_of_birth is null then patients.date_of_birth_as_written end
            as "Date of Birth as Written",
        patients.preferred_first_name as "Preferred First Name",
        patients.sex as "Sex",
        patients.gender_identity as "Gender Identity",
        patients.pronouns as "Pronouns",
        patients.occupation as "Occupation",
        insurance.provider_text as "Insurance Carrier",
        insurance.member_id_text as "Insurance Member ID",
        insurance.policy_text as "Insurance Policy Number",
        insurance.group_text as "Insurance Group Number",
        patients.referring_doctor as "Referring Practitioner",
        nullif(
            concat_ws(' / ', patients.referral_type, patients.referral_subcategory, patients.referral_notes), ''
        ) as "Referral Source",
        patients.concession_type as "Concession Type",
        patients.medicare_number as "Medicare Number",
        patients.medicare_reference_number as "Medicare Reference Number",
        patients.dva_card_number as "DVA Card Number",
        {{ nutshell_money('totals.total_invoiced') }} as "Total Invoiced",
        {{ nutshell_money('totals.balance_due') }} as "Balance Due",
        {{ nutshell_money('totals.credit') }} as "Account Credit",
        {{ nutshell_money('totals.last_payment_amount') }} as "Last Payment Amount",
        totals.last_payment_on as "Last Payment Date",
        case
            when totals.owing > 0 then 'Owing'
            when totals.owing < 0 then 'In credit'
            when totals.total_invoiced is null then 'None'
            when totals.owing = 0 then 'Paid'
        end as "Invoice Balance Status",
        case when services.is_late then kept.service else services.value end as "Primary Service Type",
        case when statuses.is_late then kept.status else statuses.value end as "Last Appointment Status",
        (totals.last_appointment_at at time zone {{ literal(var('timezone')) }})::date as "Last Appointment",
        (totals.next_appointment_at at time zone {{ literal(var('timezone')) }})::date as "Next Appointment",
        {{ yes_or_no('patients.email_marketing') }} as "Email Marketing",
        {{ yes_or_no('patients.sms_marketing') }} as "SMS Marketing",
        patients.privacy_policy as "Privacy Policy",
        patients.reminder_type as "Reminder Type",
        patients.emergency_contact as "Emergency Contact",
        relatives.related_people as "Related People",
        patients.invoice_to as "Invoice To",
        patients.invoice_email as "Invoice Email",
        patients.invoice_extra_information as "Invoice Extra Information",
        patients.reference_number as "Reference Number",
        {% if with_notes -%}
        patients.medical_alerts as "Medical Alerts",
        patients.extra_information as "Extra Information",
        patients.appointment_notes as "Appointment Notes",
        {% endif -%}
        as_written.contact_as_written as "Contact as Written",
        {{ yes_or_no('patients.archived_at is not null') }} as "Archived in Cliniko",
        custom.* exclude (owner_id),
        {{ source_system_id('patients.patient_id') }} as _key,
        payers.key as _company_key,
        {{ 'existing.id' if var('existing_people') == 'link' else 'null::varchar' }} as _linked_id,
        patients.patient_id as _patient_id,
        patients.full_name as _full_name,
        totals.primary_service as _primary_service,
        totals.last_practitioner_id as _practitioner_id,
    from patients
    left join emails using (patient_id)
    left join phones using (patient_id)
    left join as_written using (patient_id)
    left join addresses using (patient_id)
    left join totals using (patient_id)
    left join kept using (patient_id)
    left join {{ ref('cliniko__patient_relatives') }} as relatives using (patient_id)
    left join {{ ref('cliniko__patient_insurance') }} as insurance using (patient_id)
    left join custom on patients.patient_id = custom.owner_id
    left join {{ ref('nutshell__user') }} as users on totals.last_practitioner_id = users._practitioner_id
    left join fallback on true
    left join {{ ref('nutshell__existing_people') }} as existing using (patient_id)
    left join {{ ref('nutshell__choices') }} as services
        on services.field = 'Primary Service Type'
        and {{ folded('totals.primary_service') }} = services.value_folded
    left join {{ ref('nutshell__choices') }} as statuses
        on statuses.field = 'Last Appointment Status'
        and {{ folded('totals.last_appointment_status') }} = statuses.value_folded
    left join {{ keys_by_name(ref('nutshell__company'), '_name_folded', '_key') }} as payers
        on {{ folded("split_part(patients.invoice_to, chr(10), 1)") }} = payers.name
)

select * from final
