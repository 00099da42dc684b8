from datetime import UTC, datetime

from passgate.core.action import VerbClass
from passgate.core.passes import PassState
from passgate.core.principal import Principal, PrincipalKind
from passgate.core.resource import Resource
from passgate.policy.cases import judging_session


def test_it_has_a_live_pass_for_everything_at_that_resource_only() -> None:
    who = Principal(kind=PrincipalKind.AGENT, subject="reporter")
    resource = Resource(name="shop", kind="postgres")
    session = judging_session("explain", resource, who, "orders")
    assert session.pass_.state(datetime.now(UTC)) is PassState.LIVE
    assert session.pass_.resources == {"shop"}
    assert session.pass_.verbs == set(VerbClass)
    assert (session.pass_.principal, session.resource, session.database) == (who, resource, "orders")
    assert session.search_path == ('"$user"', "public")
