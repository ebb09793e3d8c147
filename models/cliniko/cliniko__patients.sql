-- Only exports tell of credit, only the API of archiving and merging.
{% set partly_told = ['unapplied_account_credit', 'archived_at', 'deleted_at', 'merged_with_patient_id'] -%}
with source as (
    select * from {{ newest(source('cliniko', 'patients'), 'patient_id', partly_told) }}
),

-- What an export writes into the patient's row, and the API keeps in tables of its own.

alerts as (
    select
        patient_id,
        string_agg({{ one_line('name') }}, '; ' order by created_at, medical_alert_id) as medical_alerts,
    from {{ newest(source('cliniko', 'medical_alerts'), 'medical_alert_id') }}
    where archived_at is null and deleted_at is null
    group by patient_id
),

concessions as (
    select
        concession_type_id,
        {{ one_line('name') }} as concession_type,
    from {{ newest(source('cliniko', 'concession_types'), 'concession_type_id') }}
),

referral_types as (
    select
        referral_source_type_id,
        {{ one_line('name') }} as name,
    from {{ newest(source('cliniko', 'referral_source_types'), 'referral_source_type_id') }}
),

referrals as (
    select
        referred.patient_id,
        arg_min(referral_types.name, referred.referral_source_id) as type,
        arg_min(
            coalesce(
                {{ one_line('referred.subcategory') }},
                contacts.person_name,
                {{ one_line("concat_ws(' ', referrers.first_name, referrers.last_name)") }}
            ),
            referred.referral_source_id
        ) as subcategory,
        arg_min({{ trimmed('referred.notes') }}, referred.referral_source_id) as notes,
    from {{ newest(source('cliniko', 'referral_sources'), 'referral_source_id') }} as referred
    left join referral_types using (referral_source_type_id)
    left join {{ ref('cliniko__contacts') }} as contacts
        on referred.referrer_id = contacts.contact_id and referred.referrer_type = 'Contact'
    left join source as referrers
        on referred.referrer_id = referrers.patient_id and referred.referrer_type = 'Patient'
    where referred.archived_at is null
    group by referred.patient_id
),

renamed as (
    select
        {{ trimmed('source.patient_id') }} as patient_id,
        {{ one_line('source.title') }} as title,
        {{ one_line('source.first_name') }} as first_name,
        {{ one_line('source.last_name') }} as last_name,
        {{ one_line('source.preferred_first_name') }} as preferred_first_name,
        {{ trimmed('source.date_of_birth') }} as date_of_birth_as_written,
        {{ day('trim(source.date_of_birth)') }} as day_of_birth,
        {{ one_line('source.sex') }} as sex,
        coalesce({{ one_line('source.gender_identity') }}, {{ one_line('source.gender') }}) as gender_identity,
        {{ one_line('source.occupation') }} as occupation,
        {{ trimmed('source.emergency_contact') }} as emergency_contact,
        {{ one_line('source.medicare_number') }} as medicare_number,
        {{ one_line('source.medicare_reference_number') }} as medicare_reference_number,
        {{ one_line('source.dva_card_number') }} as dva_card_number,
        {{ one_line('source.reference_number') }} as reference_number,
        coalesce({{ one_line('source.concession_type') }}, concessions.concession_type) as concession_type,
        coalesce({{ one_line('source.referral_type') }}, referrals.type) as referral_type,
        coalesce({{ one_line('source.referral_type_subcategory') }}, referrals.subcategory) as referral_subcategory,
        coalesce({{ trimmed('source.referral_extra_information') }}, referrals.notes) as referral_notes,
        coalesce({{ one_line('source.referring_doctor') }}, doctors.person_name) as referring_doctor,
        {{ one_line('source.reminder_type') }} as reminder_type,
        {{ trimmed('source.invoice_to') }} as invoice_to,
        {{ trimmed('source.invoice_email') }} as invoice_email,
        {{ trimmed('source.invoice_extra_information') }} as invoice_extra_information,
        -- Nobody is written to who did not agree: what is not known is a no.
        coalesce({{ flag('source.accepts_email_marketing') }}, false) as email_marketing,
        coalesce(
            {{ flag('source.accepted_sms_marketing') }}, not {{ flag('source.unsubscribed_sms_marketing') }}, false
        ) as sms_marketing,
        case {{ flag('source.accepted_privacy_policy') }}
            when true then 'Accepted'
            when false then 'Rejected'
            -- The API says nothing where an export says this.
            else nullif({{ one_line('source.accepted_privacy_policy') }}, 'No response')
        end as privacy_policy,
        {{ amount('trim(source.unapplied_account_credit)') }} as account_credit,
        coalesce({{ trimmed('source.medical_alerts') }}, alerts.medical_alerts) as medical_alerts,
        {{ trimmed('source.extra_information') }} as extra_information,
        {{ trimmed('source.appointment_notes') }} as appointment_notes,
        case
            when json_type({{ json_text('source.pronouns') }}) = 'OBJECT'
                then concat_ws('/', source.pronouns ->> 'nominative', source.pronouns ->> 'accusative')
            else {{ one_line('source.pronouns') }}
        end as pronouns,
        {{ instant('source.last_appointment') }} as last_appointment_at,
        {{ instant('source.next_appointment') }} as next_appointment_at,
        {{ instant('source.created_at') }} as created_at,
        {{ instant('source.updated_at') }} as updated_at,
        coalesce({{ instant('source.archived_at') }}, {{ instant('source.deleted_at') }}) as archived_at,
        {{ trimmed('source.merged_with_patient_id') }} as merged_into,
        source._file,
        source._row,
    from source
    left join alerts using (patient_id)
    left join concessions using (concession_type_id)
    left join referrals using (patient_id)
    left join {{ ref('cliniko__contacts') }} as doctors on source.referring_doctor_id = doctors.contact_id
),

dated as (
    select
        * exclude (day_of_birth),
        {{ one_line("concat_ws(' ', first_name, last_name)") }} as full_name,
        -- Before any living patient, or after the newest change of all: no birth date, whatever it was meant to be.
        case
            when day_of_birth >= date '1880-01-01'
                and day_of_birth
                <= coalesce({{ day_of('max(greatest(created_at, updated_at)) over ()') }}, day_of_birth)
                then day_of_birth
        end as date_of_birth,
    from renamed
),

-- A patient that Cliniko merged goes with the last in the chain of winners.
chain as (
    with recursive followed as (
        select
            patient_id,
            merged_into,
            1 as step,
        from dated
        where merged_into is not null

        union all

        select
            followed.patient_id,
            dated.merged_into,
            followed.step + 1 as step,
        from followed
        inner join dated on followed.merged_into = dated.patient_id
        where dated.merged_into is not null and followed.step < 20
    )

    select
        patient_id,
        arg_max(merged_into, step) as winner,
    from followed
    group by patient_id
),

winners as (
    select
        chain.patient_id,
        dated.patient_id as kept_patient_id,
    from chain
    inner join dated on chain.winner = dated.patient_id and dated.merged_into is null
),

judged as (
    select
        dated.*,
        coalesce(winners.kept_patient_id, dated.patient_id) as kept_patient_id,
        case
            when dated.patient_id is null then 'no_id'
            when winners.kept_patient_id is not null then 'merged'
            {%- for rule in var('scope') %}
            {%- for name, condition in rule.items() %}
            when {{ condition }} then {{ literal(name) }}
            {%- endfor %}
            {%- endfor %}
        end as excluded_by,
    from dated
    left join winners using (patient_id)
),

final as (
    select
        judged.*,
        'patient_' || kept.excluded_by as records_excluded_by,
    from judged
    left join judged as kept on judged.kept_patient_id = kept.patient_id
)

select * from final
