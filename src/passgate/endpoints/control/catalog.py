"""``/resources``, ``/agents`` and ``/whoami``: what the configuration says there is, and who asks."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from passgate.core.resource import Resource
from passgate.endpoints.control.problem import not_found
from passgate.endpoints.control.route import AnyRoute, Call, Route
from passgate.endpoints.control.schema import Answer, Listed, NoBody, NoQuery, Page, page
from passgate.pipeline.control import AgentView, Role

_READERS = frozenset({Role.AUDITOR, Role.OPERATOR})


class ResourceShown(Answer):
    name: str
    kind: str
    labels: dict[str, str]


class ResourceList(Listed):
    items: list[ResourceShown]


class AgentShown(Answer):
    """``until``: the end of its registration."""

    name: str
    purpose: str
    owner: str | None
    resources: list[str]
    verbs: list[str]
    until: datetime


class AgentList(Listed):
    items: list[AgentShown]


class WhoAmI(Answer):
    principal: str
    groups: list[str]
    roles: list[Role]


class Catalog:
    def __init__(self, resources: Sequence[Resource], agents: Sequence[AgentView]) -> None:
        self._resources = tuple(resources)
        self._agents = tuple(agents)

    def routes(self) -> Iterator[AnyRoute]:
        yield Route(
            method="GET", path="/whoami", name="whoAmI", about="Who the token says you are, and your roles.",
            roles=frozenset(Role), query=NoQuery, body=NoBody, answer=WhoAmI, handler=self._whoami,
        )  # fmt: skip
        yield Route(
            method="GET", path="/resources", name="listResources", about="What is governed, by name.",
            roles=frozenset(Role), query=Page, body=NoBody, answer=ResourceList, handler=self._list_resources,
        )  # fmt: skip
        yield Route(
            method="GET", path="/agents", name="listAgents", about="Registered agents, by name.",
            roles=_READERS, query=Page, body=NoBody, answer=AgentList, handler=self._list_agents,
        )  # fmt: skip
        yield Route(
            method="GET", path="/agents/{name}", name="getAgent", about="One registered agent.",
            roles=_READERS, query=NoQuery, body=NoBody, answer=AgentShown, handler=self._show_agent,
        )  # fmt: skip

    async def _whoami(self, call: Call[NoQuery, NoBody]) -> WhoAmI:
        caller = call.caller
        return WhoAmI(principal=caller.name, groups=sorted(caller.principal.groups), roles=sorted(caller.roles))

    async def _list_resources(self, call: Call[Page, NoBody]) -> ResourceList:
        items, rest = page(
            self._resources, call.query, route="listResources", key=lambda one: one.name, newest_first=False
        )
        shown = [ResourceShown(name=one.name, kind=one.kind, labels=dict(one.labels)) for one in items]
        return ResourceList(items=shown, next_cursor=rest)

    async def _list_agents(self, call: Call[Page, NoBody]) -> AgentList:
        items, rest = page(self._agents, call.query, route="listAgents", key=lambda one: one.name, newest_first=False)
        return AgentList(items=[_shown(one) for one in items], next_cursor=rest)

    async def _show_agent(self, call: Call[NoQuery, NoBody]) -> AgentShown:
        found = next((one for one in self._agents if one.name == call.path["name"]), None)
        if found is None:
            raise not_found("agent")
        return _shown(found)


def _shown(agent: AgentView) -> AgentShown:
    return AgentShown(
        name=agent.name,
        purpose=agent.purpose,
        owner=agent.owner,
        resources=list(agent.resources),
        verbs=list(agent.verbs),
        until=agent.until,
    )
