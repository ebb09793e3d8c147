-- One invoice for a share of the visits, with one to three lines. One in 200 is a credit note.
create table invoices as
with billed as (
    select
        n as visit,
        patient,
        practitioner,
        business,
        type,
        starts_at,
        ends_at,
        row_number() over (order by draw('invoice', n), n) as place,
    from visits
)
select
    row_number() over (order by starts_at, visit) as n,
    100 + n as number,
    visit,
    patient,
    practitioner,
    business,
    type,
    starts_at::date as issued,
    later(ends_at, 30 + below(600, 'billed', visit)) as created,
    record_id(7, n, created) as id,
    case when chance(0.005, 'credit note', visit) then -1 else 1 end as sign,
    -- How it was settled; see payments.sql.
    draw('settled', visit) as luck,
    case
        when sign < 0 then 'never'
        when luck < 0.62 then 'at once'
        when luck < 0.70 then 'in part'
        when luck < 0.75 then 'twice'
        when luck < 0.79 then 'and refunded'
        when luck < 0.93 then 'together'
        else 'never'
    end as settled,
from billed
where place <= getvariable('invoices')
order by n;

create table invoice_items as
with lines as (
    select invoices.n as invoice, 1 as line, appointment_types.billable_item as billable_item, null::integer as product
    from invoices
    inner join appointment_types on invoices.type = appointment_types.n
    union all
    select n, 2, null, 1 + below(6, 'product', n) from invoices where chance(0.16, 'sells', n)
    union all
    select n, 3, 7 + below(2, 'extra line', n), null from invoices where chance(0.05, 'writes', n)
),

priced as (
    select
        row_number() over (order by lines.invoice, lines.line) as n,
        lines.invoice,
        coalesce(billable_items.name, products.name) as name,
        coalesce(billable_items.code, products.code) as code,
        coalesce(billable_items.type, 'Product') as type,
        coalesce(billable_items.price, products.price)::decimal(18, 2) as unit_price,
        invoices.sign * if(lines.product is null, 1, 1 + below(3, 'quantity', lines.invoice)) as quantity,
        coalesce(billable_items.tax_name, products.tax_name) as tax_name,
        coalesce(billable_items.tax_rate, products.tax_rate, 0) as tax_rate,
        case
            when lines.line = 1 and invoices.sign > 0 and chance(0.08, 'discount', lines.invoice) then 10.00
            else 0.00
        end as discount,
        invoices.created,
    from lines
    inner join invoices on lines.invoice = invoices.n
    left join billable_items on lines.billable_item = billable_items.n
    left join products on lines.product = products.n
)

select
    *,
    record_id(8, n, created) as id,
    (unit_price * quantity - discount)::decimal(18, 2) as net,
    round(net * tax_rate / 100, 2)::decimal(18, 2) as tax,
    (net + tax)::decimal(18, 2) as total,
from priced
order by n;

create table invoice_totals as
select
    invoice,
    sum(net)::decimal(18, 2) as net,
    sum(tax)::decimal(18, 2) as tax,
    sum(discount)::decimal(18, 2) as discount,
    sum(total)::decimal(18, 2) as total,
from invoice_items
group by invoice;
