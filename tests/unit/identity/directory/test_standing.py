"""Known, active, in which groups."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from passgate.core.directory import User
from passgate.core.errors import TokenRefusedError
from passgate.core.passes import Pass
from passgate.core.principal import Principal, PrincipalKind
from passgate.identity.oidc.token import Identity
from passgate.store.sqlite import SqliteDatabase
from tests.unit.identity.directory.conftest import World, agent, human


def token(principal: Principal, provider: str = "company") -> Identity:
    return Identity(principal=principal, provider=provider, expires=datetime.now(UTC) + timedelta(minutes=5))


async def test_groups_are_the_directorys_and_not_the_tokens(world: World) -> None:
    await world.employ("ADA@example.com", "ops", "dba")
    admitted = world.standing.admit(token(human("Ada@Example.COM")))
    assert admitted.principal.groups == {"ops", "dba"}
    assert admitted.principal.subject == "Ada@Example.COM"
    assert world.standing.admit(token(human("nobody"))).principal.groups == frozenset()


async def test_groups_are_the_tokens_where_the_directorys_do_not_count(database: SqliteDatabase) -> None:
    world = World(database, groups_count=False)
    await world.employ("ada@example.com", "ops")
    assert world.standing.admit(token(human())).principal.groups == {"eng"}


async def test_nobody_inactive_is_let_in(world: World) -> None:
    ada = await world.employ()
    await world.users.replace(ada, replace(ada.content, active=False))
    for who in (human(), human("ADA@EXAMPLE.COM"), agent(human(iss=None))):
        with pytest.raises(TokenRefusedError, match="not active"):
            world.standing.admit(token(who))


async def test_whom_the_directory_does_not_know_is_nobody_where_it_is_required(database: SqliteDatabase) -> None:
    world = World(database, required=True)
    for who in (human(), agent(human(iss=None))):
        with pytest.raises(TokenRefusedError, match="does not know"):
            world.standing.admit(token(who))
    elsewhere = token(human(iss="https://partner.example"), "partner")
    assert world.standing.admit(elsewhere) == elsewhere
    service = token(
        Principal(kind=PrincipalKind.SERVICE, subject="billing", claims={"iss": "https://ci.example"}), "ci"
    )
    assert world.standing.admit(service) == service
    await world.employ()
    assert world.standing.admit(token(human())).principal.subject == "ada@example.com"


def why(world: World, pass_id: str) -> str | None:
    pass_ = world.registry.find(pass_id)
    assert isinstance(pass_, Pass)
    return world.standing.why_not()(pass_)


async def test_why_a_pass_must_end(database: SqliteDatabase) -> None:
    world = World(database, required=True)
    ada = await world.employ("ada@example.com", "eng")
    mine, for_me = world.issue(human()), world.issue(agent(human()))
    operators = world.issue(agent(human(iss=None)), provider=None)
    partner = world.issue(human(iss="https://partner.example"), provider="partner")
    by_request = world.issue(human(), resource="vault", provider=None)  # somebody allowed it; no grant of a group did
    stranger = world.issue(human("eve@example.com"))
    guest = world.issue(agent(human("eve@example.com", iss=None)), provider=None)
    everything = (mine, for_me, operators, partner, by_request, guest)
    assert [why(world, one) for one in everything] == [None] * 6
    assert why(world, stranger) == "human:eve@example.com is not in the company's directory"
    await world.users.replace(ada, User(user_name="Ada@example.com", active=False))
    said = "human:ada@example.com is not active in the company's directory"
    assert [why(world, one) for one in everything] == [said, said, said, None, said, None]


async def test_why_a_pass_must_end_when_its_group_is_gone(world: World) -> None:
    await world.employ("ada@example.com", "sales")
    bought, asked_for = world.issue(agent(human())), world.issue(human(), provider=None)
    assert why(world, bought) == "human:ada@example.com is in no group any more that may have it"
    assert why(world, asked_for) is None


async def test_who_stands_behind_a_chain_of_agents_counts(world: World) -> None:
    ada = await world.employ()
    pass_ = world.registry.find(world.issue(human()))
    assert pass_ is not None
    chained = replace(pass_, principal=agent(agent(agent(human()), "planner"), "worker"))
    await world.users.replace(ada, replace(ada.content, active=False))
    assert "not active" in str(world.standing.why_not()(chained))


async def test_only_those_whom_it_is_about_are_looked_at(world: World) -> None:
    ada = await world.employ()
    await world.users.replace(ada, replace(ada.content, active=False))
    pass_ = world.registry.find(world.issue(human("ADA@example.com")))
    assert pass_ is not None
    assert world.standing.why_not(affected=frozenset({"eve@example.com"}))(pass_) is None
    assert world.standing.why_not(affected=frozenset({"ada@example.com"}))(pass_) is not None


async def test_whom_a_required_directory_does_not_know_is_out(database: SqliteDatabase) -> None:
    world = World(database, required=True)
    out = world.standing.is_out()
    assert out(human())
    assert not out(human(iss=None))  # named by an operator, whom the directory need not know
    assert not out(agent(human()))
    await world.employ("ada@example.com")
    assert not out(human())
    assert not world.standing.is_out(affected=frozenset({"eve@example.com"}))(human("bea@example.com"))
