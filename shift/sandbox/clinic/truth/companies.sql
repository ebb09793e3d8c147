-- One row per organisation, with the contacts that are it.
select
    company as name,
    city,
    list(id order by n) as contact_ids,
from contacts
where company is not null
group by company, city
order by min(n)
