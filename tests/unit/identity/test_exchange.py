"""A token in, a pass out."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from joserfc.jwk import ECKey

from passgate.core.action import VerbClass
from passgate.core.decision import Approvers
from passgate.core.errors import AccessPendingError, ApprovalError, PassRequestError, TokenRefusedError
from passgate.core.lock import Lock
from passgate.core.principal import Principal, PrincipalKind
from passgate.identity.access_desk import AccessDesk
from passgate.identity.access_rules import AccessRule
from passgate.identity.budgets import PassBudgets
from passgate.identity.delegation import Delegation
from passgate.identity.exchange import TokenExchange, Trusted
from passgate.identity.grants import Agent, Grant
from passgate.identity.oidc.keys import IssuerKeys
from passgate.identity.oidc.provider import Provider
from passgate.identity.oidc.token import Verifier
from passgate.identity.registry import PassRegistry
from passgate.identity.request import IssuingRules
from passgate.pipeline.exchange import ExchangeRequest
from passgate.pipeline.protocols import Spending
from passgate.store.access_request_store import AccessRequestStore
from passgate.store.sqlite import SqliteDatabase
from tests.unit.identity.conftest import MemoryStore
from tests.unit.identity.oidc.issuer import NOW, Issuer
from tests.unit.pipeline.steps import MemoryRecorder

READ = frozenset({VerbClass.READ})
P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


@dataclass
class Spent:
    digests: list[str] = field(default_factory=list)

    def spend(self, digest: str, *, expires: datetime, now: datetime) -> bool:
        self.digests.append(digest)
        return self.digests.count(digest) == 1


@pytest.fixture(scope="module")
def issuer() -> Issuer:
    return Issuer()


@pytest.fixture
def spent() -> Spent:
    return Spent()


@pytest.fixture
def exchange(issuer: Issuer, spent: Spent, store: MemoryStore) -> TokenExchange:
    people = Provider(name="company", issuer=issuer.issuer, audiences=frozenset({"passgate"}), subject="email")
    grants = [
        Grant(
            provider="company",
            resources=frozenset({"shop"}),
            verbs=READ,
            max_ttl=timedelta(minutes=30),
            groups=frozenset({"eng"}),
        ),
        Grant(
            provider="company", resources=frozenset({"vault"}), verbs=READ, max_ttl=timedelta(minutes=5), ticket=True
        ),
    ]
    agent = Agent(
        name="reporter", purpose="reports", resources=frozenset({"shop"}), verbs=READ, until=NOW + timedelta(minutes=20)
    )
    verifier = Verifier(people, IssuerKeys(issuer.issuer, issuer.fetch), now=lambda: NOW)
    return TokenExchange(
        trusted={issuer.issuer: Trusted(verifier=verifier)},
        grants=grants,
        agents={"reporter": agent},
        registry=PassRegistry(store, now=lambda: NOW),
        rules=IssuingRules(
            resources=frozenset({"shop", "vault"}), default_ttl=timedelta(hours=1), max_ttl=timedelta(hours=8)
        ),
        spent=spent,
        now=lambda: NOW,
    )


def request(issuer: Issuer, **more: object) -> ExchangeRequest:
    plain = ExchangeRequest(
        token=issuer.token(issuer.claims()), resources=frozenset({"shop"}), verbs=READ, purpose="why"
    )
    return replace(plain, **more)  # type: ignore[arg-type]


async def test_a_person_gets_a_pass_bounded_by_the_grant(exchange: TokenExchange, issuer: Issuer) -> None:
    done = await exchange.exchange(request(issuer))
    assert str(done.pass_.principal) == "human:ada@example.com"
    assert done.pass_.expires == NOW + timedelta(minutes=30)
    assert done.secret not in repr(done)


async def test_an_agent_acts_for_the_person_no_longer_than_it_is_registered(
    exchange: TokenExchange, issuer: Issuer
) -> None:
    done = await exchange.exchange(request(issuer, agent="reporter"))
    assert done.pass_.principal.kind is PrincipalKind.AGENT
    assert str(done.pass_.principal.on_behalf_of) == "human:ada@example.com"
    assert done.pass_.expires == NOW + timedelta(minutes=20)


async def test_a_token_buys_one_pass(exchange: TokenExchange, issuer: Issuer) -> None:
    asked = request(issuer)
    await exchange.exchange(asked)
    with pytest.raises(TokenRefusedError, match="used before"):
        await exchange.exchange(asked)


async def test_a_used_token_is_used_however_its_signature_is_spelled(
    exchange: TokenExchange, issuer: Issuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of an ECDSA signature (r, s) the pair (r, n - s) is as good, and anybody can make it."""
    monkeypatch.setattr(issuer, "keys", [ECKey.generate_key("P-256", {"kid": "k2", "use": "sig"}, private=True)])
    asked = request(issuer)
    signed, _, signature = asked.token.rpartition(".")
    r_and_s = urlsafe_b64decode(signature + "==")
    other = r_and_s[:32] + (P256_ORDER - int.from_bytes(r_and_s[32:])).to_bytes(32)
    again = f"{signed}.{urlsafe_b64encode(other).decode().rstrip('=')}"
    await exchange.exchange(asked)
    with pytest.raises(TokenRefusedError, match="used before"):
        await exchange.exchange(replace(asked, token=again))


async def test_a_refusal_does_not_use_the_token_up(exchange: TokenExchange, issuer: Issuer, spent: Spent) -> None:
    asked = request(issuer)
    for wrong in (
        {"resources": frozenset({"vault"})},  # no ticket
        {"resources": frozenset({"nowhere"})},
        {"resources": frozenset()},
        {"verbs": frozenset({VerbClass.DDL})},
        {"ttl": timedelta(hours=1)},
        {"purpose": " "},
        {"agent": "nobody"},
    ):
        with pytest.raises(PassRequestError):
            await exchange.exchange(replace(asked, **wrong))  # type: ignore[arg-type]
    assert spent.digests == []
    await exchange.exchange(asked)


async def test_a_ticket_where_one_is_asked_for(exchange: TokenExchange, issuer: Issuer) -> None:
    done = await exchange.exchange(request(issuer, resources=frozenset({"vault"}), ticket="INC-42"))
    assert (done.pass_.ticket, done.pass_.expires) == ("INC-42", NOW + timedelta(minutes=5))


async def test_a_stranger_is_refused_before_any_key_is_fetched(exchange: TokenExchange) -> None:
    stranger = Issuer(issuer="https://evil.example.com")
    with pytest.raises(TokenRefusedError, match="not one that this gate trusts"):
        await exchange.exchange(request(stranger))
    assert stranger.fetched == []


async def test_a_workload_has_no_agent(issuer: Issuer, exchange: TokenExchange) -> None:
    workloads = Provider(
        name="company", issuer=issuer.issuer, audiences=frozenset({"passgate"}), kind=PrincipalKind.SERVICE
    )
    exchange._trusted = {
        issuer.issuer: Trusted(
            verifier=Verifier(workloads, IssuerKeys(issuer.issuer, issuer.fetch), now=lambda: NOW), single_use=False
        )
    }
    asked = request(issuer)
    with pytest.raises(PassRequestError, match="nobody's"):
        await exchange.exchange(replace(asked, agent="reporter"))
    for _ in range(2):  # a projected token is used for as long as it lives
        done = await exchange.exchange(asked)
        assert str(done.pass_.principal) == "service:u1"


# -- a pass in the place of a token ------------------------------------------------------------------------------------------


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
def delegating(exchange: TokenExchange, store: MemoryStore) -> TokenExchange:
    until = NOW + timedelta(hours=2)
    exchange._delegation = Delegation(
        registry=exchange._registry,
        agents={
            "summariser": Agent(name="summariser", purpose="x", resources=frozenset({"shop"}), verbs=READ, until=until)
        },
        rules=exchange._rules,
        budgets=PassBudgets(NothingSpent()),
        locks=NoLocks(),
        now=lambda: NOW,
    )
    return exchange


async def held(exchange: TokenExchange, issuer: Issuer) -> tuple[str, ExchangeRequest]:
    """Ada's agent has a pass; its id, and what the agent asks for a sub-agent."""
    done = await exchange.exchange(request(issuer, agent="reporter"))
    key = f"{done.pass_.id}.{done.secret}"
    return done.pass_.id, request(issuer, token=key, is_pass=True, agent="summariser", ttl=timedelta(minutes=5))


async def test_whoever_holds_a_pass_has_a_narrower_one_made(
    delegating: TokenExchange, issuer: Issuer, store: MemoryStore
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
    delegating: TokenExchange, issuer: Issuer, store: MemoryStore, spoil: Callable[[str], str]
) -> None:
    _, asked = await held(delegating, issuer)
    with pytest.raises(TokenRefusedError, match="not the key of a pass") as caught:
        await delegating.exchange(replace(asked, token=spoil(asked.token)))
    assert asked.token.partition(".")[2] not in str(caught.value)
    assert len(store.passes) == 1


async def test_a_pass_is_no_token_and_a_token_no_pass(delegating: TokenExchange, issuer: Issuer) -> None:
    _, asked = await held(delegating, issuer)
    with pytest.raises(TokenRefusedError):
        await delegating.exchange(replace(asked, is_pass=False))
    with pytest.raises(TokenRefusedError, match="not the key of a pass"):
        await delegating.exchange(replace(asked, token=issuer.token(issuer.claims())))


async def test_a_pass_that_has_ended_is_refused(delegating: TokenExchange, issuer: Issuer, store: MemoryStore) -> None:
    parent, asked = await held(delegating, issuer)
    pass_, verifier = store.passes[parent]
    for ended, state in ((replace(pass_, expires=NOW), "expired"), (replace(pass_, revoked=NOW), "revoked")):
        store.passes[parent] = (ended, verifier)
        with pytest.raises(TokenRefusedError, match=f"the pass is {state}"):
            await delegating.exchange(asked)


async def test_it_is_delegated_to_a_registered_agent_and_nobody_else(delegating: TokenExchange, issuer: Issuer) -> None:
    _, asked = await held(delegating, issuer)
    with pytest.raises(PassRequestError, match="name one"):
        await delegating.exchange(replace(asked, agent=None))
    with pytest.raises(PassRequestError, match="no agent registered as 'stranger'"):
        await delegating.exchange(replace(asked, agent="stranger"))
    delegating._delegation = None
    with pytest.raises(PassRequestError, match="name one"):
        await delegating.exchange(asked)


# -- what nobody has standing ------------------------------------------------------------------------------------------------


@pytest.fixture
def desk(exchange: TokenExchange, tmp_path: Path) -> Iterator[AccessDesk]:
    database = SqliteDatabase(tmp_path / "state.db")
    rule = AccessRule(
        name="on-call",
        resources=frozenset({"shop"}),
        verbs=frozenset({VerbClass.READ, VerbClass.WRITE}),
        max_ttl=timedelta(hours=2),
        groups=frozenset({"eng"}),
        providers=frozenset({"company"}),
        approvers=Approvers(group="dba", count=1, expires_seconds=600),
    )
    made = AccessDesk(
        rules=[rule],
        store=AccessRequestStore(database),
        recorder=MemoryRecorder(),
        registry=exchange._registry,
        issuing=exchange._rules,
        now=lambda: NOW,
    )
    exchange._access = made
    yield made
    database.close()


WRITE = frozenset({VerbClass.WRITE})
GRACE = Principal(kind=PrincipalKind.HUMAN, subject="grace@example.com", groups=frozenset({"dba"}))


async def test_what_is_beyond_the_grants_waits_and_the_token_stays_good(
    exchange: TokenExchange, issuer: Issuer, desk: AccessDesk, spent: Spent, store: MemoryStore
) -> None:
    asked = request(issuer, verbs=WRITE, ttl=timedelta(hours=2))
    with pytest.raises(AccessPendingError, match="waits for the approval of 1 of dba") as first:
        await exchange.exchange(asked)
    with pytest.raises(AccessPendingError) as second:
        await exchange.exchange(asked)
    assert first.value.request == second.value.request
    assert (spent.digests, store.passes) == ([], {})
    await desk.vote(first.value.request, GRACE, approves=True)
    done = await exchange.exchange(asked)
    assert (str(done.pass_.principal), done.pass_.verbs) == ("human:ada@example.com", WRITE)
    assert done.pass_.expires == NOW + timedelta(hours=2)
    with pytest.raises(AccessPendingError) as third:
        await exchange.exchange(asked)
    assert third.value.request != first.value.request, "an approval is good for one pass"
    await desk.vote(third.value.request, GRACE, approves=True)
    with pytest.raises(TokenRefusedError, match="used before"):
        await exchange.exchange(asked)


async def test_a_longer_time_than_the_grant_s_is_asked_for(
    exchange: TokenExchange, issuer: Issuer, desk: AccessDesk
) -> None:
    with pytest.raises(AccessPendingError):
        await exchange.exchange(request(issuer, ttl=timedelta(hours=1)))
    assert (await exchange.exchange(request(issuer, ttl=timedelta(minutes=30)))).pass_.verbs == READ


async def test_what_was_refused_or_may_not_be_asked_for_is_no_request(
    exchange: TokenExchange, issuer: Issuer, desk: AccessDesk
) -> None:
    for wrong, said in (
        ({"verbs": frozenset({VerbClass.DDL})}, "human:ada@example.com may not ask for ddl on shop"),
        ({"resources": frozenset({"vault"}), "verbs": WRITE}, "may not ask for write on vault"),
        ({"verbs": WRITE, "ttl": timedelta(hours=3)}, "gives 2h at most"),
        ({"resources": frozenset({"vault"})}, "this needs a ticket"),
    ):
        with pytest.raises(PassRequestError, match=said) as caught:
            await exchange.exchange(request(issuer, **wrong))
        assert not isinstance(caught.value, AccessPendingError)
    assert desk.list() == ()
    with pytest.raises(AccessPendingError) as waiting:
        await exchange.exchange(request(issuer, verbs=WRITE))
    await desk.vote(waiting.value.request, GRACE, approves=False, note="no")
    with pytest.raises(PassRequestError, match=r"has refused request .*: no"):
        await exchange.exchange(request(issuer, verbs=WRITE))


async def test_an_agent_is_asked_for_within_its_registration(
    exchange: TokenExchange, issuer: Issuer, desk: AccessDesk
) -> None:
    with pytest.raises(PassRequestError, match="the agent reporter is not registered for write"):
        await exchange.exchange(request(issuer, verbs=WRITE, agent="reporter"))
    with pytest.raises(AccessPendingError) as waiting:
        await exchange.exchange(request(issuer, ttl=timedelta(hours=2), agent="reporter"))
    found = desk.show(waiting.value.request)
    assert found is not None
    assert [str(link) for link in found.asked.principal.links()] == ["agent:reporter", "human:ada@example.com"]
    assert found.asked.ttl == timedelta(minutes=20), "no longer than it is registered"
    ada = Principal(kind=PrincipalKind.HUMAN, subject="Ada@example.com", groups=frozenset({"dba"}))
    with pytest.raises(ApprovalError, match="in their name"):
        await desk.vote(found.id, ada, approves=True)
