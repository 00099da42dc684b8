"""A token in, a request out, and a pass once it is approved."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from passgate.core.action import VerbClass
from passgate.core.decision import Approvers
from passgate.core.errors import AccessPendingError, ApprovalError, PassRequestError, TokenRefusedError
from passgate.core.principal import Principal, PrincipalKind
from passgate.identity.access_desk import AccessDesk
from passgate.identity.access_exchange import AccessExchange
from passgate.identity.access_rules import AccessRule
from passgate.identity.exchange import TokenExchange
from passgate.store.access_request_store import AccessRequestStore
from passgate.store.sqlite import SqliteDatabase
from tests.unit.identity.conftest import MemoryStore
from tests.unit.identity.oidc.issuer import NOW, Issuer
from tests.unit.identity.test_exchange import READ, Spent, exchange, issuer, request, spent
from tests.unit.pipeline.steps import MemoryRecorder

__all__ = ("exchange", "issuer", "spent")  # fixtures


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
    yield made
    database.close()


@pytest.fixture
def asking(exchange: TokenExchange, desk: AccessDesk) -> AccessExchange:
    return AccessExchange(exchange, desk=desk, default_ttl=timedelta(minutes=30))


WRITE = frozenset({VerbClass.WRITE})
GRACE = Principal(kind=PrincipalKind.HUMAN, subject="grace@example.com", groups=frozenset({"dba"}))


async def test_what_is_beyond_the_grants_waits_and_the_token_stays_good(
    asking: AccessExchange, issuer: Issuer, desk: AccessDesk, spent: Spent, store: MemoryStore
) -> None:
    asked = request(issuer, verbs=WRITE, ttl=timedelta(hours=2))
    with pytest.raises(AccessPendingError, match="waits for the approval of 1 of dba") as first:
        await asking.exchange(asked)
    with pytest.raises(AccessPendingError) as second:
        await asking.exchange(asked)
    assert first.value.request == second.value.request
    assert (spent.digests, store.passes) == ([], {})
    await desk.vote(first.value.request, GRACE, approves=True)
    done = await asking.exchange(asked)
    assert (str(done.pass_.principal), done.pass_.verbs) == ("human:ada@example.com", WRITE)
    assert done.pass_.expires == NOW + timedelta(hours=2)
    with pytest.raises(AccessPendingError) as third:
        await asking.exchange(asked)
    assert third.value.request != first.value.request, "an approval is good for one pass"
    await desk.vote(third.value.request, GRACE, approves=True)
    with pytest.raises(TokenRefusedError, match="used before"):
        await asking.exchange(asked)


async def test_a_longer_time_than_the_grant_s_is_asked_for(
    asking: AccessExchange, issuer: Issuer, desk: AccessDesk
) -> None:
    with pytest.raises(AccessPendingError):
        await asking.exchange(request(issuer, ttl=timedelta(hours=1)))
    assert (await asking.exchange(request(issuer, ttl=timedelta(minutes=30)))).pass_.verbs == READ


async def test_what_was_refused_or_may_not_be_asked_for_is_no_request(
    asking: AccessExchange, issuer: Issuer, desk: AccessDesk
) -> None:
    for wrong, said in (
        ({"verbs": frozenset({VerbClass.DDL})}, "human:ada@example.com may not ask for ddl on shop"),
        ({"resources": frozenset({"vault"}), "verbs": WRITE}, "may not ask for write on vault"),
        ({"verbs": WRITE, "ttl": timedelta(hours=3)}, "gives 2h at most"),
        ({"resources": frozenset({"vault"})}, "this needs a ticket"),
    ):
        with pytest.raises(PassRequestError, match=said) as caught:
            await asking.exchange(request(issuer, **wrong))
        assert not isinstance(caught.value, AccessPendingError)
    assert desk.list() == ()
    with pytest.raises(AccessPendingError) as waiting:
        await asking.exchange(request(issuer, verbs=WRITE))
    await desk.vote(waiting.value.request, GRACE, approves=False, note="no")
    with pytest.raises(PassRequestError, match=r"has refused request .*: no"):
        await asking.exchange(request(issuer, verbs=WRITE))


async def test_an_agent_is_asked_for_within_its_registration(
    asking: AccessExchange, issuer: Issuer, desk: AccessDesk
) -> None:
    with pytest.raises(PassRequestError, match="the agent reporter is not registered for write"):
        await asking.exchange(request(issuer, verbs=WRITE, agent="reporter"))
    with pytest.raises(AccessPendingError) as waiting:
        await asking.exchange(request(issuer, ttl=timedelta(hours=2), agent="reporter"))
    found = desk.show(waiting.value.request)
    assert found is not None
    assert [str(link) for link in found.asked.principal.links()] == ["agent:reporter", "human:ada@example.com"]
    assert found.asked.ttl == timedelta(minutes=20), "no longer than it is registered"
    ada = Principal(kind=PrincipalKind.HUMAN, subject="Ada@example.com", groups=frozenset({"dba"}))
    with pytest.raises(ApprovalError, match="in their name"):
        await desk.vote(found.id, ada, approves=True)
