"""The control API as it is wired: ``pipeline.control``'s Protocols over the services of one worker."""

from collections.abc import Callable
from datetime import UTC, datetime

import passgate
from passgate.config import control as configured
from passgate.config.settings import Settings
from passgate.core.resource import Resource
from passgate.endpoints.control import Callers, ControlEndpoint, Holders, Rate, Roster, routes_of
from passgate.ledger.reader import LedgerReader
from passgate.pipeline.access import AccessTokens
from passgate.pipeline.access_requests import AccessRequests
from passgate.pipeline.approval_desk import ApprovalDesk
from passgate.pipeline.control import AgentView, ControlPlane, Role
from passgate.pipeline.sealing import UNSEALED, Sealing
from passgate.store.idempotency_store import IdempotencyStore
from passgate.store.lock_store import LockStore
from passgate.wiring.control.gate import RunningGate
from passgate.wiring.control.ledger import LedgerRecords
from passgate.wiring.control.locks import Locks
from passgate.wiring.control.passes import Passes
from passgate.wiring.control.policies import Policies
from passgate.wiring.control.sessions import Sessions


def control_endpoint(
    settings: Settings,
    control: configured.Control,
    *,
    gate: RunningGate,
    tokens: AccessTokens,
    approvals: ApprovalDesk | None = None,
    requests: AccessRequests | None = None,
    sealing: Sealing = UNSEALED,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> ControlEndpoint:
    """``approvals``, ``requests``: None where nobody votes on such things here. Raises ConfigError."""
    locks = Locks(LockStore(gate.database), gate=gate, resources=frozenset(settings.resources), now=now)
    plane = ControlPlane(
        resources=tuple(
            Resource(name=name, kind=one.kind, labels=dict(one.labels)) for name, one in settings.resources.items()
        ),
        agents=tuple(_agents(settings)),
        passes=Passes(settings, gate),
        sessions=Sessions(settings.state_folder, gate=gate, sealing=sealing),
        locks=locks,
        policies=Policies(settings, upload=control.policy_upload, gate=gate),
        ledger=LedgerRecords(LedgerReader(settings.state_folder.ledger, sealing=sealing)),
        keys=IdempotencyStore(gate.database, now=now),
        approvals=approvals,
        requests=requests,
    )
    return ControlEndpoint(
        routes=tuple(routes_of(plane, now=now)),
        callers=Callers(tokens=tokens, roster=_roster(settings, control), locks=locks, audience=control.audience),
        keys=plane.keys,
        recorder=gate.steps.recorder,
        public_url=control.public_url,
        version=passgate.__version__,
        per_caller=Rate(control.calls_per_minute),
        per_address=Rate(control.calls_per_minute_of_an_address),
    )


def _agents(settings: Settings) -> list[AgentView]:
    return [
        AgentView(
            name=name,
            purpose=agent.purpose,
            owner=agent.owner,
            resources=agent.resources,
            verbs=agent.verbs,
            until=agent.ends,
        )
        for name, agent in settings.identity.agents.items()
    ]


def _roster(settings: Settings, control: configured.Control) -> Roster:
    roles = control.roles
    people = {
        Role.OPERATOR: roles.operator,
        Role.APPROVER: roles.approver,
        Role.AUDITOR: roles.auditor,
        Role.USER: roles.user,
    }
    return Roster(
        people={
            role: Holders(subjects=frozenset(one.subjects), groups=frozenset(one.groups))
            for role, one in people.items()
        },
        issuers=frozenset(settings.identity.providers[name].issuer for name in settings.providers_of_roles),
        services={name: frozenset(Role(role) for role in service.roles) for name, service in control.services.items()},
    )
