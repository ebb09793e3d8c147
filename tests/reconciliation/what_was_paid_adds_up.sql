{{ config(enabled=target.loader == 'twenty') }}
{{ money_equation('payment', 'amount', ref('cliniko__payment_allocations'), 'allocation_id', 'clinic.amount') }}
