"""What every call of one endpoint works with."""

from dataclasses import dataclass, field

from passgate.endpoints.llm.admission import Admission
from passgate.endpoints.llm.aside import Aside
from passgate.endpoints.llm.sessions import LlmSessions
from passgate.endpoints.llm.settings import Limits, LlmTargets
from passgate.endpoints.llm.upstream import Upstreams
from passgate.pipeline.gate import Steps
from passgate.pipeline.protocols import Budgets, Telemetry


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    limits: Limits
    steps: Steps
    targets: LlmTargets
    admission: Admission
    sessions: LlmSessions
    upstreams: Upstreams
    budgets: Budgets | None
    telemetry: Telemetry
    aside: Aside = field(default_factory=Aside)
