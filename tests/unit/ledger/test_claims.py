"""What a report says as a whole."""

from passgate.ledger.claims import Claim, Finding, Report, Verdict


def finding(verdict: Verdict) -> Finding:
    return Finding(claim=Claim.C1, verdict=verdict, reason="because")


def test_one_refuted_claim_fails_the_report() -> None:
    assert Report(findings=(finding(Verdict.PASS), finding(Verdict.FAIL))).failed
    assert not Report(findings=(finding(Verdict.PASS), finding(Verdict.NOT_PROVEN))).failed
