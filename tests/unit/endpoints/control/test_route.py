"""A table that leaves something open starts no gate."""

from dataclasses import replace
from typing import Any

import pytest

from passgate.core.errors import ConfigError
from passgate.endpoints.control.problem import ProblemError
from passgate.endpoints.control.route import AnyRoute, Effect, Route, Routes
from passgate.endpoints.control.schema import Answer, Body, NoBody, NoQuery
from passgate.pipeline.control import Role


class Sent(Body):
    word: str


async def handler(_call: Any) -> Answer:
    return Answer()


ROUTE: AnyRoute = Route(
    method="GET",
    path="/things/{thing_id}",
    name="getThing",
    about="A thing.",
    roles=frozenset({Role.USER}),
    query=NoQuery,
    body=NoBody,
    answer=Answer,
    handler=handler,
)


@pytest.mark.parametrize(
    ("routes", "said"),
    [
        ([replace(ROUTE, roles=frozenset())], "names no role"),
        ([replace(ROUTE, effect=Effect.CHANGES)], "changes something by GET"),
        ([replace(ROUTE, body=Sent)], "takes a body by GET"),
        ([ROUTE, replace(ROUTE, path="/others")], "operation ids"),
        ([ROUTE, replace(ROUTE, name="other", path="/things/{other_id}")], "methods of a path"),
    ],
)
def test_what_starts_no_gate(routes: list[AnyRoute], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        Routes(routes)


def test_a_path_without_a_parameter_comes_first() -> None:
    routes = Routes([ROUTE, replace(ROUTE, name="getOne", path="/things/one")])
    assert routes.find("GET", "/things/one").route is routes.all[1]
    found = routes.find("GET", "/things/two%40")
    assert (found.route, found.path) == (routes.all[0], {"thing_id": "two@"})
    assert routes.find("POST", "/things/one").allowed == ("GET",)
    for path in ("/things/", "/things/a/b", "/things/a%2Fb", "/things/a b", "/things/ä", "/Things/one", "//things/one"):
        with pytest.raises(ProblemError):
            routes.find("GET", path)
