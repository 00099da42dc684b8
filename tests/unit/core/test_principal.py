"""Chains, and who is who."""

import pytest

from passgate.core.principal import Principal, PrincipalKind

ADA = Principal(kind=PrincipalKind.HUMAN, subject="ada@example.com")
REPORTER = Principal(kind=PrincipalKind.AGENT, subject="reporter", on_behalf_of=ADA)
SUMMARISER = Principal(kind=PrincipalKind.AGENT, subject="summariser", on_behalf_of=REPORTER)


def test_the_links_of_a_chain_begin_with_the_one_who_asks() -> None:
    assert SUMMARISER.links() == (SUMMARISER, REPORTER, ADA)
    assert ADA.links() == (ADA,)


@pytest.mark.parametrize(
    ("subject", "same"),
    [
        ("reporter", True),
        ("Reporter", True),
        ("REPORTER", True),
        ("\uff52\uff45\uff50\uff4f\uff52\uff54\uff45\uff52", True),  # fullwidth
        ("reporter2", False),
        ("r\u0435porter", False),  # a Cyrillic e: another name, which nobody has registered
    ],
)
def test_capitals_and_other_spellings_make_nobody_somebody_else(subject: str, same: bool) -> None:
    assert REPORTER.is_same(Principal(kind=PrincipalKind.AGENT, subject=subject)) is same


def test_a_kind_is_part_of_who_somebody_is() -> None:
    assert not REPORTER.is_same(Principal(kind=PrincipalKind.SERVICE, subject="reporter"))


def test_folding_folds_what_folding_brings_about() -> None:
    """The capital of the long s is an S, the ligature falls apart: both are one name."""
    assert Principal(kind=PrincipalKind.AGENT, subject="\ufb01le\u017f").is_same(
        Principal(kind=PrincipalKind.AGENT, subject="FILES")
    )
