{{ row_equation('invoice', ref('twenty__invoice'), 'sourceSystemId', ref('cliniko__invoices')) }}
