"""Approvals as they are wired: the desk, who may sit at it, and what they are shown."""

import os
import pwd
from collections.abc import Mapping
from pathlib import Path

from passgate.api.messages import ApprovalInfo, VoteInfo
from passgate.approvals.desk import Desk, Person, Request
from passgate.approvals.nobody import Nobody
from passgate.config import approvals as configured
from passgate.core.errors import ApprovalError, ConfigError
from passgate.pipeline.protocols import Approvals, Recorder


class ApprovalsWiring:
    """``approvals`` is the pipeline's step; the rest is what the admin channel asks."""

    def __init__(self, settings: configured.Approvals, recorder: Recorder) -> None:
        self._desk = Desk(recorder=recorder)
        self._people: Mapping[str, Person] = {
            f"unix:{person.os_user}": Person(subject=subject, groups=frozenset(person.groups))
            for subject, person in settings.people.items()
        }
        self._operators = {"unix:root", f"unix:{_name(os.geteuid())}"}
        self._settings = settings
        self.approvals: Approvals = self._desk if self._people else Nobody()

    def socket(self, node: str, worker: int) -> Path | None:
        """Where people reach this process, None where there is no such place. Raises ConfigError if the folder cannot be made."""
        folder = self._settings.sockets
        if folder is None:
            return None
        try:
            folder.mkdir(mode=0o755, parents=True, exist_ok=True)
        except OSError as error:
            raise ConfigError(
                f"The folder of the approvers' sockets {folder} cannot be made: {error.strerror}"
            ) from error
        return folder / f"{node}-{worker}.sock"

    def users(self) -> frozenset[int]:
        """User ids of the people. Raises ConfigError for one that this machine does not know."""
        ids: set[int] = set()
        for actor, person in self._people.items():
            name = actor.removeprefix("unix:")
            try:
                ids.add(pwd.getpwnam(name).pw_uid)
            except KeyError:
                raise ConfigError(
                    f"approvals.people: {person.subject} is the user {name}, whom this machine does not know"
                ) from None
        return frozenset(ids)

    def requests(self, actor: str) -> tuple[ApprovalInfo, ...]:
        """Raises ApprovalError."""
        if actor not in self._people and actor not in self._operators:
            raise ApprovalError(f"{actor} is nobody who may decide (see approvals.people)")
        return tuple(info(request) for request in self._desk.list())

    async def vote(self, request: str, *, approves: bool, note: str, actor: str) -> ApprovalInfo | None:
        """Raises ApprovalError, LedgerUnavailableError."""
        person = self._people.get(actor)
        if person is None:
            raise ApprovalError(f"{actor} is nobody who may decide: name them under approvals.people")
        if all(known.id != request for known in self._desk.list()):
            return None
        return info(await self._desk.vote(request, person, approves=approves, note=note))


def info(request: Request) -> ApprovalInfo:
    binding, session, action = request.binding, request.held.session, request.held.action
    return ApprovalInfo(
        id=request.id,
        state=request.state.value,
        binding_sha256=binding.digest,
        session=session.id,
        chain=binding.chain,
        purpose=binding.purpose,
        ticket=session.pass_.ticket,
        resource=binding.resource,
        verb=binding.verb,
        atoms=binding.atoms,
        text=action.text,
        inputs=dict(action.inputs),
        rule=binding.rule,
        reason=request.held.decision.reason,
        policy=binding.policy,
        group=binding.group,
        count=binding.count,
        asked=request.asked,
        expires=request.expires,
        votes=tuple(
            VoteInfo(subject=vote.subject, approves=vote.approves, note=vote.note, at=vote.at) for vote in request.votes
        ),
    )


def _name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)
