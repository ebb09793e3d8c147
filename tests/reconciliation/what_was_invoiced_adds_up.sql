{{ config(enabled=target.loader == 'twenty') }}
{{ money_equation('invoice', 'totalAmount', ref('cliniko__invoices'), 'invoice_id', 'total') }}
