"""From project.yml to a connection: the loader, its settings, and what is said when one is wrong."""

from __future__ import annotations

import pytest
from support import MakeProject

from shift.connecting import CallNotes, connected
from shift.errors import ConfigurationError
from shift.http import Call

LOADER = """
class Echo:
    def __init__(self, settings):
        self.settings = settings

def connect(settings, client):
    return Echo(settings)
"""


def project_yml(**settings: object) -> str:
    lines = "\n".join(f"    {name}: {value}" for name, value in {"loader": "echo", **settings}.items())
    return f"name: small\nto: crm\ndestinations:\n  crm:\n{lines}\n"


URL = "\"{{ env_var('CRM_URL') }}\""
KEY = "\"{{ env_var('CRM_KEY') }}\""


def test_a_loader_of_the_projects_own_gets_its_settings_filled_in(
    make_project: MakeProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CRM_URL", "http://127.0.0.1:1")
    settings = project_yml(url=URL, api_key=KEY, batch_size=7, options="{team: \"{{ env_var('CRM_KEY') }}\", page: 3}")
    project = make_project({"project.yml": settings, "loaders/echo.py": LOADER, ".env": "CRM_KEY=s3cret"})
    with connected(project) as destination:
        got = vars(destination)["settings"]
    assert (got.name, got.url, got.api_key, got.batch_size) == ("crm", "http://127.0.0.1:1", "s3cret", 7)
    assert got.options == {"team": "s3cret", "page": 3}


def test_a_loader_that_travels_with_the_package_is_found_second(make_project: MakeProject) -> None:
    settings = project_yml(loader="twenty", url="http://127.0.0.1:1", api_key="k")
    with connected(make_project({"project.yml": settings})) as destination:
        assert type(destination).__name__ == "Twenty"
    own = make_project({"project.yml": settings, "loaders/twenty.py": LOADER})
    with connected(own) as destination:
        assert type(destination).__name__ == "Echo"


def test_a_loader_may_have_helpers_beside_it(make_project: MakeProject) -> None:
    settings = project_yml(url="http://127.0.0.1:1")
    files = {"loaders/echo.py": "from .echo_wire import Echo, connect\n", "loaders/echo_wire.py": LOADER}
    for greeting in ("good morning", "good night"):
        files["loaders/echo_wire.py"] = f"{LOADER}\nEcho.greeting = '{greeting}'\n"
        with connected(make_project({"project.yml": settings, **files})) as destination:
            assert vars(type(destination))["greeting"] == greeting


def test_a_loader_may_know_its_own_url(make_project: MakeProject) -> None:
    loader = 'URL = "http://127.0.0.1:1"\n' + LOADER
    project = make_project({"project.yml": project_yml(), "loaders/echo.py": loader})
    with connected(project) as destination:
        assert vars(destination)["settings"].url == "http://127.0.0.1:1"


@pytest.mark.parametrize(
    ("settings", "loader", "where", "message", "hint"),
    [
        ({"loader": "ecco"}, LOADER, "project.yml:5", "there is no loader 'ecco'", "Did you mean 'echo'?"),
        ({"url": URL}, LOADER, "project.yml:6", "the environment variable CRM_URL is not set", "Set it"),
        ({}, LOADER, "project.yml:4", "the destination has no url", None),
        ({"url": "nowhere"}, LOADER, None, "the destination's url is not an address", "https://"),
        ({"url": "http://127.0.0.1:1"}, "connect = 3", "loaders/echo.py", "needs the function connect", None),
        ({"url": "http://127.0.0.1:1"}, "import nowhere_at_all", "loaders/echo.py", "cannot be imported", None),
    ],
)
def test_what_is_wrong_is_named_with_its_place(
    make_project: MakeProject, settings: dict[str, str], loader: str, where: str | None, message: str, hint: str | None
) -> None:
    project = make_project({"project.yml": project_yml(**settings), "loaders/echo.py": loader})
    with pytest.raises(ConfigurationError, match=message) as caught, connected(project):
        pass
    assert caught.value.where == where
    assert hint is None or hint in (caught.value.hint or "")


def test_calls_are_kept_until_there_is_somebody_to_note_them() -> None:
    first, second = Call("GET", "/a", 200, 0.1), Call("GET", "/b", 200, 0.1)
    noted: list[Call] = []
    notes = CallNotes()
    notes(first)
    notes.hand_on(noted.append)
    notes(second)
    assert noted == [first, second]
