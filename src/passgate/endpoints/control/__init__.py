"""The control API: who may reach what, who does, and what happened, over HTTP for people and their programs."""

from collections.abc import Callable, Iterator
from datetime import datetime

from passgate.endpoints.control.approvals import Approvals
from passgate.endpoints.control.callers import Callers, Holders, Roster
from passgate.endpoints.control.catalog import Catalog
from passgate.endpoints.control.endpoint import ControlEndpoint
from passgate.endpoints.control.ledger import LedgerRoutes
from passgate.endpoints.control.locks import Locks
from passgate.endpoints.control.passes import Passes
from passgate.endpoints.control.policies import Policies
from passgate.endpoints.control.rates import Rate
from passgate.endpoints.control.requests import Requests
from passgate.endpoints.control.route import AnyRoute
from passgate.endpoints.control.sessions import Sessions
from passgate.pipeline.control import ControlPlane

__all__ = ("Callers", "ControlEndpoint", "Holders", "Rate", "Roster", "routes_of")


def routes_of(plane: ControlPlane, *, now: Callable[[], datetime]) -> Iterator[AnyRoute]:
    """Every route there is but the document's own."""
    yield from Catalog(plane.resources, plane.agents).routes()
    yield from Passes(plane.passes, now).routes()
    if plane.requests is not None:
        yield from Requests(plane.requests).routes()
    if plane.approvals is not None:
        yield from Approvals(plane.approvals).routes()
    yield from Sessions(plane.sessions, plane.passes).routes()
    yield from Locks(plane.locks).routes()
    yield from Policies(plane.policies).routes()
    yield from LedgerRoutes(plane.ledger).routes()
