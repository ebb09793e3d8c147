-- What each payment was for. A payment over several invoices goes to the oldest first; too much of it stays with the
-- patient as credit, too little leaves the newest open.
create table allocated as
with owed as (
    select
        invoices.*,
        invoice_totals.total,
        -- What is paid together, is paid by threes.
        (row_number() over (partition by patient, settled order by issued, number) - 1) // 3 as bundle,
        least(issued + below(10, 'paid after', invoices.n)::integer, as_of()::date - 1) as paid_on,
    from invoices
    inner join invoice_totals on invoices.n = invoice_totals.invoice
),

bundled as (
    select
        *,
        max(paid_on) over (partition by patient, bundle) as bundle_paid_on,
        min(n) over (partition by patient, bundle) as oldest,
        n = max(n) over (partition by patient, bundle) as is_newest,
    from owed
    where settled = 'together'
),

parts as (
    select n as first_invoice, 1 as part, n as invoice, patient, paid_on, total as amount
    from owed
    where settled in ('at once', 'and refunded')
    union all
    select n, 1, n, patient, paid_on, round(total / 2, 2)
    from owed
    where settled in ('in part', 'twice')
    union all
    select n, 2, n, patient, least(paid_on + 14, as_of()::date - 1), total - round(total / 2, 2)
    from owed
    where settled = 'twice'
    union all
    select n, 3, n, patient, least(paid_on + 7, as_of()::date - 1), -round(total * 0.3, 2)
    from owed
    where settled = 'and refunded'
    union all
    select
        oldest,
        4,
        n,
        patient,
        bundle_paid_on,
        case when is_newest and chance(0.3, 'short', oldest) then round(total / 2, 2) else total end,
    from bundled
    union all
    select oldest, 4, null, patient, bundle_paid_on, 50.00
    from bundled
    where is_newest and not chance(0.3, 'short', oldest) and chance(0.2, 'too much', oldest)
    union all
    -- Paid ahead, for nothing yet.
    select -patient, 5, null, patient, least(created::date + 3, as_of()::date - 1), 75.00
    from visitors
    where chance(0.03, 'ahead', patient)
)

select
    dense_rank() over (order by paid_on, first_invoice, part) as payment,
    invoice,
    patient,
    paid_on,
    amount::decimal(18, 2) as amount,
from parts;

create table payments as
with summed as (
    select
        payment as n,
        any_value(patient) as patient,
        any_value(paid_on) as paid_on,
        sum(amount)::decimal(18, 2) as amount,
        list(invoice order by invoice desc) filter (where invoice is not null) as invoices,
    from allocated
    group by payment
)

select
    *,
    paid_on + to_minutes(600 + below(400, 'paid at', n)) as created,
    record_id(9, n, created) as id,
    below(7, 'method', n) as method,
    -- One in fifteen is paid in two ways.
    (case when amount > 0 and chance(0.07, 'two ways', n) then round(amount * 0.6, 2) else amount end)::decimal(18, 2)
    as first_amount,
    (amount - first_amount)::decimal(18, 2) as second_amount,
from summed
order by n;

create table balances as
select
    invoice_totals.*,
    (invoice_totals.total - coalesce(paid.amount, 0))::decimal(18, 2) as outstanding,
from invoice_totals
left join (
    select invoice, sum(amount) as amount from allocated where invoice is not null group by invoice
) as paid using (invoice);

create macro invoice_status(outstanding, n) as
    case
        when outstanding < 0 then 'Open credit'
        when outstanding > 0 then 'Open'
        when chance(0.03, 'closed', n) then 'Closed'
        when outstanding = 0 then 'Paid'
    end;
