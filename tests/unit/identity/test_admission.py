"""Who has a say beside the token, and what is remembered of it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from passgate.core.errors import TokenRefusedError
from passgate.identity.admission import MAX_REFRESH_TOKEN, RememberedAdmission, TokenAlone
from passgate.identity.oidc.token import Identity
from passgate.identity.recheck.sealing import Sealing
from passgate.store.sqlite import SqliteDatabase
from tests.unit.identity.directory.conftest import World, agent, database, human

__all__ = ["database"]

FIVE = timedelta(minutes=5)
ADA = Identity(principal=human(), provider="company", expires=datetime.now(UTC) + FIVE)


def admission(world: World, *, directory: bool = True) -> RememberedAdmission:
    return RememberedAdmission(
        standing=world.standing if directory else None,
        sealing={"company": Sealing(b"k" * 32, provider="company", every=FIVE)},
        origins=world.rechecks,
        passes=world.registry,
    )


def test_nobody_else_is_asked_where_there_is_nobody(database: SqliteDatabase) -> None:
    world = World(database)
    pass_ = world.registry.find(world.issue(human(), provider=None))
    assert pass_ is not None
    assert TokenAlone().admit(ADA) is ADA
    TokenAlone().bought(pass_, ADA, "token")
    assert world.rechecks.provider(pass_.id) is None


async def test_who_vouched_is_remembered_and_the_refresh_token_is_sealed(database: SqliteDatabase) -> None:
    world = World(database)
    taking = admission(world, directory=False)
    assert taking.admit(ADA) is ADA
    pass_ids = [world.issue(agent(human()), provider=None) for _ in range(4)]
    passes = [pass_ for pass_ in map(world.registry.find, pass_ids) if pass_ is not None]
    taking.bought(passes[0], ADA, "refresh-me")
    taking.bought(passes[1], ADA, None)
    taking.bought(passes[2], replace(ADA, provider="other"), "not-kept")
    assert [world.rechecks.provider(one.id) for one in passes[:3]] == ["company", "company", "other"]
    later = datetime.now(UTC) + timedelta(minutes=6)
    (kept,) = world.rechecks.claim_due(provider="company", now=later, until=later + FIVE, most=9)
    assert (kept.sub, world.rechecks.behind(kept.id)) == ("ada@example.com", {passes[0].id})
    content = (database.path.read_bytes(), database.path.with_name(database.path.name + "-wal").read_bytes())
    assert not any(b"refresh-me" in part or b"not-kept" in part for part in content)
    with pytest.raises(TokenRefusedError, match="refresh token"):
        taking.bought(passes[3], ADA, "x" * (MAX_REFRESH_TOKEN + 1))


async def test_a_pass_is_taken_back_if_the_person_left_in_between(database: SqliteDatabase) -> None:
    world = World(database)
    taking = admission(world)
    ada = await world.employ("ada@example.com", "eng")
    identity = taking.admit(ADA)
    stays = world.registry.find(world.issue(human(), provider=None))
    assert stays is not None
    taking.bought(stays, identity, None)
    assert world.live(stays.id)
    await world.users.replace(ada, replace(ada.content, active=False))  # another process, after admit
    late = world.registry.find(world.issue(human(), provider=None))
    assert late is not None
    with pytest.raises(TokenRefusedError, match="not active"):
        taking.bought(late, identity, None)
    assert not world.live(late.id)
