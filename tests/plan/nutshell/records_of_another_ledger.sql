-- People and companies in Nutshell that bear ids of this clinic, and of which this ledger knows nothing: the load of
-- another project folder made them, or the ledger that knew them is lost. This load would make each of them once
-- more, for Nutshell gives ids itself. Go on in the folder that loaded them, or delete them in Nutshell first.
with there as (
    select
        'person' as object,
        cliniko_patient_id as key,
        id,
    from {{ source('nutshell', 'people') }}
    where not deleted

    union all

    select
        'company' as object,
        cliniko_contact_id as key,
        id,
    from {{ source('nutshell', 'companies') }}
    where not deleted
),

staged as (
    select
        'person' as object,
        _key as key,
    from {{ ref('nutshell__person') }}

    union all

    select
        'company' as object,
        _key as key,
    from {{ ref('nutshell__company') }}
)

select
    there.object,
    there.key,
    there.id,
from there
inner join staged using (object, key)
anti join {{ source('ledger', 'intents') }} as intents using (object, key)
order by all
