"""What understanding and deciding one statement costs, in this process: repeated, new, and long."""

import asyncio
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from passgate.cli.policy_context import Context, build_context
from passgate.core.decision import Outcome
from passgate.pipeline.gate import Steps
from passgate.pipeline.statements import StatementSession
from passgate.policy.evaluator import RulePolicy
from tests.unit.pipeline.steps import MaskByOrigin, MemoryRecorder, NoMasking, OneAnswer, decision

_OLTP = "SELECT o.id, o.status, p.name FROM orders o JOIN products p ON p.id = o.product_id WHERE o.id = {n} AND o.total > {n}"


def context() -> Context:
    return build_context(
        policies=(),
        packs=("postgres-safe",),
        reference=True,
        schema=None,
        resource=None,
        config=Path("passgate.yaml"),
        who="agent:reporter",
        on_behalf_of=None,
        groups=(),
        labels=("env=prod",),
    )


def new_statement(found: Context, count: int = 300) -> float:
    """Median microseconds to understand and decide a statement never seen before."""
    return _judged(found, [_OLTP.format(n=n) for n in range(count)])


def long_statement(found: Context, count: int = 20) -> float:
    """The same for one of 5 KB."""
    text = "SELECT id FROM orders WHERE " + " OR ".join(f"(id = {n} AND status = 'open')" for n in range(150))
    return _judged(found, [f"{text[:5000].rpartition(' OR ')[0]} OR id = {n}" for n in range(count)])


def repeated_statement(found: Context, count: int = 3000) -> float:
    """Median microseconds to understand and decide a statement that the session has sent before."""
    loop = asyncio.new_event_loop()
    try:
        return loop.run_until_complete(_repeated(found, count))
    finally:
        loop.close()


async def _repeated(found: Context, count: int) -> float:
    steps = Steps(
        policy=_InForce(found.policy),
        planner=MaskByOrigin(),
        maskers=NoMasking(),
        recorder=MemoryRecorder(),
        approvals=OneAnswer(decision(Outcome.DENY)),
    )
    gated = StatementSession(session=found.session, language=found.language, steps=steps)
    text = _OLTP.format(n=7)
    times = []
    for _ in range(count):
        start = time.perf_counter_ns()
        gated.foresee(gated.understand(text))
        times.append(time.perf_counter_ns() - start)
    return median(times) / 1000


@dataclass(frozen=True, slots=True, kw_only=False)
class _InForce:
    current: RulePolicy


def _judged(found: Context, texts: list[str]) -> float:
    session = found.session
    understander = found.language.open(session)
    times = []
    for text in texts:
        start = time.perf_counter_ns()
        for action in understander.understand(text).actions:
            found.policy.decide(action, session)
        times.append(time.perf_counter_ns() - start)
    understander.close()
    return median(times) / 1000
