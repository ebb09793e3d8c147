{{ row_equation(
    'company', ref('twenty__company'), 'sourceSystemId', ref('cliniko__companies'), excluded='false',
    linked='staged._linked_id'
) }}
