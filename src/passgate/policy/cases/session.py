"""A session that nobody opened, for a text to be judged in."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from passgate.core.action import VerbClass
from passgate.core.passes import Pass
from passgate.core.principal import Principal
from passgate.core.resource import Resource
from passgate.core.session import Session

_SEARCH_PATH = ('"$user"', "public")


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstances:
    """What rules ask besides who and where. ``counters``: of the session and of its task, which holds nothing else."""

    tags: frozenset[str] = frozenset()
    counters: Mapping[str, int] = field(default_factory=dict)
    purpose: str = ""
    ticket: str | None = None


_NOTHING_YET = Circumstances()


def judging_session(
    name: str, resource: Resource, principal: Principal, database: str, given: Circumstances = _NOTHING_YET
) -> Session:
    """As a client would have it right after log-in, or in the circumstances that are given, with a pass for everything there.
    ``name`` is the id of both, and the purpose where none is given."""
    now = datetime.now(UTC)
    grant = Pass(
        id=name,
        principal=principal,
        resources=frozenset({resource.name}),
        verbs=frozenset(VerbClass),
        purpose=given.purpose or name,
        ticket=given.ticket,
        issued=now,
        expires=now + timedelta(hours=1),
    )
    session = Session(
        id=name,
        pass_=grant,
        resource=resource,
        opened=now,
        peer="",
        user="app",
        database=database,
        search_path=_SEARCH_PATH,
        tags=given.tags,
    )
    for counter, number in given.counters.items():
        session.count(counter, number)
    return session
