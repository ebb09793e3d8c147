-- Every current row of the clinic, by what will become of it. Where each thing goes is the destination's to say.
{% set things = {
    'patient': 'cliniko__patients',
    'calendar entry': 'cliniko__appointments',
    'visit': 'cliniko__attendances',
    'treatment note': 'cliniko__treatment_notes',
    'message': 'cliniko__communications',
    'invoice': 'cliniko__invoices',
    'line of an invoice': 'cliniko__invoice_items',
    'payment': 'cliniko__payments',
    'file of a patient': 'cliniko__attachments',
} -%}
{% set always_kept = {
    'practitioner': 'cliniko__practitioners',
    'appointment type': 'cliniko__appointment_types',
    'product or service': 'cliniko__products',
    'clinic site': 'cliniko__locations',
    'company': 'cliniko__companies',
} -%}
-- Patients' doctors and referrers are told by name; a dot after a title makes no other person.
with named as (
    select distinct unnest([referring_doctor, referral_subcategory]) as name from {{ ref('cliniko__patients') }}
),

contacts as (
    select
        case when organisation is null then 'contact without a company' else 'contact of a company' end as thing,
        case
            when excluded_by is not null then excluded_by
            when organisation is null
                and coalesce({{ folded("replace(person_name, '.', '')") }}, '') not in (
                    select {{ folded("replace(name, '.', '')") }} from named where name is not null
                ) then 'no_patient_names_them'
        end as excluded_by,
    from {{ ref('cliniko__contacts') }}
),

things as (
    {% for thing, model in things.items() -%}
    select
        '{{ thing }}' as thing,
        excluded_by,
    from {{ ref(model) }}

    union all

    {% endfor -%}
    {% for thing, model in always_kept.items() -%}
    select
        '{{ thing }}' as thing,
        null as excluded_by,
    from {{ ref(model) }}

    union all

    {% endfor -%}
    select * from contacts
),

counted as (
    select
        thing,
        excluded_by as rule,
        count(*) as rows,
    from things
    group by thing, excluded_by
),

homes as (
    select * from {{ ref(target.loader ~ '__homes') }}
),

final as (
    select
        counted.thing,
        counted.rows,
        case when counted.rule is not null then 'excluded' else coalesce(homes.fate, 'no home yet') end as fate,
        case when counted.rule is null then homes.home end as becomes,
        replace(counted.rule, '_', ' ') as rule,
    from counted
    left join homes using (thing)
    order by homes.place nulls last, counted.thing, counted.rule nulls first
)

select * from final
