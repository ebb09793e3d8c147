{{ row_equation(
    'person', ref('nutshell__person'), '_key', ref('cliniko__patients'),
    linked='staged._linked_id'
) }}
