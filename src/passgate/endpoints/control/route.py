"""One table of routes: it dispatches, and the OpenAPI document is written from it, so that the two cannot differ."""

import re
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, Generic, Literal, TypeVar
from urllib.parse import unquote

from passgate.core.errors import ConfigError
from passgate.endpoints.control.problem import Code, ProblemError
from passgate.endpoints.control.schema import Answer, Body, Query
from passgate.pipeline.control import Caller, Role

QueryT = TypeVar("QueryT", bound=Query)
BodyT = TypeVar("BodyT", bound=Body)

PREFIX = "/api/v1"

ID = r"[A-Za-z0-9._:@+-]{1,200}"
"""What a name in a path is made of."""

_PARAMETER = re.compile(r"\{([a-z_]+)\}")


class Effect(Enum):
    """What the ledger is told of a call, before it has any effect and before its answer."""

    READS = "nothing"
    VIEWS = "that it was looked at"
    CHANGES = "that it was called, and how it ended"


@dataclass(frozen=True, slots=True, kw_only=True)
class Call(Generic[QueryT, BodyT]):
    """``path``: the values of its parameters."""

    caller: Caller
    path: Mapping[str, str]
    query: QueryT
    body: BodyT


@dataclass(frozen=True, slots=True, kw_only=True)
class Route(Generic[QueryT, BodyT]):
    """``name``: the operation's id. ``path``: below ``PREFIX``. ``roles``: whoever has one of them may call it.

    ``about``: a sentence for the document. ``status``: of its answer.
    """

    method: Literal["GET", "POST", "DELETE"]
    path: str
    name: str
    about: str
    roles: frozenset[Role]
    query: type[QueryT]
    body: type[BodyT]
    answer: type[Answer]
    handler: Callable[[Call[QueryT, BodyT]], Awaitable[Answer]]
    effect: Effect = Effect.READS
    status: int = 200

    @property
    def parameters(self) -> tuple[str, ...]:
        return tuple(_PARAMETER.findall(self.path))

    @property
    def has_body(self) -> bool:
        return bool(self.body.model_fields)

    @property
    def pattern(self) -> re.Pattern[str]:
        parts = _PARAMETER.split(self.path)
        names = (f"(?P<{part}>{ID})" if place % 2 else re.escape(part) for place, part in enumerate(parts))
        return re.compile("".join(names), re.ASCII)


AnyRoute = Route[Any, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """``route`` None: the path takes other methods, ``allowed``."""

    route: AnyRoute | None
    path: Mapping[str, str]
    allowed: tuple[str, ...]


class Routes:
    """Raises ConfigError for a table that leaves something open, so that no gate starts with one."""

    def __init__(self, routes: Iterable[AnyRoute]) -> None:
        self.all = tuple(routes)
        for route in self.all:
            if not route.roles:
                raise ConfigError(f"The route {route.name} of the control API names no role that may call it")
            if route.method == "GET" and route.effect is Effect.CHANGES:
                raise ConfigError(f"The route {route.name} of the control API changes something by GET")
            if route.has_body and route.method != "POST":
                raise ConfigError(f"The route {route.name} of the control API takes a body by {route.method}")
        for what, values in (
            ("operation ids", [route.name for route in self.all]),
            ("methods of a path", [(route.method, _PARAMETER.sub("{}", route.path)) for route in self.all]),
        ):
            if len(set(values)) < len(values):
                raise ConfigError(f"Two routes of the control API have the same {what}")
        self._patterns = [(route.pattern, route) for route in self.all]

    def find(self, method: str, path: str) -> Found:
        """``path`` below the prefix, as it was sent. Raises ProblemError where there is none."""
        path = unquote(path.replace("%2F", "//").replace("%2f", "//"))  # an encoded slash parts nothing, and is no name
        matches = [(match, route) for pattern, route in self._patterns if (match := pattern.fullmatch(path))]
        # A path without parameters comes before one with: /policies/current is no policy called "current".
        fewest = min((len(route.parameters) for _, route in matches), default=0)
        matches = [(match, route) for match, route in matches if len(route.parameters) == fewest]
        if not matches:
            raise ProblemError(Code.NOT_FOUND, f"There is no such path: see {PREFIX}/openapi.json.")
        for match, route in matches:
            if route.method == method:
                return Found(route=route, path=match.groupdict(), allowed=(route.method,))
        return Found(route=None, path={}, allowed=tuple(sorted({route.method for _, route in matches})))
