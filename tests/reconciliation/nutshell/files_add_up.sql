-- A file is told by a note, and lies in the handover folder.
{{ row_equation('note', ref('nutshell__attachment'), '_key', ref('cliniko__attachments')) }}
