create table businesses as
from (
    values
    (1, 'Harbour Physio', '1 Harbour Parade', 'Melbourne', 'VIC', '3000'),
    (2, 'Harbour Physio Geelong', '22 Malop Street', 'Geelong', 'VIC', '3220'),
    (3, 'Harbour Physio "Online", Telehealth', null, 'Melbourne', 'VIC', '3000')
) as site (n, name, address_1, city, state, post_code)
select *, record_id(4, n, timestamp '2013-03-04 09:00:00' + to_years(4 * (n - 1)::integer)) as id;
