{{ rolled_up_equation('Total Invoiced', 'invoices.total') }}
