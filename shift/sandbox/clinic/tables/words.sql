-- The words of the clinic. Every script, and every trap for whoever splits, quotes, escapes or evaluates text.

create macro first_names() as [
    'Ava', 'Noah', 'Charlotte', 'Jack', 'Olivia', 'Leo', 'Amelia', 'Hudson', 'Isla', 'Theodore', 'Grace',
    'Henry', 'Ruby', 'William', 'Matilda', 'Oliver', 'Mia', 'Thomas', 'Zoe', 'Peter', 'Margaret', 'Kenneth',
    'Beverley', 'Raymond', 'Heather', 'Mary Anne', 'Jean-Luc', 'D''Arcy', 'Zoë', 'Renée', 'Siân', 'Łukasz',
    'Søren', 'Iñigo', 'Đức', 'Thùy Linh', 'Ngọc', '伟', '秀英', 'さくら', '지우', 'Дмитрий', 'Ελένη', 'محمد', 'יעל',
    'आरव', 'สมชาย', 'Anahera', 'Ebony', 'Jarrah', 'Robert "Bob"', 'Jo, the younger', 'ANGELA', 'mckenzie',
    'X Æ', 'Sam 🌻', 'Null', 'True', 'Bobby''); drop table patients;--'
];

create macro last_names() as [
    'Smith', 'Jones', 'Nguyen', 'Williams', 'Brown', 'Wilson', 'Taylor', 'Singh', 'Chen', 'Wang', 'Patel',
    'Kelly', 'Ryan', 'Walker', 'Harris', 'Robinson', 'Kaur', 'Tran', 'Campbell', 'Martin', 'Anderson', 'Lee',
    'Thompson', 'White', 'Papadopoulos', 'O''Brien', 'O’Sullivan', 'D''Angelo', 'Smith-Jones', 'van der Berg',
    'de la Cruz', 'MacDonald', 'St. Clair', 'Müller', 'Strauß', 'Øvergård', 'Kowalczyk', 'Čapek', 'Ionescu',
    'Yılmaz', 'Hämäläinen', '王', '田中', '김', 'Иванов', 'Παπάς', 'الحسن', 'כהן', 'शर्मा', 'ใจดี', 'Te Rangi',
    'Warrumbungle', 'Patientman', 'Nil', 'Null', 'Test', 'Smith, Jr.', 'Li', 'Ng',
    'Featherstonehaugh-Cholmondeley'
];

create macro suburbs() as [
    {'city': 'Melbourne', 'post_code': '3000'},
    {'city': 'Carlton North', 'post_code': '3054'},
    {'city': 'Brunswick', 'post_code': '3056'},
    {'city': 'St Kilda', 'post_code': '3182'},
    {'city': 'Footscray', 'post_code': '3011'},
    {'city': 'Williamstown', 'post_code': '3016'},
    {'city': 'Geelong', 'post_code': '3220'},
    {'city': 'Ballarat', 'post_code': '3350'}
];

create macro streets() as [
    'Smith Street', 'Harbour Parade', 'O''Connell Avenue', 'King William Road', 'Rue de l''Église',
    'St Georges Rd (rear)', 'Wattle Grove', 'Collins St, Tower B'
];

create macro occupations() as [
    'Plumber', 'Teacher', 'Nurse', 'Retired', 'Software "engineer"', 'Café owner', 'Student', 'Farmer, sheep', 'n/a'
];

create macro free_texts() as [
    'Prefers mornings.',
    'Said "it only hurts when I laugh", then laughed.',
    'Left knee; right hip, lower back',
    E'First line\nSecond line\n\nFourth line',
    E'Typed on Windows\r\nwith its own line ends',
    E'Tab\there, and a lone quote "',
    '=1+1',
    '@reception please call +61 back',
    '-5 kg since last visit',
    E'Back\\slash, \\N and \\n as typed',
    'null',
    'N/A',
    '<b>Bold</b> & <script>alert(1)</script>',
    '''; drop table patients; --',
    'Emoji 👩🏽‍⚕️🦵 and flags 🇦🇺',
    'Zero' || chr(8203) || 'width and non' || chr(160) || 'breaking',
    'Ärztin: Überweisung für Knie größer 30°',
    '膝の痛み、階段で悪化',
    'ألم في الركبة اليسرى',
    'כאב גב תחתון',
    'Боль в плече после тенниса',
    'घुटने में दर्द',
    'ปวดหลัง',
    E'e\u0301 as two code points',
    ',,,"",;;',
    '"quoted from end to end"',
    '{"json": ["not", null]}',
    '{{ jinja }} {% raw %} ${SHELL}',
    repeat('A long story about a shoulder. ', 40)
];

create macro html_answers() as [
    {
        'html': '<div>Patient reports <b>less pain</b> than last week</div>',
        'texts': ['Patient reports', 'less pain', 'than last week']
    },
    {
        'html': '<p>ROM 90&deg; &lt; 120&deg;</p><p>Strength 4/5 &amp; improving</p>',
        'texts': ['ROM 90° < 120°', 'Strength 4/5 & improving']
    },
    {
        'html': '<ul><li>Heat</li><li>Stretching</li></ul><ol><li>Rest</li></ol>',
        'texts': ['Heat', 'Stretching', 'Rest']
    },
    {
        'html': '<h1>Plan</h1><div>Review<br>in two weeks</div>',
        'texts': ['Plan', 'Review', 'in two weeks']
    },
    {
        'html': '<blockquote>“It clicks”, says the patient</blockquote>',
        'texts': ['“It clicks”, says the patient']
    },
    {
        'html': '<div><u>Swelling</u> <i>mild</i> 🦵 膝</div>',
        'texts': ['Swelling', 'mild', '🦵 膝']
    },
    {
        'html': '<div>See <a href="https://example.com/exercises?a=1&amp;b=2">exercises</a></div>',
        'texts': ['See', 'exercises']
    },
    {
        'html': 'No markup at all, "quoted"',
        'texts': ['No markup at all, "quoted"']
    }
];
