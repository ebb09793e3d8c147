{{ config(enabled=target.loader == 'twenty') }}
{{ money_equation('invoice', 'outstandingAmount', ref('cliniko__invoice_balances'), 'invoice_id', 'outstanding') }}
