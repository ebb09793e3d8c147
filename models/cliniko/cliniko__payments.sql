{% set methods = ['hicaps', 'card', 'eftpos', 'cash', 'medicare', 'cheque'] -%}
with source as (
    select * from {{ newest(source('cliniko', 'payments'), 'payment_id') }}
),

-- Every account has methods of its own: a column that no source declares, and that holds an amount, is one.
methods as (
    {% for method in methods -%}
    select
        _file,
        _row,
        '{{ "HICAPS" if method == "hicaps" else "EFTPOS" if method == "eftpos" else method | capitalize }}' as method,
        {{ amount('trim(' ~ method ~ ')') }} as amount,
    from source

    union all
    {% endfor %}
    select
        _file,
        _row,
        method,
        {{ amount('trim(cell)') }} as amount,
    from (
        select
            _file,
            _row,
            unnest(map_keys(_extra)) as method,
            unnest(map_values(_extra)) as cell,
        from source
    )
),

used as (
    select
        _file,
        _row,
        string_agg(method, ', ' order by abs(amount) desc, method) as method,
        sum(amount) as amount,
    from methods
    where amount != 0
    group by _file, _row
),

renamed as (
    select
        {{ trimmed('source.payment_id') }} as source_id,
        {{ day('trim(source.payment_date)') }} as paid_on,
        {{ trimmed('source.patient_id') }} as listed_patient_id,
        {{ one_line('source.patient') }} as patient_name,
        coalesce({{ amount('trim(source.amount)') }}, used.amount) as amount,
        used.method,
        list_transform(
            regexp_extract_all(source.invoices, '\d+'), lambda number: ltrim(number, '0')
        ) as invoice_numbers,
        {{ trimmed('source.notes') }} as notes,
        {{ instant('source.created_at') }} as created_at,
        {{ instant('source.updated_at') }} as updated_at,
        source._file,
        source._row,
    from source
    left join used using (_file, _row)
),

-- Without an id a payment is told by its day, its payer, its amount and its invoices, and by its place among those of
-- which all that is the same.
marked as (
    select
        *,
        'payment-' || md5(
            coalesce(paid_on::varchar, '') || '|' || coalesce(listed_patient_id, {{ folded('patient_name') }}, '')
            || '|' || coalesce(amount::varchar, '') || '|' || coalesce(array_to_string(invoice_numbers, ','), '')
            || '|' || row_number() over (
                partition by
                    _file, paid_on, listed_patient_id, {{ folded('patient_name') }}, amount, invoice_numbers
                order by length(source_id), source_id, _row
            )
        ) as mark,
    from renamed
),

-- What was loaded is a payment's share in an invoice, whose key begins with that of the payment.
remembered as (
    select distinct regexp_extract(key, '^payment-[0-9a-f]{32}') as key
    from {{ remembered_keys() }}
    where starts_with(key, 'payment-')
),

keyed as (
    select
        marked.* exclude (source_id, mark),
        {{ key_of('marked.source_id', 'marked.mark', 'remembered.key') }} as payment_id,
    from marked
    left join remembered on marked.mark = remembered.key
),

once as (
    select *
    from keyed
    qualify row_number() over (
        partition by payment_id order by updated_at desc nulls last, _file desc, _row desc
    ) = 1
),

final as (
    select
        once.* exclude (listed_patient_id),
        coalesce(patients.kept_patient_id, once.listed_patient_id) as patient_id,
        case
            when patients.records_excluded_by is not null then patients.records_excluded_by
            when once.listed_patient_id is not null and patients.patient_id is null then 'unknown_patient'
            when coalesce(once.amount, 0) = 0 then 'no_amount'
        end as excluded_by,
    from once
    left join {{ ref('cliniko__patients') }} as patients on once.listed_patient_id = patients.patient_id
)

select * from final
