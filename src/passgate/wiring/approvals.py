"""Approvals as they are wired: the desk, who may sit at it, and what they are shown."""

import os
import pwd
from collections.abc import Mapping, Sequence
from pathlib import Path

from passgate.api.messages import ApprovalInfo, PreviewInfo, VoteInfo
from passgate.api.peer import unix_name
from passgate.approvals import binding
from passgate.approvals.announcing import Announcer
from passgate.approvals.desk import Desk
from passgate.approvals.nobody import Nobody
from passgate.approvals.record import Records
from passgate.approvals.sealing import Sealer
from passgate.config import approvals as configured
from passgate.core.errors import ApprovalError, ConfigError
from passgate.endpoints.beside import Beside
from passgate.pipeline.approval_desk import ApprovalRequest, Voter
from passgate.pipeline.protocols import Approvals, Recorder
from passgate.store.approval_store import ApprovalRequestStore
from passgate.store.spent_tokens import SpentTokenStore
from passgate.store.sqlite import SqliteDatabase
from passgate.wiring.approval_channels import channels, ways_back


class ApprovalsWiring:
    """``approvals`` is the pipeline's step, ``desk`` what the control API asks; the rest is what the admin channel asks."""

    def __init__(
        self, settings: configured.Approvals, recorder: Recorder, *, database: SqliteDatabase, key: bytes
    ) -> None:
        """``key``: 32 bytes, for what is stored. Raises ConfigError."""
        store = ApprovalRequestStore(database)
        self._channels = channels(settings)
        self._announcer = Announcer(channels=self._channels.by_name, store=store, recorder=recorder)
        self.desk = Desk(recorder=recorder, store=store, records=Records(Sealer(key)), announcing=self._announcer)
        self._ways_back = ways_back(settings, desk=self.desk, spent=SpentTokenStore(database))
        self._people: Mapping[str, Voter] = {
            f"unix:{person.os_user}": Voter(subject=subject, groups=frozenset(person.groups))
            for subject, person in settings.people.items()
            if person.os_user is not None
        }
        self._operators = {"unix:root", unix_name(os.geteuid())}
        self._settings = settings
        self.approvals: Approvals = self.desk if settings.people else Nobody()

    @property
    def beside(self) -> Sequence[Beside]:
        """What answers on the HTTP listener."""
        return self._ways_back.beside

    def start(self) -> None:
        """What a restart left waits again, and channels are told. Raises StoreError."""
        self._announcer.start()
        self.desk.resume()

    async def close(self) -> None:
        await self.desk.close()
        await self._announcer.close()
        await self._ways_back.close()
        for poster in self._channels.posters:
            await poster.close()

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
        who = self._people.get(actor)
        mine = binding.person(who.subject) if who is not None and actor not in self._operators else None
        return tuple(
            info(request.as_whoever_asks_sees_it() if mine in binding.subjects(request.principal) else request)
            for request in self.desk.list()
        )

    async def vote(self, request: str, *, approves: bool, note: str, actor: str) -> ApprovalInfo | None:
        """Raises ApprovalError, LedgerUnavailableError."""
        person = self._people.get(actor)
        if person is None:
            raise ApprovalError(f"{actor} is nobody who may decide: name them under approvals.people")
        if self.desk.show(request) is None:
            return None
        return info(await self.desk.vote(request, person, approves=approves, note=note))


def info(request: ApprovalRequest) -> ApprovalInfo:
    preview = request.preview
    return ApprovalInfo(
        id=request.id,
        state=request.state.value,
        binding_sha256=request.binding_sha256,
        session=request.session,
        chain=request.chain,
        purpose=request.purpose,
        ticket=request.ticket,
        resource=request.resource,
        verb=request.verb,
        atoms=request.atoms,
        text=request.text,
        shown=request.shown,
        inputs=dict(request.inputs),
        rule=request.rule,
        reason=request.reason,
        policy=request.policy,
        group=request.group,
        count=request.count,
        preview=PreviewInfo(
            rows=preview.rows,
            why=preview.why,
            columns=preview.columns,
            samples=preview.samples,
            notes=preview.notes,
        ),
        asked=request.asked,
        expires=request.expires,
        votes=tuple(
            VoteInfo(subject=vote.subject, approves=vote.approves, note=vote.note, at=vote.at) for vote in request.votes
        ),
    )
