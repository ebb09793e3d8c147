-- Invoices and payments of patients who are in no export: they stay behind. Export the patients of all time, not of a
-- range.
{{ records_of_unknown_patients({
    'invoice': ('cliniko__invoices', 'invoice_id'),
    'payment': ('cliniko__payments', 'payment_id'),
}) }}
