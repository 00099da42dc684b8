"""Who sits at the desk, and what they are shown."""

import asyncio
import os
import pwd
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from passgate.approvals.nobody import Nobody
from passgate.config.approvals import Approvals, Person
from passgate.core.decision import Outcome
from passgate.core.errors import ApprovalError, ConfigError
from passgate.pipeline.approval_desk import Preview
from passgate.pipeline.protocols import Held, Waiting
from passgate.store.sqlite import SqliteDatabase
from passgate.wiring.approvals import ApprovalsWiring
from tests.unit.approvals.parts import fresh_database
from tests.unit.pipeline.steps import MemoryRecorder, action, decision, make_session

PEOPLE = Approvals(people={"grace@example.com": Person(os_user="grace")})


def held() -> Held:
    session = make_session()
    session.pass_ = replace(session.pass_, expires=datetime.now(UTC) + timedelta(hours=1))
    return Held(action=action("lock x"), decision=decision(Outcome.HOLD), session=session)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[SqliteDatabase]:
    database = fresh_database(tmp_path / "state.db")
    yield database
    database.close()


def wired(settings: Approvals, database: SqliteDatabase) -> ApprovalsWiring:
    return ApprovalsWiring(settings, MemoryRecorder(), database=database, key=bytes(32))


async def test_without_people_a_hold_is_a_refusal(database: SqliteDatabase) -> None:
    assert isinstance(wired(Approvals(), database).approvals, Nobody)


async def test_a_person_is_known_by_their_user_and_nobody_else_is(database: SqliteDatabase) -> None:
    wiring = wired(PEOPLE, database)
    heard: asyncio.Queue[Waiting] = asyncio.Queue()
    asked = asyncio.create_task(wiring.approvals.resolve(held(), heard.put_nowait))
    request = (await heard.get()).request
    (shown,) = wiring.requests("unix:grace")
    assert (shown.id, shown.text, shown.chain[0], shown.count) == (request, "lock x", "agent:reporter", 1)
    assert wiring.requests("unix:root") == (shown,)
    with pytest.raises(ApprovalError, match="nobody who may decide"):
        wiring.requests("unix:eve")
    with pytest.raises(ApprovalError, match="nobody who may decide"):
        await wiring.vote(request, approves=True, note="", actor="unix:root")
    assert await wiring.vote("another", approves=True, note="", actor="unix:grace") is None
    done = await wiring.vote(request, approves=True, note="fine", actor="unix:grace")
    assert done is not None
    assert (done.state, done.votes[0].subject, done.votes[0].note) == ("approved", "grace@example.com", "fine")
    assert (await asked).outcome is Outcome.ALLOW
    await wiring.desk.close()


async def test_whoever_asks_does_not_see_what_the_run_has_shown(database: SqliteDatabase) -> None:
    """How many rows meet a condition is an answer, and people who decide for others ask for themselves too."""
    wiring = wired(
        Approvals(
            people={
                "grace@example.com": Person(os_user="grace"),
                "Ada@Example.com": Person(os_user="ada"),  # the agent acts for her
            }
        ),
        database,
    )

    async def preview() -> Preview:
        return Preview(rows=3, columns=("name",), samples=(("x",),), notes=("n",))

    heard: asyncio.Queue[Waiting] = asyncio.Queue()
    asked = asyncio.create_task(wiring.approvals.resolve(replace(held(), preview=preview), heard.put_nowait))
    await heard.get()
    (decides,), (asks,) = wiring.requests("unix:grace"), wiring.requests("unix:ada")
    assert (decides.preview.rows, decides.preview.samples) == (3, (("x",),))
    assert (asks.preview.rows, asks.preview.samples, asks.preview.columns) == (None, (), ())
    assert "not to whoever asks" in asks.preview.why
    assert (asks.binding_sha256, asks.text) == ("", decides.text)
    asked.cancel()
    await wiring.desk.close()


async def test_people_must_be_users_of_this_machine(tmp_path: Path, database: SqliteDatabase) -> None:
    me = pwd.getpwuid(os.getuid()).pw_name
    known = Approvals(people={"ada@example.com": Person(os_user=me)}, sockets=tmp_path / "people")
    wiring = wired(known, database)
    assert wiring.users() == {os.getuid()}
    assert wiring.socket("gate", 0) == tmp_path / "people" / "gate-0.sock"
    stranger = wired(Approvals(people={"x": Person(os_user="no-such-user")}), database)
    with pytest.raises(ConfigError, match="no-such-user"):
        stranger.users()
    assert stranger.socket("gate", 0) is None
