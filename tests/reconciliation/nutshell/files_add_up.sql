-- A file is told by a note, wherever it lies.
{{ row_equation('note', ref('nutshell__attachment'), '_key', ref('cliniko__attachments')) }}
