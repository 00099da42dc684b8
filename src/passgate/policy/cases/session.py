"""A session that nobody opened, for a text to be judged in."""

from datetime import UTC, datetime, timedelta

from passgate.core.action import VerbClass
from passgate.core.passes import Pass
from passgate.core.principal import Principal
from passgate.core.resource import Resource
from passgate.core.session import Session

_SEARCH_PATH = ('"$user"', "public")


def judging_session(name: str, resource: Resource, principal: Principal, database: str) -> Session:
    """As a client would have it right after log-in, with a pass for everything there. ``name`` is the id of both."""
    now = datetime.now(UTC)
    grant = Pass(
        id=name,
        principal=principal,
        resources=frozenset({resource.name}),
        verbs=frozenset(VerbClass),
        purpose=name,
        ticket=None,
        issued=now,
        expires=now + timedelta(hours=1),
    )
    return Session(
        id=name,
        pass_=grant,
        resource=resource,
        opened=now,
        peer="",
        user="app",
        database=database,
        search_path=_SEARCH_PATH,
    )
