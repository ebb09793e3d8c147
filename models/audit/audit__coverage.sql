-- The range that was asked for stands in the files' names; a file whose name tells none was asked for all time. The
-- dates inside are those that a range of its kind goes by.
{% set dated = {
    'patients': ('cliniko__patients', day_of('created_at')),
    'appointments': ('cliniko__appointments', day_of('starts_at')),
    'treatment_notes': ('cliniko__treatment_notes', day_of('created_at')),
    'invoices': ('cliniko__invoices', 'issue_date'),
    'payments': ('cliniko__payments', 'paid_on'),
} -%}
with files as (
    select
        kind,
        bool_or(from_date is null and to_date is null) as is_of_all_time,
        min(from_date) as asked_from,
        max(to_date) as asked_to,
        max(run_date) as exported_on,
    from {{ source('landing', '_files') }}
    where reason is null
    group by kind
),

inside as (
    {% for kind, (model, day) in dated.items() -%}
    select
        '{{ kind }}' as kind,
        min({{ day }}) as first_inside,
        max({{ day }}) as last_inside,
    from {{ ref(model) }}
    {% if not loop.last %}
    union all

    {% endif -%}
    {% endfor -%}
),

final as (
    select
        files.kind,
        files.exported_on,
        case when files.is_of_all_time then 'all time' else files.asked_from || ' to ' || files.asked_to end
            as asked_for,
        inside.first_inside || ' to ' || inside.last_inside as dates_inside,
        case when not files.is_of_all_time then files.asked_from end as _asked_from,
        case when not files.is_of_all_time then files.asked_to end as _asked_to,
        inside.first_inside as _first_inside,
        inside.last_inside as _last_inside,
    from files
    left join inside using (kind)
    order by files.kind
)

select * from final
