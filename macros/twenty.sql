{# Who wrote a record, as Twenty keeps it. #}
{% macro imported_by(name) -%}
{'source': 'IMPORT', 'name': {{ name }}}
{%- endmacro %}

{# An address as Twenty keeps it, or null where there is nothing of one. `row` has street_1 … country. #}
{% macro twenty_address(row) -%}
case
    when coalesce(
        {{ row }}.street_1, {{ row }}.street_2, {{ row }}.city, {{ row }}.state, {{ row }}.post_code, {{ row }}.country
    ) is not null
        then {
            'addressStreet1': {{ row }}.street_1,
            'addressStreet2': {{ row }}.street_2,
            'addressCity': {{ row }}.city,
            'addressState': {{ row }}.state,
            'addressPostcode': {{ row }}.post_code,
            'addressCountry': {{ row }}.country
        }
end
{%- endmacro %}

{# The host of a link, by which two are compared: Twenty tells `x.com` and `https://www.x.com` apart. #}
{% macro host(url) -%}
nullif(split_part(regexp_replace(lower(trim({{ url }})), '^(https?://)?(www\.)?', ''), '/', 1), '')
{%- endmacro %}

{# The domains of addresses that stand in one text, each once. #}
{% macro domains(emails) -%}
list_sort(list_distinct(list_transform(string_split({{ emails }}, ', '), lambda email: split_part(email, '@', 2))))
{%- endmacro %}

{# The task of a person in an appointment: the first, where two who were merged were in one class. #}
{% macro tasks_by_appointment() -%}
(
    select
        _appointment_id,
        _person_id,
        min(id) as id,
    from {{ ref('twenty__task') }}
    where _appointment_id is not null
    group by _appointment_id, _person_id
)
{%- endmacro %}

{# Markdown as Twenty takes it: null for none, since a body that is null is refused (contracts/twenty/nulls). #}
{% macro rich_text(markdown) -%}
case when {{ markdown }} is not null then {'markdown': {{ markdown }}} end
{%- endmacro %}

{# A label as the name of a field: `Shoe size` becomes `shoeSize`. Null where it has no letter and no digit of ASCII. #}
{% macro camel_case(label) -%}
{%- set words = "regexp_extract_all(lower(strip_accents(" ~ label ~ ")), '[a-z0-9]+')" -%}
left(
    regexp_replace(
        nullif(
            {{ words }}[1]
            || array_to_string(list_transform({{ words }}[2:], lambda word: upper(word[1]) || word[2:]), ''),
            ''
        ),
        '^([0-9])', 'field\1'
    ),
    50
)
{%- endmacro %}

{# The names that a person or a task has already: those that Twenty reserves or gives them, and those that the models
   fill. #}
{% macro twenty_names() -%}
    accountCredit address addresses aggregate appToken appTokens appointmentNotes appointmentType appointmentTypeId
    appointmentTypeName approvedAccessDomain approvedAccessDomains archivedInCliniko assignee assigneeId attachments
    attendanceRecorded avatarFile avatarUrl balanceDue billingCustomer billingCustomers billingEntitlement
    billingEntitlements billingMeter billingMeters billingProduct billingProducts billingSubscription
    billingSubscriptionItem billingSubscriptionItems billingSubscriptions bodyV2 calendarEventParticipants
    cancellationReason cancelledAt clinicLocation clinikoAppointmentStatus clinikoCreatedAt clinikoUpdatedAt company
    companyId concessionType contactAsWritten createdAt createdBy currencies currency dateOfBirth dateOfBirthAsWritten
    deletedAt dueAt dvaCardNumber emailMarketing emails emergencyContact endAt event events extraInformation
    featureFlag featureFlags field fields fullNames genderIdentity homeAddress id index insuranceMember
    insuranceMemberId insuranceProvider invoiceEmail invoiceExtraInformation invoiceTo invoices job jobTitle jobs
    keyValuePair keyValuePairs lastAppointmentAt lastPaymentAt link linkedinLink links listMemberships mailingAddress2
    mailingAddress3 mailingAddress4 medicalAlerts medicareNumber medicareReferenceNumber messageParticipants name
    nextAppointmentAt noteTargets number object objects pageLayout pageLayoutTab pageLayoutTabs pageLayoutWidget
    pageLayoutWidgets pageLayouts payments phones plan plans pointOfContactForOpportunities policyNumber position
    practitionerName preferredFirstName privacyPolicy pronouns referenceNumber referralSource referringDoctor
    relatedPeople relation relations reminderType role roles salutation search searchVector searches sex sharedEmail
    smsMarketing sourceSystem sourceSystemId startAt status taskTargets timelineActivities title totalInvoiced
    treatmentNotes twoFactorMethod twoFactorMethods type types updatedAt updatedBy user userWorkspace userWorkspaceRole
    userWorkspaceRoles userWorkspaces users workspace workspaces
{%- endmacro %}

{# The custom fields of an object as columns, one row per record that has any: to be joined on `owner_id`. #}
{% macro custom_columns(object) -%}
(
    pivot (
        select
            owner_id,
            name,
            value,
        from {{ ref(target.loader ~ '__custom_field_values') }}
        where object = '{{ object }}'
    )
    on name
    using any_value(value)
    group by owner_id
)
{%- endmacro %}
