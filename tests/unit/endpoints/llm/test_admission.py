"""Keys: where they are looked for, what they prove, and for how long."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from multidict import CIMultiDict, CIMultiDictProxy

from passgate.codecs.llm.refusal import Cause
from passgate.core.errors import StoreError, TokenEndedError, TokenRefusedError
from passgate.core.passes import Pass
from passgate.endpoints.llm.admission import Admission, Key, Token, presented, proves
from passgate.endpoints.llm.refused import RefusedError
from passgate.endpoints.llm.settings import OwnTokens
from passgate.pipeline.access import AccessToken
from passgate.pipeline.protocols import ScramVerifier
from tests.integration.fakes import CountingLogins, MemoryPasses

PASS = "pg_0000000000000000"
KEY = f"{PASS}.pgs_secret"


def headers(*pairs: tuple[str, str]) -> CIMultiDictProxy[str]:
    return CIMultiDictProxy(CIMultiDict(pairs))


@pytest.mark.parametrize(
    "pairs",
    [
        [("Authorization", f"Bearer {KEY}")],
        [("authorization", f"bearer   {KEY} ")],
        [("x-api-key", KEY)],
        [("X-Api-Key", KEY), ("Authorization", f"Bearer {KEY}")],
        [("x-api-key", "sk-ant-another"), ("Authorization", f"Bearer {KEY}")],
        [("x-api-key", KEY), ("Authorization", "Bearer sk-another")],
        [("x-api-key", KEY), ("Authorization", "Basic dXNlcjpwYXNz")],
        [("Authorization", "Bearer sk-other"), ("Authorization", f"Bearer {KEY}")],
    ],
)
def test_a_key_is_found_in_either_header(pairs: list[tuple[str, str]]) -> None:
    key = presented(headers(*pairs))
    assert isinstance(key, Key)
    assert (key.pass_id, key.secret) == (PASS, "pgs_secret")
    assert "pgs_secret" not in repr(key)


@pytest.mark.parametrize(
    ("pairs", "said"),
    [
        ([], "No API key was sent"),
        ([("Authorization", f"Basic {KEY}")], "No API key was sent"),
        ([("Authorization", "Bearer sk-proj-123")], "not the key of a pass"),
        ([("x-api-key", PASS)], "not the key of a pass"),
        ([("x-api-key", f"{PASS}.")], "not the key of a pass"),
        ([("x-api-key", f"{KEY} x")], "not the key of a pass"),
        ([("x-api-key", KEY), ("Authorization", f"Bearer {KEY}x")], "Two different pass keys"),
    ],
)
def test_no_key_or_two(pairs: list[tuple[str, str]], said: str) -> None:
    with pytest.raises(RefusedError, match=said) as caught:
        presented(headers(*pairs))
    assert caught.value.refusal.cause is Cause.CREDENTIAL
    assert "pgs_secret" not in str(caught.value)


@given(st.text(), st.text())
def test_any_header_is_a_key_or_refused(one: str, other: str) -> None:
    try:
        key = presented(headers(("Authorization", one), ("x-api-key", other)))
    except RefusedError:
        return
    if isinstance(key, Token):
        assert key.text in one + other
        return
    assert f"{key.pass_id}.{key.secret}" in one + other


@dataclass
class Counted(MemoryPasses):
    """Counts how often it is asked."""

    verified: int = 0
    found: int = 0
    down: bool = False

    def verifier(self, pass_id: str) -> ScramVerifier:
        self.verified += 1
        return super().verifier(pass_id)

    def find(self, pass_id: str) -> Pass | None:
        self.found += 1
        if self.down:
            raise StoreError
        return super().find(pass_id)


@dataclass
class Door:
    """An admission with its surroundings."""

    passes: Counted = field(default_factory=Counted)
    logins: CountingLogins = field(default_factory=CountingLogins)
    known: Callable[[str], Pass | None] = lambda _pass_id: None
    now: datetime = field(default_factory=lambda: datetime.now(UTC))

    def __post_init__(self) -> None:
        self.passes.add(PASS)
        self.admission = Admission(passes=self.passes, logins=self.logins, known=self._lookup, now=lambda: self.now)

    def _lookup(self, pass_id: str) -> Pass | None:
        return self.known(pass_id)

    def admit(self, secret: str = "s3cret", pass_id: str = PASS) -> Pass:
        return self.admission.admit(Key(pass_id=pass_id, secret=secret), "192.0.2.1")

    def refused(self, secret: str = "s3cret", pass_id: str = PASS) -> RefusedError:
        with pytest.raises(RefusedError) as caught:
            self.admit(secret, pass_id)
        return caught.value


def test_a_key_is_stretched_once_and_the_pass_asked_for_every_time() -> None:
    door = Door()
    assert [door.admit().id for _ in range(3)] == [PASS] * 3
    assert (door.passes.verified, door.passes.found) == (1, 3)
    assert door.logins.failures == []


def test_the_pass_of_an_open_session_is_known() -> None:
    door = Door()
    door.admit()
    live = door.passes.passes[PASS]
    door.known = lambda pass_id: live if pass_id == PASS else None
    door.passes.down = True
    assert door.admit() is live
    door.now = live.expires
    assert "has expired" in str(door.refused())


def test_a_wrong_secret_and_an_unknown_pass_get_the_same_answer() -> None:
    door = Door()
    wrong, unknown = door.refused("wrong"), door.refused(pass_id="pg_unknown")
    assert str(wrong) == str(unknown)
    assert wrong.refusal == unknown.refusal
    assert door.logins.failures == [PASS, "pg_unknown"]
    assert "wrong" not in str(door.admission._proven)


def test_who_guesses_is_no_longer_heard() -> None:
    door = Door()
    door.logins.most = 2
    door.refused("one")
    door.refused("two")
    assert door.refused("s3cret").why == "too many failed log-ins"
    assert door.passes.verified == 2


def test_a_pass_that_ended_opens_nothing_proven_or_not() -> None:
    door = Door()
    door.admit()
    door.passes.passes[PASS] = replace(door.passes.passes[PASS], revoked=door.now - timedelta(seconds=1))
    again = door.refused()
    assert (again.refusal.cause, again.refusal.status) == (Cause.PASS_ENDED, 401)
    assert "was revoked" in str(again)
    fresh = Door()
    fresh.now = fresh.passes.passes[PASS].expires
    assert "has expired" in str(fresh.refused())


def test_a_pass_that_is_gone_is_refused() -> None:
    door = Door()
    door.admit()
    del door.passes.passes[PASS]
    assert door.refused().why == "the pass is unknown"


def test_a_store_that_is_down_is_no_wrong_key() -> None:
    door = Door()
    door.passes.down = True
    with pytest.raises(StoreError):
        door.admit()


def test_what_is_remembered_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("passgate.endpoints.llm.admission._PROVEN", 1)
    door = Door()
    door.passes.add("pg_two")
    for pass_id in (PASS, "pg_two", "pg_two", PASS):
        door.admit(pass_id=pass_id)
    assert door.passes.verified == 3


def test_no_secret_but_the_right_one_proves_anything() -> None:
    passes = MemoryPasses()
    passes.add(PASS, secret="right")
    assert proves("right", passes.verifier(PASS))
    assert not proves("", passes.verifier(PASS))
    assert not proves("right ", passes.verifier(PASS))
    assert not proves("right", passes.verifier("pg_decoy"))


# -- tokens that stand for a pass --------------------------------------------------------------------------------------

URL = "https://gate.example.com"
TOKEN = Token(text="eyJhbGci.eyJpc3Mi.c2ln")


@pytest.mark.parametrize(
    "pairs",
    [
        [("Authorization", f"Bearer {TOKEN.text}")],
        [("x-api-key", TOKEN.text)],
        [("x-api-key", TOKEN.text), ("Authorization", f"bearer {TOKEN.text}")],
        [("x-api-key", "sk-another"), ("Authorization", f"Bearer {TOKEN.text}")],
    ],
)
def test_a_token_is_found_in_either_header(pairs: list[tuple[str, str]]) -> None:
    assert presented(headers(*pairs)) == TOKEN
    assert TOKEN.text not in repr(TOKEN)


def test_a_key_goes_before_somebody_elses_token_and_two_tokens_are_one_too_many() -> None:
    found = presented(headers(("x-api-key", KEY), ("Authorization", f"Bearer {TOKEN.text}")))
    assert isinstance(found, Key)
    with pytest.raises(RefusedError, match="Two different tokens"):
        presented(headers(("x-api-key", "a.b.c"), ("Authorization", f"Bearer {TOKEN.text}")))


@dataclass
class Tokens:
    """Knows one token, for one audience."""

    door: "TokenDoor"
    pass_id: str | None = PASS
    asked: int = 0
    ended: bool = False

    async def verify(self, token: str, *, audience: str) -> AccessToken:
        self.asked += 1
        if self.ended:
            raise TokenEndedError("the token has expired")
        if token != TOKEN.text or audience not in (URL, f"{URL}/claude"):
            raise TokenRefusedError("the token is meant for something else")
        now = self.door.now
        return AccessToken(
            id="j",
            principal=self.door.passes.passes[PASS].principal,
            audience=audience,
            scope=frozenset({"read"}),
            pass_id=self.pass_id,
            issued=now,
            expires=now + timedelta(minutes=1),
        )


@dataclass
class TokenDoor(Door):
    def __post_init__(self) -> None:
        super().__post_init__()
        self.tokens = Tokens(self)
        self.admission = Admission(
            passes=self.passes,
            logins=self.logins,
            known=self._lookup,
            now=lambda: self.now,
            own=OwnTokens(tokens=self.tokens, url=URL),
        )

    async def let_in(self, token: str = TOKEN.text, name: str = "") -> Pass:
        return await self.admission.admit_token(Token(text=token), "192.0.2.1", name=name)

    async def turned_away(self, token: str = TOKEN.text, name: str = "") -> RefusedError:
        with pytest.raises(RefusedError) as caught:
            await self.let_in(token, name)
        return caught.value


async def test_a_token_is_verified_once_for_each_audience_and_its_pass_asked_for_every_time() -> None:
    door = TokenDoor()
    assert [(await door.let_in()).id for _ in range(3)] == [PASS] * 3
    assert (door.tokens.asked, door.passes.found) == (1, 3)
    await door.let_in(name="claude")
    assert door.tokens.asked == 2
    assert "something else" in str(await door.turned_away(name="docs"))
    door.now += timedelta(minutes=1)
    await door.let_in()
    assert door.tokens.asked == 4


async def test_with_its_pass_a_verified_token_ends_at_once() -> None:
    door = TokenDoor()
    await door.let_in()
    door.passes.passes[PASS] = replace(door.passes.passes[PASS], revoked=door.now)
    assert (await door.turned_away()).refusal.cause is Cause.PASS_ENDED


async def test_a_token_that_opens_nothing_opens_nothing() -> None:
    door = TokenDoor()
    door.tokens.pass_id = None
    assert "opens no resource" in str(await door.turned_away())


async def test_who_guesses_tokens_is_no_longer_heard() -> None:
    door = TokenDoor()
    door.logins.most = 2
    refused = await door.turned_away("x.y.z")
    assert (refused.refusal.cause, refused.refusal.status) == (Cause.CREDENTIAL, 401)
    await door.turned_away("x.y.z")
    assert (await door.turned_away()).why == "too many failed log-ins"
    assert door.tokens.asked == 2


async def test_a_token_that_was_good_once_is_no_guess() -> None:
    door = TokenDoor()
    door.logins.most = 1
    door.tokens.ended = True
    for _ in range(3):
        refused = await door.turned_away()
        assert (refused.refusal.cause, refused.why) == (Cause.PASS_ENDED, "the token has expired")
    assert door.logins.failures == []


async def test_what_is_remembered_of_tokens_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("passgate.endpoints.llm.admission._PROVEN", 1)
    door = TokenDoor()
    for name in ("", "claude", "claude", ""):
        await door.let_in(name=name)
    assert door.tokens.asked == 3


async def test_a_gate_that_issues_none_takes_none() -> None:
    door = Door()
    with pytest.raises(RefusedError, match="and no tokens"):
        await door.admission.admit_token(TOKEN, "192.0.2.1", name="")
    assert door.admission.resource_metadata("claude") == ""
    assert TokenDoor().admission.resource_metadata("claude") == f"{URL}/.well-known/oauth-protected-resource/claude"
    assert TokenDoor().admission.resource_metadata("") == f"{URL}/.well-known/oauth-protected-resource"
