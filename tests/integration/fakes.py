"""A small language, policy, planner, masker and recorder with real behaviour, to test the endpoint against a real server."""

import asyncio
import hashlib
import hmac
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from passgate.core.action import Action, Atom, ColumnRef, ObjectRef, Output, Position, VerbClass
from passgate.core.decision import (
    Decision,
    LimitRows,
    Mask,
    MaxRows,
    Obligation,
    Outcome,
    ReadOnly,
    Strategy,
    StrategyKind,
)
from passgate.core.errors import DetectorError, LedgerUnavailableError
from passgate.core.event import Event
from passgate.core.passes import Pass
from passgate.core.principal import Principal, PrincipalKind
from passgate.core.session import Session
from passgate.core.shape import PartPlan, Plan, Shape
from passgate.core.task import Task
from passgate.pipeline.protocols import (
    Held,
    Input,
    RecordingDigest,
    ScramVerifier,
    TargetQuery,
    Understood,
    Waiting,
)
from passgate.pipeline.receipt import Receipt
from passgate.pipeline.tasks import ProcessTasks

COLUMNS = {
    "customers": ("id", "name", "email", "ssn"),
    "orders": ("id", "customer_id", "note"),
    "audit": ("id", "what"),
}
_CLASSES = {
    VerbClass.READ: "select show explain fetch copy_out table values with",
    VerbClass.WRITE: "insert update delete copy_in notify",
    VerbClass.DDL: "create alter drop truncate",
    VerbClass.ADMIN: "vacuum lock",
    VerbClass.CODE: "do call",
}
_VERB_CLASS = {verb: verb_class for verb_class, verbs in _CLASSES.items() for verb in verbs.split()}
_VERBS = {"start": "begin", "end": "commit", "abort": "rollback"}
EMAIL = re.compile(rb"[\w.]+@[\w.]+")


class WordUnderstander:
    """Reads a statement by its words. ``$`` and ``secret_of`` make bound values matter."""

    def __init__(self, language: "WordLanguage", session: Session) -> None:
        self._language = language
        self._session = session
        self.ended: list[bool] = []
        self.taken: list[tuple[str, str]] = []
        language.opened.append(self)

    @property
    def version(self) -> str:
        return self._language.version

    def understand(self, text: str, inputs: Sequence[Input] | None = None) -> Understood:
        self._language.asked.append((text, None if inputs is None else tuple(inputs)))
        given = {str(i + 1): value.value for i, value in enumerate(inputs or ())}
        parts = [part.strip() for part in text.split(";") if part.strip()] or [""]
        actions = tuple(self._action(part, given, alone=len(parts) == 1) for part in parts)
        return Understood(actions=actions, inputs_matter="secret_of" in text)

    def _action(self, text: str, inputs: Mapping[str, str | None], *, alone: bool) -> Action:
        words = re.findall(r"[\w*]+", text.lower())
        verb = _verb(words)
        verb_class = _VERB_CLASS.get(verb, VerbClass.SESSION)
        atoms: list[Atom] = []
        for table in (table for table in COLUMNS if table in words):
            relation = ObjectRef(kind="relation", namespace="public", name=table)
            named = [
                c for c in COLUMNS[table] if c in words or "*" in words or (verb == "copy_out" and "(" not in text)
            ]
            atoms += [
                Atom(verb=verb, verb_class=verb_class, object=relation, column=column, position=Position.OUTPUT)
                for column in named or [""]
            ]
        if verb in ("savepoint", "release", "rollback_to"):
            savepoint = ObjectRef(kind="savepoint", name=words[-1])
            atoms.append(Atom(verb=verb, verb_class=VerbClass.SESSION, object=savepoint))
        if verb in ("set", "reset", "show"):
            setting = ObjectRef(kind="setting", name=next((w for w in words[1:] if w not in ("session", "local")), ""))
            atoms.append(Atom(verb=verb, verb_class=VerbClass.SESSION, object=setting))
        if verb in ("prepare", "deallocate", "declare", "close") and words[1:2] not in ([], ["all"]):
            kind = "prepared" if verb in ("prepare", "deallocate") else "cursor"
            atoms.append(Atom(verb=verb, verb_class=VerbClass.SESSION, object=ObjectRef(kind=kind, name=words[1])))
        facts: dict[str, bool | int | str] = {"sql.concurrently": "concurrently" in words or verb == "vacuum"}
        outputs: tuple[Output, ...] | None = None
        if verb == "copy_out":
            facts["sql.copy_format"] = next((w for w in ("csv", "binary") if w in words), "text")
            outputs = tuple(
                Output(
                    name=a.column,
                    sources=frozenset({ColumnRef(namespace="public", object="customers", column=a.column)}),
                )
                for a in atoms
            )
        return Action(
            kind="sql.query",
            verb=verb,
            verb_class=verb_class,
            text=text,
            atoms=tuple(atoms),
            inputs=inputs,
            facts=facts,
            outputs=outputs,
        )

    def succeeded(self, action: Action) -> None:
        self._language.succeeded.append(action.text)

    def transaction_ended(self, *, committed: bool) -> None:
        self.ended.append(committed)

    def name_taken(self, kind: str, name: str) -> None:
        self.taken.append((kind, name))

    def origin(self, container: int, part: int) -> ColumnRef | None:
        return self._language.origins.get((container, part))

    def close(self) -> None:
        self._language.opened.remove(self)


def _verb(words: list[str]) -> str:
    if not words:
        return "empty"
    verb = _VERBS.get(words[0], words[0])
    if verb == "copy":
        return "copy_in" if "stdin" in words else "copy_out"
    if verb == "rollback" and "to" in words:
        return "rollback_to"
    if verb == "set" and "transaction" in words:
        return "set_transaction"
    return verb


@dataclass
class WordLanguage:
    version: str = "c1"
    origins: dict[tuple[int, int], ColumnRef] = field(default_factory=dict)
    opened: list[WordUnderstander] = field(default_factory=list)
    asked: list[tuple[str, tuple[Input, ...] | None]] = field(default_factory=list)
    succeeded: list[str] = field(default_factory=list)

    def open(self, session: Session) -> WordUnderstander:
        return WordUnderstander(self, session)


@dataclass
class WordSource:
    language: WordLanguage
    query: TargetQuery

    async def refresh(self) -> None:
        rows = await self.query(
            "SELECT c.oid, a.attnum, c.relname, a.attname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid"
            " WHERE c.relnamespace = 'public'::regnamespace AND a.attnum > 0"
        )
        for oid, number, table, column in rows:
            assert oid is not None
            assert number is not None
            reference = ColumnRef(namespace="public", object=table or "", column=column or "")
            self.language.origins[int(oid), int(number)] = reference


@dataclass
class WordPolicy:
    """Denies drop, ssn and an input ``evil``; holds lock; masks email; guards writes; limits ``audit`` to 2 rows."""

    version: str = "v1"
    stable: bool = True
    max_rows: int | None = 3
    denied: tuple[str, ...] = ("drop",)

    def decide(self, action: Action, session: Session) -> Decision:
        if action.verb in self.denied or "evil" in action.inputs.values():
            return self._decision(Outcome.DENY, f"no-{action.verb}", f"{action.verb} is not permitted")
        obligations: list[Obligation] = []
        for atom in action.atoms:
            if atom.column == "ssn":
                return self._decision(Outcome.DENY, "never-ssn", "ssn is never shown")
            if atom.column == "email":
                column = ColumnRef(namespace="public", object="customers", column="email")
                strategy = Strategy(kind=StrategyKind.PARTIAL, keep_first=1)
                obligations.append(Mask(column=column, strategy=strategy, rule="mask-email"))
            if atom.object.name == "audit" and action.verb == "select":
                obligations.append(LimitRows(limit=2, rule="few-audit"))
        if action.verb in ("insert", "update", "delete") and self.max_rows is not None:
            obligations.append(MaxRows(limit=self.max_rows, rule="few-rows"))
        if "floor" in action.text:
            obligations.append(ReadOnly(rule="floor"))
        outcome = Outcome.HOLD if action.verb == "lock" or "held" in action.text else Outcome.ALLOW
        return self._decision(outcome, f"word-{action.verb}", "because", tuple(obligations))

    def _decision(self, outcome: Outcome, rule: str, reason: str, obligations: tuple[Obligation, ...] = ()) -> Decision:
        return Decision(
            outcome=outcome,
            rule=rule,
            reason=reason,
            hint="do something else",
            policy_version=self.version,
            obligations=obligations,
        )


@dataclass
class CurrentPolicy:
    current: WordPolicy = field(default_factory=WordPolicy)


class ColumnPlanner:
    """Masks by the server's origin, and by lineage where there is none."""

    def plan(self, action: Action, decision: Decision, shape: Shape) -> Plan:
        masks = {o.column: o for o in decision.obligations if isinstance(o, Mask)}
        limits = [o.limit for o in decision.obligations if isinstance(o, LimitRows)]
        parts = []
        for index, part in enumerate(shape.parts):
            sources = {part.origin} if part.origin is not None else set()
            if action.outputs is not None and len(action.outputs) == len(shape.parts):
                sources |= action.outputs[index].sources
            hit = next((masks[source] for source in sources if source in masks), None)
            parts.append(PartPlan(mask=hit.strategy, rule=hit.rule) if hit is not None else PartPlan())
        return Plan(parts=tuple(parts), max_rows=min(limits, default=None))


class StarMasker:
    """Keeps the first character. Finds addresses. A value that holds ``boom`` breaks it."""

    def open(self, session: Session) -> "StarMasker":
        return self

    def mask(self, values: Sequence[bytes], strategy: Strategy) -> Sequence[bytes | None]:
        if any(b"boom" in value for value in values):
            raise DetectorError
        return [value[:1] + b"***" for value in values]

    def scan(self, values: Sequence[bytes]) -> Mapping[int, bytes]:
        return {i: EMAIL.sub(b"<EMAIL>", value) for i, value in enumerate(values) if EMAIL.search(value)}

    def scan_text(self, text: bytes) -> bytes:
        if b"boom" in text:
            raise DetectorError
        return EMAIL.sub(b"<EMAIL>", text)


@dataclass
class MemoryRecording:
    entries: list[tuple[str, bytes]] = field(default_factory=list)

    def write(self, channel: str, data: bytes, *, result: str = "") -> None:
        self.entries.append((channel, bytes(data)))

    def close(self) -> RecordingDigest:
        data = b"".join(data for _, data in self.entries)
        return RecordingDigest(sha256=hashlib.sha256(data).hexdigest(), bytes=len(data), stored=len(data), chunks=1)

    def of(self, channel: str) -> list[bytes]:
        return [data for name, data in self.entries if name == channel]

    def ends(self) -> list[Mapping[str, object]]:
        return [json.loads(data) for data in self.of("end")]


@dataclass
class MemoryRecorder:
    """``delay``: futures are done only when ``sync`` is called. ``full``: refuses, as a stopped ledger does."""

    events: list[Event] = field(default_factory=list)
    recordings: list[MemoryRecording] = field(default_factory=list)
    full: bool = False
    delay: bool = False
    waiting: list["asyncio.Future[None]"] = field(default_factory=list)
    came: asyncio.Event = field(default_factory=asyncio.Event)

    def append(self, event: Event) -> Receipt:
        if self.full:
            raise LedgerUnavailableError
        self.events.append(event)
        durable: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        if self.delay:
            self.waiting.append(durable)
            self.came.set()
        else:
            durable.set_result(None)
        return Receipt(event_id=f"e{len(self.events)}", durable=durable)

    async def asked(self) -> None:
        """Wait until an event waits for ``sync``."""
        async with asyncio.timeout(5):
            await self.came.wait()

    def sync(self, error: Exception | None = None) -> None:
        waiting, self.waiting = self.waiting, []
        self.came.clear()
        for durable in waiting:
            if error is None:
                durable.set_result(None)
            else:
                durable.set_exception(error)

    def recording(self, session: Session) -> MemoryRecording:
        self.recordings.append(MemoryRecording())
        return self.recordings[-1]

    def types(self) -> list[str]:
        return [event.type.value for event in self.events]

    def outcomes(self) -> list[object]:
        return [event.detail["status"] for event in self.events if event.type.value == "action.outcome"]


class HeldTasks(ProcessTasks):
    """Stores a fact at once; with ``held`` only when the test says so."""

    def __init__(self) -> None:
        super().__init__()
        self.held = False
        self._under_way: asyncio.Future[None] | None = None
        self._writes: asyncio.Queue[asyncio.Future[None]] = asyncio.Queue()

    def tag(self, task: Task, tag: str) -> "asyncio.Future[None] | None":
        if not self.held or tag in task.kept:
            return super().tag(task, tag)
        if self._under_way is None or self._under_way.done():
            task.tags |= {tag}
            self._under_way = asyncio.get_running_loop().create_future()
            self._under_way.add_done_callback(lambda done: None if done.exception() else task.keep(tag))
            self._writes.put_nowait(self._under_way)
        return self._under_way

    async def asked(self) -> "asyncio.Future[None]":
        """The next fact that is to be stored."""
        async with asyncio.timeout(10):
            return await self._writes.get()


@dataclass
class Answers:
    """What people say of the next held action; waits until they have."""

    answer: "asyncio.Future[Outcome]"

    async def resolve(self, held: Held, told: Callable[[Waiting], None]) -> Decision:
        told(Waiting(request="r1", group="approvers", count=1, expires=held.session.pass_.expires))
        outcome = await self.answer
        version = held.decision.policy_version
        return Decision(outcome=outcome, rule="people", reason="people said so", hint="", policy_version=version)


def verifier(secret: str, *, salt: bytes = b"0123456789abcdef", iterations: int = 4096) -> ScramVerifier:
    salted = hashlib.pbkdf2_hmac("sha256", secret.encode(), salt, iterations)
    client_key = hmac.digest(salted, b"Client Key", "sha256")
    return ScramVerifier(
        salt=salt,
        iterations=iterations,
        stored_key=hashlib.sha256(client_key).digest(),
        server_key=hmac.digest(salted, b"Server Key", "sha256"),
    )


@dataclass
class MemoryPasses:
    passes: dict[str, Pass] = field(default_factory=dict)
    secrets: dict[str, str] = field(default_factory=dict)

    def add(
        self,
        pass_id: str,
        *,
        secret: str = "s3cret",
        kind: PrincipalKind = PrincipalKind.SERVICE,
        verbs: frozenset[VerbClass] = frozenset(VerbClass),
        ttl: timedelta = timedelta(minutes=30),
        resources: frozenset[str] = frozenset({"shop"}),
    ) -> Pass:
        now = datetime.now(UTC)
        owner = Principal(kind=PrincipalKind.HUMAN, subject="ada@example.com")
        principal = Principal(kind=kind, subject=pass_id, on_behalf_of=owner if kind is PrincipalKind.AGENT else None)
        self.passes[pass_id] = Pass(
            id=pass_id,
            principal=principal,
            resources=resources,
            verbs=verbs,
            purpose="test",
            ticket=None,
            issued=now,
            expires=now + ttl,
        )
        self.secrets[pass_id] = secret
        return self.passes[pass_id]

    def find(self, pass_id: str) -> Pass | None:
        return self.passes.get(pass_id)

    def verifier(self, pass_id: str) -> ScramVerifier:
        return verifier(self.secrets.get(pass_id, "decoy of " + pass_id))


@dataclass
class CountingLogins:
    failures: list[str] = field(default_factory=list)
    most: int = 100

    def allow(self, peer: str, pass_id: str) -> bool:
        return self.failures.count(pass_id) < self.most

    def failed(self, peer: str, pass_id: str) -> None:
        self.failures.append(pass_id)

    def succeeded(self, peer: str, pass_id: str) -> None:
        pass
