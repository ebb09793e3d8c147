create table billable_items as
from (
    values
    (1, 'Initial Consultation', 'Service', '500', null, 0, 110.00),
    (2, 'Standard Consultation', 'Service', '505', null, 0, 90.00),
    (3, 'Long Consultation', 'Service', '506', null, 0, 132.50),
    (4, 'Remedial Massage, 30 min', 'Service', 'M30', 'GST', 10, 70.00),
    (5, 'Group Class', 'Service', '560', null, 0, 28.00),
    (6, 'Telehealth Consultation', 'Service', '93000', null, 0, 85.00),
    (7, 'Medico-legal report', 'Other', 'REP', 'GST', 10, 350.00),
    (8, 'Late cancellation fee', 'Other', null, 'GST', 10, 45.45)
) as item (n, name, type, code, tax_name, tax_rate, price)
select *, record_id(3, 1000 + n, timestamp '2013-03-06 09:00:00') as id;
