-- Clinical notes are to stay behind, and files of patients go: nobody has looked into them, and a letter or a picture
-- may tell as much as a note. Accept it, or leave the model out, in project.yml:
-- `models: {twenty: {twenty__attachment: {+enabled: false}}}`.
select
    count(*) as files,
    count(distinct targetPersonId) as patients,
from {{ ref('twenty__attachment') }}
where {{ 'true' if var('clinical_notes') == 'exclude' else 'false' }}
having count(*) > 0
