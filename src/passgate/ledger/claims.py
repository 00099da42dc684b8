"""What an auditor is told: ten claims, each proven, refuted, or honestly left open."""

from dataclasses import dataclass, field
from enum import StrEnum


class Claim(StrEnum):
    C1 = "no acknowledged event is missing after a crash"
    C2 = "no action ran unrecorded"
    C3 = "no event, text or recording was changed"
    C4 = "nothing was cut off the end or rolled back"
    C5 = "there is only one history"
    C6 = "there is no silent gap"
    C7 = "every refusal is there too"
    C8 = "nothing went around the gate"
    C9 = "the times are right"
    C10 = "reading the audit is audited"


class Verdict(StrEnum):
    PASS = "PASS"
    FAIL = "FAIL"
    NOT_PROVEN = "NOT-PROVEN"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """The first entry, or byte, that contradicts a claim. ``index`` None: no single entry is to blame."""

    claim: Claim
    log: str
    what: str
    index: int | None = None
    segment: str = ""
    offset: int | None = None

    def __str__(self) -> str:
        where = [self.log]
        if self.index is not None:
            where.append(f"entry {self.index}")
        if self.segment:
            where.append(self.segment)
        if self.offset is not None:
            where.append(f"byte {self.offset}")
        return f"{', '.join(where)}: {self.what}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """The verdict on one claim over all logs."""

    claim: Claim
    verdict: Verdict
    reason: str
    faults: tuple[Fault, ...] = ()

    @property
    def name(self) -> str:
        return self.claim.name


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """``sizes``: sealed entries by log; ``heads``: each log's head, as a checkpoint to keep elsewhere."""

    findings: tuple[Finding, ...]
    sizes: dict[str, int] = field(default_factory=dict)
    heads: dict[str, str] = field(default_factory=dict)

    @property
    def failed(self) -> bool:
        return any(finding.verdict is Verdict.FAIL for finding in self.findings)
