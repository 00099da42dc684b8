"""Cases: what should come of a text under a policy, and a runner that says where it does not."""

from passgate.policy.cases.case import Case, Expected, read_cases
from passgate.policy.cases.prompt import Finder, PromptLanguage
from passgate.policy.cases.runner import Ground, Mismatch, Report, Totals, run_cases
from passgate.policy.cases.session import Circumstances, judging_session

__all__ = (
    "Case",
    "Circumstances",
    "Expected",
    "Finder",
    "Ground",
    "Mismatch",
    "PromptLanguage",
    "Report",
    "Totals",
    "judging_session",
    "read_cases",
    "run_cases",
)
