"""A token in, a pass out."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import pytest
from joserfc.jwk import ECKey

from passgate.core.action import VerbClass
from passgate.core.errors import PassRequestError, TokenRefusedError
from passgate.core.passes import Pass
from passgate.core.principal import PrincipalKind
from passgate.identity.admission import TokenAlone
from passgate.identity.exchange import TokenExchange, Trusted
from passgate.identity.grants import Agent, Grant
from passgate.identity.oidc.keys import IssuerKeys
from passgate.identity.oidc.provider import Provider
from passgate.identity.oidc.token import Identity, Verifier
from passgate.identity.registry import PassRegistry
from passgate.identity.request import IssuingRules
from passgate.pipeline.exchange import ExchangeRequest
from tests.unit.identity.conftest import MemoryStore
from tests.unit.identity.oidc.issuer import NOW, Issuer

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


async def test_who_else_has_a_say_is_asked_before_and_told_after(
    issuer: Issuer, exchange: TokenExchange, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[tuple[str, str | None]] = []

    class Say(TokenAlone):
        def admit(self, identity: Identity) -> Identity:
            return replace(identity, principal=replace(identity.principal, groups=frozenset({"sales"})))

        def bought(self, pass_: Pass, identity: Identity, refresh_token: str | None, *, by_grant: bool = True) -> None:
            told.append((pass_.id, refresh_token))
            assert identity.principal.groups == {"sales"}

    monkeypatch.setattr(exchange, "_admission", Say())
    with pytest.raises(PassRequestError, match="may not ask"):
        await exchange.exchange(request(issuer))
    done = await exchange.exchange(
        request(issuer, resources=frozenset({"vault"}), ticket="T", ttl=timedelta(minutes=1), refresh_token="r")
    )
    assert told == [(done.pass_.id, "r")]


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
