-- What each payment was for. The payments of a patient are walked through in their order; each goes to the invoices
-- that it names, the oldest first, as far as they are open. What is left stays with the patient, for no invoice.
with invoices as (
    select
        invoice_id,
        number,
        issue_date,
        coalesce(total, 0)::decimal(18, 2) as total,
    from {{ ref('cliniko__invoices') }}
    where number is not null and excluded_by is null
),

payments as (
    select
        payment_id,
        coalesce(patient_id, patient_name, payment_id) as payer,
        amount::decimal(18, 2) as amount,
        invoice_numbers,
        row_number() over (
            partition by coalesce(patient_id, patient_name, payment_id)
            order by paid_on, created_at, length(payment_id), payment_id
        ) as step,
    from {{ ref('cliniko__payments') }}
    where amount is not null and excluded_by is null
),

named as (
    select
        payments.payment_id,
        list(invoices.invoice_id order by invoices.issue_date, length(invoices.number), invoices.number) as invoice_ids,
    from (
        select
            payment_id,
            unnest(list_distinct(invoice_numbers)) as number,
        from payments
    ) as payments
    inner join invoices using (number)
    group by payments.payment_id
),

opening as (
    select
        payments.payer,
        map_from_entries(
            list({'key': invoices.invoice_id, 'value': invoices.total} order by invoices.invoice_id)
        ) as due,
    from (
        select distinct
            payments.payer,
            unnest(named.invoice_ids) as invoice_id,
        from payments
        inner join named using (payment_id)
    ) as payments
    inner join invoices using (invoice_id)
    group by payments.payer
),

walk as (
    with recursive steps as (
        select
            payer,
            0::bigint as step,
            due,
            null::varchar as payment_id,
            []::struct(invoice_id varchar, amount decimal(18, 2))[] as parts,
        from opening

        union all

        select
            offered.payer,
            offered.step,
            map_from_entries(
                list_transform(
                    map_entries(offered.due),
                    lambda entry: {
                        'key': entry.key,
                        'value': (
                            entry.value - coalesce(
                                list_sum(
                                    list_transform(
                                        list_filter(offered.parts, lambda part: part.invoice_id = entry.key),
                                        lambda part: part.amount
                                    )
                                ),
                                0
                            )
                        )::decimal(18, 2)
                    }
                )
            ) as due,
            offered.payment_id,
            offered.parts,
        from (
            select
                steps.payer,
                payments.step,
                steps.due,
                payments.payment_id,
                list_transform(
                    coalesce(named.invoice_ids, []),
                    lambda invoice_id, place: {
                        'invoice_id': invoice_id,
                        'amount': (
                            case
                                -- Money that goes back is of the newest invoice that it names.
                                when payments.amount < 0
                                    then case when place = len(named.invoice_ids) then payments.amount else 0 end
                                else greatest(
                                    0,
                                    least(
                                        steps.due[invoice_id],
                                        payments.amount - coalesce(
                                            list_sum(
                                                list_transform(
                                                    named.invoice_ids[:place - 1],
                                                    lambda earlier: greatest(0, steps.due[earlier])
                                                )
                                            ),
                                            0
                                        )
                                    )
                                )
                            end
                        )::decimal(18, 2)
                    }
                ) as parts,
            from steps
            inner join payments on steps.payer = payments.payer and steps.step + 1 = payments.step
            left join named on payments.payment_id = named.payment_id
        ) as offered
    )

    select
        payment_id,
        unnest(parts, recursive := true),
    from steps
    where payment_id is not null
),

allocated as (
    select
        payment_id,
        invoice_id,
        amount,
    from walk
    where amount != 0
),

remainders as (
    select
        payments.payment_id,
        null::varchar as invoice_id,
        payments.amount - coalesce(sum(allocated.amount), 0) as amount,
    from payments
    left join allocated using (payment_id)
    group by payments.payment_id, payments.amount
    having payments.amount != coalesce(sum(allocated.amount), 0)
),

final as (
    select
        payment_id || '-' || coalesce(invoice_id, 'credit') as allocation_id,
        payment_id,
        invoice_id,
        amount,
    from (select * from allocated union all select * from remainders)
)

select * from final
