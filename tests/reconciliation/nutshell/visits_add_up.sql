{{ row_equation('activity', ref('nutshell__activity'), '_key', ref('nutshell__visits')) }}
