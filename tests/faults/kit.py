"""What the ledger's tests share: sessions and events to record, and disks that fail or forget."""

import errno
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from passgate.core.action import VerbClass
from passgate.core.decision import Decision, Outcome
from passgate.core.event import Event, EventType
from passgate.core.passes import Pass
from passgate.core.principal import Principal, PrincipalKind
from passgate.core.resource import Resource
from passgate.core.session import Session
from passgate.ledger.files import Files, OsFiles
from passgate.ledger.ledger import Ledger
from passgate.ledger.log import Log, Record
from passgate.ledger.notes import NoteSigner
from passgate.ledger.settings import LedgerSettings

MIB = 1024 * 1024
NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
SMALL = LedgerSettings(reserve_bytes=64 * 1024)
ALLOW = Decision(
    outcome=Outcome.ALLOW, rule="read-shop", reason="", hint="", policy_version="f" * 64, fired=("read-shop",)
)
DENY = Decision(
    outcome=Outcome.DENY,
    rule="no-drop",
    reason="Tables are not dropped here.",
    hint="Ask for a migration.",
    policy_version="f" * 64,
)


def a_session(name: str = "S1") -> Session:
    human = Principal(kind=PrincipalKind.HUMAN, subject="ada@example.com")
    agent = Principal(kind=PrincipalKind.AGENT, subject="reporter", on_behalf_of=human)
    grant = Pass(
        id="pg_1",
        principal=agent,
        resources=frozenset({"shop"}),
        verbs=frozenset({VerbClass.READ}),
        purpose="monthly figures",
        ticket="T-7",
        issued=NOW,
        expires=NOW + timedelta(minutes=30),
    )
    resource = Resource(name="shop", kind="postgres", labels={"env": "prod"})
    return Session(id=name, pass_=grant, resource=resource, opened=NOW, peer="127.0.0.1:55555")


def started(session: Session) -> Event:
    return Event(type=EventType.SESSION_START, session=session, detail={"peer": session.peer})


def intent(session: Session, text: str = "SELECT 1") -> Event:
    return Event(
        type=EventType.ACTION_INTENT,
        session=session,
        verb="select",
        objects=("relation:public.orders",),
        fingerprint="0011",
        text=text,
        decision=ALLOW,
    )


def outcome(session: Session, of: str | None, rows: int = 1) -> Event:
    return Event(
        type=EventType.ACTION_OUTCOME,
        session=session,
        intent=of,
        verb="select",
        detail={"status": "ok", "code": "SELECT 1", "rows": rows, "bytes": 10, "masked": {}},
    )


def refused(session: Session, text: str = "DROP TABLE orders") -> Event:
    return Event(
        type=EventType.ACTION_REFUSED,
        session=session,
        verb="drop",
        objects=("relation:public.orders",),
        text=text,
        decision=DENY,
    )


def ended(session: Session, chunks: int = 0) -> Event:
    return Event(type=EventType.SESSION_END, session=session, detail={"reason": "client", "chunks": chunks, "bytes": 0})


async def query(ledger: Ledger, session: Session, text: str = "SELECT 1") -> tuple[str, str]:
    """One allowed statement from intent to durable outcome: both event ids."""
    began = ledger.append(intent(session, text))
    await began.durable
    done = ledger.append(outcome(session, began.event_id))
    await done.durable
    return began.event_id, done.event_id


# -- bare logs --------------------------------------------------------------------------------------------------------

_SEED = bytes(range(32))


def signer(origin: str = SMALL.origin, seed: bytes = _SEED) -> NoteSigner:
    return NoteSigner(origin, Ed25519PrivateKey.from_private_bytes(seed))


def open_log(directory: Path, settings: LedgerSettings = SMALL, files: Files | None = None) -> Log:
    return Log.open(directory, settings, files or OsFiles(), signer())


def a_record(number: int, payload: bytes | None = None) -> Record:
    leaf = b'{"epoch":1,"id":"E%d","mono":%d,"time":%d,"type":"heartbeat","v":1}' % (number, number, number)
    return Record(leaf, payload)


def fill(log: Log, batches: int, per_batch: int = 3) -> None:
    """Batches of numbered records; every other one brings a payload."""
    for _ in range(batches):
        first = log.size
        log.commit([a_record(first + n, b"ciphertext %d" % n if n % 2 else None) for n in range(per_batch)])
        log.settle()


def copied(source: Path, target: Path) -> Path:
    """A copy of a folder, as an attacker or an auditor has it."""
    shutil.copytree(source, target, ignore=shutil.ignore_patterns("*.new", "*.tmp"))
    return target


# -- disks ------------------------------------------------------------------------------------------------------------


@dataclass
class FailingFiles(OsFiles):
    """``broken`` names the operations that fail, and with which errno; ``room`` bounds the bytes that may still be written."""

    broken: dict[str, int] = field(default_factory=dict)
    room: int | None = None

    def _check(self, operation: str) -> None:
        if operation in self.broken:
            code = self.broken[operation]
            raise OSError(code, os.strerror(code))

    def open(self, path: Path, *, create: bool) -> int:
        self._check("open")
        return super().open(path, create=create)

    def write(self, fd: int, data: bytes, offset: int) -> int:
        self._check("write")
        if self.room is not None:
            grows = max(offset + len(data) - os.fstat(fd).st_size, 0)
            if grows > self.room:
                fits = len(data) - grows + self.room
                self.room = 0
                if fits <= 0:
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
                return super().write(fd, data[:fits], offset)
            self.room -= grows
        return super().write(fd, data, offset)

    def datasync(self, fd: int) -> None:
        self._check("datasync")
        super().datasync(fd)

    def truncate(self, fd: int, size: int) -> None:
        self._check("truncate")
        super().truncate(fd, size)

    def allocate(self, fd: int, size: int) -> None:
        self._check("allocate")
        if self.room is not None and size > self.room:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        super().allocate(fd, size)

    def rename(self, source: Path, target: Path) -> None:
        self._check("rename")
        super().rename(source, target)

    def sync_directory(self, path: Path) -> None:
        self._check("sync_directory")
        super().sync_directory(path)


class ForgetfulFiles(OsFiles):
    """A disk with a volatile cache: what was not synced is gone when the power fails.

    Content counts as safe when its file is synced, a name when its directory is.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._paths: dict[int, Path] = {}
        self._synced: dict[int, bytes] = {}
        self._names: dict[Path, int] = {}

    def _inode(self, fd: int) -> int:
        return os.fstat(fd).st_ino

    def open(self, path: Path, *, create: bool) -> int:
        fd = super().open(path, create=create)
        self._paths[fd] = path
        return fd

    def datasync(self, fd: int) -> None:
        super().datasync(fd)
        size = os.fstat(fd).st_size
        self._synced[self._inode(fd)] = os.pread(fd, size, 0)

    def sync_directory(self, path: Path) -> None:
        super().sync_directory(path)
        for name in path.iterdir():
            if name.is_file():
                self._names[name] = name.stat().st_ino

    def survivors(self, target: Path) -> Path:
        """Write what a power cut at this moment would leave into ``target``, laid out like the root."""
        for path, inode in self._names.items():
            place = target / path.relative_to(self._root)
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(self._synced.get(inode, b""))
        return target


Edit = Callable[[bytearray], None]


def edit(path: Path, change: Edit) -> None:
    data = bytearray(path.read_bytes())
    change(data)
    path.write_bytes(data)


def flip(path: Path, byte: int, bit: int = 0) -> None:
    def change(data: bytearray) -> None:
        data[byte] ^= 1 << bit

    edit(path, change)
