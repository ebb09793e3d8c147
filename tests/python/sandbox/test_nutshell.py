"""The twin of Nutshell beyond what is recorded: revs, the trash, switches, faults, its state, its process."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import CliRunner
from sandbox.nutshell_account import ADMIN, KEY, Web, account, client, put

from shift.sandbox.nutshell import start, state
from shift.sandbox.nutshell.__main__ import command
from shift.sandbox.nutshell.behaviour import Behaviour
from shift.sandbox.nutshell.door import WINDOW_SECONDS, Window
from shift.sandbox.nutshell.errors import Refusal
from shift.sandbox.nutshell.records import Name, Party
from shift.sandbox.nutshell.store import Store


@pytest.fixture
def store() -> Store:
    return account()


@pytest.fixture
def web(store: Store) -> Web:
    return client(store)


def error(web: Web, method: str, **params: Any) -> tuple[int, str]:
    answer = web.send("post", "/api/v1/json", {"id": "1", "method": method, "params": params})
    return answer.status_code, answer.json()["error"]["message"]


# --- one store, two faces -----------------------------------------------------------------------------------------


def test_what_one_face_makes_the_other_shows(web: Web) -> None:
    made = web.rpc("newContact", contact={"name": "Bo Berg", "phone": {"mobile": "+61 412 345 678"}})
    shown = web.send("get", f"/rest/contacts/{made['id']}-contacts").json()["contacts"][0]
    assert (shown["id"], shown["lastName"]) == (f"{made['id']}-contacts", "Berg")
    assert shown["phones"][0]["name"] == "mobile"
    assert shown["phones"][0]["value"]["E164"] == "+61412345678"
    patched = web.send(
        "patch",
        f"/rest/contacts/{shown['id']}",
        [{"op": "replace", "path": "/contacts/0/links/owner", "value": "3-users"}],
        **{"content-type": "application/json-patch+json"},
    )
    assert patched.status_code == 204
    seen = web.rpc("getContact", contactId=made["id"])
    assert (seen["owner"]["id"], seen["rev"]) == (3, "2")


def test_a_repeated_create_doubles(web: Web) -> None:
    first, second = (web.rpc("newAccount", account={"name": "Twice"})["id"] for _ in range(2))
    assert first != second


def test_an_edit_needs_the_present_rev(web: Web) -> None:
    first = web.rpc("editContact", contactId=7, rev="1", contact={"description": "x"})
    assert first["rev"] == "2"
    assert error(web, "editContact", contactId=7, rev="1", contact={"description": "y"})[0] == 409
    assert web.rpc("editContact", contactId=7, rev="REV_IGNORE", contact={"description": "y"})["rev"] == "3"


def test_a_list_that_is_sent_replaces_and_one_that_is_left_out_stays(web: Web) -> None:
    edited = web.rpc("editContact", contactId=7, rev="1", contact={"email": ["a@b.example", "c@d.example"]})
    assert edited["email"] == {"0": "a@b.example", "1": "c@d.example", "--primary": "a@b.example"}
    assert edited["phone"]["--primary"]["E164"] == "+61400000000"
    assert web.rpc("editContact", contactId=7, rev="2", contact={"email": []})["email"] == []


def test_null_clears_a_custom_field_and_an_unknown_one_is_refused(web: Web) -> None:
    money = {"currency": "AUD", "amount": "120.5"}
    held = web.rpc("editContact", contactId=7, rev="1", contact={"customFields": {"Balance Due": money}})
    assert held["customFields"] == {"Cliniko ID": "123456", "Balance Due": {"currency": "AUD", "amount": "120.50"}}
    cleared = web.rpc("editContact", contactId=7, rev="2", contact={"customFields": {"Balance Due": None}})
    assert "Balance Due" not in cleared["customFields"]
    status, words = error(web, "editContact", contactId=7, rev="3", contact={"customFields": {"No Such": "1"}})
    assert (status, words) == (400, "No Such is not a custom field")
    assert web.rpc("getContact", contactId=7)["rev"] == "3"


def test_a_choice_must_be_one_of_the_choices(store: Store, web: Web) -> None:
    store.define("contacts", "Status", "Decision", ["Paid", "Owing"], False)
    assert error(web, "newContact", contact={"name": "A", "customFields": {"Status": "Lost"}})[0] == 400
    assert web.rpc("newContact", contact={"name": "A", "customFields": {"Status": "Paid"}})["id"] == 8


def test_activities_are_found_by_whom_they_are_with_and_when(web: Web) -> None:
    found = web.rpc("findActivities", query={"contactId": [7], "userId": [3]}, stubResponses=False)
    assert [one["id"] for one in found] == [31]
    assert "description" in found[0]
    assert web.rpc("findActivities", query={"contactId": [7], "startTime": "2026-03-14T00:00:00Z"}) == []
    assert [one["entityType"] for one in web.rpc("findTimeline", query={"entityType": "Contacts", "id": 7})] == [
        "Activities",
        "Notes",
    ]


def test_pages_of_full_records_hold_a_hundred_at_most(store: Store, web: Web) -> None:
    for number in range(100, 230):
        put(store, "contacts", Party(id=number, kind="contacts", name=Name("P"), creator=9, created=1, modified=1))
    pages = [web.rpc("findContacts", orderBy="id", limit=500, page=page, stubResponses=False) for page in (1, 2, 3)]
    assert [len(page) for page in pages] == [100, 31, 0]
    assert [one["id"] for one in pages[1]] == list(range(199, 230))


# --- the trash ----------------------------------------------------------------------------------------------------


def test_the_trash_keeps_people_and_what_points_to_them(web: Web) -> None:
    assert web.send("delete", "/rest/contacts/7-contacts").status_code == 204
    assert web.send("get", "/rest/contacts").json()["contacts"] == []
    assert web.rpc("getContact", contactId=7)["deletedTime"] is not None
    assert [web.rpc("getActivity", activityId=31)["id"], web.rpc("getNote", noteId=51)["id"]] == [31, 51]
    assert web.send("get", "/rest/events/deleted?filter[types]=contacts").json()["events"][0]["links"]["payloads"] == [
        "7-contacts"
    ]
    back = web.send("post", "/rest/contacts/7-contacts/undelete").json()["contacts"][0]
    assert (back["links"]["accounts"], web.rpc("getContact", contactId=7)["tags"]) == ([], [])


def test_an_activity_is_gone_for_good(web: Web) -> None:
    assert web.rpc("deleteActivity", activityId=31, rev="1") is True
    assert error(web, "getActivity", activityId=31)[0] == 404
    assert web.send("post", "/rest/activities/31-activities/undelete").status_code == 404


# --- leads and their files ----------------------------------------------------------------------------------------

SCAN = {"entityType": "Files", "name": "scan.txt", "mime": "text/plain", "size": 5}


def announce(web: Web, *files: dict[str, Any]) -> list[dict[str, Any]]:
    edited = web.rpc("editLead", leadId=1003, rev="REV_IGNORE", lead={"file": list(files)})
    return [one for one in edited.get("file", []) if one["entityType"] == "Files"]


def test_a_lead_is_one_of_both_faces_and_its_number_is_not_its_id(web: Web) -> None:
    made = web.rpc("newLead", lead={"description": "Files of Ada", "contacts": [{"id": 7, "relationship": "Patient"}]})
    assert (made["id"], made["number"], made["status"], made["assignee"]["id"]) == (1004, 1000, 0, 9)
    shown = web.send("get", f"/rest/leads/{made['id']}-leads").json()["leads"][0]
    assert (shown["number"], shown["status"], shown["links"]["contacts"]) == (1000, "open", ["7-contacts"])
    assert shown["createdTime"].keys() == {"timestamp", "value", "absoluteLocalizedString"}
    assert [one["id"] for one in web.rpc("getContact", contactId=7)["leads"]] == [1000, 1003, 1004]
    assert [one["id"] for one in web.rpc("findLeads", query={"contact": 7, "number": 1000})] == [1004]
    kept = web.rpc("editLead", leadId=1004, rev="1", lead={"description": "other"})
    assert (kept["description"], kept["contacts"][0]["relationship"], kept["rev"]) == ("other", "Patient", "2")
    assert error(web, "editLead", leadId=1004, rev="2", lead={"contacts": [{"id": 7}]})[1] == (
        "entityType is missing in contacts"
    )


def test_a_lead_is_patched_found_by_its_field_and_put_into_the_trash(web: Web) -> None:
    changes = [
        {"op": "replace", "path": "/leads/0/Clinic Location", "value": "Main St"},
        {"op": "add", "path": "/leads/0/links/accounts/-", "value": "11-accounts"},
        {"op": "remove", "path": "/leads/0/links/contacts/7-contacts"},
        {"op": "replace", "path": "/leads/0/links/owner", "value": "1-users"},
    ]
    media_type = {"content-type": "application/json-patch+json"}
    assert web.send("patch", "/rest/leads/1003-leads", changes, **media_type).status_code == 204
    lead = web.rpc("getLead", leadId=1003)
    linked = ([one["id"] for one in lead["accounts"]], lead["contacts"], lead["assignee"]["id"])
    assert (lead["customFields"], *linked) == ({"Clinic Location": "Main St"}, [11], [], 1)
    by_field = "/rest/leads?filter[Clinic Location]=Main St"
    assert [one["id"] for one in web.send("get", by_field).json()["leads"]] == ["1003-leads"]
    assert web.send("delete", "/rest/leads/1003-leads").status_code == 200
    assert web.send("get", by_field).json()["leads"] == []
    assert web.send("post", "/rest/leads/1003-leads/undelete").status_code == 200
    assert web.rpc("getLead", leadId=1003)["deletedTime"] is None
    wrong = [{"op": "replace", "path": "/leads/0/name", "value": "x"}]
    assert web.send("patch", "/rest/leads/1003-leads", wrong, **media_type).status_code == 400


def test_a_file_takes_two_steps_and_is_given_out_again() -> None:
    web = client(account(lead_files="take"))
    [file] = announce(web, SCAN)
    assert web.send("get", file["uri"]).status_code == 404
    assert web.upload(file["uri"], b"too long").status_code == 400
    assert [web.upload(file["uri"], b"bytes").status_code for _ in range(2)] == [200, 400]
    whole, part = web.send("get", file["uri"]), web.send("get", file["uri"], Range="bytes=1-2")
    assert (whole.status_code, whole.content, whole.headers["content-type"]) == (
        200,
        b"bytes",
        "text/plain; charset=utf-8",
    )
    assert (part.status_code, part.content) == (206, b"yt")
    assert web.send("get", "/rest/leads/1003-leads").json()["leads"][0]["links"]["files"] == ["1-files"]
    assert client(account(), key="wrong").send("get", file["uri"]).status_code == 401
    assert web.send("get", "/file/api/99").status_code == 404


@pytest.mark.parametrize(("switch", "held"), [("ignore", []), ("take", [2]), ("append", [1, 2])])
def test_files_that_a_lead_is_sent(switch: str, held: list[int]) -> None:
    web = client(account(lead_files=switch))
    announce(web, SCAN)
    assert [one["id"] for one in announce(web, SCAN)] == held


def test_files_may_be_no_field_of_a_lead_and_must_be_files() -> None:
    for switch, files, words in (
        ("refuse", [SCAN], "file is not a field of a lead"),
        ("take", [SCAN | {"entityType": "Notes"}], "entityType is missing in file"),
        ("take", [SCAN | {"size": "5"}], "a file has a name and a size"),
        ("take", [{"entityType": "Files", "id": 77}], "Not found"),
    ):
        web = client(account(lead_files=switch))
        assert error(web, "editLead", leadId=1003, rev="1", lead={"file": files})[1] == words
        assert web.rpc("getLead", leadId=1003)["rev"] == "1"


def test_files_are_kept_in_the_state(tmp_path: Path) -> None:
    store = account(lead_files="take")
    [file] = announce(client(store), SCAN)
    client(store).upload(file["uri"], b"bytes")
    state.save(store, tmp_path / "state")
    again = client(state.load(tmp_path / "state", store.behaviour))
    assert again.send("get", file["uri"]).content == b"bytes"
    assert again.rpc("getLead", leadId=1003)["file"] == [file]


# --- switches -----------------------------------------------------------------------------------------------------


def test_rest_may_be_absent() -> None:
    absent = client(account(rest="absent"))
    assert absent.send("get", "/rest/contacts").status_code == 403
    assert absent.rpc("getContact", contactId=7)["id"] == 7


@pytest.mark.parametrize(("switch", "status"), [("ignore", 200), ("refuse", 400)])
def test_unknown_fields_in_rest(switch: str, status: int) -> None:
    body = {"contacts": [{"name": "A B", "customFields": {"No Such": "1", "Cliniko ID": "9"}}]}
    web = client(account(rest_unknown_fields=switch))
    answer = web.send("post", "/rest/contacts", body)
    assert answer.status_code == status
    if status == 200:
        assert web.rpc("getContact", contactId=8)["customFields"] == {"Cliniko ID": "9"}


@pytest.mark.parametrize(("switch", "status"), [("ignore", 200), ("refuse", 400)])
def test_custom_fields_on_an_activity(switch: str, status: int) -> None:
    params = {"activity": {"name": "A", "customFields": {"Status": "x"}}}
    web = client(account(activity_custom_fields=switch))
    answer = web.send("post", "/api/v1/json", {"id": "1", "method": "newActivity", "params": params})
    assert answer.status_code == status
    assert "customFields" not in answer.json().get("result", {})


@pytest.mark.parametrize(("switch", "status"), [("refuse", 400), ("take", 200)])
def test_a_new_activity_that_is_cancelled(switch: str, status: int) -> None:
    params = {"activity": {"name": "A", "status": 2}}
    answer = client(account(create_cancelled=switch)).send(
        "post", "/api/v1/json", {"id": "1", "method": "newActivity", "params": params}
    )
    assert answer.status_code == status


@pytest.mark.parametrize(("switch", "author"), [("off", 9), ("on", 3)])
def test_impersonation(switch: str, author: int) -> None:
    web = client(account(impersonation=switch), user="drb@clinic.example")
    made = web.rpc("newNote", entity={"entityType": "Contacts", "id": 7}, note="text")
    assert made["user"]["id"] == author


def test_a_note_is_edited_by_its_author_within_a_day(store: Store, web: Web) -> None:
    assert web.rpc("editNote", noteId=51, rev="1", note="new")["note"] == "new"
    store.note(51).created -= 25 * 3600
    assert error(web, "editNote", noteId=51, rev="2", note="newer")[0] == 403


@pytest.mark.parametrize(("switch", "owner"), [("take", 3), ("ignore", None)])
def test_an_owner_by_json_rpc(switch: str, owner: int | None) -> None:
    contact = {"name": "A", "owner": {"entityType": "Users", "id": 3}}
    made = client(account(rpc_owner=switch)).rpc("newContact", contact=contact)
    assert (made["owner"] or {}).get("id") == owner


@pytest.mark.parametrize(("switch", "found"), [("contains", ["7-contacts"]), ("exact", [])])
def test_a_filter_by_a_custom_field(switch: str, found: list[str]) -> None:
    web = client(account(filter=switch))
    listed = web.send("get", "/rest/contacts?filter[Cliniko ID]=2345").json()["contacts"]
    assert [one["id"] for one in listed] == found
    assert len(web.send("get", "/rest/contacts?filter[Cliniko ID]=123456").json()["contacts"]) == 1


def test_definitions_have_a_cap_and_no_doubles() -> None:
    web = client(account(custom_field_cap="4"))
    field = {"name": "DOB", "type": "Date"}
    codes = [web.send("post", "/rest/contacts/customfield", field).status_code for _ in range(2)]
    codes.append(web.send("post", "/rest/contacts/customfield", {"name": "Other", "type": "Date"}).status_code)
    assert codes == [200, 400, 400]


def test_searches_lag_and_reads_do_not() -> None:
    store = account(search_lag="5")
    now = [store.clock() + 10]
    store.clock = lambda: now[0]
    web = client(store)
    made = web.rpc("newContact", contact={"name": "New", "customFields": {"Cliniko ID": "77"}})
    url = "/rest/contacts?filter[Cliniko ID]=77"
    assert web.rpc("getContact", contactId=made["id"])["id"] == made["id"]
    assert web.send("get", url).json()["contacts"] == []
    now[0] += 6
    assert len(web.send("get", url).json()["contacts"]) == 1


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--behaviour", "mood=good"], "'mood' is not a behaviour"),
        (["--behaviour", "rest=maybe"], "the value is one of on, absent"),
        (["--behaviour", "search_lag=soon"], "the value is one of 0, a number"),
        (["--faults", "explode:every=3"], "'explode' is not a fault"),
    ],
)
def test_a_wrong_option_is_explained(arguments: list[str], complaint: str) -> None:
    result = CliRunner().invoke(command, ["--api-key", KEY, *arguments])
    assert result.exit_code == 2
    assert complaint in " ".join(result.output.split())


def test_every_behaviour_is_told_of_in_the_help() -> None:
    shown = CliRunner().invoke(command, ["--help"]).output
    assert [name for name in Behaviour.__dataclass_fields__ if f"{name}=" not in shown] == []


# --- at the door --------------------------------------------------------------------------------------------------


def test_the_window_lets_so_many_in_a_minute() -> None:
    now = [0.0]
    window = Window(3, lambda: now[0])
    for _ in range(3):
        window.take()
    with pytest.raises(Refusal) as caught:
        window.take()
    assert caught.value.status == 429
    now[0] = WINDOW_SECONDS
    window.take()


@pytest.mark.parametrize("user", ["nobody@clinic.example", ""])
def test_a_user_that_is_none_is_not_let_in(user: str) -> None:
    answer = client(account(), user=user).send("post", "/api/v1/json", {"id": "1", "method": "getUser", "params": {}})
    assert (answer.status_code, answer.json()["error"]["message"]) == (401, "API key not found")


# --- its process --------------------------------------------------------------------------------------------------


class Remote:
    def __init__(self, url: str) -> None:
        self.http = httpx.Client(base_url=url, auth=(ADMIN, KEY), timeout=20)

    def rpc(self, method: str, **params: Any) -> httpx.Response:
        return self.http.post("/api/v1/json", json={"jsonrpc": "2.0", "id": "1", "method": method, "params": params})

    def names(self) -> list[str]:
        return [one["name"] for one in self.rpc("findAccounts", orderBy="id").json()["result"]]


def test_faults_strike_over_the_wire(tmp_path: Path) -> None:
    faults = "drop:call=1,garble:call=2,500:call=3,429:call=4,refuse:call=3"
    with start(api_key=KEY, user=ADMIN, faults=faults, behaviour={"retry_after": "7"}) as url:
        remote = Remote(url)
        with pytest.raises(httpx.RemoteProtocolError):
            remote.rpc("newAccount", account={"name": "dropped"})
        with pytest.raises(ValueError):
            remote.rpc("newAccount", account={"name": "garbled"}).json()
        assert remote.rpc("newAccount", account={"name": "failed"}).status_code == 500
        limited = remote.rpc("newAccount", account={"name": "limited"})
        assert (limited.status_code, limited.headers["retry-after"]) == (429, "7")
        refused = remote.rpc("newAccount", account={"name": "refused"})
        assert (refused.status_code, "fault" in refused.json()["error"]["message"]) == (400, True)
        assert remote.names() == ["dropped", "garbled"]
        remote.http.close()


def test_it_takes_up_from_its_file(tmp_path: Path) -> None:
    file = tmp_path / "nutshell.state"
    with start(api_key=KEY, user=ADMIN, members=["b.c@clinic.example"], activity_types=["Physio"], state=file) as url:
        remote = Remote(url)
        assert remote.rpc("newAccount", account={"name": "kept"}).status_code == 200
        assert "Physio" in [one["name"] for one in remote.rpc("findActivityTypes").json()["result"]]
        remote.http.close()
    members, types = ["B.c@clinic.example", "d.e@clinic.example"], ["Physio", "Massage"]
    with start(api_key=KEY, user=ADMIN, members=members, activity_types=types, state=file) as url:
        remote = Remote(url)
        assert remote.names() == ["kept"]
        users = [one["emails"][0] for one in remote.rpc("findUsers").json()["result"]]
        assert users == [ADMIN, "b.c@clinic.example", "d.e@clinic.example"]
        named = [one["name"] for one in remote.rpc("findActivityTypes").json()["result"]]
        assert [name for name in named if name in types] == ["Massage", "Physio"]
        assert remote.rpc("newAccount", account={"name": "next"}).json()["result"]["id"] == 2
        remote.http.close()
    broken = tmp_path / "broken.state"
    broken.write_bytes(b"\x00")
    with pytest.raises(ValueError, match="holds no account"):
        state.load(broken, Behaviour())
