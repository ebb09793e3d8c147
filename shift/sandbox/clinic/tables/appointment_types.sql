-- Names that fall together when folded, begin with a digit, or hold a comma. The last one is for groups.
create table appointment_types as
from (
    values
    (1, 'Initial Consultation', 'Physiotherapy', 60, 1, false),
    (2, 'Standard Consultation', 'Physiotherapy', 30, 2, false),
    (3, 'Follow-up', 'Physiotherapy', 30, 2, false),
    (4, 'Follow Up', 'Osteopathy', 45, 3, false),
    (5, 'Massage, 30 min', 'Remedial massage', 30, 4, false),
    (6, '1:1 Pilates', 'Exercise', 45, 3, false),
    (7, 'Telehealth', null, 20, 6, true),
    (8, 'Rückenschule "Plus"', 'Exercise', 60, 3, false),
    (9, 'Clinical Pilates (group)', 'Exercise', 60, 5, false)
) as kind (n, name, category, duration, billable_item, telehealth)
select *, record_id(3, n, timestamp '2013-03-06 09:00:00' + to_years(n::integer)) as id;
