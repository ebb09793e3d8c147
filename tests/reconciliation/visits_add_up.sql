{{ row_equation('task', ref('twenty__task'), 'sourceSystemId', ref('cliniko__attendances')) }}
