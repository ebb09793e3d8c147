{{ row_equation('attachment', ref('twenty__attachment'), 'id', ref('cliniko__attachments')) }}
