"""Agents that sign in with keys of their own, and everything that is no such signature."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet, OctKey

from passgate.core.errors import OAuthError, PassRequestError
from passgate.identity.grants import AGENTS, Grant
from passgate.identity.issuer.agent_keys import AgentSignIns, KeyedAgent
from passgate.pipeline.exchange import Exchanged
from passgate.store.spent_tokens import SpentTokenStore
from tests.unit.identity.issuer.house import READ, URL, House


@dataclass
class Bench:
    house: House
    key: ECKey = field(default_factory=lambda: ECKey.generate_key("P-256", {"kid": "a1"}, private=True))
    made: int = 0

    def __post_init__(self) -> None:
        house = self.house
        house.grants.append(
            Grant(
                provider=AGENTS,
                resources=frozenset({"claude", "docs"}),
                verbs=READ,
                max_ttl=timedelta(hours=1),
                claims={"agent": "reporter"},
            )
        )
        public = KeySet.import_key_set({"keys": [self.key.as_dict(private=False)]})
        self.agents = {
            name: KeyedAgent(name=name, owner="ada@example.com", keys=public) for name in ("reporter", "stranger")
        }
        self.sign_ins = AgentSignIns(
            agents=self.agents,
            audiences=frozenset({URL, f"{URL}/oauth/token"}),
            exchange=house.exchange,
            issuer=house.issuer,
            spent=SpentTokenStore(house.database),
            now=house.clock.now,
        )

    def claims(self, **more: object) -> dict[str, Any]:
        now = int(self.house.clock.time.timestamp())
        self.made += 1
        said = {
            "iss": "reporter",
            "sub": "reporter",
            "aud": URL,
            "iat": now,
            "exp": now + 60,
            "jti": f"j{self.made}",
            **more,
        }
        return {name: value for name, value in said.items() if value is not None}

    def assertion(self, *, key: Any = None, header: dict[str, Any] | None = None, **claims: object) -> str:
        names = {"alg": "ES256", "kid": "a1", **(header or {})}
        return jwt.encode(names, self.claims(**claims), key or self.key, algorithms=[names["alg"]])

    def now(self) -> int:
        return int(self.house.clock.time.timestamp())

    def confused(self) -> str:
        """HS256 with the published key for a secret."""
        secret = OctKey.import_key(json.dumps(self.key.as_dict(private=False)))
        return self.assertion(key=secret, header={"alg": "HS256"})

    def unsigned(self) -> str:
        return f"eyJhbGciOiJub25lIn0.{self.assertion().split('.')[1]}."

    async def take(self, assertion: str | None = None, *, client_id: str | None = None, **more: object) -> Exchanged:
        request = self.house.request(token=assertion or self.assertion(), **more)
        return await self.sign_ins.give_pass(request, client_id=client_id)

    async def refused(self, assertion: str, client_id: str | None = None) -> str:
        with pytest.raises(OAuthError) as caught:
            await self.take(assertion, client_id=client_id)
        assert caught.value.code == "invalid_client"
        assert self.house.registry.list(live_only=False) == ()
        return str(caught.value)


@pytest.fixture
def bench(house: House) -> Bench:
    return Bench(house)


@pytest.mark.parametrize("audience", [URL, f"{URL}/oauth/token", [URL]])
async def test_a_pass_for_the_agent_on_behalf_of_its_owner(bench: Bench, audience: object) -> None:
    exchanged = await bench.take(bench.assertion(aud=audience), client_id="reporter")
    principal = exchanged.pass_.principal
    assert (str(principal), str(principal.on_behalf_of)) == ("agent:reporter", "human:ada@example.com")
    assert (exchanged.pass_.resources, exchanged.pass_.verbs) == ({"claude"}, READ)
    assert exchanged.secret not in repr(exchanged)


async def test_a_token_for_it_names_the_agent_and_its_owner(bench: Bench) -> None:
    request = bench.house.request(token=bench.assertion())
    tokens = await bench.sign_ins.give_tokens(request, client_id=None)
    assert tokens.refresh_token is None  # it signs another assertion
    found = await bench.house.access.verify(tokens.access_token, audience=URL)
    assert str(found.principal) == "agent:reporter"
    authorization = bench.house.access.authorization(tokens.access_token)
    assert authorization is not None
    assert authorization.client_id == "reporter"


async def test_an_assertion_is_good_once(bench: Bench) -> None:
    assertion = bench.assertion()
    await bench.take(assertion)
    with pytest.raises(OAuthError, match="used before"):
        await bench.take(assertion)
    again = bench.assertion(jti="j1")  # signed anew, with the same number
    with pytest.raises(OAuthError, match="used before"):
        await bench.take(again)


async def test_both_grants_and_registration_narrow_it_and_what_is_refused_is_not_used_up(bench: Bench) -> None:
    assertion = bench.assertion()
    with pytest.raises(PassRequestError, match="not registered for docs"):
        await bench.take(assertion, resources=frozenset({"docs"}))
    bench.house.agents["reporter"] = replace(
        bench.house.agents["reporter"], until=bench.house.clock.time + timedelta(minutes=7)
    )
    exchanged = await bench.take(assertion)
    assert exchanged.pass_.expires == bench.house.clock.time + timedelta(minutes=7)
    bench.house.clock.advance(7 * 60)
    with pytest.raises(PassRequestError, match="has ended"):
        await bench.take()
    del bench.house.agents["reporter"]
    with pytest.raises(PassRequestError, match="no longer registered"):
        await bench.take()
    bench.house.grants.clear()
    with pytest.raises(PassRequestError, match="may not ask"):
        await bench.take()


async def test_an_agent_without_a_grant_of_its_own_gets_nothing(bench: Bench) -> None:
    with pytest.raises(PassRequestError, match="agent:stranger may not ask"):
        await bench.take(bench.assertion(iss="stranger", sub="stranger"))


BAD: dict[str, tuple[Callable[[Bench], str], str]] = {
    "an unknown agent": (lambda b: b.assertion(iss="nobody", sub="nobody"), "no agent"),
    "no agent": (lambda b: b.assertion(iss=None), "no agent"),
    "another subject": (lambda b: b.assertion(sub="stranger"), "iss and sub"),
    "no subject": (lambda b: b.assertion(sub=None), "iss and sub"),
    "another audience": (lambda b: b.assertion(aud="https://evil.example.com"), "something else"),
    "two audiences": (lambda b: b.assertion(aud=[URL, "https://evil.example.com"]), "something else"),
    "the control API": (lambda b: b.assertion(aud=f"{URL}/api"), "something else"),
    "no audience": (lambda b: b.assertion(aud=None), "something else"),
    "no number": (lambda b: b.assertion(jti=None), "jti"),
    "an empty number": (lambda b: b.assertion(jti=""), "jti"),
    "a number that is too long": (lambda b: b.assertion(jti="x" * 257), "jti"),
    "a number that is no text": (lambda b: b.assertion(jti=7), "jti"),
    "no end": (lambda b: b.assertion(exp=None), "exp"),
    "no beginning": (lambda b: b.assertion(iat=None), "iat"),
    "a time that is none": (lambda b: b.assertion(exp=1e300), "exp"),
    "a time that is true": (lambda b: b.assertion(iat=True), "iat"),
    "a time at the end of all time": (lambda b: b.assertion(exp=253402300799), "exp"),
    "one that has expired": (lambda b: b.assertion(iat=b.now() - 100, exp=b.now() - 31), "expired"),
    "one from the future": (lambda b: b.assertion(iat=b.now() + 31, exp=b.now() + 60), "future"),
    "one not yet good": (lambda b: b.assertion(nbf=b.now() + 31), "future"),
    "one that lives too long": (lambda b: b.assertion(exp=b.now() + 301), "5 minutes"),
    "another key": (lambda b: b.assertion(key=ECKey.generate_key("P-256", {"kid": "a1"}, private=True)), "no agent"),
    "another key's id": (lambda b: b.assertion(header={"kid": "a2"}), "no agent"),
    "the public key as a secret": (lambda b: b.confused(), "no agent"),
    "no signature": (lambda b: b.unsigned(), "no agent"),
    "no token": (lambda b: "x", "no signed token"),
    "one that is too large": (lambda b: "x" * 20_000, "longer than"),
}


@pytest.mark.parametrize("name", BAD)
async def test_what_proves_nothing(bench: Bench, name: str) -> None:
    make, said = BAD[name]
    assert said in await bench.refused(make(bench))


async def test_client_id_names_the_same_agent(bench: Bench) -> None:
    assert "another agent" in await bench.refused(bench.assertion(), "stranger")
