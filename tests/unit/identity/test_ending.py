"""Access that ends before its time."""

from passgate.core.event import EventType
from passgate.store.sqlite import SqliteDatabase
from tests.unit.identity.directory.conftest import World, database, human

__all__ = ["database"]


async def test_passes_with_a_reason_end_and_the_ledger_says_why(database: SqliteDatabase) -> None:
    world = World(database)
    first, second = world.issue(human()), world.issue(human("eve@example.com"))
    assert world.ending.end(lambda pass_: "because" if pass_.id == first else None, actor="test") == 1
    assert (world.live(first), world.live(second), len(world.looks)) == (False, True, 1)
    (event,) = world.recorder.events
    assert (event.type, event.actor) == (EventType.ACCESS_ENDED, "test")
    assert event.detail == {"pass": first, "principal": "human:ada@example.com", "reason": "because"}
    assert world.ending.end(lambda _: None, actor="test") == 0
    assert len(world.looks) == 1


async def test_they_end_also_when_it_cannot_be_recorded(database: SqliteDatabase) -> None:
    world = World(database)
    world.recorder.full = True
    one = world.issue(human())
    assert world.ending.end(lambda _: "because", actor="test") == 1
    assert not world.live(one)
