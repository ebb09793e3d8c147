-- Notes as the API's sections and questions, every type of question among them. What was not answered has no `answer`.
create macro asked(name, type, answer) as
    case
        when answer is null then json_object('name', name, 'type', type)
        else json_object('name', name, 'type', type, 'answer', answer)
    end;

create macro choices(options, chosen) as
    list_transform(
        options,
        lambda choice: case
            when list_contains(chosen, choice) then json_object('value', choice, 'selected', true)
            else json_object('value', choice)
        end
    );

create macro chosen(name, type, options, chosen) as
    json_object('name', name, 'type', type, 'answers', choices(options, chosen));

create macro chosen_or_other(name, options, chosen, other) as
    json_object(
        'name', name, 'type', 'checkboxes', 'answers', choices(options, chosen),
        'other', case
            when other is null then json_object('enabled', true)
            else json_object('enabled', true, 'selected', true, 'value', other)
        end
    );

create macro filled(texts) as list_filter(texts, lambda text: text is not null);

create macro section(name, questions) as json_object('name', name, 'questions', questions);

create macro treatments() as ['Heat', 'Manual therapy', 'Dry needling', 'Exercise "at home"'];

create table treatment_notes as
with visited as (
    select
        n as visit,
        patient,
        practitioner,
        starts_at,
        ends_at,
        -- A known share of the visits has a note: the first so many in an order of chance.
        row_number() over (order by draw('note', n), n) as place,
    from visits
),

answered as (
    select
        visit as n,
        patient,
        practitioner,
        later(ends_at, 60 + below(3600, 'note written', visit)) as created,
        chance(0.06, 'draft', visit) as draft,
        below(4, 'template', visit) as template,
        pick(html_answers(), 'subjective', visit) as subjective,
        pick(html_answers(), 'plan', visit) as plan,
        sometimes(0.7, html_answers(), 'objective', visit) as objective,
        -- A text question holds one line.
        trim(regexp_replace(sometimes(0.8, free_texts(), 'assessed', visit), '\s+', ' ', 'g')) as assessment,
        case when chance(0.6, 'review', visit) then (starts_at::date + 14)::varchar end as review_on,
        pick(['Better', 'The same', 'Worse, much worse'], 'progress', visit) as progress,
        list_filter(treatments(), lambda treatment: chance(0.4, treatment, visit)) as given,
        sometimes(0.3, ['Taping, both sides', 'Κρυοθεραπεία', 'Rest & ice'], 'other', visit) as other,
    from visited
    where place <= getvariable('notes')
)

select
    n,
    record_id(6, n, created) as id,
    patient,
    practitioner,
    created,
    draft,
    case when not draft then later(created, below(7200, 'finalised', n)) end as finalized_at,
    ['Standard Consultation', 'Initial Assessment', 'Massage', 'Empty'][template + 1] as title,
    record_id(3, 3000 + template, timestamp '2013-03-06 09:00:00') as template_id,
    case template
        when 0 then json_object('sections', [
            section('Subjective', [asked('Patient reports', 'paragraph', subjective.html)]),
            section('Objective', [asked('Findings', 'paragraph', objective.html)]),
            section('Assessment', [asked('Assessment', 'text', assessment)]),
            section('Plan', [asked('Plan', 'paragraph', plan.html), asked('Review on', 'date', review_on)])
        ])
        when 1 then json_object('sections', [
            section('History', [
                asked('Presenting complaint', 'text', assessment),
                chosen('Progress', 'radiobuttons', ['Better', 'The same', 'Worse, much worse'], [progress]),
                json_object('name', 'Body chart', 'type', 'bodycharts', 'body_chart_ids', ['54334250' || n])
            ]),
            section('Treatment', [
                chosen_or_other('Treatments given', treatments(), given, other),
                asked('Review on', 'date', review_on)
            ])
        ])
        when 2 then json_object('sections', [
            json_object('questions', [asked('Notes', 'paragraph', plan.html)])
        ])
    end as content,
    list_filter(
        case template
            when 0 then [
                {'section': 'Subjective', 'question': 'Patient reports', 'texts': subjective.texts},
                {'section': 'Objective', 'question': 'Findings', 'texts': objective.texts},
                {'section': 'Assessment', 'question': 'Assessment', 'texts': [assessment]},
                {'section': 'Plan', 'question': 'Plan', 'texts': plan.texts},
                {'section': 'Plan', 'question': 'Review on', 'texts': [review_on]}
            ]
            when 1 then [
                {'section': 'History', 'question': 'Presenting complaint', 'texts': [assessment]},
                {'section': 'History', 'question': 'Progress', 'texts': [progress]},
                {'section': 'Treatment', 'question': 'Treatments given', 'texts': filled(given || [other])},
                {'section': 'Treatment', 'question': 'Review on', 'texts': [review_on]}
            ]
            when 2 then [{'section': null, 'question': 'Notes', 'texts': plan.texts}]
            else []
        end,
        lambda answer: len(filled(answer.texts)) > 0
    ) as answers,
from answered
order by n;
