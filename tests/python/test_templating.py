"""Jinja in models and macros: what it may call, what it notes, and where it says that it failed."""

from __future__ import annotations

import pytest
from support import MakeProject

from shift.errors import ConfigurationError, ModelError
from shift.project import Project
from shift.templating import Names, Templates, environment_text

VARS = "vars:\n- {name: country, default: AU}\n- {name: owners, type: map}\n"
NAMES = Names(
    models={"cliniko__patients": "cliniko.patients"},
    sources={("cliniko", "patients"): "raw.patients"},
    away={"nutshell__person": "that model belongs elsewhere"},
)


@pytest.fixture
def templates(make_project: MakeProject) -> Templates:
    return Templates(make_project({"models/vars.yml": VARS, "macros/up.sql": UP}), NAMES)


UP = """
    {% macro up(column) -%}
        upper({{ column }})
    {%- endmacro %}
    {% macro up_country() -%}
        {{ up("'" ~ var('country') ~ "'") }}
    {%- endmacro %}
"""


def test_a_model_is_rendered_once_and_what_it_asked_for_is_noted(templates: Templates) -> None:
    text = "{{ config(tags=['a']) }}{{ up('x') }} {{ ref('cliniko__patients') }} {{ source('cliniko', 'patients') }}"
    rendered = templates.render(text, name="m.sql", this="s.m")
    assert rendered.sql == "upper(x) cliniko.patients raw.patients"
    assert (rendered.refs, rendered.sources, rendered.config) == (
        ["cliniko__patients"],
        [("cliniko", "patients")],
        {"tags": ["a"]},
    )


def test_this_target_and_macros_of_macros(templates: Templates) -> None:
    text = "{{ this }} {{ target.name }} {{ target.loader }} {{ up_country() }}"
    assert templates.render(text, name="m.sql", this="s.m").sql == "s.m twenty twenty upper('AU')"


def test_a_var_without_a_value_takes_the_default_that_is_given(templates: Templates) -> None:
    assert templates.render("{{ var('owners', {'a': 'b'})['a'] }}", name="m.sql").sql == "b"
    assert templates.render("{{ var('owners') is none }}", name="m.sql").sql == "True"


def test_a_model_that_takes_no_part_is_noted_and_not_an_error(templates: Templates) -> None:
    rendered = templates.render("{{ ref('nutshell__person') }}", name="t.sql")
    assert (rendered.away, rendered.refs) == (["nutshell__person"], [])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a\n{{ ref('cliniko__patient') }}", "m.sql:2: ref('cliniko__patient'): there is no such model"),
        ("{{ source('cliniko', 'patient') }}", "m.sql:1: source('cliniko', 'patient'): there is no such source table"),
        ("\n\n{{ var('contry') }}", "m.sql:3: var('contry'): it is declared nowhere"),
        ("{{ nowhere }}", "m.sql:1: 'nowhere' is undefined"),
        ("a\n{% if x %}", "m.sql:2: Unexpected end of template."),
        ("{{ 1 / 0 }}", "m.sql:1: division by zero"),
        ("{{ ''.__class__ }}", "m.sql:1: not allowed in a template"),
        ("{{ env_var('NO_SUCH_VARIABLE') }}", "m.sql:1: env_var('NO_SUCH_VARIABLE'): it is not set"),
    ],
)
def test_an_error_names_the_line(templates: Templates, text: str, message: str) -> None:
    with pytest.raises(ModelError) as caught:
        templates.render(text, name="m.sql")
    assert str(caught.value).startswith(message)
    line = int(message.split(":")[1])
    assert f"{line:>6} | {text.splitlines()[line - 1]}" in str(caught.value)


def test_an_error_within_a_macro_names_the_macros_line_and_its_caller(make_project: MakeProject) -> None:
    files = {"models/vars.yml": VARS, "macros/bad.sql": "{% macro bad() %}\n{{ var('contry') }}\n{% endmacro %}"}
    templates = Templates(make_project(files), NAMES)
    with pytest.raises(ModelError) as caught:
        templates.render("\n{{ bad() }}", name="m.sql")
    assert str(caught.value).startswith("macros/bad.sql:2: var('contry')")
    assert "called from m.sql" in str(caught.value)


@pytest.mark.usefixtures("compiled_in_the_project")
def test_what_an_earlier_command_compiled_serves_until_the_text_changes(make_project: MakeProject) -> None:
    macro = "{% macro up(text) %}upper({{ text }}){% endmacro %}"
    project = make_project({"macros/up.sql": macro})
    for _ in range(2):
        assert Templates(project, NAMES).render("select {{ up('x') }}", name="m.sql").sql == "select upper(x)"
    compiled = sorted((project.root / "target" / "templates").iterdir())
    (project.root / "macros" / "up.sql").write_text(macro.replace("upper", "lower"), encoding="utf-8")
    assert Templates(project, NAMES).render("select {{ up('y') }}", name="m.sql").sql == "select lower(y)"
    assert sorted((project.root / "target" / "templates").iterdir()) == compiled


@pytest.mark.usefixtures("compiled_in_the_project")
def test_a_project_that_cannot_be_written_is_compiled_all_the_same(make_project: MakeProject) -> None:
    project = make_project({"target": "a file where the folder would be"})
    assert Templates(project, NAMES).render("select {{ 1 + 1 }}", name="m.sql").sql == "select 2"


def test_a_macro_in_a_comment_is_none(make_project: MakeProject) -> None:
    templates = Templates(make_project({"macros/up.sql": "{# {% macro up() %} #}"}), NAMES)
    with pytest.raises(ModelError, match="'up' is undefined"):
        templates.render("{{ up() }}", name="m.sql")


def test_a_macro_that_is_defined_twice_is_named_with_both_files(make_project: MakeProject) -> None:
    macro = "{% macro up() %}{% endmacro %}"
    with pytest.raises(ModelError, match=r"macros/b.sql: the macro 'up' is defined twice\nAlso in macros/a.sql"):
        Templates(make_project({"macros/a.sql": macro, "macros/b.sql": macro}), NAMES)


def test_a_secret_may_not_pass_into_sql(templates: Templates, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TWENTY_API_KEY", "hush")
    with pytest.raises(ModelError) as caught:
        templates.render("{{ env_var('TWENTY_API_KEY') }}", name="m.sql")
    assert "secrets may not pass into SQL" in str(caught.value)
    assert "hush" not in str(caught.value)


@pytest.mark.parametrize(
    ("compiled_line", "line"),
    [(1, 1), (2, 2), (3, 5), (4, 5), (5, 7)],
)
def test_a_compiled_line_leads_back_to_its_source(templates: Templates, compiled_line: int, line: int) -> None:
    columns = "{%- set columns = ['b', 'c'] %}\n{%- for column in columns %}\n  {{ column }},\n{%- endfor %}"
    text = f"select\n  a,\n{columns}\nfrom t"
    assert templates.render(text, name="m.sql").sql == "select\n  a,\n  b,\n  c,\nfrom t"
    assert templates.line_of(text, name="m.sql", compiled_line=compiled_line) == line


def test_own_tests_are_macros_of_their_name(make_project: MakeProject) -> None:
    text = "{% test positive(model, column_name) %}select * from {{ model }} where {{ column_name }} <= 0{% endtest %}"
    templates = Templates(make_project({"tests/generic/positive.sql": text}), NAMES)
    rendered = templates.call_test("positive", {"model": "s.m", "column_name": "x"}, name="m.yml:4")
    assert rendered.sql == "select * from s.m where x <= 0"
    with pytest.raises(ConfigurationError, match=r"m.yml:4: there is no test 'positiv'\nDid you mean 'positive'"):
        templates.call_test("positiv", {}, name="m.yml:4")
    with pytest.raises(ConfigurationError, match="m.yml:4: the test 'positive': .*colum_name"):
        templates.call_test("positive", {"model": "s.m", "colum_name": "x"}, name="m.yml:4")


def test_an_expression_in_yaml_is_a_value(templates: Templates) -> None:
    assert templates.expression("{{ var('country') == 'AU' }}", name="m.yml:1") is True
    assert templates.expression("{{ target.name }}-x", name="m.yml:1") == "twenty-x"
    with pytest.raises(ConfigurationError, match="m.yml:1: "):
        templates.expression("{{ var('contry') }}", name="m.yml:1")


def test_a_destinations_text_takes_the_environment(make_project: MakeProject, monkeypatch: pytest.MonkeyPatch) -> None:
    project: Project = make_project({})
    monkeypatch.setenv("TWENTY_URL", "https://crm.example")
    assert environment_text("{{ env_var('TWENTY_URL') }}/x", project, where="project.yml:5") == "https://crm.example/x"
    monkeypatch.delenv("TWENTY_URL")
    with pytest.raises(ConfigurationError, match="project.yml:5: the environment variable TWENTY_URL is not set"):
        environment_text("{{ env_var('TWENTY_URL') }}", project, where="project.yml:5")
