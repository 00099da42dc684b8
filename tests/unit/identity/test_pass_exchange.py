"""A pass in, a narrower pass out."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from passgate.core.errors import PassRequestError, TokenRefusedError
from passgate.core.lock import Lock
from passgate.identity.budgets import PassBudgets
from passgate.identity.delegation import Delegation
from passgate.identity.exchange import TokenExchange
from passgate.identity.grants import Agent
from passgate.identity.pass_exchange import PassExchange
from passgate.pipeline.exchange import ExchangeRequest
from passgate.pipeline.protocols import Spending
from tests.unit.identity.conftest import MemoryStore
from tests.unit.identity.oidc.issuer import NOW, Issuer
from tests.unit.identity.test_exchange import READ, exchange, issuer, request, spent

__all__ = ("exchange", "issuer", "spent")  # fixtures


class NoLocks:
    def holding(self, _now: datetime) -> tuple[Lock, ...]:
        return ()


class NothingSpent:
    """A store that nobody asks: the passes here have no budget."""

    def take(self, pass_id: str, spending: Spending, *, ancestors: Sequence[str] = ()) -> bool:
        raise NotImplementedError

    def correct(self, pass_id: str, change: Spending, *, ancestors: Sequence[str] = ()) -> None:
        raise NotImplementedError

    def spent(self, pass_id: str) -> Spending:
        raise NotImplementedError


@pytest.fixture
def delegating(exchange: TokenExchange, store: MemoryStore) -> PassExchange:
    until = NOW + timedelta(hours=2)
    delegation = Delegation(
        registry=exchange._registry,
        agents={
            "summariser": Agent(name="summariser", purpose="x", resources=frozenset({"shop"}), verbs=READ, until=until)
        },
        rules=exchange._rules,
        budgets=PassBudgets(NothingSpent()),
        locks=NoLocks(),
        now=lambda: NOW,
    )
    return PassExchange(exchange, registry=exchange._registry, delegation=delegation, now=lambda: NOW)


async def held(exchange: PassExchange, issuer: Issuer) -> tuple[str, ExchangeRequest]:
    """Ada's agent has a pass; its id, and what the agent asks for a sub-agent."""
    done = await exchange.exchange(request(issuer, agent="reporter"))
    key = f"{done.pass_.id}.{done.secret}"
    return done.pass_.id, request(issuer, token=key, is_pass=True, agent="summariser", ttl=timedelta(minutes=5))


async def test_whoever_holds_a_pass_has_a_narrower_one_made(
    delegating: PassExchange, issuer: Issuer, store: MemoryStore
) -> None:
    parent, asked = await held(delegating, issuer)
    done = await delegating.exchange(asked)
    assert [str(link) for link in done.pass_.principal.links()] == [
        "agent:summariser",
        "agent:reporter",
        "human:ada@example.com",
    ]
    assert (done.pass_.ancestors, done.pass_.expires) == ((parent,), NOW + timedelta(minutes=5))
    assert store.actors[-1] == f"pass:{parent}"
    again = await delegating.exchange(replace(asked, token=f"{asked.token}\n"))
    assert again.pass_.id != done.pass_.id, "a key is not a token: it may be used as long as the pass lives"


@pytest.mark.parametrize(
    "spoil",
    [
        lambda key: key[:-1],
        lambda key: key + "x",
        lambda key: key.partition(".")[0],
        lambda key: key.partition(".")[0] + ".",
        lambda key: "." + key.partition(".")[2],
        lambda key: "pg_0000000000000000." + key.partition(".")[2],
        lambda key: key.upper(),
        lambda key: key.replace(".", "..", 1),
        lambda _key: "",
        lambda _key: "\u00e9.\u00e9",
    ],
)
async def test_a_key_that_is_not_the_pass_s_own_is_refused(
    delegating: PassExchange, issuer: Issuer, store: MemoryStore, spoil: Callable[[str], str]
) -> None:
    _, asked = await held(delegating, issuer)
    with pytest.raises(TokenRefusedError, match="not the key of a pass") as caught:
        await delegating.exchange(replace(asked, token=spoil(asked.token)))
    assert asked.token.partition(".")[2] not in str(caught.value)
    assert len(store.passes) == 1


async def test_a_pass_is_no_token_and_a_token_no_pass(delegating: PassExchange, issuer: Issuer) -> None:
    _, asked = await held(delegating, issuer)
    with pytest.raises(TokenRefusedError):
        await delegating.exchange(replace(asked, is_pass=False))
    with pytest.raises(TokenRefusedError, match="not the key of a pass"):
        await delegating.exchange(replace(asked, token=issuer.token(issuer.claims())))


async def test_a_pass_that_has_ended_is_refused(delegating: PassExchange, issuer: Issuer, store: MemoryStore) -> None:
    parent, asked = await held(delegating, issuer)
    pass_, verifier = store.passes[parent]
    for ended, state in ((replace(pass_, expires=NOW), "expired"), (replace(pass_, revoked=NOW), "revoked")):
        store.passes[parent] = (ended, verifier)
        with pytest.raises(TokenRefusedError, match=f"the pass is {state}"):
            await delegating.exchange(asked)


async def test_it_is_delegated_to_a_registered_agent_and_nobody_else(delegating: PassExchange, issuer: Issuer) -> None:
    _, asked = await held(delegating, issuer)
    with pytest.raises(PassRequestError, match="name one"):
        await delegating.exchange(replace(asked, agent=None))
    with pytest.raises(PassRequestError, match="no agent registered as 'stranger'"):
        await delegating.exchange(replace(asked, agent="stranger"))
