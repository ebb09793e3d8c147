{{ row_equation(
    'person', ref('twenty__person'), 'sourceSystemId', ref('cliniko__patients'), linked='staged._linked_id'
) }}
