"""The twin beyond what was recorded: keys, limits, faults, the workflow, its state, its process."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from click.testing import CliRunner

from shift.sandbox.twenty import start
from shift.sandbox.twenty.__main__ import command
from shift.sandbox.twenty.limits import Bucket

KEY = "key-of-these-tests"
NOBODY = "00000000-0000-4000-8000-000000000000"


class Api:
    """Calls to a twin, with a key."""

    def __init__(self, url: str, key: str = KEY) -> None:
        self.client = httpx.Client(base_url=url, headers={"Authorization": f"Bearer {key}"}, timeout=20)

    def __enter__(self) -> Api:
        return self

    def __exit__(self, *_: object) -> None:
        self.client.close()

    def send(self, method: str, path: str, body: Any = None) -> httpx.Response:
        return self.client.request(method, path, json=body)

    def data(self, method: str, path: str, body: Any = None) -> Any:
        response = self.send(method, path, body)
        assert response.is_success, response.text
        return next(iter(response.json()["data"].values()))

    def graphql(self, query: str, **variables: Any) -> Any:
        return self.send("POST", "/graphql", {"query": query, "variables": variables}).json()

    def total(self, path: str) -> int:
        return int(self.send("GET", f"/rest/{path}").json()["totalCount"])

    def object_named(self, singular: str) -> Any:
        listed = self.send("GET", "/rest/metadata/objects").json()["data"]
        return next(of for of in listed if of["nameSingular"] == singular)

    def people(self) -> int:
        """How many were added to the samples."""
        return self.total("people?limit=0") - 5

    def add_people(self, count: int) -> httpx.Response:
        return self.send("POST", "/rest/batch/people", [_person() for _ in range(count)])


def _person() -> dict[str, Any]:
    return {"id": str(uuid4()), "name": {"lastName": "Doe"}}


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    keys = {"data_only": "lesser", "read_only": "least"}
    with start(api_key=KEY, keys=keys, members=["Anna@Clinic.example"], workflow_delay=3600) as address:
        yield address


@pytest.fixture
def api(url: str) -> Iterator[Api]:
    with Api(url) as opened:
        yield opened


# --- a new workspace ----------------------------------------------------------------------------------------------


def test_a_new_workspace_has_its_members(api: Api) -> None:
    members = api.data("GET", "/rest/workspaceMembers")
    assert {member["userEmail"] for member in members} == {"admin@example.test", "anna@clinic.example"}


def test_sample_records_have_the_same_ids_everywhere(api: Api) -> None:
    with start(api_key=KEY) as other, Api(other) as second:
        ids = [{person["id"] for person in one.data("GET", "/rest/companies")} for one in (api, second)]
    assert ids[0] == ids[1] and len(ids[0]) == 5


def test_a_seed_makes_the_same_workspace() -> None:
    found = []
    for _ in range(2):
        with start(api_key=KEY, seed=7) as address, Api(address) as one:
            (first, *_) = one.send("GET", "/rest/metadata/objects").json()["data"]
            found.append((first["id"], first["workspaceId"]))
    assert found[0] == found[1]


# --- lists --------------------------------------------------------------------------------------------------------


def _walk(api: Api, path: str, cursor: str, limit: int) -> list[list[str]]:
    """The ids of each page."""
    pages: list[list[str]] = []
    after = ""
    while True:
        answer = api.send("GET", f"/rest/{path}&limit={limit}{after}").json()
        pages.append([record["id"] for record in answer["data"]["people"]])
        if not answer["pageInfo"]["hasNextPage"]:
            return pages
        after = f"&starting_after={answer['pageInfo'][cursor]}"


@pytest.mark.parametrize("order", ["", "order_by=name.firstName[DescNullsLast]"], ids=["by id", "by name"])
@pytest.mark.parametrize("wanted", ["name.lastName[eq]:Paged", "and(name.lastName[eq]:Paged,deletedAt[is]:NULL)"])
def test_pages_together_hold_each_record_once(api: Api, order: str, wanted: str) -> None:
    api.send("DELETE", "/rest/people?filter=name.lastName[eq]:Paged")
    bodies = [{"name": {"firstName": f"N{at:02}", "lastName": "Paged"}} for at in range(25)]
    made = {row["id"] for row in api.data("POST", "/rest/batch/people", bodies)}
    pages = _walk(api, f"people?filter={wanted}&{order}", "endCursor", 10)
    assert [len(page) for page in pages] == [10, 10, 5]
    assert {found for page in pages for found in page} == made


def test_a_cursor_outlives_its_record(api: Api) -> None:
    api.add_people(4)
    first = api.send("GET", "/rest/people?limit=2").json()
    last = first["data"]["people"][-1]["id"]
    expected = api.send("GET", f"/rest/people?limit=2&starting_after={first['pageInfo']['endCursor']}").json()
    api.send("DELETE", f"/rest/people/{last}?soft_delete=true")
    again = api.send("GET", f"/rest/people?limit=2&starting_after={first['pageInfo']['endCursor']}").json()
    assert again["data"] == expected["data"]


def test_soft_deleted_people_are_found_by_id_over_graphql(api: Api) -> None:
    body = _person()
    api.send("POST", "/rest/people", body)
    api.send("DELETE", f"/rest/people/{body['id']}?soft_delete=true")
    query = "query($f:PersonFilterInput){people(filter:$f){edges{node{id deletedAt}}}}"
    by_id = {"id": {"in": [body["id"]]}}
    either = {"or": [{"deletedAt": {"is": "NULL"}}, {"deletedAt": {"is": "NOT_NULL"}}]}
    assert api.graphql(query, f=by_id)["data"]["people"]["edges"] == []
    (edge,) = api.graphql(query, f={"and": [by_id, either]})["data"]["people"]["edges"]
    assert edge["node"]["id"] == body["id"] and edge["node"]["deletedAt"]


# --- rights -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "method", "path", "status"),
    [
        ("lesser", "DELETE", f"/rest/people?filter=id[eq]:{NOBODY}", 400),
        (KEY, "DELETE", f"/rest/people?filter=id[eq]:{NOBODY}", 200),
        ("least", "GET", "/rest/people", 200),
        ("least", "POST", "/rest/people", 400),
        ("least", "GET", "/rest/metadata/fields", 403),
    ],
)
def test_a_role_bounds_its_key(url: str, key: str, method: str, path: str, status: int) -> None:
    with Api(url, key) as api:
        response = api.send(method, path)
    assert response.status_code == status
    if status >= 400:
        assert response.json()["code"] == "PERMISSION_DENIED"


# --- the rate limit -----------------------------------------------------------------------------------------------


def _taken(apart: float, calls: int, limit: int = 100) -> int:
    """How many of so many calls get in, so many seconds apart, into a bucket that is empty at first."""
    now = [0.0]
    bucket = Bucket(limit, clock=lambda: now[0])
    bucket.take(limit)
    taken = 0
    for _ in range(calls):
        now[0] += apart
        try:
            bucket.take(1)
        except Exception:
            continue
        taken += 1
    return taken


def test_the_bucket_forgets_what_remains_of_a_token() -> None:
    """As measured (contracts/twenty/rate-limit): 49 of 50 calls 0.62 s apart pass, and 26 of 50 calls 0.59 s apart."""
    assert _taken(0.62, 50) == 50
    assert _taken(0.59, 50) == 25


def test_a_limit_is_told_over_both_protocols() -> None:
    with start(api_key=KEY, requests_per_minute=2) as address, Api(address) as api:
        statuses = [api.send("GET", "/rest/people?limit=0").status_code for _ in range(3)]
        refused = api.graphql("{people(first:1){totalCount}}")
        assert statuses == [200, 200, 429]
        assert refused["errors"][0]["extensions"]["subCode"] == "LIMIT_REACHED"
        assert api.send("GET", "/rest/metadata/objects?limit=1").status_code == 200


# --- faults -------------------------------------------------------------------------------------------------------


def test_a_dropped_answer_leaves_the_write() -> None:
    with start(api_key=KEY, faults="drop:call=2") as address, Api(address) as api:
        assert api.add_people(2).status_code == 201
        with pytest.raises(httpx.RemoteProtocolError):
            api.add_people(3)
        assert api.people() == 5


def test_a_garbled_answer_leaves_the_write() -> None:
    with start(api_key=KEY, faults="garble:every=1") as address, Api(address) as api:
        response = api.add_people(2)
        assert response.status_code == 201
        with pytest.raises(ValueError):
            response.json()
        assert api.people() == 2


@pytest.mark.parametrize("status", [429, 500])
def test_a_refused_call_leaves_nothing(status: int) -> None:
    with start(api_key=KEY, faults=f"{status}:first=2") as address, Api(address) as api:
        assert [api.add_people(1).status_code for _ in range(3)] == [status, status, 201]
        assert api.people() == 1


def test_a_refused_record_costs_its_batch_whenever_it_is_sent() -> None:
    bodies = [_person() for _ in range(6)]
    with start(api_key=KEY, faults="refuse:every=5") as address, Api(address) as api:
        halves = (bodies, bodies[:3], bodies[3:], bodies[4:5], bodies[3:4], bodies[5:])
        statuses = [api.send("POST", "/rest/batch/people", half).status_code for half in halves]
        assert statuses == [400, 201, 400, 400, 201, 201]
        assert api.people() == 5


def test_killed_in_a_write_it_comes_back_with_that_write(tmp_path: Path) -> None:
    state = tmp_path / "twenty.state"
    with start(api_key=KEY, faults="kill:call=2", state=state) as address, Api(address) as api:
        api.add_people(2)
        with pytest.raises(httpx.RemoteProtocolError):
            api.add_people(3)
    with start(api_key=KEY, state=state) as address, Api(address) as api:
        assert api.people() == 5


def test_faults_by_chance_are_the_same_for_a_seed() -> None:
    struck = []
    for _ in range(2):
        with start(api_key=KEY, faults="500:rate=0.5", seed=3) as address, Api(address) as api:
            struck.append([api.add_people(1).status_code for _ in range(12)])
    assert struck[0] == struck[1] and set(struck[0]) == {201, 500}


# --- the built-in workflow ----------------------------------------------------------------------------------------

TRIGGER = "/rest/workflowAutomatedTriggers"


def _until(done: Any) -> None:
    """Wait until the worker has caught up."""
    for _ in range(200):
        if done():
            return
        time.sleep(0.02)
    raise AssertionError("the worker never came")


@pytest.fixture
def quick() -> Iterator[Api]:
    """A twin whose worker lags by next to nothing."""
    with start(api_key=KEY, workflow_delay=0.01) as address, Api(address) as api:
        yield api


def test_new_people_wake_the_workflow(quick: Api) -> None:
    made = "companies?filter=createdBy.source[eq]:WORKFLOW"
    sources: list[dict[str, Any]] = [{}, {"createdBy": {"source": "IMPORT"}}, {"createdBy": {"source": "EMAIL"}}]
    addresses = ["a@bigpond.com", "b@bigpond.com", "c@other.example"]
    bodies = [{"emails": {"primaryEmail": email}, **source} for email, source in zip(addresses, sources, strict=True)]
    people = quick.data("POST", "/rest/batch/people", [*bodies, {"emails": {"primaryEmail": "d@gmail.com"}}])
    _until(lambda: quick.total("workflowRuns?limit=0") == 3)
    (company,) = quick.data("GET", f"/rest/{made}")
    assert company["name"] == "bigpond.com"
    linked = [quick.data("GET", f"/rest/people/{person['id']}")["companyId"] for person in people]
    assert linked == [company["id"], company["id"], None, None]


@pytest.mark.parametrize(
    ("method", "path", "change", "runs"),
    [
        ("PATCH", "/rest/people/{id}", {"jobTitle": "x"}, 0),
        ("PATCH", "/rest/people/{id}", {"emails": {"primaryEmail": "new@gmail.com"}}, 1),
        ("POST", "/rest/people?upsert=true", {"id": "{id}", "emails": {"primaryEmail": "old@gmail.com"}}, 0),
        ("POST", "/rest/people?upsert=true", {"id": "{id}", "jobTitle": "x"}, 0),
        ("POST", "/rest/people", {"name": {"lastName": "without e-mail"}}, 1),
    ],
)
def test_what_wakes_the_workflow(quick: Api, method: str, path: str, change: dict[str, Any], runs: int) -> None:
    """As recorded (contracts/twenty/workflow-when-it-fires)."""
    body = _person() | {"emails": {"primaryEmail": "old@gmail.com"}}
    quick.send("POST", "/rest/people", body)
    change = {name: body["id"] if value == "{id}" else value for name, value in change.items()}
    assert quick.send(method, path.format(id=body["id"]), change).is_success
    quick.add_people(1)  # the worker takes its work in order: once this one's run is there, nothing is to come
    _until(lambda: quick.total("workflowRuns?limit=0") >= 2 + runs)
    assert quick.total("workflowRuns?limit=0") == 2 + runs


def test_a_run_that_fails_stops_no_other(quick: Api) -> None:
    bodies = [{"emails": {"primaryEmail": address}} for address in ("a@no-domain", "b@b.example")]
    quick.send("POST", "/rest/batch/people", bodies)
    _until(lambda: quick.total("workflowRuns?limit=0") == 2)
    assert {run["status"] for run in quick.data("GET", "/rest/workflowRuns")} == {"FAILED", "COMPLETED"}
    assert quick.total("companies?filter=name[eq]:b.example&limit=0") == 1


def test_a_paused_trigger_wakes_nobody(quick: Api) -> None:
    (trigger,) = quick.data("GET", TRIGGER)
    quick.send("DELETE", f"{TRIGGER}/{trigger['id']}?soft_delete=true")
    quick.add_people(1)
    restored = quick.send("PATCH", f"/rest/restore/workflowAutomatedTriggers?filter=id[eq]:{trigger['id']}")
    assert restored.status_code == 200
    quick.add_people(2)
    _until(lambda: quick.total("workflowRuns?limit=0") == 2)


def test_a_restored_workflow_stays_deactivated(quick: Api) -> None:
    (trigger,) = quick.data("GET", TRIGGER)
    quick.send("DELETE", f"/rest/workflows/{trigger['workflowId']}?soft_delete=true")
    assert quick.total("workflowAutomatedTriggers?limit=0") == 0
    quick.send("PATCH", f"/rest/restore/workflows?filter=id[eq]:{trigger['workflowId']}")
    assert quick.total("workflowAutomatedTriggers?limit=0") == 1
    assert quick.data("GET", f"/rest/workflows/{trigger['workflowId']}")["statuses"] == ["DEACTIVATED"]


# --- files --------------------------------------------------------------------------------------------------------


def test_an_uploaded_file_is_given_back_as_it_was(api: Api, url: str) -> None:
    field = next(field["id"] for field in api.object_named("attachment")["fields"] if field["name"] == "file")
    query = (
        "mutation($n:String!,$s:Float!,$f:String)"
        "{createFileUpload(filename:$n,size:$s,fileFolder:FilesField,fieldMetadataId:$f){fileId uploadUrl}}"
    )
    content = bytes(range(256))
    variables = {"n": "x.bin", "s": len(content), "f": field}
    answer = api.send("POST", "/metadata", {"query": query, "variables": variables}).json()
    promised = answer["data"]["createFileUpload"]
    assert httpx.put(promised["uploadUrl"], content=content).status_code == 204
    body = {"name": "x.bin", "file": [{"fileId": promised["fileId"], "label": "x.bin"}]}
    record = api.data("POST", "/rest/attachments", body)
    assert httpx.get(record["file"][0]["url"]).content == content
    assert httpx.get(record["file"][0]["url"] + "0").status_code == 403


# --- the process --------------------------------------------------------------------------------------------------


def test_its_state_is_taken_up_again(tmp_path: Path) -> None:
    state = tmp_path / "below" / "twenty.state"
    body = _person() | {"emails": {"primaryEmail": "kept@example.com"}}
    with start(api_key=KEY, state=state) as address, Api(address) as api:
        person_object = api.object_named("person")
        field = {"objectMetadataId": person_object["id"], "type": "TEXT", "name": "sourceSystemId", "label": "S"}
        api.send("POST", "/rest/metadata/fields", field | {"isUnique": True})
        api.send("POST", "/rest/people", body | {"sourceSystemId": "42"})
    with start(api_key=KEY, state=state) as address, Api(address) as api:
        assert api.data("GET", f"/rest/people/{body['id']}")["sourceSystemId"] == "42"
        again = api.send("POST", "/rest/people", {"sourceSystemId": "42"})
        assert again.json()["messages"] == ["A duplicate entry was detected"]
        assert (
            api.send("GET", "/rest/metadata/objects").json()["data"][0]["workspaceId"] == person_object["workspaceId"]
        )


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGTERM")
def test_terminated_it_saves_and_ends_well(tmp_path: Path) -> None:
    state = tmp_path / "twenty.state"
    arguments = ["--api-key", KEY, "--state", str(state)]
    process = subprocess.Popen(
        [sys.executable, "-m", "shift.sandbox.twenty", *arguments],
        stdout=subprocess.PIPE,
        cwd=Path(__file__).parents[3],
    )
    assert process.stdout is not None
    with process.stdout as lines:
        assert lines.readline().startswith(b"Twenty (twin) ready at http://127.0.0.1:")
        process.terminate()
        assert process.wait(10) == 0
    assert state.exists()


def test_a_twin_that_cannot_start_says_so(url: str) -> None:
    with pytest.raises(RuntimeError, match="did not start"), start(api_key=KEY, port=httpx.URL(url).port or 0):
        pass


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--faults", "explode:every=3"], "'explode' is not a fault"),
        (["--faults", "drop:often=3"], "does not say when"),
        (["--faults", "drop:every=x"], "'x' is not a number"),
        (["--faults", "drop:every=0"], "must be above 0"),
        (["--key", "emperor=x"], "the role is one of"),
    ],
)
def test_a_wrong_option_is_explained(arguments: list[str], complaint: str) -> None:
    result = CliRunner().invoke(command, ["--api-key", KEY, *arguments])
    assert result.exit_code == 2
    assert complaint in result.output


def test_a_file_that_holds_no_workspace_is_refused(tmp_path: Path) -> None:
    state = tmp_path / "no.state"
    state.write_text("not a workspace")
    result = CliRunner().invoke(command, ["--api-key", KEY, "--state", str(state)])
    assert result.exit_code == 1
    assert "holds no workspace" in result.output
