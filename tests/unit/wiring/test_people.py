"""What is served and what runs, by what is configured."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from aiohttp.test_utils import make_mocked_request

from passgate.config.loading import parse_settings
from passgate.config.settings import Settings
from passgate.identity.admission import RememberedAdmission, TokenAlone
from passgate.identity.registry import PassRegistry
from passgate.store.pass_store import PassStore
from passgate.store.sqlite import SqliteDatabase
from passgate.wiring.people import PeopleWiring
from tests.unit.config.test_identity import BASE, PROVIDER
from tests.unit.pipeline.steps import MemoryRecorder

DIRECTORY = "  directory: {provider: company, credential: {env: DIRECTORY_TOKEN}}\n"
RECHECK = ", sign_in: {client_id: cli}, recheck: {every: 1m, grace: 2m}"


@pytest.fixture
def database(tmp_path: Path) -> Iterator[SqliteDatabase]:
    database = SqliteDatabase(tmp_path / "state.db")
    yield database
    database.close()


def wiring(database: SqliteDatabase, identity: str) -> PeopleWiring:
    text = BASE + identity if identity else BASE.replace("identity:\n", "")
    settings: Settings = parse_settings(text, file="passgate.yaml", base=Path("/nowhere"))
    return PeopleWiring(
        settings,
        registry=PassRegistry(PassStore(database)),
        database=database,
        recorder=MemoryRecorder(),
        look=lambda: None,
    )


async def served(people: PeopleWiring) -> dict[str, int]:
    """Which paths answer, and how they answer a GET by nobody."""
    found = {}
    for path in ("/oidc/backchannel-logout", "/scim/v2/Users"):
        for beside in people.beside():
            answer = await beside(make_mocked_request("GET", path).clone(scheme="https"))
            if answer is not None:
                found[path] = answer.status
    return found


def tasks(people: PeopleWiring) -> list[str]:
    names = []
    for task in people.tasks():
        names.append(task.__qualname__)
        task.close()
    return names


@pytest.mark.parametrize(
    ("identity", "paths", "running"),
    [
        ("", {}, []),
        (PROVIDER % "", {"/oidc/backchannel-logout": 405}, []),
        (PROVIDER % RECHECK, {"/oidc/backchannel-logout": 405}, ["RecheckWatch.run"]),
        (
            PROVIDER % "" + DIRECTORY,
            {"/oidc/backchannel-logout": 405, "/scim/v2/Users": 401},
            ["DirectoryWatch.run"],
        ),
        (
            PROVIDER % RECHECK + DIRECTORY,
            {"/oidc/backchannel-logout": 405, "/scim/v2/Users": 401},
            ["DirectoryWatch.run", "RecheckWatch.run"],
        ),
    ],
)
async def test_what_is_configured_is_there(
    database: SqliteDatabase, identity: str, paths: dict[str, int], running: list[str]
) -> None:
    people = wiring(database, identity)
    assert await served(people) == paths
    assert tasks(people) == running
    assert isinstance(people.admission, RememberedAdmission if running else TokenAlone)
