{# An amount of money as Nutshell keeps it in a custom field: to the cent, as text. #}
{% macro nutshell_money(amount) -%}
case
    when {{ amount }} is not null
        then {'currency': {{ literal(var('currency')) }}, 'amount': {{ amount }}::decimal(18, 2)::varchar}
end
{%- endmacro %}

{# A yes or a no, as the choice of a custom field: Nutshell has no field that is true or false. #}
{% macro yes_or_no(condition) -%}
case {{ condition }} when true then 'Yes' when false then 'No' end
{%- endmacro %}

{# Another record of ours inside a value. Nutshell gives ids itself, so the load puts the id in its place. #}
{% macro reference(object, key) -%}
{'$ref': '{{ object }}:' || {{ key }}}
{%- endmacro %}

{# The label of one among several of a kind: `mobile`, `mobile 2`. Nutshell tells entries of a list apart by it. #}
{% macro numbered(label, place) -%}
{{ label }} || case when {{ place }} > 1 then ' ' || {{ place }} else '' end
{%- endmacro %}

{# The numbers or addresses that stand in one text, as a list of Nutshell's. #}
{% macro nutshell_entries(label, text) -%}
list_transform(
    string_split({{ text }}, ', '),
    lambda value, place: {'name': {{ numbered("'" ~ label ~ "'", 'place') }}, 'value': value}
)
{%- endmacro %}

{# An address as Nutshell keeps it; `row` has street_1 … country. #}
{% macro nutshell_address(row) -%}
{
    'address_1': {{ row }}.street_1,
    'address_2': {{ row }}.street_2,
    'city': {{ row }}.city,
    'state': {{ row }}.state,
    'postalCode': {{ row }}.post_code,
    'country': {{ country_code(row ~ '.country') }}
}
{%- endmacro %}

{# A country by its two letters, where it is one of those in which Cliniko has clinics; any other as it is written. #}
{% macro country_code(name) -%}
case {{ folded(name) }}
    when 'australia' then 'AU'
    when 'canada' then 'CA'
    when 'france' then 'FR'
    when 'germany' then 'DE'
    when 'hong kong' then 'HK'
    when 'ireland' then 'IE'
    when 'malaysia' then 'MY'
    when 'netherlands' then 'NL'
    when 'new zealand' then 'NZ'
    when 'singapore' then 'SG'
    when 'south africa' then 'ZA'
    when 'united arab emirates' then 'AE'
    when 'united kingdom' then 'GB'
    when 'united states' then 'US'
    else {{ name }}
end
{%- endmacro %}

{# The first line of a record that can hold no key of its own: by it the record is known again. `key` comes first and
   holds no blank; the others are texts, left out where they are null. #}
{% macro header_line(key_name, key, told) -%}
'[cliniko {{ key_name }}=' || {{ key }}
{%- for name, value in told.items() %}
|| coalesce(' {{ name }}=' || {{ one_line(value) }}, '')
{%- endfor %}
|| ']'
{%- endmacro %}

{# The labels that a person has already, in lower case, commas between: Nutshell's own, and those of the models. #}
{% macro nutshell_names() -%}
    accounts, address, addresses, audiences, companies, company, contacts, creator, description, email, emails, id,
    job title, leads, name, notes, owner, phone, phones, salutation, tags, territory, urls,
    account credit, appointment notes, archived in cliniko, balance due, cliniko patient id, concession type,
    contact as written, date of birth, date of birth as written, dva card number, email marketing, emergency contact,
    extra information, gender identity, insurance carrier, insurance group number, insurance member id,
    insurance policy number, invoice balance status, invoice email, invoice extra information, invoice to,
    last appointment, last appointment status, last payment amount, last payment date, medical alerts,
    medicare number, medicare reference number, next appointment, occupation, original create date,
    preferred first name, primary service type, privacy policy, pronouns, reference number, referral source,
    referring practitioner, related people, reminder type, sex, sms marketing, total invoiced
{%- endmacro %}

{# What ends the first line of a note: by it the note is known again under its person. #}
{% macro note_mark(key) -%}
'[cliniko note=' || {{ key }} || ']'
{%- endmacro %}

{# The key of what a note became when Cliniko changed it; `note_of` gives the note's own. #}
{% macro amended_key(key, updated_at) -%}
{{ key }} || '-amended-' || epoch({{ updated_at }})::bigint
{%- endmacro %}

{% macro note_of(key) -%}
regexp_replace({{ key }}, '-amended-\d+$', '')
{%- endmacro %}

{# The hash by which the ledger knows what it wrote of a note: that of its payload, in the order of names. #}
{% macro note_hash(parent, body, author='null::varchar') -%}
md5(
    json_merge_patch(
        '{}', to_json({'author': {{ author }}, 'body': replace({{ body }}, chr(0), ''), 'parent': {{ parent }}})
    )::varchar
)
{%- endmacro %}

{# The notes in Nutshell that nobody may edit any more, since their author may for a day only: an hour of it is left for
   the load. #}
{% macro closed_notes() -%}
(
    select
        records.key,
        records.hash,
        max(outcomes.noted_at) as written_at,
    from {{ source('ledger', 'records') }} as records
    inner join {{ source('ledger', 'intents') }} as intents using (object, key)
    inner join {{ source('ledger', 'outcomes') }} as outcomes using (intent)
    where records.object = 'note' and records.id is not null and outcomes.status = 'created'
    group by records.key, records.hash
    having max(outcomes.noted_at) < current_timestamp - interval 23 hour
)
{%- endmacro %}

{# A day as the first line of a note tells it, in the account's zone. #}
{% macro day_told(instant) -%}
strftime({{ instant }} at time zone {{ literal(var('timezone')) }}, '%-d %B %Y')
{%- endmacro %}

{# A name as every file system takes it. #}
{% macro file_name(name) -%}
coalesce(nullif(trim(left(regexp_replace({{ name }}, '[\x00-\x1f\\/:*?"<>|]+', '_', 'g'), 120), '. '), ''), 'unnamed')
{%- endmacro %}

{# The same with the id of what is called so, which tells it from all others of the name, for ever: `knee (501).pdf`. An
   id that is no plain word goes by its hash. #}
{% macro file_name_with_id(name, id) -%}
regexp_replace(
    {{ file_name(name) }},
    '(\.[^. ]{1,10})?$',
    ' ('
    || case when regexp_full_match({{ id }}, '[A-Za-z0-9-]{1,40}') then {{ id }} else left(md5({{ id }}), 12) end
    || ')\1'
)
{%- endmacro %}

{# Where somebody's files lie, below the handover folder; `person` is a row of `nutshell__person`. Not by their name,
   which may change: notes say the place, and nobody may edit them later. #}
{% macro person_folder(person) -%}
'files/' || {{ file_name(person ~ "._key") }}
{%- endmacro %}

{# How many people there are in Nutshell, and how many a load would add, as one row. #}
{% macro people_to_come() -%}
(
    select
        (select count(*) from {{ source('nutshell', 'people') }}) as there,
        (
            select count(*)
            from {{ ref('nutshell__person') }} as people
            anti join {{ ref('handover__people') }} as there on people._key = there.cliniko_patient_id
        ) as to_come,
)
{%- endmacro %}

{# The custom fields of people, companies and leads: those that are there, and those that a load would make. A column
   that is neither at home nor one of Nutshell's own becomes one. #}
{% macro fields_to_come() -%}
(
    select
        object,
        name,
        bool_and(is_ours) as is_new,
    from (
        select
            object,
            name,
            false as is_ours,
        from {{ source('nutshell', 'fields') }}
        {% for object in ['person', 'company'] + (['lead'] if var('attachments') == 'lead_upload' else []) %}
        union all

        select
            '{{ object }}' as object,
            unnest(json_keys(to_json(_row))) as name,
            true as is_ours,
        from (select * from {{ ref('nutshell__' ~ object) }} limit 1) as _row
        {%- endfor %}
    )
    where
        not starts_with(name, '_')
        and name not in ('name', 'description', 'owner', 'accounts', 'contacts')
        and name not in ('emails', 'phones', 'addresses', 'urls')
    group by object, name
)
{%- endmacro %}

{# An amount that invoices have, over all people of the read-back, as a test with its figures: the sum in the CRM, and
   what the clinic's invoices say. People of whom one invoice's amount is not known count on neither side. #}
{% macro rolled_up_equation(label, amount) -%}
with by_person as (
    select
        people._key as key,
        sum({{ amount }})::decimal(18, 2) as amount,
    from {{ ref('cliniko__invoices') }} as invoices
    inner join {{ ref('cliniko__invoice_balances') }} as balances using (invoice_id)
    inner join {{ ref('nutshell__person') }} as people on invoices.patient_id = people._patient_id
    where invoices.excluded_by is null and not invoices.is_void
    group by people._key
    having count(*) = count({{ amount }})
),

sums as (
    select
        coalesce(sum((found.body ->> '$."{{ label }}".amount')::decimal(18, 2)), 0) as in_the_crm,
        coalesce(sum(by_person.amount), 0) as in_the_clinic,
    from {{ source('readback', 'sent') }} as sent
    left join {{ source('readback', 'records') }} as found on sent.object = found.object and sent.id = found.id
    left join by_person on sent.key = by_person.key
    where sent.object = 'person'
)

select
    *,
    in_the_crm = in_the_clinic as _holds,
from sums
{%- endmacro %}
