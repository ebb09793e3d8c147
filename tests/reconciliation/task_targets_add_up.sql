{{ row_equation('taskTarget', ref('twenty__task_target'), 'id', ref('twenty__task'), excluded='false') }}
