create table appointment_fields as
select n as appointment, visitors.patient, field.name, field.value
from (
    select
        n,
        first_visitor,
        unnest([
            {'name': 'Room Number', 'value': (1 + below(6, 'room', n))::varchar},
            {'name': 'Pain Before (0-10)', 'value': below(11, 'pain', n)::varchar},
            {'name': 'Parking Needed', 'value': pick(['Yes', 'No', null], 'parking', n)},
            {'name': 'Brings', 'value': pick(free_texts(), 'brings', n)}
        ]) as field,
    from appointments
    where size = 1 and chance(0.1, 'fields', n)
) as asked
inner join visitors on asked.first_visitor = visitors.visitor
where field.value is not null
order by appointment, field.name;
