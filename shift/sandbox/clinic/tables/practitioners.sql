-- Up to 49, no two of one name. One in seven has left; the third never had an e-mail address.
create table practitioners as
with named as (
    select
        n,
        ['Riley', 'Siobhán', 'Minh', 'Priya', 'Tom', 'Aiko', 'Beth'][1 + (n - 1) % 7] as first_name,
        ['Savage', 'Ó Briain', 'Lê', 'Raman', 'Whitlam', 'Mori', 'O''Hara'][1 + (n - 1 + (n - 1) // 7) % 7]
        as last_name,
    from range(1, 1 + getvariable('practitioners')) as numbers (n)
)
select
    n,
    record_id(2, n, timestamp '2013-03-05 09:00:00' + to_months((n * 17 % 150)::integer)) as id,
    record_id(2, 1000 + n, timestamp '2013-03-05 09:00:00') as user_id,
    ['Ms', 'Dr', null, 'Mrs', 'Mr', 'Ms', 'Dr'][1 + (n - 1) % 7] as title,
    first_name,
    last_name,
    first_name || ' ' || last_name as name,
    ['Physiotherapist', 'Osteopath', 'Exercise Physiologist'][1 + n % 3] as designation,
    case when n % 7 <> 3 then latin(first_name) || '.' || latin(last_name) || '@clinic.example.com' end as email,
    case when n = 1 then 'administrator' else 'practitioner' end as role,
    n % 7 <> 0 as active,
from named
order by n;
