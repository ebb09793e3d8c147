with final as (
    select * exclude (place)
    from {{ usual_choices(
        "['Draft', 'Sent', 'Open', 'Paid', 'Closed', 'Open credit', 'Void']", ref('cliniko__invoice_balances'), 'status'
    ) }}
    order by place, name
)

select * from final
