{{ row_equation('noteTarget', ref('twenty__note_target'), 'id', ref('twenty__note'), excluded='false') }}
