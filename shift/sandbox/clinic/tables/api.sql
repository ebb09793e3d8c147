-- What the API alone tells: names that an export spells out have ids, and lists in a cell are JSON.
create macro iso(t) as strftime(timezone('Australia/Melbourne', t) at time zone 'UTC', '%Y-%m-%dT%H:%M:%SZ');

create table concession_types as
select name, record_id(3, 4000 + n, timestamp '2013-03-06 09:00:00') as id
from (values (1, 'Students'), (2, 'Pensioner, DVA')) as kind (n, name);

create table referral_types as
select name, record_id(3, 5000 + n, timestamp '2013-03-06 09:00:00') as id
from (values (1, 'Internet'), (2, 'Doctor'), (3, 'Friend')) as kind (n, name);

-- Of two doctors of one name, an export's reader cannot know which was meant.
create table doctors as
select concat_ws(' ', title, first_name, last_name) as name, min(id) as id
from contacts
where type = 'Doctor'
group by all;

create table members as
select attendances.appointment, list(patients.id order by patients.n) as patient_ids
from attendances
inner join patients on attendances.patient = patients.n
group by attendances.appointment;

create macro phone_numbers(patient) as to_json(
    list_filter(
        [
            {'phone_type': 'Mobile', 'number': trim(patient.mobile_written)},
            {'phone_type': 'Mobile', 'number': patient.second_mobile.written},
            {'phone_type': 'Home', 'number': patient.landline_written},
            {'phone_type': 'Work', 'number': patient.work_written},
            {'phone_type': 'Fax', 'number': patient.fax_written},
            {'phone_type': 'Other', 'number': patient.other_written}
        ],
        lambda phone: phone.number is not null
    )
);

create macro pronouns(sex) as case sex
    when 'Male' then json_object('nominative', 'he', 'accusative', 'him')
    when 'Female' then json_object('nominative', 'she', 'accusative', 'her')
    when 'Other' then json_object('nominative', 'they', 'accusative', 'them')
end;

-- A field without an answer is left out.
create macro text_field(name, token, value) as
    case when value is not null then json_object('name', name, 'token', token, 'type', 'text', 'value', value) end;

create macro choice_field(name, token, value) as
    case when value is not null then json_object(
        'name', name, 'token', token, 'type', 'radiobuttons',
        'options', json_array(json_object('name', value, 'token', md5(value), 'selected', true))
    ) end;

create macro custom_fields(patient) as json_object('sections', json_array(json_object(
    'name', 'Further details',
    'token', 'ef4c43ec-105d-489c-88cc-0f3c5f67dc70',
    'fields', list_filter(
        [
            choice_field('Health Fund', 'b16839e0-26a4-48d6-83d6-36658e357c81', patient.health_fund),
            text_field('Member Number', 'fdb9c8a0-2984-4d96-8dc1-fbe703a8afdb', patient.member_number),
            choice_field(
                'Consent Form Signed', '0d1f7a52-6f55-4a8e-9c63-4f1f6f0f7a11', patient.consent_form_signed
            ),
            text_field('Shoe Size', '5a1b3c77-3e0a-4b6f-8f9d-2f0b8f1c9a22', patient.shoe_size)
        ],
        lambda field: field is not null
    )
)));
