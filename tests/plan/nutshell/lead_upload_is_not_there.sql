-- `attachments: lead_upload` is asked for: files belong to people, Nutshell documents an upload for leads alone, and
-- how it answers was never seen. Accepted, files go to the handover folder all the same.
{{ config(enabled=var('attachments') == 'lead_upload') }}
select count(*) as files
from {{ ref('nutshell__files') }}
having count(*) > 0
