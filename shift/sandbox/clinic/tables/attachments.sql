-- A few small files; attachments.py writes their bytes.
create table attachments as
select
    row_number() over (order by patients.n) as n,
    patients.n as patient,
    patients.id as patient_id,
    [
        'referral letter.pdf', 'knee scan #1 (copy).png', 'Überweisung Dr Müller.txt',
        '検査結果.pdf', 'consent, signed.png', 'notes.v2.final.txt'
    ][1 + (row_number() over (order by patients.n) - 1) % 6] as filename,
    later(patients.created, 3600) as created,
    record_id(6, 5000000 + patients.n, patients.created) as id,
    case right(filename, 4)
        when '.pdf' then 'application/pdf'
        when '.png' then 'image/png'
        else 'text/plain'
    end as content_type,
    null::bigint as size,
from patients
where n % 40 = 1 and n <= 8000
order by n;
