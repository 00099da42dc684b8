"""Cases: what should come of a text under a policy, and a runner that says where it does not."""

from passgate.policy.cases.case import Case, Expected, read_cases
from passgate.policy.cases.runner import Mismatch, Report, Totals, run_cases

__all__ = ("Case", "Expected", "Mismatch", "Report", "Totals", "read_cases", "run_cases")
