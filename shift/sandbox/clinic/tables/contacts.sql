-- Doctors (with and without a practice), third-party payers, and others. Rows of one `company` are one organisation:
-- its name is written in several ways, at one place. The same name at another place is another organisation.
create table contacts as
with listed as (
    from (
        values
        (1, 'Doctor', 'Dr', 'Darrell', 'Bode',
         'Bayside Family Practice', 'Bayside Family Practice', 'St Kilda', '3182'),
        (2, 'Doctor', 'Dr', 'Wei', 'Chen',
         'BAYSIDE FAMILY PRACTICE', 'Bayside Family Practice', 'St Kilda', '3182'),
        (3, 'Doctor', 'Dr', 'Aisling', 'O''Dowd',
         ' Bayside Family Practice ', 'Bayside Family Practice', 'St Kilda', '3182'),
        (4, 'Doctor', 'Dr', 'Nikos', 'Papas',
         'Northside Medical', 'Northside Medical', 'Brunswick', '3056'),
        (5, 'Doctor', 'Dr', 'Nikos', 'Papas',
         'Northside Medical', 'Northside Medical', 'Geelong', '3220'),
        (6, 'Doctor', 'Prof', 'Ingrid', 'Møller',
         null, null, 'Melbourne', '3000'),
        (7, 'Doctor', null, 'Anjali', 'Rao',
         null, null, null, null),
        (8, '3rd Party Payer', null, null, null,
         'Harbour Health Fund', 'Harbour Health Fund', 'Melbourne', '3001'),
        (9, '3rd Party Payer', null, null, null,
         'harbour health fund', 'Harbour Health Fund', 'Melbourne', '3001'),
        (10, '3rd Party Payer', null, null, null,
         'Super Insurance, Pty Ltd', 'Super Insurance, Pty Ltd', 'Sydney', '2000'),
        (11, '3rd Party Payer', null, null, null,
         'Work & Safe "Claims"', 'Work & Safe "Claims"', 'Geelong', '3220'),
        (12, '3rd Party Payer', null, 'Paula', 'Trustee',
         null, 'Paula Trustee', 'Carlton North', '3054'),
        (13, 'Standard', 'Mr', 'Ken', 'Coach',
         'St Kilda Football Club', 'St Kilda Football Club', 'St Kilda', '3182'),
        (14, 'Standard', 'Mrs', 'Joy', 'Neighbour',
         null, null, 'Footscray', '3011'),
        (15, 'Standard', null, 'さくら', '田中',
         '田中整骨院', '田中整骨院', 'Melbourne', '3000')
    ) as entry (n, type, title, first_name, last_name, company_written, company, city, post_code)
)
select
    *,
    timestamp '2014-01-01 09:00:00' + to_months((n * 9)::integer) as created,
    record_id(0, n, created) as id,
    case when type = 'Doctor' then '24266' || lpad(n::varchar, 2, '0') || 'B' end as provider_number,
    case when n % 3 <> 0 then 'contact' || n || '@example.net' end as email,
    case when n % 4 <> 0 then '03 5550 9' || lpad(n::varchar, 3, '0') end as phone_work,
    case when city is not null then n || ' High Street' end as address_1,
from listed;
