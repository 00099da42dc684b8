"""The smallest honest implementations of the pipeline's steps, to test the pipeline itself with."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from passgate.core.action import Action, Atom, ColumnRef, ObjectRef, VerbClass
from passgate.core.decision import Decision, Mask, Obligation, Outcome, Strategy, StrategyKind
from passgate.core.errors import LedgerUnavailableError
from passgate.core.event import Event
from passgate.core.finding import FindingClass
from passgate.core.passes import Pass
from passgate.core.principal import Principal, PrincipalKind
from passgate.core.resource import Resource
from passgate.core.session import Session
from passgate.core.shape import PartPlan, Plan, Shape
from passgate.pipeline.gate import Steps
from passgate.pipeline.protocols import Held, Input, RecordingDigest, Tasks, Understood, Waiting
from passgate.pipeline.receipt import Receipt
from passgate.pipeline.statements import StatementSession
from passgate.pipeline.tasks import ProcessTasks

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def make_session(*, verbs: frozenset[VerbClass] = frozenset({VerbClass.READ, VerbClass.WRITE})) -> Session:
    agent = Principal(
        kind=PrincipalKind.AGENT,
        subject="reporter",
        on_behalf_of=Principal(kind=PrincipalKind.HUMAN, subject="ada@example.com"),
    )
    pass_ = Pass(
        id="pg_1",
        principal=agent,
        resources=frozenset({"shop"}),
        verbs=verbs,
        purpose="weekly report",
        ticket=None,
        issued=NOW,
        expires=NOW + timedelta(minutes=30),
    )
    return Session(
        id="s1", pass_=pass_, resource=Resource(name="shop", kind="postgres"), opened=NOW, peer="127.0.0.1:1"
    )


def action(text: str, verb: str = "select", verb_class: VerbClass = VerbClass.READ, column: str = "name") -> Action:
    customers = ObjectRef(kind="relation", namespace="public", name="customers")
    return Action(
        kind="sql.query",
        verb=verb,
        verb_class=verb_class,
        text=text,
        atoms=(Atom(verb=verb, verb_class=verb_class, object=customers, column=column),),
    )


def decision(outcome: Outcome, rule: str = "r", obligations: tuple[Obligation, ...] = ()) -> Decision:
    return Decision(
        outcome=outcome, rule=rule, reason="because", hint="do this", policy_version="v1", obligations=obligations
    )


@dataclass
class WordPolicy:
    """Decides by the first word of the text; ``ssn`` as a column is denied, ``email`` masked."""

    version: str = "v1"
    stable: bool = True
    asked: list[str] = field(default_factory=list)

    def decide(self, action: Action, session: Session) -> Decision:
        self.asked.append(action.text)
        for atom in action.atoms:
            if atom.column == "ssn":
                return decision(Outcome.DENY, "never-ssn")
            if atom.column == "email":
                column = ColumnRef(namespace="public", object="customers", column="email")
                mask = Mask(column=column, strategy=Strategy(kind=StrategyKind.PARTIAL), rule="mask-email")
                return decision(Outcome.ALLOW, "mask-email", (mask,))
        word = action.text.partition(" ")[0]
        return decision({"drop": Outcome.DENY, "lock": Outcome.HOLD}.get(word, Outcome.ALLOW), f"word-{word}")


@dataclass
class CurrentPolicy:
    current: WordPolicy = field(default_factory=WordPolicy)


@dataclass
class MemoryRecorder:
    """Keeps events in a list; ``full`` makes it refuse, as a stopped ledger does."""

    events: list[Event] = field(default_factory=list)
    full: bool = False

    def append(self, event: Event) -> Receipt:
        if self.full:
            raise LedgerUnavailableError
        self.events.append(event)
        durable: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        durable.set_result(None)
        return Receipt(event_id=f"e{len(self.events)}", durable=durable)

    def recording(self, session: Session) -> "MemoryRecording":
        return MemoryRecording()


class MemoryRecording:
    def write(self, channel: str, data: bytes, *, result: str = "") -> None:
        raise AssertionError("the pipeline itself records nothing")

    def close(self) -> RecordingDigest:
        return RecordingDigest(sha256="0" * 64, bytes=0, stored=0, chunks=0)


@dataclass
class WordUnderstander:
    """Splits at semicolons. ``?`` in a text makes its inputs matter, ``!`` makes it depend on the session."""

    version: str = "c1"
    asked: list[str] = field(default_factory=list)
    done: list[str] = field(default_factory=list)
    ended: list[bool] = field(default_factory=list)
    taken: list[tuple[str, str]] = field(default_factory=list)
    closed: bool = False

    def understand(self, text: str, inputs: Sequence[Input] | None = None) -> Understood:
        self.asked.append(text)
        actions = tuple(
            action(part.strip(), column="ssn" if "ssn" in part else "name") for part in text.split(";") if part.strip()
        )
        return Understood(actions=actions, inputs_matter="?" in text, cacheable="!" not in text)

    def succeeded(self, action: Action) -> None:
        self.done.append(action.text)

    def transaction_ended(self, *, committed: bool) -> None:
        self.ended.append(committed)

    def name_taken(self, kind: str, name: str) -> None:
        self.taken.append((kind, name))

    def origin(self, container: int, part: int) -> ColumnRef | None:
        names: Mapping[int, str] = {1: "name", 2: "email", 3: "ssn"}
        if container != 7 or part not in names:
            return None
        return ColumnRef(namespace="public", object="customers", column=names[part])

    def close(self) -> None:
        self.closed = True


@dataclass
class OneUnderstander:
    understander: WordUnderstander = field(default_factory=WordUnderstander)

    def open(self, session: Session) -> WordUnderstander:
        return self.understander


class MaskByOrigin:
    def plan(self, action: Action, decision: Decision, shape: Shape) -> Plan:
        masks = {o.column: o for o in decision.obligations if isinstance(o, Mask)}
        return Plan(
            parts=tuple(
                PartPlan(mask=masks[p.origin].strategy, rule=masks[p.origin].rule) if p.origin in masks else PartPlan()
                for p in shape.parts
            )
        )


class NoMasking:
    types: frozenset[tuple[FindingClass, str]] = frozenset()

    def open(self, session: Session) -> "NoMasking":
        return self

    def mask(self, values: Sequence[bytes], strategy: Strategy) -> Sequence[bytes | None]:
        return values

    def scan(self, values: Sequence[bytes]) -> Mapping[int, bytes]:
        return {}

    def scan_text(self, text: bytes) -> bytes:
        return text


@dataclass
class OneAnswer:
    answer: Decision
    meanwhile: Callable[[], None] = lambda: None

    async def resolve(self, held: Held, told: Callable[[Waiting], None]) -> Decision:
        self.meanwhile()
        return self.answer


@dataclass
class Bench:
    """A gated session with its fakes at hand."""

    session: Session = field(default_factory=make_session)
    policies: CurrentPolicy = field(default_factory=CurrentPolicy)
    recorder: MemoryRecorder = field(default_factory=MemoryRecorder)
    language: OneUnderstander = field(default_factory=OneUnderstander)
    answer: Decision = field(default_factory=lambda: decision(Outcome.DENY, "nobody"))
    now: datetime = NOW
    restructured: list[str] = field(default_factory=list)
    meanwhile: Callable[[], None] = lambda: None
    locked: str | None = None
    tasks: Tasks = field(default_factory=ProcessTasks)

    def open(self) -> StatementSession:
        steps = Steps(
            policy=self.policies,
            planner=MaskByOrigin(),
            maskers=NoMasking(),
            recorder=self.recorder,
            approvals=OneAnswer(self.answer, self.meanwhile),
            tasks=self.tasks,
            restructured=self.restructured.append,
            locked=lambda _pass, _resource: self.locked,
            now=lambda: self.now,
        )
        return StatementSession(session=self.session, language=self.language, steps=steps)

    def types(self) -> list[str]:
        return [event.type.value for event in self.recorder.events]
