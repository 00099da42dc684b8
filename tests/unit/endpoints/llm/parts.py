"""The smallest honest surroundings of a call: a masker that knows addresses and one secret, steps in memory, a target."""

import asyncio
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import orjson

from passgate.codecs.llm.call import Call
from passgate.codecs.llm.fields import read_call
from passgate.codecs.llm.operation import Dialect, Operation
from passgate.codecs.llm.operations import OPERATIONS
from passgate.core.action import Action, VerbClass
from passgate.core.decision import Decision, Obligation, Outcome, Strategy
from passgate.core.errors import DetectorError
from passgate.core.finding import FindingClass, Span
from passgate.core.masker import Lane, Shown, Text
from passgate.core.passes import Pass
from passgate.core.principal import Principal, PrincipalKind
from passgate.core.resource import Resource
from passgate.core.session import Session
from passgate.core.text_plan import LanePlan
from passgate.endpoints.llm.admission import Admission
from passgate.endpoints.llm.services import Services
from passgate.endpoints.llm.sessions import LlmSessions
from passgate.endpoints.llm.settings import Limits, LlmTarget
from passgate.endpoints.llm.upstream import Upstreams
from passgate.masking import LineagePlanner
from passgate.pipeline.gate import GatedSession, Steps
from passgate.pipeline.live import LiveSessions
from passgate.pipeline.protocols import CallMeasured
from tests.integration.fakes import Answers, CountingLogins, MemoryPasses, MemoryRecorder

EMAIL = re.compile(rb"[\w.]+@[\w.]+\w")
SECRET = re.compile(rb"sk-\w+")


@dataclass
class WordLane:
    """Masks what it gets at once."""

    plan: LanePlan
    masked: dict[str, int] = field(default_factory=dict)
    restored: dict[str, int] = field(default_factory=dict)
    held: int = 0

    def feed(self, data: bytes) -> Shown:
        if b"boom" in data:
            raise DetectorError
        text, count = EMAIL.subn(b"[EMAIL]", data)
        if count:
            self.masked["EMAIL"] = self.masked.get("EMAIL", 0) + count
        return Shown(delivered=text, recorded=text)

    def finish(self) -> Shown:
        return Shown(delivered=b"", recorded=b"")

    def whole(self, data: bytes) -> Shown:
        return self.feed(data)


@dataclass
class WordMasker:
    """Finds addresses and one kind of secret; a text that holds ``boom`` breaks it."""

    closed: bool = False

    def open(self, session: Session) -> "WordMasker":
        return self

    @property
    def types(self) -> frozenset[tuple[FindingClass, str]]:
        return frozenset({(FindingClass.PII, "EMAIL"), (FindingClass.SECRET, "KEY")})

    def find(self, texts: Sequence[Text]) -> Sequence[tuple[Span, ...]]:
        return [self._spans(text.value) for text in texts]

    def _spans(self, text: bytes) -> tuple[Span, ...]:
        if b"boom" in text:
            raise DetectorError
        return tuple(
            Span(start=match.start(), end=match.end(), type=type_, class_=class_)
            for pattern, type_, class_ in (
                (EMAIL, "EMAIL", FindingClass.PII),
                (SECRET, "KEY", FindingClass.SECRET),
            )
            for match in pattern.finditer(text)
        )

    def replace(self, text: bytes, spans: Sequence[Span], plan: LanePlan) -> bytes:
        for span in reversed(spans):
            if plan.strategy(span.type) is not None:
                text = text[: span.start] + b"[" + span.type.encode() + b"]" + text[span.end :]
        return text

    def lane(self, plan: LanePlan, *, context: bytes = b"") -> Lane:
        return WordLane(plan)

    def mask(self, values: Sequence[bytes], strategy: Strategy) -> Sequence[bytes | None]:
        raise AssertionError("nothing has columns here")

    def scan(self, values: Sequence[bytes]) -> Mapping[int, bytes]:
        raise AssertionError("nothing has cells here")

    def scan_text(self, text: bytes) -> bytes:
        return EMAIL.sub(b"[EMAIL]", text)

    def counts(self) -> Mapping[str, int]:
        return {}

    def close(self) -> None:
        self.closed = True


@dataclass
class OnePolicy:
    """The same answer to everything."""

    outcome: Outcome = Outcome.ALLOW
    obligations: tuple[Obligation, ...] = ()
    version: str = "v1"
    stable: bool = True
    asked: list[Action] = field(default_factory=list)

    @property
    def current(self) -> "OnePolicy":
        return self

    def decide(self, action: Action, session: Session) -> Decision:
        self.asked.append(action)
        return Decision(
            outcome=self.outcome,
            rule="one",
            reason="It is so.",
            hint="Ask.",
            policy_version=self.version,
            obligations=self.obligations,
        )


@dataclass
class MemoryTelemetry:
    calls: list[CallMeasured] = field(default_factory=list)

    def call_ended(self, call: CallMeasured) -> None:
        self.calls.append(call)


def operation(name: str) -> Operation:
    return next(one for one in OPERATIONS if one.name == name)


CHAT = operation("openai.chat")


def target(name: str = "gpt", **more: object) -> LlmTarget:
    settings: dict[str, object] = {
        "resource": Resource(name=name, kind="llm"),
        "provider": "openai",
        "dialect": Dialect.OPENAI,
        "url": "http://127.0.0.1:1",
        **more,
    }
    return LlmTarget(**settings)  # type: ignore[arg-type]


def pass_for(*resources: str, id_: str = "pg_1") -> Pass:
    now = datetime.now(UTC)
    return Pass(
        id=id_,
        principal=Principal(kind=PrincipalKind.SERVICE, subject="s"),
        resources=frozenset(resources),
        verbs=frozenset(VerbClass),
        purpose="test",
        ticket=None,
        issued=now,
        expires=now + timedelta(hours=1),
    )


def call(*texts: str, query: str = "") -> Call:
    """A chat of these texts. What stands in the query can be looked at only."""
    messages = [{"role": "user", "content": text} for text in texts]
    body = {"model": "gpt-5", "messages": messages, "max_tokens": 10}
    return read_call(CHAT, orjson.dumps(body), {}, query)


def said(body: bytes) -> list[str]:
    """The texts of a chat."""
    return [message["content"] for message in orjson.loads(body)["messages"]]


@dataclass
class House:
    """Everything that a call works with."""

    policy: OnePolicy = field(default_factory=OnePolicy)
    masker: WordMasker = field(default_factory=WordMasker)
    recorder: MemoryRecorder = field(default_factory=MemoryRecorder)
    telemetry: MemoryTelemetry = field(default_factory=MemoryTelemetry)
    live: LiveSessions = field(default_factory=LiveSessions)
    limits: Limits = field(default_factory=Limits)
    locked: Callable[[Pass, str], str | None] = lambda _pass, _resource: None

    def __post_init__(self) -> None:
        self.steps = Steps(
            policy=self.policy,
            planner=LineagePlanner(),
            maskers=self.masker,
            recorder=self.recorder,
            approvals=Answers(asyncio.get_running_loop().create_future()),
            locked=self._locked,
        )
        self.sessions = LlmSessions(steps=self.steps, live=self.live, idle=self.limits.idle)
        self.target = target()
        self.services = Services(
            limits=self.limits,
            steps=self.steps,
            targets={"gpt": self.target},
            admission=Admission(
                passes=MemoryPasses(), logins=CountingLogins(), known=self.sessions.known, now=self.steps.now
            ),
            sessions=self.sessions,
            upstreams=Upstreams(self.limits),
            budgets=None,
            telemetry=self.telemetry,
        )

    def _locked(self, pass_: Pass, resource: str) -> str | None:
        return self.locked(pass_, resource)

    def gated(self) -> GatedSession:
        session = Session(
            id="s1",
            pass_=pass_for("gpt"),
            resource=self.target.resource,
            opened=datetime.now(UTC),
            peer="192.0.2.1",
        )
        return GatedSession(session=session, steps=self.steps)
