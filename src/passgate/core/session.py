"""One principal's use of one resource under one pass, from first byte to last."""

from dataclasses import dataclass, field
from datetime import datetime

from passgate.core.passes import Pass
from passgate.core.principal import Principal
from passgate.core.resource import Resource
from passgate.core.task import Task


def _no_task() -> Task:
    return Task(id="")


@dataclass(slots=True, kw_only=True, eq=False)
class Session:
    """Mutable in two places only: ``tags`` (which only grow) and ``counters``.

    ``peer`` is the client's address as the socket saw it. ``user``, ``database`` and ``search_path`` are the upstream's own words,
    filled in once the upstream has answered; understanding resolves names by them. ``scope``: within it equal values have equal
    tokens, the session itself where it is empty. ``task``: what it shares with the other sessions of its task; its tags are
    among ``tags`` since the gate looked last.
    """

    id: str
    pass_: Pass
    resource: Resource
    opened: datetime
    peer: str
    user: str = ""
    database: str = ""
    search_path: tuple[str, ...] = ()
    scope: str = ""
    task: Task = field(default_factory=_no_task)
    tags: frozenset[str] = frozenset()
    counters: dict[str, int] = field(default_factory=dict)

    @property
    def principal(self) -> Principal:
        return self.pass_.principal

    def tag(self, tag: str) -> None:
        self.tags |= {tag}

    def count(self, counter: str, by: int = 1) -> None:
        self.counters[counter] = self.counters.get(counter, 0) + by
        self.task.count(counter, by)
