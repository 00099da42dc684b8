"""Requests for access as they are wired: the rules, the desk, and what the admin channel asks of it."""

import os
from collections.abc import Mapping
from datetime import timedelta

from passgate.api.access_messages import (
    AccessAnswer,
    AccessGranted,
    AccessInfo,
    AccessListed,
    AccessMessage,
    AccessShown,
    AskAccess,
    ListAccess,
    TakeAccess,
    VoteAccess,
)
from passgate.api.peer import unix_name
from passgate.config import access as configured
from passgate.config.identity import verbs
from passgate.config.settings import Settings
from passgate.core.decision import Approvers
from passgate.core.errors import ApprovalError
from passgate.core.principal import Principal, PrincipalKind
from passgate.identity.access_desk import AccessDesk
from passgate.identity.access_rules import AccessRule
from passgate.identity.registry import PassRegistry
from passgate.pipeline.access_requests import MACHINE, AccessAsked
from passgate.pipeline.protocols import Recorder
from passgate.store.access_request_store import AccessRequestStore
from passgate.store.sqlite import SqliteDatabase
from passgate.wiring.delegation import issuing_rules


class AccessWiring:
    """``desk`` is what the token endpoint and the control API ask; ``answer`` serves the users of this machine."""

    def __init__(
        self, settings: Settings, *, registry: PassRegistry, database: SqliteDatabase, recorder: Recorder
    ) -> None:
        providers = settings.identity.providers
        self.desk = AccessDesk(
            rules=[_rule(rule) for rule in settings.identity.access_rules],
            store=AccessRequestStore(database),
            recorder=recorder,
            registry=registry,
            issuing=issuing_rules(settings),
            only_provider=next(iter(providers)) if len(providers) == 1 else "",
        )
        self._people: Mapping[str, Principal] = {
            f"unix:{person.os_user}": Principal(
                kind=PrincipalKind.HUMAN, subject=subject, groups=frozenset(person.groups)
            )
            for subject, person in settings.approvals.people.items()
            if person.os_user is not None
        }
        self._operators = {"unix:root", unix_name(os.geteuid())}

    async def answer(self, request: AccessMessage, *, actor: str) -> AccessAnswer:
        """``actor``: whom the kernel names. Raises ApprovalError, PassRequestError, StoreError, LedgerUnavailableError."""
        if isinstance(request, ListAccess):
            if actor not in self._people and actor not in self._operators:
                raise ApprovalError(f"{actor} is nobody whom this gate knows (see approvals.people)")
            return AccessListed(requests=tuple(AccessInfo.of(one) for one in self.desk.list()))
        person = self._people.get(actor)
        if person is None:
            raise ApprovalError(f"{actor} is nobody whom this gate knows: name them under approvals.people")
        match request:
            case AskAccess():
                return AccessShown(request=AccessInfo.of(await self.desk.ask(_asked(request, person))))
            case VoteAccess():
                voted = await self.desk.vote(request.request, person, approves=request.approves, note=request.note)
                return AccessShown(request=AccessInfo.of(voted))
            case TakeAccess():
                issued = await self.desk.take(request.request, person, source=MACHINE)
                return AccessGranted(
                    pass_id=issued.pass_.id,
                    secret=issued.secret.reveal(),
                    resources=tuple(sorted(issued.pass_.resources)),
                    expires=issued.pass_.expires,
                )


def _asked(request: AskAccess, person: Principal) -> AccessAsked:
    return AccessAsked(
        principal=person,
        resources=frozenset(request.resources),
        verbs=frozenset(request.verbs),
        ttl=timedelta(seconds=request.seconds),
        reason=request.reason,
        ticket=request.ticket,
        source=MACHINE,
    )


def _rule(rule: configured.AccessRule) -> AccessRule:
    return AccessRule(
        name=rule.name,
        resources=frozenset(rule.resources),
        verbs=verbs(rule.verbs),
        max_ttl=rule.max_ttl,
        approvers=Approvers(
            group=rule.approvers.group,
            count=rule.approvers.count,
            expires_seconds=int(rule.approvers.expires.total_seconds()),
        ),
        groups=frozenset(rule.groups),
        subjects=frozenset(rule.subjects),
        providers=frozenset(rule.providers),
        ticket=rule.ticket,
        reason=rule.reason,
    )
