"""SCIM as directories meet it: over sockets, with a real store behind it.

Bodies are made after the public documentation of Okta and Entra ID; names and ids are invented.
"""

import io
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import RawTestServer, TestClient

from passgate.core.errors import SecretUnavailableError
from passgate.core.event import EventType
from passgate.endpoints.scim.admission import Admission
from passgate.endpoints.scim.endpoint import SCIM_PATH, ScimEndpoint
from passgate.endpoints.scim.resource import MAX_BODY
from passgate.store.sqlite import SqliteDatabase
from tests.unit.identity.directory.conftest import World, agent, human

TOKEN = "the-directorys-token"
USER = "urn:ietf:params:scim:schemas:core:2.0:User"
GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
ERROR = "urn:ietf:params:scim:api:messages:2.0:Error"


@dataclass
class Bench:
    world: World
    secret: str | None = TOKEN
    open: bool = True
    failures: list[str] = field(default_factory=list)
    client: "TestClient[web.BaseRequest, None]" = field(init=False)

    async def obtain(self) -> str:
        if self.secret is None:
            raise SecretUnavailableError
        return self.secret

    def allow(self, _peer: str, _name: str, /) -> bool:
        return self.open

    def failed(self, peer: str, _name: str, /) -> None:
        self.failures.append(peer)

    async def ask(
        self, method: str, path: str, body: object = None, *, status: int = 200, **headers: str
    ) -> dict[str, Any]:
        """The answer's body, and its headers under ``""``."""
        sent = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/scim+json"}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        data = body if isinstance(body, bytes | io.BytesIO | None) else json.dumps(body).encode()
        async with self.client.request(method, SCIM_PATH + path, data=data, headers=sent) as answer:
            text = await answer.text()
            assert answer.status == status, text
            if text:
                assert answer.content_type == "application/scim+json"
            said: dict[str, Any] = json.loads(text) if text else {}
            if status >= 400:
                assert (said["schemas"], said["status"]) == ([ERROR], str(status))
            return {**said, "": answer.headers}

    async def user(self, name: str, **more: object) -> str:
        said = await self.ask("POST", "/Users", {"schemas": [USER], "userName": name, **more}, status=201)
        return str(said["id"])

    async def group(self, name: str, *members: str, **more: object) -> str:
        listed = [{"value": member} for member in members]
        body = {"schemas": [GROUP], "displayName": name, "members": listed, **more}
        return str((await self.ask("POST", "/Groups", body, status=201))["id"])

    async def patch(self, path: str, *operations: object, status: int = 200, **headers: str) -> dict[str, Any]:
        body = {"schemas": [PATCH], "Operations": list(operations)}
        return await self.ask("PATCH", path, body, status=status, **headers)

    async def found(self, path: str) -> list[str]:
        said = await self.ask("GET", path)
        return [one.get("userName", one.get("displayName")) for one in said["Resources"]]


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    database = SqliteDatabase(tmp_path / "state.db")
    world = World(database)
    bench = Bench(world)
    endpoint = ScimEndpoint(
        admission=Admission(secret=bench, attempts=bench),
        users=world.users,
        groups=world.groups,
        recorder=world.recorder,
    )

    async def serve(request: web.BaseRequest) -> web.StreamResponse:
        return await endpoint.serve(request) or web.Response(status=418)

    bench.client = TestClient(RawTestServer(serve))
    async with bench.client:
        yield bench
    database.close()


async def test_okta_looks_for_a_person_creates_them_and_deactivates_them(bench: Bench) -> None:
    wanted = "/Users?filter=userName%20eq%20%22ada%40example.com%22&startIndex=1&count=100"
    empty = await bench.ask("GET", wanted)
    assert (empty["totalResults"], empty["Resources"], empty["startIndex"], empty["itemsPerPage"]) == (0, [], 1, 0)
    body = {
        "schemas": [USER],
        "userName": "ada@example.com",
        "name": {"givenName": "Ada", "familyName": "Byron"},
        "emails": [{"primary": True, "value": "ada@example.com", "type": "work"}],
        "displayName": "Ada Byron",
        "locale": "en-US",
        "externalId": "00uj1abcd",
        "groups": [],
        "password": "never-kept",
        "active": True,
    }
    made = await bench.ask("POST", "/Users", body, status=201)
    assert made[""]["Location"] == made["meta"]["location"]
    assert made["meta"]["location"].endswith(f"/scim/v2/Users/{made['id']}")
    assert (made[""]["ETag"], made["meta"]["version"]) == ('W/"1"', 'W/"1"')
    assert made["name"] == body["name"]
    assert "password" not in made
    assert (await bench.ask("GET", wanted))["Resources"][0]["id"] == made["id"]
    mine = bench.world.issue(agent(human("ADA@example.com")), provider=None)
    gone = await bench.patch(f"/Users/{made['id']}", {"op": "replace", "value": {"active": False}})
    assert (gone["active"], gone["meta"]["version"]) == (False, 'W/"2"')
    assert not bench.world.live(mine)
    again = await bench.ask("PUT", f"/Users/{made['id']}", {**body, "active": True, "id": made["id"]})
    assert again["active"] is True
    events = [
        event.detail["what"] for event in bench.world.recorder.events if event.type is EventType.DIRECTORY_CHANGED
    ]
    assert events == ["created", "changed", "changed"]


async def test_entra_creates_changes_disables_and_deletes_a_person(bench: Bench) -> None:
    body = {
        "schemas": [USER, "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"],
        "externalId": "0a21f0f2-8d2a-4f8e-bf98-7363c4aed4ef",
        "userName": "Bea@example.com",
        "active": True,
        "emails": [{"primary": True, "type": "work", "value": "bea@example.com"}],
        "meta": {"resourceType": "User"},
        "name": {"formatted": "Bea B", "familyName": "B", "givenName": "Bea"},
        "roles": [],
    }
    made = await bench.ask("POST", "/Users", body, status=201)
    path = f"/Users/{made['id']}"
    mine = bench.world.issue(human("bea@example.com"), provider=None)
    changed = await bench.patch(
        path,
        {"op": "Replace", "path": 'emails[type eq "work"].value', "value": "bea@new.example"},
        {"op": "Replace", "path": "name.familyName", "value": "C"},
        {"op": "Add", "path": "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department", "value": "R"},
    )
    assert (changed["emails"][0]["value"], changed["name"]["familyName"]) == ("bea@new.example", "C")
    assert bench.world.live(mine)
    disabled = await bench.patch(path, {"op": "Replace", "path": "active", "value": "False"})
    assert disabled["active"] is False
    assert not bench.world.live(mine)
    await bench.ask("DELETE", path, status=204)
    await bench.ask("GET", path, status=404)
    await bench.ask("DELETE", path, status=404)


async def test_groups_and_their_members(bench: Bench) -> None:
    ada, bea = await bench.user("ada@example.com"), await bench.user("bea@example.com")
    group = f"/Groups/{await bench.group('eng', ada)}"
    mine = bench.world.issue(agent(human()))
    hers = bench.world.issue(human("bea@example.com"), provider=None)
    joined = await bench.patch(
        group, {"op": "Add", "path": "members", "value": [{"$ref": None, "value": bea}]}, status=204
    )
    assert joined[""]["ETag"] == 'W/"2"'
    assert {one["value"] for one in (await bench.ask("GET", group))["members"]} == {ada, bea}
    lean = await bench.ask("GET", f"{group}?excludedAttributes=members")
    assert "members" not in lean
    assert lean["displayName"] == "eng"
    await bench.patch(group, {"op": "remove", "path": f'members[value eq "{ada}"]'}, status=204)
    assert (bench.world.live(mine), bench.world.live(hers)) == (False, True)
    full = await bench.patch(
        f"{group}?attributes=members", {"op": "Remove", "path": "members", "value": [{"value": bea}]}
    )
    assert (full["members"], set(full) - {""}) == ([], {"schemas", "id", "members"})
    wrong = await bench.patch(group, {"op": "add", "path": "members", "value": [{"value": "nobody"}]}, status=400)
    assert wrong["scimType"] == "invalidValue"
    renamed = {"op": "replace", "value": {"id": group.removeprefix("/Groups/"), "displayName": "builders"}}
    await bench.patch(group, renamed, status=204)
    assert await bench.found('/Groups?filter=displayName eq "BUILDERS"') == ["builders"]
    await bench.ask("DELETE", group, status=204)
    assert await bench.found("/Groups") == []


async def test_lists_are_filtered_and_paged(bench: Bench) -> None:
    ids = [await bench.user(f"u{n}", externalId=f"E{n % 2}", displayName="Same") for n in range(5)]
    assert await bench.found("/Users?startIndex=2&count=2") == ["u1", "u2"]
    assert (await bench.ask("GET", "/Users?startIndex=2&count=2"))["totalResults"] == 5
    assert await bench.found("/Users?startIndex=-3&count=2") == ["u0", "u1"]
    assert await bench.found("/Users?count=-1") == []
    assert await bench.found('/Users?filter=userName+eq+"U3"') == ["u3"]
    assert await bench.found('/Users?filter=externalId eq "E1" and displayName eq "same"') == ["u1", "u3"]
    assert await bench.found(f'/Users?filter={USER}:id eq "{ids[4]}"') == ["u4"]
    lean = (await bench.ask("GET", "/Users?count=1&attributes=userName"))["Resources"][0]
    assert set(lean) == {"schemas", "id", "userName"}
    for query, scim_type in (
        ('filter=userName co "u"', "invalidFilter"),
        ('filter=title eq "u"', "invalidFilter"),
        ("filter=active eq true", "invalidFilter"),
        ("filter=userName eq true", "invalidFilter"),
        ("startIndex=x", "invalidValue"),
        ("count=9999999999", "invalidValue"),
    ):
        assert (await bench.ask("GET", f"/Users?{query}", status=400))["scimType"] == scim_type


async def test_a_name_belongs_to_one(bench: Bench) -> None:
    await bench.user("ada@example.com")
    body = {"schemas": [USER], "userName": "ADA@example.com"}
    assert (await bench.ask("POST", "/Users", body, status=409))["scimType"] == "uniqueness"
    other = await bench.user("eve")
    await bench.group("eng")
    said = await bench.patch(
        f"/Users/{other}", {"op": "replace", "path": "userName", "value": "Ada@Example.com"}, status=409
    )
    assert said["scimType"] == "uniqueness"
    await bench.ask("POST", "/Groups", {"schemas": [GROUP], "displayName": "ENG"}, status=409)


async def test_versions(bench: Bench) -> None:
    path = f"/Users/{await bench.user('ada')}"
    await bench.ask("GET", path, status=304, If_None_Match='W/"1"')
    change = {"op": "replace", "path": "displayName", "value": "A"}
    await bench.patch(path, change, status=412, If_Match='W/"7"')
    await bench.patch(path, change, If_Match='"9", W/"1"')
    await bench.ask("GET", path, status=200, If_None_Match='W/"1"')
    await bench.ask("DELETE", path, status=412, If_Match='W/"1"')
    await bench.ask("PUT", path, {"schemas": [USER], "userName": "ada"}, If_Match="*")
    await bench.ask("DELETE", path, status=204, If_Match='W/"3"')


async def test_two_changes_side_by_side_are_both_made(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    ada, bea = await bench.user("ada"), await bench.user("bea")
    group = await bench.group("eng")
    find, first = bench.world.groups.find, []

    def late(entry_id: str) -> object:
        """What was true a moment ago: another process has changed it since."""
        entry = find(entry_id)
        if not first:
            first.append(entry)
            other = type(entry.content)(display_name="eng", members=frozenset({bea}))  # type: ignore[union-attr]
            changed = type(entry)(  # type: ignore[misc]
                id=entry.id,
                content=other,
                created=entry.created,
                modified=entry.modified,
                version=2,  # type: ignore[union-attr]
            )
            bench.world.groups._entries.replace(entry, changed)  # type: ignore[arg-type]
        return entry

    monkeypatch.setattr(bench.world.groups, "find", late)
    await bench.patch(f"/Groups/{group}", {"op": "add", "path": "members", "value": [{"value": ada}]}, status=204)
    entry = find(group)
    assert entry is not None
    assert entry.content.members == {ada, bea}

    async def never(*_: object) -> None:
        return None

    monkeypatch.setattr(bench.world.groups, "replace", never)
    await bench.patch(f"/Groups/{group}", {"op": "remove", "path": "members"}, status=409)
    monkeypatch.setattr(bench.world.groups, "remove", never)
    await bench.ask("DELETE", f"/Groups/{group}", status=409)


async def test_what_it_can_do_is_told(bench: Bench) -> None:
    config = await bench.ask("GET", "/ServiceProviderConfig")
    assert (config["patch"]["supported"], config["etag"]["supported"], config["bulk"]["supported"]) == (
        True,
        True,
        False,
    )
    types = await bench.ask("GET", "/ResourceTypes")
    assert [one["endpoint"] for one in types["Resources"]] == ["/Users", "/Groups"]
    assert (await bench.ask("GET", "/ResourceTypes/Group"))["schema"] == GROUP
    schemas = await bench.ask("GET", "/Schemas")
    assert [one["id"] for one in schemas["Resources"]] == [USER, GROUP]
    user = await bench.ask("GET", f"/Schemas/{USER}")
    described = {one["name"]: one for one in user["attributes"]}
    assert (described["userName"]["uniqueness"], described["userName"]["required"]) == ("server", True)
    assert [one["name"] for one in described["emails"]["subAttributes"]] == ["value", "type", "primary"]
    for path in ("/Schemas/other", "/ResourceTypes/a/b", "/Nothing", "", "/Users/a/b"):
        await bench.ask("GET", path, status=404)
    for path in ("/Me", "/Bulk"):
        await bench.ask("POST", path, {}, status=501)
    for path in ("/Schemas", "/ResourceTypes/User", "/ServiceProviderConfig"):
        await bench.ask("PUT", path, {}, status=405)
    await bench.ask("POST", "/.search", {}, status=404)
    await bench.ask("PUT", "/Users", {}, status=405)
    await bench.ask("POST", f"/Users/{await bench.user('a')}", {}, status=405)


async def test_wrong_bodies(bench: Bench) -> None:
    for body, scim_type in (
        (b"{", "invalidSyntax"),
        (b"[]", "invalidSyntax"),
        (b"\xff", "invalidSyntax"),
        ({"userName": "a"}, "invalidSyntax"),
        ({"schemas": [USER]}, "invalidValue"),
        ({"schemas": [USER], "userName": "a", "shoeSize": 1}, "invalidPath"),
    ):
        assert (await bench.ask("POST", "/Users", body, status=400))["scimType"] == scim_type
    await bench.ask("POST", "/Users", {}, status=415, Content_Type="text/plain")
    await bench.ask("POST", "/Users", io.BytesIO(b" " * (MAX_BODY + 1)), status=413)
    assert bench.world.users.page([], start=0, count=9).total == 0


@pytest.mark.parametrize("sent", ["Bearer wrong", "Bearer ", "Basic dTpw", "", "Bearer " + "x" * 5000, "Bearer tök"])
async def test_nobody_without_the_token_is_answered(bench: Bench, sent: str) -> None:
    for path in ("/Users", "/ServiceProviderConfig", "/nothing"):
        said = await bench.ask("GET", path, status=401, Authorization=sent)
        assert said[""]["WWW-Authenticate"].startswith("Bearer")
    refused = [event for event in bench.world.recorder.events if event.type is EventType.DIRECTORY_REFUSED]
    assert [event.detail["status"] for event in refused] == [401] * 3
    assert not any(TOKEN in json.dumps(event.detail) for event in refused)
    assert bool(bench.failures) == (sent.startswith("Bearer ") and sent != "Bearer ")


async def test_a_guesser_is_slowed_down_and_a_lost_secret_lets_nobody_in(bench: Bench) -> None:
    bench.open = False
    assert (await bench.ask("GET", "/Users", status=429))[""]["Retry-After"] == "60"
    bench.open, bench.secret = True, None
    await bench.ask("GET", "/Users", status=503)
    bench.world.recorder.full = True
    await bench.ask("GET", "/Users", status=503)


async def test_from_elsewhere_over_https_only(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(web.BaseRequest, "remote", "192.0.2.1")
    await bench.ask("GET", "/Users", status=403)


async def test_what_cannot_be_kept_or_recorded_is_not_done(bench: Bench) -> None:
    bench.world.recorder.full = True
    await bench.ask("POST", "/Users", {"schemas": [USER], "userName": "a"}, status=503)
    bench.world.recorder.full = False
    assert await bench.found("/Users") == []
    path = bench.world.database.path
    path.rename(path.with_suffix(".away"))
    said = await bench.ask("GET", "/Users", status=503)
    assert str(path) not in said["detail"]


async def test_other_paths_are_not_its_own(bench: Bench) -> None:
    for path in ("/", "/scim", "/scim/v22/Users", "/v1/scim/v2"):
        async with bench.client.get(path) as answer:
            assert answer.status == 418
