"""What a change of the directory leads to."""

import asyncio
from dataclasses import replace

import pytest

from passgate.core.directory import Group, User
from passgate.core.errors import LedgerUnavailableError, NameTakenError, StoreError, UnknownMemberError
from passgate.core.event import EventType
from passgate.identity.directory.follow import DirectoryWatch
from passgate.pipeline.directory import Match
from passgate.store.sqlite import SqliteDatabase
from tests.unit.identity.conftest import until
from tests.unit.identity.directory.conftest import World, agent, human


async def test_who_becomes_inactive_loses_what_they_have_and_what_acts_for_them(world: World) -> None:
    ada = await world.employ("Ada@Example.com", "eng")
    await world.employ("eve@example.com", "eng2")
    mine = [world.issue(human()), world.issue(agent(human("ADA@example.com"))), world.issue(agent(human(iss=None)))]
    hers = world.issue(human("eve@example.com"), provider=None)
    inactive = await world.users.replace(ada, replace(ada.content, active=False))
    assert inactive is not None
    assert inactive.version == 2
    assert ([world.live(one) for one in mine], world.live(hers)) == ([False] * 3, True)
    assert len(world.looks) == 1  # the gate is told at once
    assert all("not active" in reason for reason in world.reasons())
    await world.users.replace(inactive, replace(ada.content, active=True))
    assert [world.live(one) for one in mine] == [False] * 3  # what has ended has ended


async def test_who_is_deleted_or_renamed_is_gone(world: World) -> None:
    ada, bea = await world.employ("ada@example.com", "eng"), await world.employ("bea@example.com")
    first = world.issue(human(), provider=None)
    second = world.issue(human("bea@example.com"), provider=None)
    assert await world.users.remove(ada)
    assert (world.live(first), world.live(second)) == (False, True)
    assert world.users.find(ada.id) is None
    assert await world.users.replace(bea, replace(bea.content, user_name="bea@new.example")) is not None
    assert not world.live(second)
    assert "not in the company's directory" in world.reasons()[-1]
    assert not await world.users.remove(bea)  # it is another one meanwhile


@pytest.mark.parametrize("how", ["inactive", "deleted", "renamed"])
async def test_who_is_gone_is_out_of_what_they_signed_in_for_at_the_gate(world: World, how: str) -> None:
    """Passes are not all: refresh tokens make new ones, and tokens for the control API need none."""
    ada, bea = await world.employ("Ada@example.com", "eng"), await world.employ("bea@example.com", "eng2")
    mine = [world.signed_in(human()), world.signed_in(agent(human("ADA@example.com")))]
    hers, elsewhere = world.signed_in(human("bea@example.com")), world.signed_in(human(iss="https://other.example.com"))
    if how == "deleted":
        assert await world.users.remove(ada)
    elif how == "inactive":
        inactive = await world.users.replace(ada, replace(ada.content, active=False))
        assert inactive is not None
        assert await world.users.replace(inactive, ada.content) is not None  # who comes back signs in again
    else:
        assert await world.users.replace(ada, replace(ada.content, user_name="ada@new.example")) is not None
        assert await world.users.replace(bea, replace(bea.content, display_name="Bea")) is not None
    assert [world.is_signed_in(one) for one in mine] == [False, False]
    assert world.is_signed_in(hers)
    assert world.is_signed_in(elsewhere)  # another provider's Ada


async def test_who_leaves_the_group_loses_what_it_gave(world: World) -> None:
    ada = await world.employ("ada@example.com")
    bea = await world.employ("bea@example.com")
    eng = await world.groups.add(Group(display_name="eng", members=frozenset({ada.id, bea.id})))
    mine, hers = world.issue(agent(human())), world.issue(human("bea@example.com"))
    left = await world.groups.replace(eng, replace(eng.content, members=frozenset({bea.id})))
    assert left is not None
    assert (world.live(mine), world.live(hers)) == (False, True)
    renamed = await world.groups.replace(left, replace(left.content, display_name="engineers"))
    assert renamed is not None
    assert not world.live(hers)
    assert not await world.groups.remove(left)


async def test_a_group_that_is_deleted_gives_nothing(world: World) -> None:
    ada = await world.employ()
    eng = await world.groups.add(Group(display_name="eng", members=frozenset({ada.id})))
    mine = world.issue(human())
    assert await world.groups.remove(eng)
    assert not world.live(mine)
    assert world.groups.find(eng.id) is None


async def test_the_same_again_ends_what_was_left_standing(world: World) -> None:
    ada = await world.employ()
    inactive = await world.users.replace(ada, replace(ada.content, active=False))
    assert inactive is not None
    left = world.issue(human())
    assert await world.users.replace(inactive, inactive.content) == inactive
    assert not world.live(left)


async def test_every_change_is_an_event_and_holds_no_more_than_names(world: World) -> None:
    ada = await world.employ("ada@example.com", "eng")
    changed = await world.users.replace(ada, replace(ada.content, display_name="Ada"))
    assert changed is not None
    await world.users.remove(changed)
    told = [
        (event.type, event.actor, event.detail["what"], event.detail.get("active")) for event in world.recorder.events
    ]
    assert told == [
        (EventType.DIRECTORY_CHANGED, "scim:company", "created", True),
        (EventType.DIRECTORY_CHANGED, "scim:company", "created", None),
        (EventType.DIRECTORY_CHANGED, "scim:company", "changed", True),
        (EventType.DIRECTORY_CHANGED, "scim:company", "changed", False),
        (EventType.DIRECTORY_CHANGED, "scim:company", "removed", False),
    ]


async def test_without_a_ledger_nothing_is_given_and_everything_is_taken(world: World) -> None:
    ada = await world.employ()
    eng = await world.groups.add(Group(display_name="eng", members=frozenset({ada.id})))
    mine = world.issue(human())
    world.recorder.full = True
    with pytest.raises(LedgerUnavailableError):
        await world.users.add(User(user_name="eve"))
    with pytest.raises(LedgerUnavailableError):
        await world.users.replace(ada, replace(ada.content, user_name="eve"))
    assert world.users.page([], start=0, count=9).total == 1
    with pytest.raises(LedgerUnavailableError):
        await world.groups.replace(eng, replace(eng.content, display_name="ops"))
    emptied = await world.groups.replace(eng, replace(eng.content, members=frozenset()))
    assert emptied is not None
    assert not world.live(mine)
    assert await world.users.remove(ada)
    assert await world.groups.remove(emptied)


async def test_what_the_store_refuses_is_refused(world: World) -> None:
    ada = await world.employ()
    with pytest.raises(NameTakenError):
        await world.users.add(User(user_name="ADA@EXAMPLE.COM"))
    with pytest.raises(UnknownMemberError):
        await world.groups.add(Group(display_name="eng", members=frozenset({"nobody"})))
    assert world.groups.page([Match(attribute="name", value="eng")], start=0, count=9).total == 0
    await world.users.replace(ada, replace(ada.content, display_name="A"))
    assert await world.users.replace(ada, replace(ada.content, display_name="B")) is None


async def test_everybodys_standing_is_looked_at_by_itself(
    world: World, database: SqliteDatabase, caplog: pytest.LogCaptureFixture
) -> None:
    ada = await world.employ()
    await world.users.replace(ada, replace(ada.content, active=False))
    left = [world.issue(human()), world.issue(human("eve@example.com"), provider=None)]
    signed_in = [world.signed_in(human()), world.signed_in(human("eve@example.com"))]
    watch = DirectoryWatch(standing=world.standing, ending=world.ending, actor="scim:company", interval=0)
    assert watch.look() == 1
    assert [world.live(one) for one in left] == [False, True]
    assert [world.is_signed_in(one) for one in signed_in] == [False, True]

    again = world.issue(human())
    running = asyncio.create_task(watch.run())
    await until(lambda: not world.live(again))
    database.path.rename(database.path.with_suffix(".away"))
    await until(lambda: "cannot be looked into" in caplog.text)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    with pytest.raises(StoreError):
        watch.look()
