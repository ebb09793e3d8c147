-- A column per method. `Direct Deposit` is this account's own.
with by_method as (
    select
        *,
        [
            case when method = place then first_amount when (method + 1) % 7 = place then second_amount else 0.00 end
            for place in range(7)
        ] as amounts,
    from payments
)

select
    by_method.id as "Payment ID",
    by_method.paid_on as "Payment Date",
    patients.first_name || ' ' || patients.last_name as "Patient",
    patients.id as "Patient ID",
    money(by_method.amounts[1]) as "HICAPS",
    money(by_method.amounts[2]) as "Card",
    money(by_method.amounts[3]) as "EFTPOS",
    money(by_method.amounts[4]) as "Cash",
    money(by_method.amounts[5]) as "Medicare",
    money(by_method.amounts[6]) as "Cheque",
    money(by_method.amounts[7]) as "Direct Deposit",
    money(by_method.amount) as "Amount",
    array_to_string(list_transform(by_method.invoices, lambda invoice: invoice + 100), ', ') as "Invoices",
    case when by_method.amount < 0 then 'Refund, "wrong item"' end as "Notes",
    stamp(by_method.created) as "Created At",
    stamp(by_method.created) as "Updated At",
from by_method
inner join patients on by_method.patient = patients.n
order by by_method.n
