{{ row_equation('product', ref('twenty__product'), 'sourceSystemId', ref('cliniko__products'), excluded='false') }}
