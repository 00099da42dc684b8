"""A desk with a real store, and what is held at it."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

from passgate.approvals.desk import Desk
from passgate.approvals.record import Records
from passgate.approvals.sealing import Sealer
from passgate.core.decision import Approvers, Decision, Obligation, Outcome, PreviewMode
from passgate.core.session import Session
from passgate.pipeline.approval_desk import ApprovalRequest, Voter
from passgate.pipeline.protocols import Held, Previewer, Waiting
from passgate.store.approval_store import ApprovalRequestStore
from passgate.store.sqlite import SqliteDatabase
from tests.unit.pipeline.steps import MemoryRecorder, action, decision, make_session

DBA = frozenset({"dba"})
GRACE, LINUS, ADA = (Voter(subject=f"{name}@example.com", groups=DBA) for name in ("grace", "linus", "ada"))
KEY = bytes(range(32))


@cache
def _template() -> Path:
    """A database with all its tables: making them takes longer than most tests."""
    path = Path(mkdtemp(prefix="passgate-")) / "state.db"
    database = SqliteDatabase(path)
    with database.reading() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    database.close()
    return path


def fresh_database(path: Path) -> SqliteDatabase:
    shutil.copy(_template(), path)
    path.chmod(0o600)
    return SqliteDatabase(path)


def live_session() -> Session:
    session = make_session()
    session.pass_ = replace(session.pass_, expires=datetime.now(UTC) + timedelta(hours=1))
    return session


def held(
    text: str = "create table x",
    *,
    count: int = 1,
    seconds: int = 900,
    digest: str = "",
    meaning: str = "c1",
    policy: str = "v1",
    preview: Previewer | None = None,
    mode: PreviewMode = PreviewMode.TRY,
    obligations: tuple[Obligation, ...] = (),
) -> Held:
    asked = replace(
        decision(Outcome.HOLD, "ddl", obligations),
        reason="DDL in production.",
        policy_version=policy,
        approvers=Approvers(group="dba", count=count, expires_seconds=seconds, preview=mode),
    )
    return Held(
        action=action(text), decision=asked, session=live_session(), digest=digest, meaning=meaning, preview=preview
    )


@dataclass
class Told:
    """What channels would have been told, in order."""

    announced: list[ApprovalRequest] = field(default_factory=list)
    over: list[ApprovalRequest] = field(default_factory=list)

    def announce(self, request: ApprovalRequest) -> None:
        self.announced.append(request)

    def resolved(self, request: ApprovalRequest) -> None:
        self.over.append(request)


@dataclass
class Bench:
    """``restarted`` and ``beside`` give another desk on the same store, as another process has it."""

    database: SqliteDatabase
    recorder: MemoryRecorder = field(default_factory=MemoryRecorder)
    heard: "asyncio.Queue[Waiting]" = field(default_factory=asyncio.Queue)
    key: bytes = KEY
    now: "list[timedelta]" = field(default_factory=lambda: [timedelta()])

    def __post_init__(self) -> None:
        self.told = Told()
        self.store = ApprovalRequestStore(self.database)
        self.records = Records(Sealer(self.key))
        self.desk = Desk(
            recorder=self.recorder,
            store=self.store,
            records=self.records,
            announcing=self.told,
            now=lambda: datetime.now(UTC) + self.now[0],
            look_seconds=0.02,
        )

    def beside(self, *, key: bytes = KEY) -> "Bench":
        return Bench(database=self.database, key=key, now=self.now)

    @asynccontextmanager
    async def asking(self, what: Held) -> AsyncIterator[tuple["asyncio.Task[Decision]", ApprovalRequest]]:
        task = asyncio.create_task(self.desk.resolve(what, self.heard.put_nowait))
        waiting = await self.heard.get()
        request = self.desk.show(waiting.request)
        assert request is not None
        yield task, request
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    async def asked(self, what: Held) -> ApprovalRequest:
        """Asked for by a client that has gone."""
        async with self.asking(what) as (_, request):
            pass
        return request

    def shown(self, request: ApprovalRequest) -> ApprovalRequest:
        found = self.desk.show(request.id)
        assert found is not None
        return found

    def said(self) -> list[str]:
        return [event.type.value for event in self.recorder.events]
