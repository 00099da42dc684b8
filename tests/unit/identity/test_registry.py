"""Passes issued, found and revoked."""

from dataclasses import replace
from datetime import timedelta

import pytest

from passgate.core.errors import PassRequestError
from passgate.core.passes import PassState
from passgate.identity.registry import IssuedPass, PassRegistry
from passgate.pipeline.protocols import Passes
from tests.unit.identity.conftest import Clock, MemoryStore
from tests.unit.identity.test_request import REQUEST, RULES
from tests.unit.identity.test_secret import log_in


@pytest.fixture
def registry(store: MemoryStore, clock: Clock) -> PassRegistry:
    return PassRegistry(store, now=clock.now)


@pytest.fixture
def issued(registry: PassRegistry) -> IssuedPass:
    return registry.issue(REQUEST, rules=RULES, actor="ops")


def test_it_is_what_log_ins_ask_for(registry: PassRegistry) -> None:
    passes: Passes = registry
    assert passes.find("pg_0000000000000000") is None


def test_a_pass_as_it_was_asked_for(
    registry: PassRegistry, issued: IssuedPass, clock: Clock, store: MemoryStore
) -> None:
    pass_ = issued.pass_
    assert registry.find(pass_.id) == pass_
    assert (pass_.principal, pass_.resources, pass_.verbs) == (REQUEST.principal, REQUEST.resources, REQUEST.verbs)
    assert (pass_.purpose, pass_.ticket) == ("weekly report", "OPS-7")
    assert (pass_.issued, pass_.expires) == (clock.time, clock.time + timedelta(minutes=30))
    assert store.actors == ["ops"]


def test_its_secret_logs_in_and_is_kept_nowhere(registry: PassRegistry, issued: IssuedPass, store: MemoryStore) -> None:
    log_in(issued.secret.reveal(), registry.verifier(issued.pass_.id))
    assert issued.secret.reveal() not in repr(store) + repr(issued)


def test_a_bad_request_issues_nothing(registry: PassRegistry, store: MemoryStore) -> None:
    with pytest.raises(PassRequestError, match="the maximum is 8h"):
        registry.issue(replace(REQUEST, ttl=timedelta(days=1)), rules=RULES, actor="ops")
    assert store.passes == {}


def test_an_unknown_id_is_answered_the_same_every_time(store: MemoryStore, clock: Clock) -> None:
    unknown = "pg_0000000000000000"
    first, second = (PassRegistry(store, now=clock.now).verifier(unknown) for _ in range(2))
    assert first == second
    assert first != PassRegistry(store, now=clock.now).verifier("pg_0000000000000001")


def test_a_revoked_pass_still_has_its_own_verifier(registry: PassRegistry, issued: IssuedPass, clock: Clock) -> None:
    before = registry.verifier(issued.pass_.id)
    registry.revoke(issued.pass_.id, actor="ops")
    assert registry.verifier(issued.pass_.id) == before
    found = registry.find(issued.pass_.id)
    assert found is not None
    assert found.state(clock.time) is PassState.REVOKED


def test_what_is_no_id_never_reaches_the_store(registry: PassRegistry, store: MemoryStore) -> None:
    for name in ("postgres", "\ud800", "x" * 10_000, ""):
        assert registry.find(name) is None
        assert registry.revoke(name, actor="ops") is None
        assert registry.verifier(name).iterations == 4096
    assert store.asked == []


def test_passes_are_listed_live_or_all(registry: PassRegistry, issued: IssuedPass, clock: Clock) -> None:
    assert registry.list(live_only=True) == (issued.pass_,)
    clock.advance(1800)
    assert registry.list(live_only=True) == ()
    assert registry.list(live_only=False) == (issued.pass_,)


def test_an_empty_ticket_is_none(registry: PassRegistry) -> None:
    request = replace(REQUEST, ticket="", purpose="  trim me ")
    pass_ = registry.issue(request, rules=RULES, actor="ops").pass_
    assert (pass_.ticket, pass_.purpose) == (None, "trim me")
