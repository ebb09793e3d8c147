create table products as
from (
    values
    (1, 'Foam roller 36"', 'P-0001', '930000001', 'Roll & Co', 18.00, 40.00, 12),
    (2, 'Resistance band, heavy', 'P-0002', null, 'Roll & Co', 4.10, 15.00, 80),
    (3, 'Knee brace (L)', 'P-0003', '930000003', 'Orthosupply', 30.00, 71.36, 3),
    (4, 'Knee brace (R)', 'P-0004', '930000004', 'Orthosupply', 30.00, 71.36, 0),
    (5, 'Heat pack', '0005', null, null, 6.00, 18.18, 25),
    (6, 'Kinesiology tape 5 cm × 5 m', null, null, 'Tape Ltd', 3.00, 12.50, -2)
) as item (n, name, code, serial_number, supplier, cost_price, price, stock)
select *, 'GST' as tax_name, 10 as tax_rate, record_id(3, 2000 + n, timestamp '2018-03-06 09:00:00') as id;
